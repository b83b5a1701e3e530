"""A server under test: started on a free port with a new data folder and key; it ends with the script."""

from __future__ import annotations

import json
import queue
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from fetching import children, report
from fetching.environment import last_line
from fetching.fault import Fault

from .client import Client
from .figures import resident_mib
from .needs import MODELS

# Packs that speak and transcribe. The pack that embeds speakers is left out: with it, an idle server measures the stock
# voices, and the figures would be those of a busy machine.
PACKS = ("kokoro", "whisper-base", "silero-vad", "onnxruntime")
STOPPED_SECONDS = 60  # more than the server's drain time of 30 s
NOTABLE = re.compile(r"\b(WARN|ERROR)\b|panicked")

Edit = Callable[[str], str]


class Server(Client):
    """A running server with its data folder `data` and its process `process`. Made by `serving`."""

    def __init__(self, process: subprocess.Popen, key: str, data: Path, is_quiet: bool, new_key: Callable[..., str]):
        self.process, self.data, self._new_key = process, data, new_key
        self.may_cut = False
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._early: list[str] = []
        # The log must always be read, or the server would block on a full pipe.
        threading.Thread(target=self._read, args=(is_quiet,), daemon=True).start()
        super().__init__(self._listening(), key)
        report.line(f"server under test: {self.url}")

    def said(self, pattern: str) -> str:
        """Waits for the next line of the log that matches `pattern`; returns its first group."""
        while self._early:
            if match := re.search(pattern, self._early.pop(0)):
                return match[1]
        while (line := self._lines.get()) is not None:
            if match := re.search(pattern, line):
                return match[1]
        self._lines.put(None)
        raise self._ended()

    def _listening(self) -> str:
        """Waits until the server listens; returns where. `said` finds the lines before that, too."""
        while (line := self._lines.get()) is not None:
            if match := re.search(r"^listening on (\S+)", line):
                return match[1]
            self._early.append(line)
        self._lines.put(None)
        raise self._ended()

    def account(self, name: str, timeout_s: float | None = None) -> Client:
        """A client of a new account."""
        return Client(self.url, self._new_key(name), timeout_s)

    def limited_key(self, name: str, calls_a_minute: int) -> str:
        """A key of a new account that may make so many calls."""
        return self._new_key(name, calls_a_minute)

    def memory_mib(self) -> float:
        """Peak memory of the server."""
        return resident_mib(self.process.pid)

    def stop(self) -> None:
        """Stops the server with SIGTERM; a Fault if it does not end with exit code 0, or with 1 where requests may be cut off."""
        self.process.terminate()
        try:
            code = self.process.wait(STOPPED_SECONDS)
        except subprocess.TimeoutExpired:
            raise Fault(f"the server did not stop within {STOPPED_SECONDS} s") from None
        if code not in ((0, 1) if self.may_cut else (0,)):
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
        try:
            for line in self.process.stderr:
                if not line.startswith("listening on ") and (is_quiet or NOTABLE.search(line)):
                    sys.stderr.write(line)
                self._lines.put(line.rstrip("\n"))
        except (OSError, ValueError):
            # A script that is ended by a signal closes the pipe, and its own standard error.
            pass
        self._lines.put(None)


@contextmanager
def serving(
    binary: Path,
    packs: Iterable[str] = PACKS,
    edits: dict[str, Edit] | None = None,
    log_level: str = "error",
    options: Sequence[str] = (),
) -> Iterator[Server]:
    """Runs a server with these packs, a key and `options`; `edits` changes the manifests of packs. At `log_level` error, the whole log goes to standard error, else only warnings and errors. The end of the block
    stops the server; a failure of the block kills it. Its folders are removed."""
    with tempfile.TemporaryDirectory(prefix="vocabox-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        models, data = linked(folder / "models", packs, edits or {}), folder / "data"
        data.mkdir()
        common = ["--data-dir", str(data), "--models-dir", str(models)]

        def new_key(account: str, calls_a_minute: int = 100_000) -> str:
            _ask(binary, "account", "create", account, "--rpm", str(calls_a_minute), *common)
            return json.loads(_ask(binary, "key", "create", "--account", account, "--name", account, "--json", *common))["key"]

        key = new_key("measuring")
        command = [str(binary), "serve", "--listen", "127.0.0.1:0", "--log-level", log_level, *common, *options]
        with children.started(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace") as process:
            server = Server(process, key, data, log_level == "error", new_key)
            # Scripts set it to leave requests under way.
            server.may_cut = "--drain-seconds" in options
            yield server
            server.stop()


def linked(models: Path, packs: Iterable[str], edits: dict[str, Edit]) -> Path:
    """Makes the folder `models` with links to these packs; returns it."""
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
    """Runs a command; returns its output."""
    ran = children.run([str(binary), *arguments])
    if ran.returncode:
        raise Fault(f"{binary} {' '.join(arguments[:2])} failed: {last_line(ran.stderr) or f'exit code {ran.returncode}'}")
    return ran.stdout
