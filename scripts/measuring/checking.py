"""Checks of calls by a client's own package, and sentences that are spoken and heard again."""

from __future__ import annotations

import difflib
import re
from collections.abc import Awaitable, Callable

SAID = "Copper conducts heat better than iron does, and iron is harder than copper."
ANSWERED = "The old bridge was closed for repairs until the end of spring, and the ferry was full every day."
# Of words of a sentence that is spoken and heard again.
LIKENESS_MIN = 0.85


def words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


class Checks:
    """The calls so far."""

    def __init__(self):
        self.calls, self.wrong = 0, 0

    def that(self, call: str, holds: bool, told: object = "") -> None:
        """Notes a call, and whether it did what it should."""
        self.calls += 1
        if holds:
            print(f"ok     {call}", flush=True)
        else:
            self.wrong += 1
            print(f"WRONG  {call}: {str(told)[:300]}", flush=True)

    def heard(self, call: str, text: str, said: str = SAID) -> None:
        """Notes a call whose text should be `said`."""
        likeness = difflib.SequenceMatcher(None, words(text), words(said)).ratio()
        self.that(call, likeness >= LIKENESS_MIN, text)

    def raises(self, call: str, expected: type, ask: Callable[[], object], holds: Callable[[object], bool] = lambda _: True) -> None:
        """Notes a call that should raise `expected`, of which `holds`."""
        try:
            told = ask()
        except Exception as error:  # noqa: BLE001
            self._raised(call, error, expected, holds)
        else:
            self.that(call, False, f"no error: {told}")

    async def raises_soon(
        self, call: str, expected: type, ask: Callable[[], Awaitable[object]], holds: Callable[[object], bool] = lambda _: True
    ) -> None:
        """`raises`, of a call that is awaited."""
        try:
            told = await ask()
        except Exception as error:  # noqa: BLE001
            self._raised(call, error, expected, holds)
        else:
            self.that(call, False, f"no error: {told}")

    def _raised(self, call: str, error: Exception, expected: type, holds: Callable[[object], bool]) -> None:
        self.that(call, isinstance(error, expected) and holds(error), f"{type(error).__name__}: {error}")
