#!/usr/bin/env python3
"""Dubs a film of two speakers, and measures time, memory, disk, and the quality of picture and lines.

Makes a film (test pictures by ffmpeg; sentences of benches/sentences spoken in turn by a woman and a man of Kokoro's), sends it
through `/voice/dub/analyze`, `/voice/dub/translate` and `/voice/dub/render` of a new server, or through `vocabox dub` with --cli,
and prints

- the time of each step, the peak memory, and the bytes of the jobs on the disk;
- how long a live `POST /voice/tts` of 120 characters takes while nothing else runs and during the render, unless --alone;
- whether the picture's packets are the same, by how much the lengths differ, how late lines begin, and which do not fit;
- word errors of a transcript of the new sound against the translation, and the number of speakers found in it;
- the likeness of each speaker's new voice to the speaker's own old voice, to the other's, and to the other new voice (cosines of
  two encoders' embeddings, of which vocabox uses one).

Needs a release build; fetches the packs, ffmpeg if it is not on the PATH, and everything else.
"""

import io
import json
import re
import resource
import statistics
import sys
import tempfile
import threading
import time
import tomllib
import wave
from pathlib import Path

from measuring import ROOT, Fault, Usage, children, guarded, last_line, needs, parser
from measuring.figures import timed
from measuring.films import ffmpeg, packets
from measuring.server import linked, serving
from measuring.texts import TEXT, errors

PACKS = ["kokoro", "whisper-base", "silero-vad", "speaker-campplus", "segmentation-pyannote", "onnxruntime"]
SPEAKERS = {"pt": ("pf_dora", "pm_alex"), "en": ("af_heart", "am_michael")}
SENTENCES = {"pt": "pt-br", "en": "en"}
# Of POST /voice/dub/translate.
TARGETS = ["en", "yo", "ig", "ha", "sw", "zu"]
# Seconds between sentences.
PAUSE_S = 0.7
RATE_HZ = 24_000
PICTURE = ["-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25", "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"]


def said(server, text, voice):
    """The speech of a text, as 16-bit samples."""
    with wave.open(io.BytesIO(server.speak(text, voice_id=voice))) as sound:
        return sound.readframes(sound.getnframes())


def finished(server, job_id):
    """Waits for the end of a job; returns its result and its seconds."""
    begun = time.monotonic()
    while True:
        job = json.loads(server.get(f"/voice/dub/jobs/{job_id}"))
        if job["status"] in ("done", "error"):
            break
        time.sleep(0.5)
    if job["status"] == "error":
        raise Fault(f"the job failed: {job['error']}")
    return job["result"], time.monotonic() - begun


def order(server, path, film, **fields):
    """Submits a job; returns its id."""
    return server.form(path, film, "a.mp4", **fields)["job_id"]


