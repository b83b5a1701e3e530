#!/usr/bin/env python3
"""Measures how clients that compete for a server's processor fare: the waits of one beside the work of others, and what all get.

The measure of every wait is the same request to the same server while it is idle, shortly before. The parts:

  idle       a short line, and the first sound of a stream of 600 characters, alone
  stream     a short line beside a stream of another account that is read as fast as it plays; whether that stream runs dry
  texts      a short line beside 17 long texts of another account
  recording  a clip of three seconds to transcribe beside a long recording of another account
  streams    four and eight streams of 600 characters at once: the first sound of each, and whether a player that starts with
             its first sound has to wait afterwards (runs dry)
  alone      one text of 600 and one of 3000 characters: real-time factor, computing time divided by the length of the sound
  load       1, 2, 4 and 8 clients at once that speak, that transcribe, and both: seconds of sound a second
  memory     resident memory after 50 requests, with 1, 2 and 4 lanes
  dropped    clients that leave while they wait: places that are taken afterwards, and whether the server still computes

A client that gets 503 comes again when it is told to, and its wait counts from its first try; one that gives up after --patience
without an answer counts with the time until then. Both are noted beside the figure.

With --server twice, both builds are measured part by part, and the last column is the second divided by the first: name the
build after a change first and the one before it second, and more than 1 is what the change gained, less than 1 where the unit
is seconds of sound a second. --quick takes some ten minutes a build, everything up to an hour. Nothing else should run
meanwhile. Needs a release build; fetches the packs.
"""

import io
import select
import socket
import statistics
import sys
import time
import wave
from dataclasses import dataclass
from pathlib import Path

from measuring import Fault, children, guarded, needs, parser
from measuring.client import seconds_of
from measuring.figures import at_once, processor_s, resident_mib, timed
from measuring.playing import Heard, dry_s, prose, stream
from measuring.server import PACKS, serving
from measuring.texts import TEXT
from measuring.waiting import Background, median_s, patient, told

LINE = "Just a short line."
CLIP_S = 3
RECORDING = needs.MODELS / "test-speech/two_cities.wav"
# Seconds of sound that a player reads ahead of what it plays.
PLAYER_AHEAD_S = 2.0
# The server counts a client as gone within this time of the end of its connection.
GONE_S = 2.5


@dataclass
class Figure:
    """A row of the report. Without a value, the note tells why."""

    name: str
    value: float | None
    unit: str
    note: str = ""


@dataclass
class Size:
    """How much is measured."""

    rounds: int
    patience_s: float
    streamed_chars: int
    long_texts: int
    long_chars: int
    recording_minutes: int
    streams: tuple
    alone_chars: tuple
    clients: tuple
    load_requests: int
    memory_requests: int
    lanes: tuple
    dropped: int


WHOLE = Size(7, 300, 4800, 17, 1100, 45, (4, 8), (600, 3000), (1, 2, 4, 8), 16, 50, (1, 2, 4), 100)
QUICK = Size(3, 45, 1200, 17, 300, 5, (4,), (600,), (1, 4), 8, 10, (1, 2), 20)


class Build:
    """A vocabox under test."""

    def __init__(self, binary: Path):
        self.binary = binary
        self.lanes_option = "--lanes" if "--lanes" in children.run([str(binary), "serve", "--help"]).stdout else "--workers"

    def serving(self, *options: str):
        # A part ends while others' requests are under way: they are not waited for.
        return serving(self.binary, options=["--drain-seconds", "0", *options])


