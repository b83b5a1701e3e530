"""What scripts/compare_servers.py found, as a picture: a row of bars for each program, on a background of its own, so that it is
readable on light and on dark pages. It uses the fonts of the reader's system."""

from __future__ import annotations

import html
from collections.abc import Callable

from .loads import Round
from .peer_report import DOES, Found, at, middle

WIDTH, MARGIN, ROW, BAR = 808, 16, 22, 12
COLUMNS_X = (170, 330, 490, 650)
BAR_MAX = 84.0
STYLE = (
    "text{font:13px system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif;fill:#c9d1d9}"
    ".h{font-weight:600;fill:#f0f6fc}.s{font-size:12px;fill:#9ea7b3}.v{fill:#7ee787}.p{fill:#6e7681}"
)


def drawn(found: Found) -> str:
    """The SVG."""
    counts = list(next(iter(found.values()))["vocabox"][0].loads)
    clients = 4 if 4 in counts else counts[-1]
    columns = _columns(clients)
    parts, told, y = [], [], 30
    for (title, hint, *_), x in zip(columns, COLUMNS_X):
        parts += [_text(x, y, title, "h"), _text(x, y + 16, hint, "s")]
    y += 16
    for task, of in found.items():
        y += 32
        parts.append(_text(MARGIN, y, DOES[task], "h"))
        for name, rounds in of.items():
            y += ROW
            values = [middle(rounds, value) for _, _, _, _, value in columns]
            shares = [value / max(middle(each, column[-1]) for each in of.values()) for value, column in zip(values, columns)]
            parts += _row(name, [f"{value:.{column[2]}f}{column[3]}" for value, column in zip(values, columns)], shares, y)
            said = ", ".join(f"{title} {value:.{digits}f}{unit}" for value, (title, _, digits, unit, _) in zip(values, columns))
            told.append(f"{DOES[task]}, {name}: {said}.")
    return _svg(y + 20, "vocabox and its peers: speed, first sound, memory and start", " ".join(told), parts)


def _columns(clients: int) -> list[tuple[str, str, int, str, Callable[[Round], float]]]:
    """Title, hint, digits, unit, value."""
    return [
        ("Sound a second", f"{clients} clients, more is better", 1, " s", lambda one: 1 / at(clients)(one)),
        ("First sound", "or text, less is better", 2, " s", lambda one: one.first_s),
        ("Peak memory", "less is better", 0, " MiB", lambda one: one.peak_mib),
        ("Start", "until the first answer", 1, " s", lambda one: one.answered_s),
    ]


def _row(name: str, figures: list[str], shares: list[float], y: int) -> list[str]:
    parts = [_text(MARGIN + 12, y, name, "v" if name == "vocabox" else "")]
    kind = "v" if name == "vocabox" else "p"
    for figure, share, x in zip(figures, shares, COLUMNS_X):
        length = max(1.0, BAR_MAX * share)
        parts.append(f'<rect x="{x}" y="{y - BAR + 1}" width="{length:.1f}" height="{BAR}" rx="2" class="{kind}"/>')
        parts.append(_text(round(x + length + 6), y, figure, ""))
    return parts


def _text(x: int, y: int, text: str, kind: str) -> str:
    attribute = f' class="{kind}"' if kind else ""
    return f'<text x="{x}" y="{y}"{attribute}>{html.escape(text)}</text>'


def _svg(height: int, title: str, told: str, parts: list[str]) -> str:
    """The picture; `told` is what a screen reader says of it."""
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" role="img" aria-labelledby="t d">',
        f'<title id="t">{html.escape(title)}</title>',
        f'<desc id="d">{html.escape(told)}</desc>',
        f"<style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{height}" rx="8" fill="#0d1117"/>',
        *parts,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"
