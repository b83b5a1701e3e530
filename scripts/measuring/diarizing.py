"""Errors of diarization, as md-eval and pyannote.metrics count them: overlapping speech counts for each of its speakers."""

from __future__ import annotations

from dataclasses import dataclass

STEP_S = 0.01
# Seconds around each true boundary that are not counted.
COLLAR_S = 0.25


@dataclass
class Errors:
    """Seconds of speech, and of each kind of error."""

    speech: float = 0.0
    missed: float = 0.0
    false: float = 0.0
    confused: float = 0.0

    @property
    def rate(self) -> float:
        return (self.missed + self.false + self.confused) / max(self.speech, STEP_S)

    def __add__(self, other: Errors) -> Errors:
        return Errors(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))


def activity(turns, names, steps):
    """[steps, names]: who talks."""
    import numpy as np

    active = np.zeros((steps, len(names)), bool)
    for start, end, speaker in turns:
        active[round(start / STEP_S) : round(end / STEP_S), names.index(speaker)] = True
    return active


def errors(truth, found) -> Errors:
    """Errors of the turns (start, end, speaker) that were found, for the best mapping of speakers."""
    import numpy as np

    steps = round(max([end for _, end, _ in [*truth, *found]], default=0.0) / STEP_S) + 1
    names = [sorted({speaker for _, _, speaker in turns}) for turns in (truth, found)]
    true, heard = activity(truth, names[0], steps), activity(found, names[1], steps)
    counted = np.ones(steps, bool)
    edges = np.flatnonzero((true[1:] != true[:-1]).any(1)) + 1
    reach = round(COLLAR_S / STEP_S)
    for edge in edges:
        counted[max(0, edge - reach) : edge + reach] = False
    true, heard = true[counted], heard[counted]
    together = true.T.astype(int) @ heard.astype(int)
    count_true, count_heard = true.sum(1), heard.sum(1)
    right = most(together, 0, frozenset())
    both = np.minimum(count_true, count_heard).sum()
    return Errors(
        speech=count_true.sum() * STEP_S,
        missed=np.maximum(count_true - count_heard, 0).sum() * STEP_S,
        false=np.maximum(count_heard - count_true, 0).sum() * STEP_S,
        confused=(both - right) * STEP_S,
    )


def most(together, row, taken) -> int:
    """The longest time of any mapping of the speakers from `row` on, each to another one or to none."""
    if row == len(together):
        return 0
    best = most(together, row + 1, taken)
    for column, time in enumerate(together[row]):
        if time and column not in taken:
            best = max(best, int(time) + most(together, row + 1, taken | {column}))
    return best
