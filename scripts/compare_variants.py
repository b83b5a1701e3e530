#!/usr/bin/env python3
"""Compares the variants of Kokoro's graph: how far each sounds from the published one, in floats, and what Whisper hears.

One server for each variant speaks the sentences of benches/sentences, which the ranges of the 8-bit variants were not measured with, by
some voices. The distance is the root mean square of the differences, in dB, of the loudness of bands of 375 Hz in windows of 43 ms,
where either is louder than -65 dB. Word errors include the recognizer's own. Needs a release build; fetches the packs.
"""

from __future__ import annotations

import math
import re
import sys

from measuring import ROOT, guarded, needs, parser
from measuring.server import PACKS, serving
from measuring.texts import errors

VARIANTS = ("published", "optimized", "fused")
ROWS = {"en": ("af_heart", "bm_george"), "es": ("ef_dora",), "fr": ("ff_siwis",), "it": ("if_sara",)}
WINDOW, BAND, QUIET_DB = 1024, 16, -65.0
WAV_HEAD_BYTES = 44


def chosen(variant: str):
    """Edits Kokoro's manifest so that this variant runs."""
    return lambda manifest: re.sub(r'(?m)^variant = "\w+"$', f'variant = "{variant}"', manifest, count=1)


def loudness(wav: bytes):
    """The loudness in dB of each band of each window."""
    import numpy as np

    samples = np.frombuffer(wav[WAV_HEAD_BYTES:], "<i2") / 32768
    windows = samples[: len(samples) // WINDOW * WINDOW].reshape(-1, WINDOW)
    powers = (np.abs(np.fft.rfft(windows)[:, : WINDOW // 2]) ** 2).reshape(len(windows), -1, BAND).sum(-1)
    return 10 * np.log10(powers / WINDOW**2 + 1e-12)


def said(binary, variant: str, sentences: int) -> dict[tuple[str, str, str], tuple[bytes, str]]:
    """By language, voice and sentence: the sound, and what is heard of it."""
    spoken = {}
    with serving(binary, edits={"kokoro": chosen(variant)}) as server:
        for language, voices in ROWS.items():
            lines = (ROOT / f"benches/sentences/{language}.txt").read_text().splitlines()[:sentences]
            for voice in voices:
                for line in lines:
                    wav = server.speak(line, voice_id=voice)
                    spoken[language, voice, line] = wav, server.transcribe(wav, language)
    return spoken


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--sentences", type=needs.count, default=20, help="most sentences of each language")
    needs.add_binary(options)
    options = options.parse_args()
    packs = [*PACKS, *(f"kokoro:{variant}" for variant in VARIANTS)]
    needs.prepare(binary=options.binary, packs=packs, packages=["numpy==2.4.6"])
    import numpy as np

    of_variants = {variant: said(options.binary, variant, options.sentences) for variant in VARIANTS}
    print("| language | voice | variant | distance, dB | of another length | word errors |\n" + "| --- " * 6 + "|")
    published = of_variants[VARIANTS[0]]
    for voice in (voice for voices in ROWS.values() for voice in voices):
        for variant, spoken in of_variants.items():
            squares, other_length, wrong, words = [], 0, 0, 0
            for key, (wav, heard) in spoken.items():
                if key[1] != voice:
                    continue
                missed, count = errors(key[2], heard)
                wrong, words = wrong + missed, words + count
                reference = published[key][0]
                if len(wav) != len(reference):
                    other_length += 1
                    continue
                one, two = loudness(reference), loudness(wav)
                squares.append(((one - two) ** 2)[np.maximum(one, two) > QUIET_DB])
            apart = math.sqrt(np.concatenate(squares).mean()) if squares else math.nan
            language = next(language for language, voices in ROWS.items() if voice in voices)
            print(f"| {language} | `{voice}` | {variant} | {apart:.2f} | {other_length} | {wrong} of {words} |", flush=True)


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