def lasting(minutes: float) -> bytes:
    """A WAV file of so many minutes (CLIP_S / 60 for the clip): the recording of the tests again and again."""
    with wave.open(str(RECORDING)) as recording:
        params, sound = recording.getparams(), recording.readframes(recording.getnframes())
    count = int(minutes * 60 * params.framerate) * params.sampwidth * params.nchannels
    made = io.BytesIO()
    with wave.open(made, "wb") as long:
        long.setparams(params)
        long.writeframes((sound * (count // len(sound) + 1))[:count])
    return made.getvalue()


def idle_line(server, size) -> float:
    """The median of a short line alone, after one that warms the server up."""
    server.speak(LINE)
    return statistics.median(timed(lambda: server.speak(LINE))[0] for _ in range(size.rounds))


def waits_beside(name, idle_s, call, busy, size) -> list[Figure]:
    """Rows of the waits of `call` while others are busy. Clients come one after the other at fixed times, whether or not those
    before them have their answers: else one long wait would hide how many it was long for."""
    gap_s = 3 * idle_s

    def come(i):
        time.sleep(i * gap_s)
        return patient(call, size.patience_s) if busy() else None

    came = at_once([lambda i=i: come(i) for i in range(size.rounds)])
    waits = [wait for wait in came if wait]
    if not waits:
        return [Figure(f"{name}: median", None, "s", "the work beside it was over before it began")]
    worst = max(wait.seconds for wait in waits)
    return [
        Figure(f"{name}: alone", idle_s, "s"),
        Figure(f"{name}: median", median_s(waits), "s", told(waits)),
        Figure(f"{name}: worst of {len(waits)}", worst, "s"),
        Figure(f"{name}: median to alone", median_s(waits) / idle_s, "×"),
        Figure(f"{name}: median beyond 2 × alone", max(0.0, median_s(waits) - 2 * idle_s), "s"),
    ]


def idle(build, size):
    with build.serving() as server:
        yield Figure("short line", idle_line(server, size), "s")
        firsts = [stream(server, prose(600)).came[0][0] for _ in range(size.rounds)]
        yield Figure("first sound of 600 characters", statistics.median(firsts), "s")


def beside_stream(build, size):
    text = prose(size.streamed_chars)
    with build.serving() as server:
        idle_s = idle_line(server, size)
        reader, other = server.account("reader"), server.account("other", size.patience_s)
        heard = Heard()
        playing = Background([lambda: stream(reader, text, PLAYER_AHEAD_S, heard)])
        while playing.busy() and not heard.came:
            time.sleep(0.05)
        yield from waits_beside("short line beside a stream", idle_s, lambda: other.speak(LINE), playing.busy, size)
        playing.wait(len(text) / 10 + size.patience_s)
        if not heard.came:
            yield Figure("the stream: first sound", None, "s", "it had none")
            return
        yield Figure("the stream: first sound", heard.came[0][0], "s")
        yield Figure("the stream: dry for", dry_s(heard.came)[0], "s")
        end = "whole" if heard.is_whole else "broken off"
        yield Figure("the stream: sound", heard.seconds, "s", f"{len(text)} characters, {end}")


def beside_texts(build, size):
    with build.serving() as server:
        idle_s = idle_line(server, size)
        many, other = server.account("many"), server.account("other", size.patience_s)
        text = prose(size.long_chars)
        texts = Background([lambda: patient(lambda: many.speak(text), 3600)] * size.long_texts)
        time.sleep(1)
        name = f"short line beside {size.long_texts} texts"
        yield from waits_beside(name, idle_s, lambda: other.speak(LINE), texts.busy, size)


def beside_recording(build, size):
    clip, recording = lasting(CLIP_S / 60), lasting(size.recording_minutes)
    with build.serving("--audio-bytes", f"{len(recording) + 2**20}") as server:
        server.transcribe(clip)
        idle_s = statistics.median(timed(lambda: server.transcribe(clip))[0] for _ in range(size.rounds))
        long, other = server.account("long"), server.account("other", size.patience_s)
        heard = Background([lambda: long.transcribe(recording)])
        # Until it is sent.
        time.sleep(1 + len(recording) / 20e6)
        name = f"clip of {CLIP_S} s beside {size.recording_minutes} minutes"
        yield from waits_beside(name, idle_s, lambda: other.transcribe(clip), heard.busy, size)


def streams_at_once(build, size):
    text = prose(600)
    for count in size.streams:
        with build.serving() as server:
            server.speak(LINE)
            idle_s = statistics.median(stream(server, text).came[0][0] for _ in range(min(size.rounds, 3)))
            clients = [server.account(f"client-{i}", 300) for i in range(count)]
            waits = at_once([lambda client=client: patient(lambda: stream(client, text), 300) for client in clients])
            cames = sorted(wait.answer.came for wait in waits if wait.answer)
        if not cames:
            yield Figure(f"{count} streams", None, "s", told(waits))
            continue
        for i, came in enumerate(cames, 1):
            dry, longest = dry_s(came)
            note = f"then dry for {dry:.2f} s, at most {longest:.2f} s at once" if dry else "never dry"
            yield Figure(f"{count} streams: first sound {i}", came[0][0], "s", note)
        yield Figure(f"{count} streams: last first sound to alone", cames[-1][0][0] / idle_s, "×", told(waits))
        yield Figure(f"{count} streams: dry, all together", sum(dry_s(came)[0] for came in cames), "s")


def alone(build, size):
    with build.serving() as server:
        server.speak(LINE)
        for characters in size.alone_chars:
            factors = []
            for _ in range(min(size.rounds, 3)):
                took_s, wav = timed(lambda: server.speak(prose(characters)))
                factors.append(took_s / seconds_of(wav))
            yield Figure(f"{characters} characters alone", statistics.median(factors), "real time")


def load(build, size):
    clip_s = 10
    clip = lasting(clip_s / 60)

    def speak(client):
        return seconds_of(client.speak(TEXT))

    def listen(client):
        client.transcribe(clip)
        return clip_s

    with build.serving() as server:
        speak(server)
        listen(server)
        clients = [server.account(f"client-{i}", 300) for i in range(max(size.clients))]
        for name, kinds in {"speak": [speak], "transcribe": [listen], "do both": [speak, listen]}.items():
            rates = []
            for count in size.clients:

                def work(i, count=count, kinds=kinds):
                    calls = [kinds[(i + n) % len(kinds)] for n in range(size.load_requests // count)]
                    return [patient(lambda call=call: call(clients[i]), 300) for call in calls]

                took_s, waits = timed(lambda: sum(at_once([lambda i=i: work(i) for i in range(count)]), []))
                sound_s = sum(wait.answer or 0 for wait in waits)
                rates.append(sound_s / took_s)
                yield Figure(f"{count} clients that {name}", rates[-1], "s of sound/s", told(waits))
            yield Figure(f"clients that {name}: least to best", min(rates) / max(rates), "×")


def memory(build, size):
    clip = lasting(CLIP_S / 60)
    used = []
    for lanes in size.lanes:
        with build.serving(build.lanes_option, str(lanes)) as server:

            def work(lanes=lanes):
                for n in range(size.memory_requests // lanes):
                    server.speak(TEXT) if n % 2 else server.transcribe(clip)

            at_once([work] * lanes)
            used.append(resident_mib(server.process.pid, "VmRSS"))
            name = f"lanes (or workers): {lanes}, {size.memory_requests} requests"
            yield Figure(name, used[-1], "MiB", f"at most {server.memory_mib():.0f}")
    yield Figure("most lanes to one", used[-1] / used[0], "×")


class Leaving:
    """Clients of one account that ask for a text and leave while they wait."""

    def __init__(self, client, characters):
        body = b'{"text": "%s"}' % prose(characters).encode()
        head = f"POST /voice/tts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {client.key}\r\nContent-Type: application/json\r\n"
        self._request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        host, port = client.url.removeprefix("http://").rsplit(":", 1)
        self._address = host, int(port)
        self.waiting = []

    def fill(self, most: int) -> int:
        """Connects clients until one is refused or so many more wait; returns how many more wait."""
        before = len(self.waiting)
        while len(self.waiting) < before + most:
            client = socket.create_connection(self._address)
            client.sendall(self._request)
            # A refusal comes at once, and a text of some length takes longer.
            if select.select([client], [], [], 0.3)[0]:
                client.close()
                break
            self.waiting.append(client)
        return len(self.waiting) - before

    def leave(self, only_answered: bool = False) -> None:
        """Closes the connections: all, or those of clients that have their answer."""
        gone = select.select(self.waiting, [], [], 0)[0] if only_answered else self.waiting
        for client in gone:
            client.close()
        self.waiting = [client for client in self.waiting if client not in gone]


def dropped(build, size):
    with build.serving(build.lanes_option, "1") as server:
        server.speak(LINE)
        other = server.account("other", size.patience_s)
        # Has the only lane for the whole time, or shares it.
        busy = Leaving(server.account("busy"), 4900)
        leaving = Leaving(server.account("leaving"), 1000)
        busy.fill(1)
        first = leaving.fill(1024)
        gone = first
        leaving.leave()
        time.sleep(GONE_S)
        while gone < size.dropped and (more := leaving.fill(size.dropped - gone)):
            gone += more
            leaving.leave()
            busy.leave(only_answered=True)
            busy.fill(1 - len(busy.waiting))
            time.sleep(GONE_S)
        free = leaving.fill(first)
        yield Figure("places taken by clients that left", first - free, "places", f"{gone} left; there were {first}")
        leaving.leave()
        time.sleep(GONE_S)
        wait = patient(lambda: other.speak(LINE), size.patience_s)
        yield Figure("another's short line then", wait.seconds, "s", told([wait]))
        busy.leave()
        # A step that runs ends, too.
        time.sleep(2 * GONE_S)
        before_s = processor_s(server.process.pid)
        time.sleep(3)
        yield Figure("processor in 3 s after all left", processor_s(server.process.pid) - before_s, "s")


PARTS = {
    "idle": idle,
    "stream": beside_stream,
    "texts": beside_texts,
    "recording": beside_recording,
    "streams": streams_at_once,
    "alone": alone,
    "load": load,
    "memory": memory,
    "dropped": dropped,
}


def measured(part, build, size) -> list[Figure]:
    """The rows of a part; one that a fault of the server ended has those before it, and a row with the fault."""
    rows = []
    try:
        rows.extend(PARTS[part](build, size))
    except Fault as fault:
        rows.append(Figure(part, None, "", f"ended by: {fault}"))
    return rows


def show(rows: list[list[Figure]]) -> None:
    """Prints the rows of each build beside each other, and with two builds their ratio."""
    names = list(dict.fromkeys(row.name for column in rows for row in column))
    columns = [{row.name: row for row in column} for column in rows]
    for name in names:
        found = [column.get(name) for column in columns]
        values = [row.value if row else None for row in found]
        line = f"  {name:48}" + "".join(f"{'-' if value is None else f'{value:.2f}':>10}" for value in values)
        line += f" {next(row.unit for row in found if row):13}"
        if len(values) == 2 and None not in values and values[0]:
            line += f"{values[1] / values[0]:8.2f}"
        notes = [row.note for row in found if row and row.note]
        print(f"{line}  {' | '.join(notes)}".rstrip(), flush=True)


def main():
    options = parser(__doc__)
    of_builds = "a vocabox under test, at most two (default: target/release/vocabox)"
    options.add_argument("--server", type=Path, action="append", metavar="FILE", help=of_builds)
    options.add_argument("--only", type=needs.some_of(PARTS), default=list(PARTS), metavar="PART,…", help="only these parts")
    options.add_argument("--quick", action="store_true", help="less of everything, for a first look")
    options.add_argument("--rounds", type=needs.count, metavar="N", help=f"waits of each kind (default: {WHOLE.rounds})")
    options.add_argument("--dropped", type=needs.count, metavar="N", help=f"clients that leave (default: {WHOLE.dropped})")
    patience = f"seconds after which a client gives up (default: {WHOLE.patience_s})"
    options.add_argument("--patience", type=needs.positive, metavar="S", help=patience)
    asked = options.parse_args()
    binaries = asked.server or [needs.BINARY]
    if len(binaries) > 2:
        options.error("at most two builds are compared")
    size = QUICK if asked.quick else WHOLE
    size.rounds = asked.rounds or size.rounds
    size.dropped = asked.dropped or size.dropped
    size.patience_s = asked.patience or size.patience_s
    for binary in binaries:
        needs.prepare(binary=binary, option="--server")
    needs.prepare(packs=[*PACKS, "test-speech"])
    builds = [Build(binary) for binary in binaries]
    for part in asked.only:
        print(f"{part}:", flush=True)
        show([measured(part, build, size) for build in builds])


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
