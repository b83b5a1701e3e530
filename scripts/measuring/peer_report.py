"""What scripts/compare_servers.py found, as the tables of a record and as the table of README.md.

`found` is task → name → list of Round, vocabox first. A ratio is vocabox's time, or memory, divided by the peer's in the same round,
so less is better.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable

from . import ROOT, Fault, write_atomically
from .loads import Round, percentile95, spread

NAMES = ("kokoro-onnx", "Kokoro-FastAPI", "Piper", "whisper.cpp", "faster-whisper", "Speaches")
LABELS = {
    "kokoro-onnx": "kokoro-onnx 0.6.1, threads of one process",
    "faster-whisper": "faster-whisper 1.2.1 int8, threads of one process",
    "Piper": "Piper 1.8.0, its server",
    "whisper.cpp": "whisper.cpp's server, 16 bits",
    "Speaches": "Speaches",
    "Kokoro-FastAPI": "Kokoro-FastAPI, PyTorch",
}
DOES = {"Kokoro": "Kokoro speaks", "Piper": "Piper speaks", "Whisper": "Whisper transcribes"}
FIRST = {"Kokoro": "first sound of 300 characters", "Piper": "first sound of 300 characters", "Whisper": "answer to 10 s of sound"}
BEGIN, END = "<!-- peers: written by scripts/compare_servers.py --write -->", "<!-- peers end -->"
README = ROOT / "README.md"

Value = Callable[[Round], float]


def at(clients: int) -> Value:
    """Seconds of computing for a second of sound, with so many clients."""
    return lambda one: 1 / one.loads[clients].speed


# Title, unit, digits, value; the speeds are added for the numbers of clients that were measured.
MEASURES: list[tuple[str, str, int, Value]] = [
    ("ready", "s", 2, lambda one: one.ready_s),
    ("first answer", "s", 2, lambda one: one.answered_s),
    ("{first}", "s", 2, lambda one: one.first_s),
    ("memory after the first answer", "MiB", 0, lambda one: one.idle_mib),
    ("peak memory", "MiB", 0, lambda one: one.peak_mib),
]


def ratios(mine: list[Round], theirs: list[Round], value: Value) -> list[float]:
    return [value(a) / value(b) for a, b in zip(mine, theirs, strict=True)]


def told(values: list[float]) -> str:
    """Median and range."""
    return "{:.2f} ({:.2f} to {:.2f})".format(*spread(values))


def middle(rounds: list[Round], value: Value) -> float:
    return statistics.median(value(one) for one in rounds)


def tables(found: dict[str, dict[str, list[Round]]]) -> str:
    """The tables of a record: for each task and peer."""
    return "\n".join(_table(task, name, of["vocabox"], of[name]) for task, of in found.items() for name in of if name != "vocabox")


def _table(task: str, name: str, mine: list[Round], theirs: list[Round]) -> str:
    rows = []
    for title, unit, digits, value in MEASURES:
        figures = (f"{middle(rounds, value):.{digits}f} {unit}" for rounds in (mine, theirs))
        rows.append([title.format(first=FIRST[task]), *figures, told(ratios(mine, theirs, value))])
    for clients in mine[0].loads:
        speeds = (f"{1 / middle(rounds, at(clients)):.2f}" for rounds in (mine, theirs))
        title = f"seconds of sound a second, {_clients(clients)}"
        rows.append([title, *speeds, told(ratios(mine, theirs, at(clients)))])
        waits = [percentile95([wait for one in rounds for wait in one.loads[clients].waits_s]) for rounds in (mine, theirs)]
        rows.append([f"95 % of their waits are shorter than, {_clients(clients)}", *(f"{wait:.2f} s" for wait in waits), f"{waits[0] / waits[1]:.2f}"])
    head = f"### {DOES[task]}: {LABELS[name]}\n\n"
    return head + _markdown(["what", "vocabox", "peer", "ratio (range)"], rows)


def _clients(count: int) -> str:
    return f"{count} client{'s' if count > 1 else ''}"


def _markdown(titles: list[str], rows: list[list[str]]) -> str:
    """A padded table."""
    widths = [max(len(row[i]) for row in [titles, *rows]) for i in range(len(titles))]
    lines = [titles, ["-" * width for width in widths], *rows]
    return "".join("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |\n" for line in lines)
