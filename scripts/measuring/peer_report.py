"""What scripts/compare_servers.py found, as the tables of a record and as the table of README.md.

`found` is task → name → list of Round, vocabox first. A ratio is vocabox's time, or memory, divided by the peer's in the same round,
so less is better.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path

from . import Usage, write_atomically
from .loads import Round, percentile95, spread

LABELS = {
    "kokoro-onnx": "kokoro-onnx 0.6.1, threads of one process",
    "faster-whisper": "faster-whisper 1.2.1 int8, threads of one process",
    "Piper": "Piper 1.8.0, its server",
    "whisper.cpp": "whisper.cpp's server, 16 bits",
    "Speaches": "Speaches",
    "Kokoro-FastAPI": "Kokoro-FastAPI, PyTorch",
}
# In README.md.
SHORT = {
    "kokoro-onnx": "kokoro-onnx 0.6.1, in process",
    "faster-whisper": "faster-whisper 1.2.1, in process",
    "Piper": "Piper 1.8.0",
}
DOES = {"Kokoro": "Kokoro speaks", "Piper": "Piper speaks", "Whisper": "Whisper transcribes"}
FIRST = {"Kokoro": "first sound of 367 characters", "Piper": "first sound of 367 characters", "Whisper": "answer to 10 s of sound"}
# Lines between which a document's part is written.
BEGIN, END = "<!-- scripts/compare_servers.py writes this -->\n", "<!-- until here -->\n"

Found = dict[str, dict[str, list[Round]]]
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
    """The ratio of each round; a peer that was left out of later ones has fewer."""
    return [value(a) / value(b) for a, b in zip(mine, theirs, strict=False)]


def told(values: list[float]) -> str:
    """Median and range."""
    return "{:.2f} ({:.2f} to {:.2f})".format(*spread(values))


def middle(rounds: list[Round], value: Value) -> float:
    return statistics.median(value(one) for one in rounds)


def tables(found: Found) -> str:
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
        title = f"95 % of their waits are shorter than, {_clients(clients)}"
        rows.append([title, *(f"{wait:.2f} s" for wait in waits), f"{waits[0] / waits[1]:.2f}"])
    head = f"### {DOES[task]}: {LABELS[name]}\n\n"
    return head + _markdown(["what", "vocabox", "peer", "ratio (range)"], rows)


def summary(found: Found) -> str:
    """The table of README.md: the medians of the ratios."""
    counts = list(next(iter(found.values()))["vocabox"][0].loads)
    values = [*(at(count) for count in counts), *(value for _, _, _, value in (MEASURES[2], MEASURES[4], MEASURES[1]))]
    titles = ["vocabox beside", *(_clients(count) for count in counts), "first sound", "memory", "start"]
    rows = []
    for task, of in found.items():
        for name in of:
            if name != "vocabox":
                medians = (statistics.median(ratios(of["vocabox"], of[name], value)) for value in values)
                rows.append([f"{task}: {SHORT.get(name, name)}", *(f"{median:.2f}" for median in medians)])
    lines = [titles, ["---"] * len(titles), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def parts(path: Path) -> tuple[str, str]:
    """A document up to the line BEGIN and from the line END on."""
    before, begin, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise Usage(f"{path} lacks the lines {BEGIN.strip()} and {END.strip()}, between which the figures are written")
    return before + begin, end + after


def write(path: Path, part: str) -> None:
    """Replaces what is between the lines BEGIN and END of a document."""
    before, after = parts(path)
    write_atomically(path, f"{before}\n{part}\n{after}".encode())


def _clients(count: int) -> str:
    return f"{count} client{'s' if count > 1 else ''}"


def _markdown(titles: list[str], rows: list[list[str]]) -> str:
    """A padded table."""
    widths = [max(len(row[i]) for row in [titles, *rows]) for i in range(len(titles))]
    lines = [titles, ["-" * width for width in widths], *rows]
    return "".join("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |\n" for line in lines)
