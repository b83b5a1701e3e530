#!/usr/bin/env python3
"""Measures lost and invented words of vocabox's transcription on recordings as people have them: at several levels, with noise and
music, over the telephone, in two languages, with repetitions and long silence; beside faster-whisper's on the same weights, with
and without its speech detector.

The recordings are made from sentences that ten Kokoro voices speak, with gaps of random lengths, so that the edges of the model's
windows fall everywhere; `--set tune` uses other sentences, voices and gaps than `--set test`. `--prompts FOLDER` adds recordings
of people: WAV files beside a text file of lines `NAME: what is said`. `--parts edges` starts a sentence after 28.7 s of prose and gaps
from 0.4 to 1.6 s; `--parts long` measures processor time and memory of a recording of hours beside a sixth of it. vocabox is called
over HTTP, its peer in process. Needs a release build; fetches everything else.
"""

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import ROOT, guarded, needs, parser, peers
from measuring.figures import resident_mib
from measuring.prose import FRENCH, NAMES, SPANISH, TEST, TUNING
from measuring.server import serving
from measuring.texts import TWO_CITIES, edited

LISTENING = ["whisper-base", "silero-vad", "onnxruntime"]
SPEAKING = ["kokoro", "onnxruntime"]
VOICES = {
    "tune": ["af_sarah", "am_adam", "bf_alice", "bm_daniel", "af_sky"],
    "test": ["af_heart", "af_bella", "am_michael", "bf_emma", "bm_george", "am_puck", "af_nova", "bm_lewis", "am_onyx", "bf_isabella"],
}
PARTS = ["rows", "edges", "names", "long"]
GAPS = [0.4 + 0.05 * n for n in range(25)]
PROSE_SECONDS = 28.7


