"""A peer that has no server, in a process of its own, whose start and memory can be measured: it loads its model once, and as
many threads as there are clients call it.

The process reads a JSON list of texts, or of paths of WAV files, from each line of standard input, answers all of them at once,
and writes a JSON list of first_s, whole_s and sound_s of each to a line of standard output. Its first line, [], says that the
model is loaded.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
import wave
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path

from fetching import children
from fetching.fault import Fault

from . import peers
from .figures import at_once
from .loads import Answer


class Process:
    """The running process, as the script that measures it sees it."""

    def __init__(self, name: str, process: subprocess.Popen):
        self.name, self._process, self.pid = name, process, process.pid
        self._line()

    def together(self, items: Sequence) -> list[Answer]:
        """Answers the items at once, one a thread."""
        self._process.stdin.write(json.dumps([str(item) for item in items]) + "\n")
        self._process.stdin.flush()
        return [Answer(*answer) for answer in self._line()]

    def _line(self) -> list:
        # Libraries may print lines of their own.
        for line in self._process.stdout:
            if line.startswith("["):
                return json.loads(line)
        raise Fault(f"{self.name} ended with exit code {self._process.wait()}")


@contextmanager
def running(name: str, folder: Path) -> Iterator[Process]:
    """Starts the peer `name`, one of KINDS, which writes its files to `folder`."""
    path = str(Path(__file__).resolve().parents[1])
    program = f"import sys; sys.path.insert(0, {path!r}); from measuring.peer_process import main; main(*sys.argv[1:])"
    command = [sys.executable, "-c", program, name, str(folder)]
    with children.started(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Process(name, process)


def main(name: str, folder: str) -> None:
    """The process."""
    answer = KINDS[name](Path(folder))
    print("[]", flush=True)
    for line in sys.stdin:
        answers = at_once([lambda item=item: answer(item) for item in json.loads(line)])
        print(json.dumps([astuple(each) for each in answers]), flush=True)


def kokoro(folder: Path) -> Callable[[str], Answer]:
    """kokoro-onnx, streaming. Threads take turns at eSpeak, which is not made for several, and share ONNX Runtime's session."""
    peer = peers.Kokoro(folder)
    turn = threading.Lock()

    def answer(text: str) -> Answer:
        begun = time.perf_counter()
        with turn:
            phonemes = peer.phonemes(text)

        async def speak() -> Answer:
            made = Answer(0.0, 0.0, 0.0)
            async for seconds in peer.pieces(phonemes):
                made.sound_s += seconds
                made.first_s = made.first_s or time.perf_counter() - begun
            made.whole_s = time.perf_counter() - begun
            return made

        return asyncio.run(speak())

    return answer


def whisper(folder: Path) -> Callable[[str], Answer]:
    """faster-whisper in 8 bits, greedy."""
    model = peers.Whisper(peers.whisper_folder(folder / "faster-whisper"), "int8")

    def answer(path: str) -> Answer:
        begun = time.perf_counter()
        wav = Path(path).read_bytes()
        model.text(wav)
        whole_s = time.perf_counter() - begun
        return Answer(whole_s, whole_s, wav_s(path))

    return answer


def wav_s(path: str | Path) -> float:
    """Seconds of a WAV file."""
    with wave.open(str(path)) as file:
        return file.getnframes() / file.getframerate()


KINDS = {"kokoro-onnx": kokoro, "faster-whisper": whisper}
