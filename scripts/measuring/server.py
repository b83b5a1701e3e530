"""A server under test: started on a free port with a data folder and a key of its own, and gone when the script is."""

from __future__ import annotations

import json
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fetching import children, report
from fetching.environment import last_line
from fetching.fault import Fault

from .client import Client
from .figures import resident_mib
from .needs import MODELS

# What speaks and what transcribes. Without the pack that embeds speakers: with it, an idle server measures the stock voices,
# and the figures would be those of a busy machine.
PACKS = ("kokoro", "whisper-base", "silero-vad", "onnxruntime")
STOPPED_SECONDS = 60  # its drain is 30 at the most, of requests that are over when a script stops it
NOTABLE = re.compile(r"\b(WARN|ERROR)\b|panicked")

Edit = Callable[[str], str]


class Server(Client):
    """One that runs; `data` is its data folder, `process` its process. Made by `serving`."""

    def __init__(self, process: subprocess.Popen, key: str, data: Path, is_quiet: bool):
        self.process, self.data = process, data
        self._lines: queue.Queue[str | None] = queue.Queue()
        # It is always read, or the server would wait for ever when the pipe is full.
        threading.Thread(target=self._read, args=(is_quiet,), daemon=True).start()
        super().__init__(self.said(r"^listening on (\S+)"), key)
        report.line(f"server under test: {self.url}")

    def said(self, pattern: str) -> str:
        """The first group of the next line of its log that matches `pattern`."""
        while (line := self._lines.get()) is not None:
            if match := re.search(pattern, line):
                return match[1]
        self._lines.put(None)
        raise self._ended()

    def memory_mib(self) -> float:
        """The most memory that it had."""
        return resident_mib(self.process.pid)

    def stop(self) -> None:
        """As an operator would; a Fault if it does not end in order."""
        self.process.terminate()
        try:
            code = self.process.wait(STOPPED_SECONDS)
        except subprocess.TimeoutExpired:
            raise Fault(f"the server did not stop within {STOPPED_SECONDS} s") from None
        if code:
            raise self._ended()

    def unreachable(self, why: object) -> Fault:
        try:
            self.process.wait(1)
        except subprocess.TimeoutExpired:
            return Fault(f"the server does not answer: {why}")
        return self._ended()

    def _ended(self) -> Fault:
        code = self.process.wait()
        return Fault(f"the server ended {f'by signal {-code}' if code < 0 else f'with exit code {code}'}")

    def _read(self, is_quiet: bool) -> None:
        for line in self.process.stderr:
            if not line.startswith("listening on ") and (is_quiet or NOTABLE.search(line)):
                sys.stderr.write(line)
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)


@contextmanager
def serving(
    binary: Path, packs: Iterable[str] = PACKS, edits: dict[str, Edit] | None = None, log_level: str = "error", data_files: Iterable[Path] = ()
) -> Iterator[Server]:
    """A server with these packs, a key, and `data_files` in its data folder; of a pack in `edits`, the manifest is what the
    edit makes of it. What its log says at `log_level` error, else its warnings and errors, goes to standard error. At the
    block's end it is told to stop; when the block fails, it is killed. Its folders are removed."""
    with tempfile.TemporaryDirectory(prefix="vocabox-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        models, data = linked(folder / "models", packs, edits or {}), folder / "data"
        data.mkdir()
        for file in data_files:
            shutil.copy(file, data)
        common = ["--data-dir", str(data), "--models-dir", str(models)]
        _ask(binary, "account", "create", "measuring", "--rpm", "100000", *common)
        key = json.loads(_ask(binary, "key", "create", "--account", "measuring", "--name", "measuring", "--json", *common))["key"]
        command = [str(binary), "serve", "--listen", "127.0.0.1:0", "--log-level", log_level, *common]
        with children.started(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace") as process:
            server = Server(process, key, data, log_level == "error")
            yield server
            server.stop()


def linked(models: Path, packs: Iterable[str], edits: dict[str, Edit]) -> Path:
    """The new folder `models` of these packs."""
    models.mkdir(parents=True)
    for pack in packs:
        if pack not in edits:
            (models / pack).symlink_to(MODELS / pack)
            continue
        (models / pack).mkdir()
        for file in (MODELS / pack).iterdir():
            if file.name == "pack.toml":
                (models / pack / file.name).write_text(edits[pack](file.read_text()))
            else:
                (models / pack / file.name).symlink_to(file)
    return models


def _ask(binary: Path, *arguments: str) -> str:
    """What a command prints."""
    ran = children.run([str(binary), *arguments])
    if ran.returncode:
        raise Fault(f"{binary} {' '.join(arguments[:2])} failed: {last_line(ran.stderr) or f'exit code {ran.returncode}'}")
    return ran.stdout
