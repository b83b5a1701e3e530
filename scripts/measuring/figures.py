"""Times, memory, and comparisons of two programs."""

from __future__ import annotations

import os
import re
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")


def timed(function: Callable[[], Result]) -> tuple[float, Result]:
    """Calls the function; returns the seconds that it took, and its result."""
    begun = time.perf_counter()
    result = function()
    return time.perf_counter() - begun, result


def at_once(calls: Sequence[Callable[[], Result]]) -> list[Result]:
    """Makes the calls at the same time; returns their results. Raises the first exception of one of them."""
    results: list[Result | None] = [None] * len(calls)
    failed: list[BaseException] = []

    def run(i: int) -> None:
        try:
            results[i] = calls[i]()
        except BaseException as error:  # the main thread's to handle
            failed.append(error)

    # Daemons: a script that is interrupted does not wait for them.
    threads = [threading.Thread(target=run, args=(i,), daemon=True) for i in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return results


def resident_mib(pid: int, field: str = "VmHWM") -> float:
    """Resident memory of a process: its peak (VmHWM), or now (VmRSS)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"{field}:\s+(\d+)", status)[1]) / 1024


def processor_s(pid: int) -> float:
    """Seconds of processor time that a process has used, all threads together."""
    # The name, in parentheses, may have blanks. User and system time are fields 14 and 15 (proc(5)).
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def report(name: str, ours: list[float], theirs: list[float]) -> None:
    """Prints median real-time factors and the median of the ratios round by round."""
    ratios = [a / b for a, b in zip(ours, theirs)]
    print(
        f"{name:44} vocabox {statistics.median(ours):.3f}  peer {statistics.median(theirs):.3f}  "
        f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
        flush=True,
    )
