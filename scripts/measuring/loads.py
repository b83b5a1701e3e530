"""Answers to several clients at once, the start of a process, and the memory of it and its children."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .figures import resident_mib


@dataclass
class Answer:
    """Seconds until the first sound or text of an answer, seconds until its end, and seconds of sound that was made or heard."""

    first_s: float
    whole_s: float
    sound_s: float


@dataclass
class Load:
    """What came of requests that were made at once: seconds until the last answer's end, seconds of sound, and each wait."""

    wall_s: float
    sound_s: float
    waits_s: list[float]

    @property
    def speed(self) -> float:
        """Seconds of sound a second."""
        return self.sound_s / self.wall_s


@dataclass
class Round:
    """What one round found of one program. Times in seconds from the start of its process, memory in MiB."""

    ready_s: float = 0.0
    answered_s: float = 0.0
    first_s: float = 0.0
    idle_mib: float = 0.0
    peak_mib: float = 0.0
    loads: dict[int, Load] = field(default_factory=dict)

    def as_json(self) -> dict:
        return asdict(self)

    @classmethod
    def from_json(cls, saved: dict) -> Round:
        loads = {int(clients): Load(**load) for clients, load in saved.pop("loads").items()}
        return cls(**saved, loads=loads)


def loaded(together: Callable[[Sequence], list[Answer]], items: Sequence) -> Load:
    """Has `together` answer the items at once."""
    begun = time.perf_counter()
    answers = together(items)
    wall_s = time.perf_counter() - begun
    return Load(wall_s, sum(answer.sound_s for answer in answers), [answer.whole_s for answer in answers])


def percentile95(values: Sequence[float]) -> float:
    """The 95th percentile: the largest of fewer than 20 values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]


def age_s(pid: int) -> float:
    """Seconds since a process was started, in steps of the kernel's clock (10 ms)."""
    # The name, in parentheses, may have blanks. The start is field 22 (proc(5)), in ticks since the boot.
    ticks = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> list[int]:
    """A process and its children, and theirs."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it has ended
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found


def tree_mib(pid: int, field: str) -> float:
    """Resident memory of a process and its children: now (VmRSS), or the sum of the peaks of those that live (VmHWM)."""
    return sum(resident_mib(each, field) for each in tree(pid))


def spread(values: Sequence[float]) -> tuple[float, float, float]:
    """Median, least and largest."""
    return statistics.median(values), min(values), max(values)