def film(server, folder, language, minutes):
    """A film, and its turns: start and end in seconds, and speaker 0 or 1."""
    lines = (ROOT / f"benches/sentences/{SENTENCES[language]}.txt").read_text().splitlines()
    samples, known, turns = bytearray(), {}, []
    second = 2 * RATE_HZ
    while len(samples) < minutes * 60 * second:
        # The speakers swap sentences in each round, so that no line is spoken twice while there are enough sentences.
        turn = len(turns)
        speaker = (turn // 2 + turn // len(lines)) % 2
        key = (lines[turn % len(lines)], SPEAKERS[language][speaker])
        if key not in known:
            known[key] = said(server, *key)
        turns.append((len(samples) / second, (len(samples) + len(known[key])) / second, speaker))
        samples += known[key] + bytes(2 * int(PAUSE_S * RATE_HZ))
    wav, path = folder / "sound.wav", folder / "film.mp4"
    with wave.open(str(wav), "wb") as out:
        out.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        out.writeframes(bytes(samples))
    told = ["-i", str(wav), "-c:a", "aac", "-b:a", "96k", "-shortest", str(path)]
    encode(*PICTURE[:4], *told[:2], *PICTURE[4:], *told[2:])
    return path, wav.read_bytes(), turns


def encode(*told):
    """Runs ffmpeg, which writes a file."""
    ran = children.run([ffmpeg(), "-v", "error", "-y", "-nostdin", *told])
    if ran.returncode:
        raise Fault(f"ffmpeg failed: {last_line(ran.stderr)}")


class Caller(threading.Thread):
    """Requests speech every two seconds until it is stopped; `took` are the seconds of each answer."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.took, self.over, self.failed = server, [], threading.Event(), None

    def run(self):
        try:
            while not self.over.wait(2.0):
                self.took.append(timed(lambda: self.server.speak(TEXT))[0])
        except Fault as fault:
            self.failed = fault

    def stop(self):
        self.over.set()
        self.join()
        if self.failed:
            raise self.failed


class Dubbed:
    """A dubbed film: the new lines as one text, and the new sound as a WAV file."""

    def __init__(self, film, text, sound):
        self.film, self.text, self.sound = film, text, sound


def by_server(server, path, options):
    original = path.read_bytes()
    server.speak(TEXT)
    idle = [timed(lambda: server.speak(TEXT))[0] for _ in range(5)]

    analysis, took = finished(server, order(server, "/voice/dub/analyze", original, language=options.source))
    seconds = analysis["duration_seconds"]
    print(f"analyze: {took:.1f} s for {seconds:.1f} s ({took / seconds:.3f}), {len(analysis['segments'])} lines, "
          f"{len(analysis['speakers'])} speakers", flush=True)
    body = {"segments": analysis["segments"], "target_language": options.target, "source_language": options.source}
    took, answer = timed(lambda: server.post_json("/voice/dub/translate", body))
    lines = json.loads(answer)["segments"]
    print(f"translate: {took:.1f} s", flush=True)

    caller = Caller(server)
    if not options.alone:
        caller.start()
    fields = {"segments": json.dumps(lines), "target_language": options.target}
    result, took = finished(server, order(server, "/voice/dub/render", original, **fields))
    print(f"render: {took:.1f} s ({took / seconds:.3f}), {result['lines_spoken']} lines spoken and {result['lines_reused']} taken from earlier "
          f"ones", flush=True)
    if not options.alone:
        caller.stop()
        before, beside = statistics.median(idle), statistics.median(caller.took)
        print(f"live speech of 120 characters: {before:.2f} s idle, {beside:.2f} s during the render (medians; ratio {beside / before:.2f}, "
              f"at most {max(caller.took):.2f} s; {len(caller.took)} requests)")
    files = sum(f.stat().st_size for f in (server.data / "jobs").rglob("*") if f.is_file())
    print(f"memory: {server.memory_mib():.0f} MiB at the peak; disk: {files / 2**20:.1f} MiB of jobs")

    _, again = finished(server, order(server, "/voice/dub/render", original, **fields))
    print(f"the same render again: {again:.1f} s")
    late = [abs(made["spoken_start"] - line["start"]) for made, line in zip(result["segments"], lines)]
    cut = sum(made["truncated"] for made in result["segments"])
    ratios = sorted(made["fit_ratio"] for made in result["segments"])
    print(f"lines: at most {max(late):.3f} s beside their segments, {cut} of {len(lines)} cut, "
          f"fit ratio {statistics.median(ratios):.2f} at the median, {ratios[-1]:.2f} at the most")
    dubbed = path.with_name("dubbed.mp4")
    dubbed.write_bytes(server.get(result["video_url"]))
    return Dubbed(dubbed, " ".join(line["text"] for line in lines), server.get(result["audio_url"]))


def by_cli(path, folder, packs, options):
    dubbed, srt, wav = (path.with_name(f"dubbed.{kind}") for kind in ("mp4", "srt", "wav"))
    told = ["--from", options.source, "--to", options.target, "-o", str(dubbed), "--srt", str(srt)]
    places = ["--models-dir", str(linked(folder / "models", packs, {})), "--data-dir", str(folder / "data")]
    took, ran = timed(lambda: children.run([str(options.binary), "dub", str(path), *told, *places]))
    if ran.returncode:
        raise Fault(f"vocabox dub failed: {last_line(ran.stderr)}")
    print(ran.stderr.strip())
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"vocabox dub: {took:.1f} s in all, {memory:.0f} MiB at the peak", flush=True)
    encode("-i", str(dubbed), str(wav))
    text = re.sub(r"^(\d+|.* --> .*)$", "", srt.read_text(), flags=re.MULTILINE)
    return Dubbed(dubbed, " ".join(text.split()), wav.read_bytes())


def excerpts(wav, turns, most_s=60.0):
    """The speech of each of the two speakers, at most `most_s` seconds, at 16 kHz."""
    from measuring.encoders import sound  # what `needs.prepare` has installed

    parts = [bytearray(), bytearray()]
    with wave.open(io.BytesIO(wav)) as file:
        form, rate = file.getparams(), file.getframerate()
        for start, end, speaker in turns:
            if len(parts[speaker]) < most_s * rate * form.sampwidth * form.nchannels:
                file.setpos(min(int(start * rate), form.nframes))
                parts[speaker] += file.readframes(int((end - start) * rate))
    whole = []
    for part in parts:
        made = io.BytesIO()
        with wave.open(made, "wb") as out:
            out.setparams(form)
            out.writeframes(bytes(part))
        whole.append(sound(made.getvalue()))
    return whole


def judge(server, path, wav, turns, dubbed, encoders, language):
    was, now = packets(path, ["0:v"]), packets(dubbed.film, ["0:v"])
    length = lambda sound: wave.open(io.BytesIO(sound)).getnframes() / wave.open(io.BytesIO(sound)).getframerate()
    print(f"picture: {len(was[1])} packets, {'the same' if was == now else 'NOT the same'}; sound {length(wav):.3f} s, now {length(dubbed.sound):.3f} s")
    wrong, words = errors(dubbed.text, server.transcribe(dubbed.sound, language))
    print(f"the new sound: {wrong} of {words} words are heard otherwise ({100 * wrong / words:.1f} %)")
    told, _ = finished(server, order(server, "/voice/dub/analyze", dubbed.sound, language=language))
    print(f"speakers told apart in it: {len(told['speakers'])}")
    both = lambda sound: [encoders.both(samples) for samples in excerpts(sound, turns)]
    old, new = both(wav), both(dubbed.sound)
    for number, encoder in enumerate(["GE2E", "second encoder"]):
        like = lambda a, b: float(a[number] @ b[number])
        print(f"{encoder}: new voices {like(new[0], old[0]):.3f} and {like(new[1], old[1]):.3f} like their own old ones, "
              f"{like(new[0], old[1]):.3f} and {like(new[1], old[0]):.3f} like the other's; "
              f"one another {like(new[0], new[1]):.3f}, before {like(old[0], old[1]):.3f}")


def check_languages(options):
    """Raises a Usage if the film cannot be dubbed between these languages."""
    source, target = options.source, options.target
    if source == target:
        raise Usage(f"--from and --to are both {source}")
    if target not in TARGETS and not options.cli:
        raise Usage(f"--to {target} is for --cli only: over HTTP the targets are {', '.join(TARGETS)}")
    if not options.pack and target != "en":
        raise Usage(f"--to {target} needs a --pack that translates: the recogniser does into English only")
    if options.pack:
        manifest = needs.file(needs.MODELS / options.pack / "pack.toml", "scripts/fetch-models --list names the packs")
        pairs = tomllib.loads(manifest.read_text()).get("translate", {"from": [], "to": []})
        if source not in pairs["from"] or target not in pairs["to"]:
            raise Usage(f"the pack {options.pack} does not translate from {source} to {target}")


def measure(options, packs, folder):
    from measuring.encoders import Encoders  # what `needs.prepare` has installed

    encoders = Encoders()
    kept = options.keep or folder
    kept.mkdir(parents=True, exist_ok=True)
    with serving(options.binary, packs) as server:
        path, wav, turns = film(server, kept, options.source, options.minutes)
        print(f"film: {path.stat().st_size / 2**20:.1f} MiB, {len(turns)} sentences in turn by two speakers", flush=True)
        dubbed = by_cli(path, folder, packs, options) if options.cli else by_server(server, path, options)
        judge(server, path, wav, turns, dubbed, encoders, options.target)


def main():
    options = parser(__doc__)
    options.add_argument("--minutes", type=needs.positive, default=10.0)
    options.add_argument("--from", dest="source", choices=SPEAKERS, default="pt")
    options.add_argument("--to", dest="target", default="en")
    options.add_argument("--pack", help="pack that translates; by default the recognizer translates")
    options.add_argument("--alone", action="store_true", help="without live requests during the render")
    options.add_argument("--cli", action="store_true", help="dub by `vocabox dub`, which accepts every language")
    needs.add_binary(options)
    options.add_argument("--keep", type=Path, help="folder in which the films are kept")
    options = options.parse_args()
    check_languages(options)
    packs = PACKS + ([options.pack] if options.pack else [])
    needs.prepare(binary=options.binary, packs=packs, packages=needs.ENCODER_PACKAGES)
    ffmpeg()
    with tempfile.TemporaryDirectory(prefix="vocabox-") as folder:
        measure(options, packs, Path(folder))


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
