"""Clients that wait and come again when they are refused, and clients that keep a server busy meanwhile."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from fetching.fault import Fault

from .client import Refused

# A refused client comes again after what it was told, but no later than this.
AGAIN_S_MAX = 5.0


@dataclass
class Wait:
    """How long a client waited for its answer, how often it was refused, and why it got none if it did not."""

    seconds: float
    refusals: int = 0
    fault: str = ""
    answer: Any = None


def patient(call: Callable[[], Any], patience_s: float) -> Wait:
    """Calls until there is an answer: after a 503 it comes again when it was told to. It gives up after `patience_s`, and at
    once after any other error answer."""
    begun = time.perf_counter()
    refusals = 0
    while True:
        left_s = begun + patience_s - time.perf_counter()
        try:
            answer = call()
            return Wait(time.perf_counter() - begun, refusals, answer=answer)
        except Refused as refused:
            refusals += refused.status == 503
            if refused.status != 503 or left_s <= 0:
                return Wait(time.perf_counter() - begun, refusals, f"answered {refused.status}")
            time.sleep(min(refused.retry_after_s or 1, AGAIN_S_MAX, max(left_s, 0.0)))
        except Fault as fault:
            return Wait(time.perf_counter() - begun, refusals, str(fault))


def told(waits: Sequence[Wait]) -> str:
    """What the waits do not tell by their lengths: refusals and missing answers."""
    notes = []
    if refusals := sum(wait.refusals for wait in waits):
        notes.append(f"{refusals} × 503 on the way")
    if faults := [wait.fault for wait in waits if wait.fault]:
        notes.append(f"{len(faults)} of {len(waits)} without an answer ({faults[0]})")
    return "; ".join(notes)


def median_s(waits: Sequence[Wait]) -> float:
    """The median of the waits; one that ended without an answer counts as long as it lasted."""
    return statistics.median(wait.seconds for wait in waits)


class Background:
    """Calls that keep a server busy while others are measured. They end with the server or with the script, and their faults are
    no faults of the script."""

    def __init__(self, calls: Sequence[Callable[[], Any]]):
        self._threads = [threading.Thread(target=self._run, args=(call,), daemon=True) for call in calls]
        for thread in self._threads:
            thread.start()

    def busy(self) -> int:
        """How many of them are under way."""
        return sum(thread.is_alive() for thread in self._threads)

    def wait(self, most_s: float) -> None:
        """Waits for their ends, for at most so many seconds."""
        until = time.monotonic() + most_s
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _run(self, call: Callable[[], Any]) -> None:
        with suppress(Fault):
            call()
