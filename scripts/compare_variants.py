#!/usr/bin/env python3
"""Compares the variants of Kokoro's graph: what Whisper hears of the published one, in floats, and of those in 8 bits.

One server for each variant speaks the sentences of benches/sentences, which the ranges of the 8-bit variants were not measured with, by
some voices. Word errors include the recognizer's own. Needs a release build; fetches the packs.
"""

from __future__ import annotations

import re
import sys

from measuring import ROOT, guarded, needs, parser
from measuring.server import PACKS, serving
from measuring.texts import errors

VARIANTS = ("published", "optimized", "fused")
ROWS = {"en": ("af_heart", "bm_george"), "es": ("ef_dora",), "fr": ("ff_siwis",), "it": ("if_sara",)}


def chosen(variant: str):
    """Edits Kokoro's manifest so that this variant runs."""
    return lambda manifest: re.sub(r'(?m)^variant = "\w+"$', f'variant = "{variant}"', manifest, count=1)


def heard_wrong(binary, variant: str, sentences: int) -> dict[str, tuple[int, int]]:
    """By voice: words that were heard wrong, and words."""
    found = {}
    with serving(binary, edits={"kokoro": chosen(variant)}) as server:
        for language, voices in ROWS.items():
            lines = (ROOT / f"benches/sentences/{language}.txt").read_text().splitlines()[:sentences]
            for voice in voices:
                counts = [errors(line, server.transcribe(server.speak(line, voice_id=voice), language)) for line in lines]
                found[voice] = sum(wrong for wrong, _ in counts), sum(words for _, words in counts)
    return found


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--sentences", type=needs.count, default=20, help="most sentences of each language")
    needs.add_binary(options)
    options = options.parse_args()
    needs.prepare(binary=options.binary, packs=[*PACKS, *(f"kokoro:{variant}" for variant in VARIANTS)])
    print(f"| variant | {' | '.join(f'`{voice}`' for voices in ROWS.values() for voice in voices)} | all |\n" + "| --- " * 7 + "|")
    for variant in VARIANTS:
        found = list(heard_wrong(options.binary, variant, options.sentences).values())
        found.append((sum(wrong for wrong, _ in found), sum(words for _, words in found)))
        print(f"| {variant} | {' | '.join(f'{wrong} of {words}' for wrong, words in found)} |", flush=True)


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
