#!/usr/bin/env python3
"""Measures the verdicts of POST /voice/clone on recordings: one person, two people, music and noise.

Recordings of people (measuring/prompts.py) are sent as they are, and then in 50 variants: with silence before, after or inside,
at other rates and levels, in other codecs. A variant must get the verdict of the original: accepted, or refused for the same reason.
Two men of 10 s each must be told to be two, with the time of the second. Music and noise must be refused as no speech.
Needs a built vocabox, and Debian's apt-get; fetches everything else into --keep.
"""

import io
import json
import re
import subprocess
import sys
import wave
from pathlib import Path

from measuring import guarded, needs, parser
from measuring.client import Refused
from measuring.server import serving

PACKS = ["kokoro", "silero-vad", "speaker-campplus", "segmentation-pyannote", "onnxruntime"]
# Verdicts do not depend on the stock voices, and few are measured sooner.
VOICES = 10
SECONDS = 15.0
PROMPT_S_MAX = 8.0
VARIANTS = 50
MEN = [("carlo", "czech-large"), ("dutch-large", "czech-large"), ("carlo", "dutch-large")]
PADDING_S = [0.5, 1, 2, 5, 10, 20, 30]
PLACES = ["before", "after", "inside", "around"]
RATES = [8000, 16000, 22050, 44100, 48000]
OPUS_RATES = [8000, 16000, 48000]
CODECS = {"wav": ["-c:a", "pcm_s16le"], "flac": ["-c:a", "flac"], "opus": ["-c:a", "libopus", "-b:a", "32k"], "mp3": ["-b:a", "64k"], "m4a": ["-c:a", "aac", "-b:a", "64k"]}
GAINS_DB = [0, -12, -26, 6]
# The level of a room's silence beside digital silence.
FLOOR_DB = -65


def few_voices(manifest):
    parts = manifest.split("[[voices]]")
    return "[[voices]]".join([parts[0], *parts[1::5][:VOICES]])


def encoded(samples, rate, codec):
    """The file of samples at 16 kHz, at this rate."""
    import imageio_ffmpeg
    import numpy as np
    from measuring.prompts import RATE

    name = "adts" if codec == "aac" else {"opus": "ogg", "m4a": "ipod"}.get(codec, codec)
    fragmented = ["-movflags", "frag_keyframe+empty_moov"] if codec == "m4a" else []
    made = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-f", "f32le", "-ar", str(RATE), "-ac", "1", "-i", "-"]
    command = [*made, "-ar", str(int(rate)), *CODECS[codec], *fragmented, "-f", name, "-"]
    return subprocess.run(command, input=np.asarray(samples, np.float32).tobytes(), check=True, capture_output=True).stdout


def wav(samples):
    import numpy as np
    from measuring.prompts import RATE

    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return made.getvalue()


def told(prompts, seconds):
    """Prompts of one speaker one after the other, `seconds` of them, with pauses of 0.4 s."""
    import numpy as np
    from measuring.prompts import RATE

    parts, length = [], 0
    for prompt in [prompt for prompt in prompts if prompt.seconds <= PROMPT_S_MAX]:
        parts += [prompt.samples, np.zeros(int(0.4 * RATE), np.float32)]
        length += len(parts[-2])
        if length >= seconds * RATE:
            break
    return np.concatenate(parts[:-1])


def padded(samples, place, seconds, floor_db, random):
    """The samples with silence; `inside` splits them at a pause near the middle."""
    import numpy as np
    from measuring.prompts import RATE

    silence = np.zeros(int(seconds * RATE), np.float32)
    step = RATE // 50
    levels = np.add.reduceat(samples**2, np.arange(0, len(samples), step))
    third = len(levels) // 3
    pause = (third + int(np.argmin(levels[third : 2 * third]))) * step
    parts = {
        "before": [silence, samples],
        "after": [samples, silence],
        "around": [silence[::2], samples, silence[::2]],
        "inside": [samples[:pause], silence, samples[pause:]],
    }
    made = np.concatenate(parts[place])
    if floor_db:
        made = made + (random.standard_normal(len(made)) * 10 ** (floor_db / 20)).astype(np.float32)
    return made


def verdict(server, file, tries=5):
    """Whether a recording is accepted, or why not, and what was said or measured."""
    try:
        answer = server.form("/voice/clone", file, name="a")
    except Refused as refused:
        if refused.status in (502, 503) and tries:
            # A busy machine says nothing of the recording.
            return verdict(server, file, tries - 1)
        said = json.loads(str(refused).split(": ", 1)[1])["detail"]
        for reason, words in {"no speech": "no speech", "speakers": r"holds \d+ speakers", "length": "s of speech;", "overdriven": "overdriven"}.items():
            if refused.status == 400 and re.search(words, said):
                return reason, said
        return f"status {refused.status}", said
    server.delete(f"/voice/voices/{answer['voice_id']}")
    return "accepted", answer["quality"]