class Speaker:
    """Sentences spoken by a server, kept in a folder."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        folder.mkdir(parents=True, exist_ok=True)

    def speak(self, wanted):
        """Speaks (text, voice) pairs; returns (text, sound) pairs."""
        from measuring.recordings import from_wav

        name = lambda text, voice: self.folder / f"{voice}-{re.sub('[^a-z]+', '_', text.lower())[:60]}.wav"
        missing = [(text, voice) for text, voice in wanted if not name(text, voice).exists()]
        if missing:
            with serving(self.binary, SPEAKING) as server:
                for text, voice in missing:
                    name(text, voice).write_bytes(server.speak(text, voice_id=voice))
        return [(text, from_wav(name(text, voice).read_bytes())) for text, voice in wanted]


def prose(speaker, part):
    texts, voices = {"tune": TUNING, "test": TEST}[part], VOICES[part]
    return speaker.speak([(text, voices[n % len(voices)]) for n, text in enumerate(texts)])


def rows(part, speaker, seconds, prompts):
    """The recordings by condition; those without words come last."""
    import numpy
    from measuring import recordings as made

    dice = numpy.random.default_rng({"tune": 1, "test": 2}[part])
    spoken = prose(speaker, part)

    def some(length, gaps=(0.2, 2.5)):
        chosen, total = [], 0.0
        while total < length:
            one = spoken[dice.integers(len(spoken))]
            chosen.append(one)
            total += len(one[1]) / made.RATE + sum(gaps) / 2
        return made.joined(dice, chosen, gaps)

    found = {}

    def row(name, change=lambda sound: sound, gaps=(0.2, 2.5)):
        text, sound = some(seconds, gaps)
        found[name] = [made.Recording(text, change(sound))]

    row("as spoken")
    for db in (-20, -40, -50):
        row(f"{db} dB", lambda sound, db=db: made.at_db(sound, db))
    noise = made.noise(dice, 60)
    for ratio in (20, 10, 5):
        row(f"noise {ratio} dB below", lambda sound, ratio=ratio: made.with_noise(sound, noise, ratio))
    row("noise 10 dB below, at -30 dB", lambda sound: made.at_db(made.with_noise(sound, noise, 10), -30))
    row("music under, 10 dB below", lambda sound: made.with_noise(sound, made.music(dice, 60), 10))
    row("telephone", made.telephone)
    row("silence of minutes", gaps=(5, 60))
    row("pauses of 3 to 8 s", gaps=(3, 8))

    text, sound = some(seconds / 2)
    second, more = some(seconds / 2)
    found["music between"] = [
        made.Recording(f"{text} {second}", numpy.concatenate([made.music(dice, 12), sound, made.music(dice, 20), more, made.music(dice, 8)]))
    ]
    chosen = [spoken[dice.integers(len(spoken))] for _ in range(int(seconds / 4.5))]
    far = [(text, made.at_db(sound, -30 * (n % 2))) for n, (text, sound) in enumerate(chosen)]
    found["near and 30 dB quieter in turns"] = [made.Recording(*made.joined(dice, far, (0.6, 2.0)))]

    spanish = speaker.speak([(text, "ef_dora") for text in SPANISH])
    french = speaker.speak([(text, "ff_siwis") for text in FRENCH])
    switched = []
    for other in (spanish, french):
        english, sound = some(22)
        text, foreign = made.joined(dice, other, (0.3, 0.8))
        switched.append(made.Recording(f"{text} {english}", numpy.concatenate([foreign, sound]), None))
        switched.append(made.Recording(f"{english} {text}", numpy.concatenate([sound, foreign]), None))
    found["two languages"] = switched

    # Within one window of the model's.
    mixed = []
    for other in (spanish, french):
        for start in range(0, len(other) - 1, 2):
            few = [spoken[dice.integers(len(spoken))] for _ in range(2)]
            for order in (other[start : start + 2] + few, few + other[start : start + 2]):
                mixed.append(made.Recording(*made.joined(dice, order, (0.2, 0.7)), None))
    found["two languages, 14 s"] = mixed

    cities = made.from_wav((ROOT / "models/test-speech/two_cities.wav").read_bytes())
    gap = made.silence(6)
    found["two_cities"] = [made.Recording(TWO_CITIES, cities)]
    for db in (-34, -46):
        found[f"two_cities, 8 kHz, {db} dB"] = [made.Recording(TWO_CITIES, made.at_db(cities, db), rate=8_000)]
    found["two_cities three times"] = [
        made.Recording(" ".join([TWO_CITIES] * 3), numpy.concatenate([cities, gap, cities, gap, cities]))
    ]
    repeated = []
    for text, sound in spoken[:3]:
        times = int(seconds / 2 / (len(sound) / made.RATE + 0.4))
        repeated.append(made.Recording(*made.joined(dice, [(text, sound)] * times, (0.3, 0.6))))
    found["a sentence again and again"] = repeated
    chosen = spoken[:4] * max(1, int(seconds / 14))
    found["four sentences in turns"] = [made.Recording(*made.joined(dice, chosen, (0.3, 0.9)))]

    for folder in prompts:
        found[f"people: {folder.name}"] = list(people(folder, seconds, dice, part))

    babble = made.babble(dice, [sound for _, sound in spoken], seconds)
    pause = made.silence(0.8)
    wordless = {
        "babble": babble,
        "babble, -30 dB": made.at_db(babble, -30),
        "one voice backwards": numpy.concatenate([part for _, sound in spoken[:: len(VOICES[part])] for part in (sound[::-1], pause)]),
        "white noise": made.noise(dice, seconds / 2, 0),
        "pink noise": made.noise(dice, seconds / 2, 1),
        "brown noise": made.noise(dice, seconds / 2, 2),
        "pink noise, -40 dB": made.at_db(made.noise(dice, seconds / 2, 1), -40),
        "music": made.music(dice, seconds),
        "tones": made.tones(dice, seconds),
        "silence": made.silence(seconds / 2),
    }
    for name, sound in wordless.items():
        found[f"no speech: {name}"] = [made.Recording("", sound, None)]
    return found


def people(folder, seconds, dice, part):
    """Prompts spoken by people, joined to recordings of about a minute; every other prompt is for tuning."""
    from measuring import recordings as made

    said = {}
    for file in folder.rglob("*.txt"):
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, text = line.partition(":")
            text = re.sub(r"\[[^]]*\]|\([^)]*\)|\*", " ", text).strip()
            if line and not line.startswith(";") and len(text.split()) >= 5 and not re.search(r"\d|<|/|\.\.\.|\betc\b", text):
                said[name.strip()] = text
    language = re.search(r"-(en|fr|es)\b", folder.name)
    clips = []
    for name in sorted(said):
        file = next(iter(folder.rglob(f"{name}.wav")), None)
        if file is not None:
            clips.append((said[name], made.from_wav(file.read_bytes())))
    if not clips:
        sys.exit(f"{folder} has no WAV file that a text file in it names")
    clips = clips[{"tune": 0, "test": 1}[part] :: 2]
    total, chosen = 0.0, []
    for text, sound in clips:
        chosen.append((text, sound))
        total += len(sound) / made.RATE
        if total > seconds:
            break
    text, sound = made.joined(dice, chosen, (0.4, 2.0))
    yield made.Recording(text, sound, language and language[1])


def rows_part(options, speaker, server, model):
    from measuring.recordings import RATE

    systems = {"vocabox": lambda wav, language: server.form("/voice/stt", wav, language=language or "auto")["transcript"]}
    if model is not None:
        systems["peer"] = lambda wav, language: model.heard(wav, language)
        systems["peer with VAD"] = lambda wav, language: model.heard(wav, language, vad_filter=True)
    print(f"{'':34} {'seconds':>7} {'words':>6}" + "".join(f" | {name:>31}" for name in systems))
    print(f"{'':34} {'':7} {'':6}" + " |  wrong  more  lost  time    ok  " * len(systems))
    for name, recordings in rows(options.set, speaker, options.seconds, options.prompts).items():
        if options.only and not re.search(options.only, name):
            continue
        line, first = "", None
        words = seconds = 0
        for system, transcribe in systems.items():
            wrong = more = lost = words = 0
            seconds, begun = 0.0, time.perf_counter()
            for n, recording in enumerate(recordings):
                heard = transcribe(recording.wav(), recording.language)
                replaced, inserted, missing, count = edited(recording.text, heard)
                wrong, more, lost, words = wrong + replaced + inserted + missing, more + inserted, lost + missing, words + count
                seconds += len(recording.sound) / RATE
                if options.texts:
                    (options.texts / f"{re.sub('[^a-z0-9]+', '_', name.lower())}.{n}.{system.replace(' ', '_')}.txt").write_text(heard + "\n")
                    (options.texts / f"{re.sub('[^a-z0-9]+', '_', name.lower())}.{n}.said.txt").write_text(recording.text + "\n")
                    (options.texts / f"{re.sub('[^a-z0-9]+', '_', name.lower())}.{n}.wav").write_bytes(recording.wav())
            took = (time.perf_counter() - begun) / seconds
            if first is None:
                first, ok = wrong, ""
            else:
                ok = "ok" if first <= 1.1 * wrong + 2 else "WORSE"
            line += f" | {wrong:6} {more:5} {lost:5} {took:6.3f} {ok:>5}"
        print(f"{name:34} {seconds:7.0f} {words:6}{line}", flush=True)


def edges_part(options, speaker, server):
    """A sentence after 28.7 s of prose and a gap, so that it starts just before the end of the first window or after it."""
    import numpy
    from measuring import recordings as made

    spoken = prose(speaker, options.set)
    said, total = [], 0.0
    for text, sound in spoken:
        total += len(sound) / made.RATE + 0.3
        if total > PROSE_SECONDS:
            break
        said.append(text)
    sounds = [sound for _, sound in spoken[: len(said)]]
    # Gaps that fill it up exactly.
    gap = made.silence((PROSE_SECONDS - sum(map(len, sounds)) / made.RATE) / (len(said) - 1))
    start = numpy.concatenate([part for sound in sounds for part in (gap, sound)][1:])
    next_text = "Copper conducts heat far better than glass or wood."
    [(_, next_sound)] = speaker.speak([(next_text, VOICES[options.set][0])])
    more_text, more_sound = spoken[-1]
    wrong_total = 0
    for gap in GAPS:
        sound = numpy.concatenate([start, made.silence(gap), next_sound, made.silence(0.5), more_sound, made.silence(0.5)])
        text = " ".join([*said, next_text, more_text])
        answer = server.form("/voice/stt", made.to_wav(sound), language="en")
        replaced, inserted, missing, _ = edited(text, answer["transcript"])
        instant = sum(word["end"] <= word["start"] for segment in answer["segments"] for word in segment["words"])
        wrong = replaced + inserted + missing
        wrong_total += wrong
        told = "" if wrong == 0 else f"  {answer['transcript'][-150:]}"
        print(f"gap {gap:4.2f} s, start {PROSE_SECONDS + gap:5.2f} s: {wrong} wrong, {instant} words without duration{told}", flush=True)
    print(f"edges: {wrong_total} words wrong in {len(GAPS)} recordings")


def names_part(speaker, server):
    """Sentences with rare names, without and with the names as `keywords` among those of other sentences, and as a `prompt`."""
    from measuring.recordings import to_wav

    sentences = [line.split("|") for line in NAMES]
    spoken = speaker.speak([(text, VOICES["test"][n % 5]) for n, (text, _) in enumerate(sentences)])
    lists = [names for _, names in sentences]
    ways = {
        "without": lambda n: {},
        "keywords, its own": lambda n: {"keywords": lists[n]},
        "keywords, of ten sentences": lambda n: {"keywords": ", ".join(lists[n // 10 * 10 : n // 10 * 10 + 10])},
        "keywords of others": lambda n: {"keywords": ", ".join(lists[(n // 10 * 10 + 10) % 50 : (n // 10 * 10 + 10) % 50 + 10])},
        "prompt, its own": lambda n: {"prompt": f"We speak of {lists[n]}."},
    }
    for way, fields in ways.items():
        wrong = words = found = names = 0
        for n, (text, sound) in enumerate(spoken):
            heard = server.form("/voice/stt", to_wav(sound), language="en", **fields(n))["transcript"]
            replaced, inserted, missing, count = edited(text, heard)
            wrong, words = wrong + replaced + inserted + missing, words + count
            for name in lists[n].split(", "):
                names += 1
                found += bool(re.search(rf"\b{re.escape(name.lower())}\b", heard.lower()))
        print(f"{way:28} {found} of {names} names, {wrong} of {words} words wrong", flush=True)


def long_part(options, speaker, folder):
    """Processor time and memory of `vocabox transcribe` on a sixth of a recording of hours and on all of it."""
    import numpy
    from measuring import recordings as made

    dice = numpy.random.default_rng(3)
    spoken = prose(speaker, options.set)
    said, parts, length = [], [], 0
    while length < options.hours * 3600 * made.RATE:
        text, sound = spoken[dice.integers(len(spoken))]
        # Speakers of several levels, and now and then half a minute of music or noise.
        parts += [made.silence(dice.exponential(0.8) + 0.1), made.at_db(sound, dice.uniform(-20, 0))]
        if dice.random() < 0.02:
            parts.append(made.at_db([made.music, made.noise][dice.integers(2)](dice, 30), -10))
        said.append(text)
        length = sum(map(len, parts)) if len(said) % 50 == 0 else length
    sound = numpy.concatenate(parts)
    for share in (6, 1):
        file = folder / f"long.{share}.wav"
        file.write_bytes(made.to_wav(sound[: len(sound) // share]))
        told = [options.binary, "transcribe", "--models-dir", needs.MODELS, "--language", "en", "--log-level", "error", file]
        text = folder / f"long.{share}.txt"
        with text.open("w") as out:
            process = subprocess.Popen(told, stdout=out)
            mib = 0.0
            # Its own peak: that of its resource usage has this process's memory in it, from which it was forked.
            while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                with contextlib.suppress(TypeError):  # A process that has just ended tells no memory.
                    mib = max(mib, resident_mib(process.pid))
                time.sleep(1)
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        heard = text.read_text()
        minutes = len(sound) / share / made.RATE / 60
        spent = usage.ru_utime + usage.ru_stime
        print(f"{minutes:.0f} min: {spent / minutes:.2f} s of processor time a minute, {mib:.0f} MiB", flush=True)
    replaced, inserted, missing, words = edited(" ".join(said), heard)
    print(f"{replaced + inserted + missing} of {words} words wrong ({inserted} inserted, {missing} lost)")


class Peer:
    def __init__(self, folder):
        self._peer = peers.Whisper(folder, "float32")

    def heard(self, wav, language, **options):
        import io

        segments, _ = self._peer._model.transcribe(io.BytesIO(wav), language=language, beam_size=1, **options)
        return " ".join(segment.text.strip() for segment in segments)


def main():
    options = parser(__doc__)
    options.add_argument("--set", choices=["tune", "test"], default="test")
    options.add_argument("--seconds", type=needs.positive, default=120, help="of each condition")
    options.add_argument("--parts", type=needs.some_of(PARTS), default=PARTS[:2], help="some of rows,edges,names,long")
    options.add_argument("--hours", type=needs.positive, default=3, help="of the part long")
    options.add_argument("--only", metavar="REGEX", help="conditions that match")
    options.add_argument("--prompts", type=Path, nargs="*", default=[], metavar="FOLDER")
    options.add_argument("--keep", type=Path, metavar="FOLDER", help="keeps what is spoken there, for the next run")
    options.add_argument("--texts", type=Path, metavar="FOLDER", help="writes recordings and transcripts there")
    options.add_argument("--alone", action="store_true", help="without the peer")
    needs.add_binary(options)
    options.add_argument("--speaker", type=Path, metavar="FILE", help="the vocabox that speaks, if it is another")
    options = options.parse_args()
    needs.prepare(binary=options.binary, packs=[*LISTENING, *SPEAKING, "test-speech"], packages=peers.PACKAGES)
    os.environ["OMP_NUM_THREADS"] = str(os.cpu_count() or 1)
    if options.texts:
        options.texts.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="vocabox-") as name:
        speaker = Speaker(options.speaker or options.binary, options.keep or Path(name) / "spoken")
        model = None
        if not options.alone and "rows" in options.parts:
            model = Peer(peers.whisper_folder(Path(name) / "whisper"))
        if "long" in options.parts:
            long_part(options, speaker, Path(name))
        with serving(options.binary, LISTENING) as server:
            if "edges" in options.parts:
                edges_part(options, speaker, server)
            if "names" in options.parts:
                names_part(speaker, server)
            if "rows" in options.parts:
                rows_part(options, speaker, server, model)


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
