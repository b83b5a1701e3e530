"""Texts to speak, and errors of their transcripts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

# 120 characters.
TEXT = (
    "The harbour was quiet that evening, and the last ferry had left an hour before the rain began to fall on the empty quay."
)

# The text of models/test-speech/two_cities.wav.
TWO_CITIES = (
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness, it was the "
    "epoch of belief, it was the epoch of incredulity, it was the season of Light, it was the season of Darkness, it was the "
    "spring of hope, it was the winter of despair, we had everything before us, we had nothing before us, we were all going "
    "direct to Heaven, we were all going direct the other way. In short, the period was so far like the present period, that "
    "some of its noisiest authorities insisted on its being received, for good or for evil, in the superlative degree of "
    "comparison only."
)


def edits(a: Sequence, b: Sequence) -> int:
    """The least number of items to insert, remove or replace to turn one sequence into the other (Levenshtein)."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(before + (x != y), row[j - 1] + 1, row[j] + 1)
    return row[-1]


def _words(text: str) -> list[str]:
    return re.sub(r"[^\w' ]", " ", text.lower().replace("’", "'")).split()


def errors(reference: str, heard: str) -> tuple[int, int]:
    """Word errors between two texts, and the reference's number of words."""
    words = _words(reference)
    return edits(words, _words(heard)), len(words)


def edited(reference: str, heard: str) -> tuple[int, int, int, int]:
    """Words that were replaced, inserted and lost between two texts, the least in all, and the reference's number of words."""
    a, b = _words(reference), _words(heard)
    # Each cell: errors, then replaced, inserted, lost.
    row = [(j, 0, j, 0) for j in range(len(b) + 1)]
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], (i, 0, 0, i)
        for j, y in enumerate(b, 1):
            all_, replaced, inserted, lost = before
            same = (all_, replaced, inserted, lost) if x == y else (all_ + 1, replaced + 1, inserted, lost)
            drop = (row[j][0] + 1, row[j][1], row[j][2], row[j][3] + 1)
            more = (row[j - 1][0] + 1, row[j - 1][1], row[j - 1][2] + 1, row[j - 1][3])
            before, row[j] = row[j], min(same, drop, more)
    return *row[-1][1:], len(a)


def plain(text: str) -> str:
    """Lower case, composed, letters, marks and digits only, words separated by one blank; Hausa's hooked letters as k, d, b."""
    text = unicodedata.normalize("NFC", text.lower()).translate(str.maketrans("ƙɗɓ", "kdb"))
    return " ".join("".join(c if c.isalnum() or unicodedata.category(c)[0] == "M" else " " for c in text.replace("'", "")).split())
