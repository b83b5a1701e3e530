#!/usr/bin/env python3
"""Compares the program's MP3 with LAME's, of the same speech.

Speaks sentences by several voices as WAV and as MP3 (128 kbit/s), has ffmpeg's LAME encode the WAV at 64 and at 96 kbit/s, decodes
all by ffmpeg and tells for each encoder

- the noise: the level of the speech above the difference from it, by stretches of 20 ms with sound, in dB;
- the change of loudness (EBU R 128), in LU;
- the pre-echo: how far the 20 ms before a sharp onset lie below it, in dB, and in the WAV;
- the tail: samples at the end of the WAV that are missing;
- the errors in the words that the program's own transcription hears, and those of the WAV.

--binary PROGRAM is the program to compare; its models must be fetched. ffmpeg with libmp3lame must be installed.
"""

from __future__ import annotations

import array
import math
import statistics
import sys
import tempfile
from pathlib import Path

from measuring import ROOT, Fault, Usage, children, guarded, last_line, parser
from measuring.films import ffmpeg
from measuring.texts import errors

RATE_HZ = 24_000
STRETCH = RATE_HZ // 50
ONSET = RATE_HZ // 200
# Stretches of that length before an onset in which an echo of it would be.
ECHO = 4
# Times by which the power rises at a sharp onset, and the power from which on it counts.
SHARP, LOUD = 300.0, 1e-5
# Samples by which an MP3 may start late.
LATE_MAX = 3_000
VOICES = ["af_heart", "am_michael", "bf_emma", "bm_george"]
SENTENCES = [
    "Peter tapped twice, clapped, and said: don't touch the black box on the kitchen table.",
    "Six thick thistle sticks stood beside the ship, and a crisp autumn breeze blew across the quay.",
    "The clock stopped at midnight; a quick pulse of light lit the empty room, and then it was dark again.",
]


def ran(command: list[str]) -> str:
    done = children.run(command)
    if done.returncode:
        raise Fault(f"{Path(command[0]).name}: {last_line(done.stderr)}")
    return done.stdout


def samples(path: Path) -> array.array:
    bare = path.with_suffix(path.suffix + ".f32")
    ran([ffmpeg(), "-v", "error", "-y", "-nostdin", "-i", str(path), "-f", "f32le", "-ac", "1", "-ar", str(RATE_HZ), str(bare)])
    read = array.array("f")
    read.frombytes(bare.read_bytes())
    return read


def loudness(path: Path) -> float:
    done = children.run([ffmpeg(), "-hide_banner", "-nostdin", "-i", str(path), "-af", "ebur128", "-f", "null", "-"])
    summary = done.stderr.rpartition("Integrated loudness")[2]
    return float(summary.partition("I:")[2].split()[0])


def late(speech: array.array, made: array.array) -> int:
    """By how many samples `made` is later than `speech`: where the loudest stretch is most alike."""
    length = 4_800
    loudest = max(range(0, len(speech) - length, length), key=lambda at: sum(x * x for x in speech[at : at + length]))
    part = speech[loudest : loudest + length]

    def likeness(by: int) -> float:
        return sum(a * b for a, b in zip(part, made[loudest + by : loudest + by + length]))

    return max(range(LATE_MAX), key=likeness)


def powers(sound: array.array, length: int) -> list[float]:
    return [sum(x * x for x in sound[at : at + length]) / length + 1e-9 for at in range(0, len(sound) - length, length)]


def compared(speech: array.array, made: array.array) -> dict[str, float]:
    by = late(speech, made)
    missing = max(0, len(speech) - (len(made) - by))
    same = made[by : by + len(speech)]
    same.extend([0.0] * (len(speech) - len(same)))
    apart = array.array("f", (a - b for a, b in zip(speech, same)))
    levels = zip(powers(speech, STRETCH), powers(apart, STRETCH))
    noise = [10 * math.log10(own / other) for own, other in levels if own > LOUD]
    own, other = powers(speech, ONSET), powers(same, ONSET)
    sharp = [at for at in range(ECHO, len(own)) if own[at] > LOUD and own[at] > SHARP * own[at - 1]]

    def below(levels: list[float], at: int) -> float:
        return 10 * math.log10(own[at] / max(levels[at - ECHO : at]))

    return {
        "late": by,
        "missing": missing,
        "noise": statistics.mean(noise),
        "echoes": [(below(own, at), below(other, at)) for at in sharp],
    }


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--binary", type=Path, default=ROOT / "target/release/vocabox", metavar="PROGRAM")
    binary = options.parse_args().binary
    if not binary.is_file():
        shown = binary.relative_to(ROOT) if binary.is_relative_to(ROOT) else binary
        raise Usage(f"{shown} is missing: build it by cargo build --release, or name another by --binary")
    rows: dict[str, list[dict]] = {}
    wrong: dict[str, int] = {}
    words = 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for voice in VOICES:
            for number, sentence in enumerate(SENTENCES):
                name = f"{voice}-{number}"
                wav, own = folder / f"{name}.wav", folder / f"{name}.own.mp3"
                for path in (wav, own):
                    ran([str(binary), "speak", sentence, "--voice", voice, "-o", str(path)])
                files = {"WAV": wav, "own 128": own}
                for rate in (64, 96):
                    files[f"LAME {rate}"] = folder / f"{name}.{rate}.mp3"
                    bare = ["-write_xing", "0", "-id3v2_version", "0", "-c:a", "libmp3lame", "-b:a", f"{rate}k"]
                    ran([ffmpeg(), "-v", "error", "-y", "-nostdin", "-i", str(wav), *bare, str(files[f"LAME {rate}"])])
                speech, loud = samples(wav), loudness(wav)
                for encoder, path in files.items():
                    text = ran([str(binary), "transcribe", "--language", "en", str(path)])
                    missed, spoken = errors(sentence, text)
                    wrong[encoder] = wrong.get(encoder, 0) + missed
                    if encoder == "WAV":
                        words += spoken
                        continue
                    row = compared(speech, samples(path))
                    rows.setdefault(encoder, []).append({**row, "louder": loudness(path) - loud, "bytes": path.stat().st_size})
                print(f"{name} done", flush=True)
    print(f"\n{len(VOICES) * len(SENTENCES)} sentences, {words} words; WAV: {wrong['WAV']} word errors\n")
    print("| encoder | noise, dB | loudness, LU | below an onset, dB | late, samples | missing | bytes | word errors |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for encoder, found in rows.items():
        echoes = [echo for row in found for echo in row["echoes"]]
        noise = [row["noise"] for row in found]
        louder = [row["louder"] for row in found]
        echo = "no onsets"
        if echoes:
            wav, made = zip(*echoes)
            echo = f"{statistics.mean(made):.1f}, least {min(made):.1f} (WAV {statistics.mean(wav):.1f}, {min(wav):.1f}; {len(echoes)} onsets)"
        print(
            f"| {encoder} | {statistics.mean(noise):.1f} ({min(noise):.1f} to {max(noise):.1f}) "
            f"| {statistics.mean(louder):+.2f} ({min(louder):+.2f} to {max(louder):+.2f}) | {echo} "
            f"| {max(row['late'] for row in found)} | {max(row['missing'] for row in found)} "
            f"| {sum(row['bytes'] for row in found)} | {wrong[encoder]} |"
        )
    return 0


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
