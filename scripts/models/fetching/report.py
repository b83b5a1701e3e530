"""Messages to the user on standard error: a progress bar on a terminal, lines elsewhere."""

from __future__ import annotations

import shutil
import sys
import time

QUIET_SECONDS = 5.0
BAR_SECONDS = 0.1


def megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"


def line(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Bar:
    """The progress of one transfer of `total` bytes (None: unknown), of which `done` were transferred earlier."""

    def __init__(self, title: str, total: int | None, done: int = 0):
        self.title, self.total, self.done = title, total, done
        self.start_bytes, self.start = done, time.monotonic()
        self.tty = sys.stderr.isatty()
        self.shown = self.start if not self.tty else 0.0
        if not self.tty:
            size = megabytes(total) if total else "size unknown"
            line(f"{title}: {size}" + (f", going on at {megabytes(done)}" if done else ""))

    def add(self, count: int) -> None:
        self.done += count
        now = time.monotonic()
        if now - self.shown < (BAR_SECONDS if self.tty else QUIET_SECONDS):
            return
        self.shown = now
        if self.tty:
            self._draw()
        else:
            line(f"{self.title}: {self._state()}")

    def end(self, whole: bool) -> None:
        if self.tty:
            self._draw()
            sys.stderr.write("\n")
            sys.stderr.flush()
        elif whole:
            line(f"{self.title}: done, {self._rate()}")

    def _rate(self) -> str:
        seconds = max(time.monotonic() - self.start, 1e-3)
        return f"{megabytes(int((self.done - self.start_bytes) / seconds))}/s"

    def _state(self) -> str:
        size = f"{megabytes(self.done)} of {megabytes(self.total)}" if self.total else megabytes(self.done)
        return f"{size}, {self._rate()}"

    def _draw(self) -> None:
        columns = shutil.get_terminal_size().columns
        state = self._state()
        room = min(30, columns - len(self.title) - len(state) - 6)
        bar = ""
        if self.total and room >= 5:
            full = min(room, room * self.done // self.total)
            bar = " [" + "#" * full + "." * (room - full) + "]"
        sys.stderr.write("\r" + f"{self.title}{bar} {state}"[: columns - 1].ljust(columns - 1))
        sys.stderr.flush()
