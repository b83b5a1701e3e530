#!/usr/bin/env python3
"""Compares vocabox with the servers of its peers on the same weights, texts, sounds and machine, for one client and for several at once.

For each task (Kokoro and Piper speak, Whisper transcribes) a round starts vocabox and the peers, each in a process of its own, and
measures them in turn: seconds from the start of the process until it is ready and until its first answer; seconds until the first
sound of a text of 367 characters; seconds of sound a second, and how long each waits, when 1, 2, 4 and 8 clients send a request
at once; resident memory after the first answer and at its peak, with child processes. The next round starts them anew. Every text and
clip is another one, the same for all programs.

Servers: vocabox, Piper's (`python -m piper.http_server`), whisper.cpp's, Speaches and Kokoro-FastAPI. The latter three are no packages:
name what you installed or built by their options, else they are left out. kokoro-onnx and faster-whisper have no server: their clients
are threads of one process that share the model. All get as many threads as the machine has cores. The ratios are vocabox's time, or
memory, divided by the peer's, round by round. Needs a release build; fetches the packs and the Python packages. Speaches and
Kokoro-FastAPI need some 8 GB of disk each, and half a minute to start.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from measuring import ROOT, Fault, Usage, guarded, needs, parser, peer_files, peer_picture, peer_report, peers, write_atomically
from measuring import peer_servers as servers
from measuring.client import clip
from measuring.loads import Round, age_s, loaded, tree_mib
from measuring.playing import prose
from measuring.prose import TEST, TUNING

PACKAGES = [*peers.MORE_PACKAGES, "flask==3.1.3"]
CLIENTS = [1, 2, 4, 8]
# As many clips of their length start at different times of the recording, and as many texts of SENTENCES_MAX sentences are there.
CLIENTS_MAX, SENTENCES_MAX = sum(CLIENTS), 4
# Their lengths differ little: 40 to 60 characters.
SENTENCES = [*TUNING, *TEST]
PARAGRAPH = prose(400)  # 367 characters
GREETING = "Good morning, everyone."
RECORDING = ROOT / "models/test-speech/two_cities.wav"
CLIP_S, FIRST_CLIP_S = 10.0, 3.0
TASKS = ("Kokoro", "Piper", "Whisper")


def programs(task, options, folder):
    """Name → what starts it, for each program of a task; vocabox first."""
    runtime, speaches = "onnxruntime", options.speaches and partial(servers.speaches, options.speaches, folder)
    if task == "Kokoro":
        found = {
            "vocabox": partial(servers.vocabox, options.binary, ["kokoro", runtime], "af_heart", servers.KOKORO_RATE),
            "kokoro-onnx": partial(servers.process, "kokoro-onnx", folder),
            "Speaches": speaches and partial(speaches, peer_files.KOKORO, "af_heart", servers.KOKORO_RATE),
            "Kokoro-FastAPI": options.kokoro_fastapi and partial(servers.kokoro_fastapi, options.kokoro_fastapi, folder),
        }
    elif task == "Piper":
        found = {
            "vocabox": partial(servers.vocabox, options.binary, ["piper-en-us-joe", runtime], "piper_joe", servers.PIPER_RATE),
            "Piper": partial(servers.piper, sys.executable, folder),
            "Speaches": speaches and partial(speaches, peer_files.PIPER, "joe", servers.PIPER_RATE),
        }
    else:
        found = {
            "vocabox": partial(servers.vocabox, options.binary, ["whisper-base", "silero-vad", runtime]),
            "whisper.cpp": options.whisper_server and partial(servers.whisper_cpp, options.whisper_server, folder),
            "faster-whisper": partial(servers.process, "faster-whisper", folder),
            "Speaches": speaches and partial(speaches, peer_files.WHISPER),
        }
    return {name: start for name, start in found.items() if start and name in ["vocabox", *options.only]}


def items(task, clients, sentences, folder):
    """Short first item, item whose first sound is waited for, and for each number of clients what they send."""
    if task != "Whisper":
        more = iter(SENTENCES)
        return GREETING, PARAGRAPH, {n: [" ".join(next(more) for _ in range(sentences)) for _ in range(n)] for n in clients}
    wav, more = RECORDING.read_bytes(), iter(range(sum(clients)))

    def cut(name, start_s, seconds):
        path = folder / f"{name}.wav"
        path.write_bytes(clip(wav, seconds, start_s))
        return path

    # Clips overlap, but each starts at another time.
    loads = {n: [cut(f"clip-{i}", 2.2 * i, CLIP_S) for i in (next(more) for _ in range(n))] for n in clients}
    return cut("first", 0.0, FIRST_CLIP_S), cut("single", 1.0, CLIP_S), loads


def measure(starts, first, single, loads):
    """One round of a task: name → Round. The programs run side by side, and compute in turn, in the order of `starts`."""
    rounds, running = {}, {}
    with ExitStack() as stack:
        for name, start in starts.items():
            running[name] = subject = stack.enter_context(start())
            rounds[name] = found = Round(ready_s=age_s(subject.pid))
            subject.one(first)
            found.answered_s = age_s(subject.pid)
            found.idle_mib = tree_mib(subject.pid, "VmRSS")
        for name, subject in running.items():
            rounds[name].first_s = subject.one(single).first_s
        for clients, load in loads.items():
            for name, subject in running.items():
                rounds[name].loads[clients] = loaded(subject.together, load)
        for name, subject in running.items():
            rounds[name].peak_mib = tree_mib(subject.pid, "VmHWM")
    return rounds


def compare(options, told, folder):
    """Task → name → list of Round: a round of each task in turn, until --rounds, or until --minutes would be exceeded. The figures
    are kept after each round."""
    found, lasted, begun = {}, {}, time.perf_counter()
    for n in range(options.rounds):
        for task in options.tasks:
            if n and time.perf_counter() - begun + lasted[task] > 60 * options.minutes:
                continue
            round_begun = time.perf_counter()
            starts = programs(task, options, folder)
            # Every second round in the other order.
            turns = dict(list(starts.items())[:: -1 if n % 2 else 1])
            try:
                rounds = measure(turns, *items(task, options.clients, options.sentences, folder))
            except Fault as fault:
                if not n:
                    raise
                print(f"{task}, round {n + 1}: {fault}\nThe rounds before it are what is told.", flush=True)
                return found
            lasted[task] = time.perf_counter() - round_begun
            of = found.setdefault(task, {name: [] for name in starts})
            for name, one in rounds.items():
                of[name].append(one)
            keep(options.figures, told, found)
            most = options.clients[-1]
            speeds = ", ".join(f"{name} {rounds[name].loads[most].speed:.1f}" for name in starts)
            print(f"{task}, round {n + 1}, {lasted[task]:.0f} s; sound a second, {most} clients: {speeds}", flush=True)
    return found


def numbers(text):
    """The type of --clients."""
    chosen = [needs.count(word) for word in text.split(",")]
    if sum(chosen) > CLIENTS_MAX:
        raise argparse.ArgumentTypeError(f"together at most {CLIENTS_MAX} are possible")
    return chosen


def arguments():
    options = parser(__doc__)
    options.add_argument("--rounds", type=needs.count, default=3, help="of each task (default: 3)")
    told = "begins no round that would end later (default: 1000)"
    options.add_argument("--minutes", type=needs.positive, default=1000.0, metavar="N", help=told)
    options.add_argument("--clients", type=numbers, default=CLIENTS, help="numbers of clients (default: 1,2,4,8)")
    options.add_argument("--sentences", type=int, choices=range(1, SENTENCES_MAX + 1), default=1, help="of each text (default: 1)")
    options.add_argument("--tasks", type=needs.some_of(TASKS), default=list(TASKS), help=f"some of {', '.join(TASKS)}")
    known = list(peer_report.LABELS)
    options.add_argument("--only", type=needs.some_of(known), default=known, help="peers, separated by commas")
    told = "whisper.cpp's server, as `cmake --build build --target whisper-server` makes it in a checkout: build/bin/whisper-server"
    options.add_argument("--whisper-server", type=Path, metavar="FILE", help=told)
    told = "a checkout of Speaches in which `uv sync --frozen --no-dev` has made .venv"
    options.add_argument("--speaches", type=Path, metavar="FOLDER", help=told)
    told = "a checkout of Kokoro-FastAPI with .venv and with its model in api/src/models/v1_0 (docker/scripts/download_model.py)"
    options.add_argument("--kokoro-fastapi", type=Path, metavar="FOLDER", help=told)
    options.add_argument("--figures", type=Path, metavar="FILE", help="writes what was measured, as JSON, after each round")
    options.add_argument("--read", type=Path, metavar="FILE", help="reads what --figures wrote instead of measuring")
    told = f"writes the tables into this record, between the lines {peer_report.BEGIN.strip()} and {peer_report.END.strip()}"
    options.add_argument("--record", type=Path, metavar="FILE", help=told)
    options.add_argument("--write", action="store_true", help="writes the table of README.md, between such lines, and .github/peers.svg")
    needs.add_binary(options)
    return options.parse_args()


def checked(options):
    """Checks the files that the options name."""
    if options.whisper_server:
        options.whisper_server = needs.file(options.whisper_server, "--whisper-server names no file").resolve()
    for name in ("speaches", "kokoro_fastapi"):
        if folder := getattr(options, name):
            setattr(options, name, folder.resolve())
            needs.file(folder / ".venv/bin/python", f"--{name.replace('_', '-')} needs a checkout with .venv")
    return options


def measured(options, told):
    """Task → name → list of Round."""
    checked(options)
    for task in options.tasks:
        if len(programs(task, options, ROOT)) < 2:
            raise Usage(f"{task} has no peer: name one by its option, or leave it out of --tasks")
    packs = ["kokoro", "kokoro:published", "piper-en-us-joe", "whisper-base", "silero-vad", "onnxruntime", "test-speech"]
    needs.prepare(binary=options.binary, packs=packs, packages=PACKAGES)
    with tempfile.TemporaryDirectory(prefix="vocabox-", ignore_cleanup_errors=True) as name:
        return compare(options, told, Path(name))


def machine():
    """A sentence about the processor, and how busy the machine is."""
    facts = dict(line.split(":", 1) for line in Path("/proc/cpuinfo").read_text().splitlines() if ":" in line)
    facts = {name.strip(): value.strip() for name, value in facts.items()}
    vnni = "with" if any("vnni" in flag for flag in facts.get("flags", "").split()) else "without"
    load = Path("/proc/loadavg").read_text().split()[0]
    return f"{peers.THREADS} cores of {facts.get('model name', 'an unknown processor')}, {vnni} VNNI; load average before: {load}."


def saved(path):
    """What --figures wrote: the sentence about the machine, and what was found."""
    read = json.loads(needs.file(path, "--figures writes it").read_text())
    tasks = read["tasks"].items()
    return read["machine"], {task: {name: [Round.from_json(one) for one in rounds] for name, rounds in of.items()} for task, of in tasks}


def keep(path, told, found):
    """Writes the file of --figures, if there is one."""
    if path:
        tasks = {task: {name: [one.as_json() for one in rounds] for name, rounds in of.items()} for task, of in found.items()}
        path.write_text(json.dumps({"machine": told, "tasks": tasks}, indent=1) + "\n")


def main():
    options = arguments()
    if options.record:
        peer_report.parts(options.record)
    if options.read:
        told, found = saved(options.read)
    else:
        told = machine()
        found = measured(options, told)
    rounds = ", ".join(f"{task} {len(of['vocabox'])}" for task, of in found.items())
    record = f"{told} Rounds: {rounds}.\n\n{peer_report.tables(found)}"
    print(record)
    if options.record:
        peer_report.write(options.record, record)
    if options.write:
        peer_report.write(ROOT / "README.md", peer_report.summary(found))
        write_atomically(ROOT / ".github/peers.svg", peer_picture.drawn(found).encode())


if __name__ == "__main__":
    with guarded():
        sys.exit(main())
