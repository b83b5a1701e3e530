#!/usr/bin/env python3
"""Measures what memory a server takes, state after state, as a table for a record.

States: ready, and nothing asked; after a first sentence and a first transcript; while a text of 5000 characters is spoken, and after
it; while eight clients speak and transcribe at once, and after them; after many mixed requests; idle, with engines that the server
unloaded, and the time of the first answer after that. "peak" is the most since the state before, "rests at" what is resident at its
end. Needs a release build; fetches the packs.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

from measuring import Fault, guarded, needs, parser
from measuring.client import clip
from measuring.figures import at_once, resident_mib, timed
from measuring.playing import prose
from measuring.server import PACKS, Server, serving

RECORDING = needs.MODELS / "test-speech/two_cities.wav"
LONG_CHARACTERS = 5000  # the most that a request may have
CLIENTS = 8
# After so long without a request an engine is unloaded; more than any pause between two states.
IDLE_S = 120
# Unloaded engines are looked for no longer.
PATIENCE_S = 300


class States:
    """The rows of the table so far."""

    def __init__(self, server: Server):
        self._pid = server.process.pid
        self.rows = ["| state | peak, MiB | rests at, MiB |", "| --- | --- | --- |"]

    def end(self, state: str) -> None:
        """Adds the state that ends now."""
        row = f"| {state} | {resident_mib(self._pid):.0f} | {self.resting():.0f} |"
        print(row, file=sys.stderr)
        self.rows.append(row)
        # The peak is what is resident now (`man 5 proc_pid_clear_refs`).
        Path(f"/proc/{self._pid}/clear_refs").write_text("5")

    def resting(self) -> float:
        return resident_mib(self._pid, "VmRSS")


def mixed(server: Server, recordings: list[bytes], count: int) -> None:
    """Sends so many requests, eight at once, of which half speak, a quarter transcribe and a quarter read."""
    dice = random.Random(1)

    def one() -> None:
        kind = dice.randrange(4)
        if kind < 2:
            server.speak(prose(dice.choice([40, 120, 300])))
        elif kind == 2:
            server.transcribe(dice.choice(recordings))
        else:
            server.get("/voice/history?limit=100")

    for _ in range(count // CLIENTS):
        at_once([one] * CLIENTS)


def measure(server: Server, requests: int) -> list[str]:
    recording = RECORDING.read_bytes()
    short = [clip(recording, seconds, seconds) for seconds in (3, 6, 10)]
    states = States(server)
    states.end("ready")
    server.speak("Good morning.")
    server.transcribe(short[0])
    states.end("a first sentence and a first transcript")
    server.speak(prose(LONG_CHARACTERS))
    states.end(f"{LONG_CHARACTERS} characters spoken")
    server.transcribe(recording)
    states.end("44 s transcribed")
    at_once([lambda: server.speak(prose(600)), lambda: server.transcribe(recording)] * (CLIENTS // 2))
    states.end(f"{CLIENTS} clients at once: 600 characters, 44 s")
    mixed(server, short, requests)
    states.end(f"{requests} mixed requests of {CLIENTS} clients")
    resting = states.resting()
    until = time.monotonic() + PATIENCE_S
    while states.resting() > resting / 2:
        if time.monotonic() > until:
            raise Fault(f"the engines were not unloaded within {PATIENCE_S} s")
        time.sleep(1)
    states.end(f"engines unloaded after {IDLE_S} s without a request")
    seconds, _ = timed(lambda: server.speak("Good morning."))
    heard, _ = timed(lambda: server.transcribe(short[0]))
    states.end(f"loaded again: a sentence after {seconds:.2f} s, a transcript after {heard:.2f} s")
    return states.rows


def main() -> None:
    options = parser(__doc__)
    needs.add_binary(options)
    options.add_argument("--requests", type=needs.count, default=1000, metavar="N", help="mixed requests (default: %(default)s)")
    options.add_argument("--packs", nargs="+", default=PACKS, metavar="PACK", help="packs of the server (default: %(default)s)")
    asked = options.parse_args()
    needs.prepare(binary=asked.binary, packs=[*asked.packs, "test-speech"])
    with serving(asked.binary, packs=asked.packs, options=["--unload-after", str(IDLE_S), "--queue", "64"]) as server:
        print("\n".join(measure(server, asked.requests)))


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