def without_speech(folder, random):
    """Music and noise of 20 s each: (kind, name, samples)."""
    import numpy as np
    from measuring import prompts
    from measuring.prompts import RATE

    count = 20 * RATE
    at = np.arange(count) / RATE
    for package, pattern in prompts.MUSICAL:
        prompts.fetch(folder, {package})
        for path in prompts.paths(folder, [(package, pattern)]):
            sound = prompts.decoded(path)
            for number, start in enumerate(range(0, len(sound) - count + 1, 2 * count)):
                if number < 4:
                    yield "recorded music", f"{path.stem} {start // RATE} s", sound[start : start + count]
    for number in range(10):
        made = np.zeros(count, np.float32)
        for beat in range(40):
            for note in random.choice([0, 3, 4, 5, 7, 9, 12, 16, 19], 3, replace=False) + random.integers(-12, 8):
                hz, from_s = 220 * 2 ** (note / 12), beat / 2
                tone = sum(np.sin(2 * np.pi * hz * h * at) / h for h in range(1, 9)) * np.exp(-3 * (at - from_s)) * (at >= from_s)
                made += (0.02 * tone).astype(np.float32)
        yield "made music", f"chords {number}", made
    noises = {
        "white": lambda: random.standard_normal(count) * 0.1,
        "pink": lambda: prompts.pink(count, random) * 0.1,
        "hum": lambda: 0.2 * sum(np.sin(2 * np.pi * 50 * h * at) / h for h in range(1, 20)),
        "wind": lambda: prompts.pink(count, random) * 0.1 * (1.2 + np.sin(2 * np.pi * at / 3)),
        "machine": lambda: prompts.pink(count, random) * 0.1 * (np.sin(2 * np.pi * 7 * at) > 0),
        "clicks": lambda: (random.random(count) < 0.0005) * 0.8,
        "sweeps": lambda: 0.3 * np.sin(2 * np.pi * (300 * at + 200 * np.cumsum(np.sin(2 * np.pi * at / 2)) / RATE)),
        "dial": lambda: 0.2 * (np.sin(2 * np.pi * 697 * at) + np.sin(2 * np.pi * 1209 * at)) * (at % 0.4 < 0.2),
        "faint": lambda: random.standard_normal(count) * 3e-4,
        "silence": lambda: np.zeros(count),
    }
    for name, made in noises.items():
        for number in range(3):
            yield "noise", f"{name} {number}", made().astype(np.float32)


def measure(options, folder):
    import numpy as np
    from measuring import prompts

    random = np.random.default_rng(options.seed)
    people = prompts.speakers(folder, {**prompts.TUNED_ON, **prompts.TESTED_ON})
    originals = {name: told(said, SECONDS) for name, said in people.items()}
    for pair in MEN:
        silence = np.zeros(int(0.5 * prompts.RATE), np.float32)
        originals[" + ".join(pair)] = np.concatenate([told(people[pair[0]], 10), silence, told(people[pair[1]], 10)])
    with serving(options.binary, PACKS, {"kokoro": few_voices}, log_level="info") as server:
        server.said(r"(\d+) stock voices measured")
        print("| recording | verdict | |\n| --- | --- | --- |")
        wanted = {}
        for name, samples in originals.items():
            wanted[name] = verdict(server, wav(samples))
            print(f"| {name} | {wanted[name][0]} | {wanted[name][1]} |", flush=True)
        names, same, rows = list(originals), 0, []
        for number in range(options.variants):
            name, codec = names[number % len(names)], list(CODECS)[number % 5]
            rate = random.choice(OPUS_RATES if codec == "opus" else RATES)
            place, seconds, gain = PLACES[number % 4], PADDING_S[random.integers(7)], GAINS_DB[random.integers(4)]
            floor_db = FLOOR_DB if number % 2 else None
            made = padded(originals[name], place, seconds, floor_db, random)
            made = made * np.float32(min(10 ** (gain / 20), 0.97 / np.abs(made).max()))
            found = verdict(server, encoded(made, rate, codec))
            same += found[0] == wanted[name][0]
            mark = "same" if found[0] == wanted[name][0] else "OTHER"
            rows.append(f"| {name} | {seconds:g} s {place}, {'room' if floor_db else 'digital'} | {rate} Hz {codec}, {gain} dB | {found[0]} | {mark} | {found[1]} |")
            print(rows[-1], file=sys.stderr, flush=True)
        print("\n| recording | silence | as | verdict | |\n| --- | --- | --- | --- | --- |\n" + "\n".join(row.rsplit(" | ", 1)[0] + " |" for row in rows))
        print(f"\nthe same verdict for {same} of {options.variants}\n")
        kinds = {}
        for kind, name, samples in without_speech(folder, random):
            found = verdict(server, wav(samples))
            right, number = kinds.get(kind, (0, 0))
            kinds[kind] = (right + (found[0] == "no speech"), number + 1)
            if found[0] != "no speech":
                print(f"{kind}, {name}: {found[0]}, {found[1]}", flush=True)
        print("\n| without speech | refused as no speech |\n| --- | --- |")
        for kind, (right, number) in kinds.items():
            print(f"| {kind} | {right} of {number} |")


def main():
    options = parser(__doc__)
    options.add_argument("--seed", type=int, default=3)
    options.add_argument("--variants", type=needs.count, default=VARIANTS, help="variants of the recordings of people")
    options.add_argument("--keep", type=Path, required=True, metavar="FOLDER", help="folder of the recordings")
    needs.add_binary(options)
    options = options.parse_args()
    needs.prepare(binary=options.binary, packs=PACKS, packages=needs.PROMPT_PACKAGES)
    options.keep.mkdir(parents=True, exist_ok=True)
    measure(options, options.keep.resolve())


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
