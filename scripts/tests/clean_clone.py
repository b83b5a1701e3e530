"""A copy of the repository like a clean clone, in which scripts run as on a machine without tools or caches."""

from __future__ import annotations

import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# The vocabox that the integration tests have built.
BINARY = Path(os.environ.get("VOCABOX_BINARY") or ROOT / "target/debug/vocabox")
PYTHON = os.path.realpath(sys.executable)
# Long, because the machine may be busy.
END_S = 120
# Time within which a killed process is gone, even on a busy machine.
KILLED_S = 10
PR_SET_CHILD_SUBREAPER = 36

# Processes that a script leaves when it ends become children of this process, so that `left` finds them.
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class Clone:
    """The files under version control in a new folder, and an environment with an empty home, cache and folder for temporary
    files, with only the programs of a bare system on the PATH, and with no reachable package registry. Use as a context."""

    def __enter__(self) -> Clone:
        self.folder = Path(tempfile.mkdtemp(prefix="vocabox-clone-"))
        self.root, self.programs = self.folder / "clone", self.folder / "programs"
        self.cache, self.temporary = self.folder / "cache", self.folder / "temporary"
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True
        )
        for name in filter(None, listed.stdout.decode().split("\0")):
            if (ROOT / name).is_file():  # git also lists removed files before the removal is committed
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.root / name)
        for folder in (self.programs, self.temporary):
            folder.mkdir()
        self.environment = {
            "PATH": str(self.programs),
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.temporary),
            "VOCABOX_CACHE": str(self.cache),
            "PIP_INDEX_URL": "http://127.0.0.1:1/simple",
            "npm_config_registry": "http://127.0.0.1:1/",
            "PYTHONDONTWRITEBYTECODE": "1",
            # Temporary files of the library are not those of the scripts.
            "ORT_DISABLE_TELEMETRY": "1",
        }
        for program in ("bash", "curl", "dirname", "env", "jq", "mkdir", "mkfifo", "mktemp", "mv", "rm", "sed", "setsid", "sh", "sleep", "tee"):
            (self.programs / program).symlink_to(shutil.which(program))
        (self.programs / "python3").symlink_to(PYTHON)
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder)

    def program(self, name: str, text: str) -> None:
        """Puts a shell script on the PATH."""
        (self.programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (self.programs / name).chmod(0o755)

    def command(self, script: str, *arguments: str) -> list[str]:
        """The command that runs a script: by the interpreter of its first line, else by Python."""
        with open(self.root / "scripts" / script) as file:
            shell = "bash" in file.readline()
        return ["bash" if shell else "python3", f"scripts/{script}", *arguments]

    def run(self, script: str, *arguments: str) -> subprocess.CompletedProcess:
        command = self.command(script, *arguments)
        return subprocess.run(command, cwd=self.root, env=self.environment, capture_output=True, text=True, timeout=END_S)

    def start(self, script: str, *arguments: str) -> Running:
        return Running(self.command(script, *arguments), self.root, self.environment)

    def made(self) -> list[str]:
        """Files in the folders that were empty: those that scripts left."""
        places = [self.cache, self.temporary]
        return [str(path.relative_to(self.folder)) for place in places if place.exists() for path in sorted(place.rglob("*"))]


def heed_interrupts() -> None:
    """Undoes that shells have what they start in the background ignore SIGINT: a script would inherit it from the tests."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Running:
    """A running script; the end of the context ends it and the processes that it left."""

    def __init__(self, command: list[str], root: Path, environment: dict[str, str]):
        self.process = subprocess.Popen(
            command,
            cwd=root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=heed_interrupts,
        )
        self.errors = ""
        self.left: list[int] = []

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self._end_all()
        self.process.stdout.close()
        self.process.stderr.close()

    def says(self, words: str) -> str:
        """Waits for the next line of its standard error that contains `words`; returns it."""
        for line in self.process.stderr:
            self.errors += line
            if words in line:
                return line
        raise AssertionError(f"it ended with {self.process.wait()} and did not say {words!r}, but:\n{self.errors}")

    def end(self) -> int:
        """Waits for its end; returns its exit code. `errors` is then its whole standard error, and `left` are the processes that
        it left."""
        code = self.process.wait(END_S)
        self.left = left()
        # They would keep the pipe open.
        self._end_all()
        self.errors += self.process.stderr.read()
        return code

    @staticmethod
    def _end_all() -> None:
        while pids := children():
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


def children(of: int | None = None) -> list[int]:
    """The processes that have process `of`, by default this one, as their parent."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name, in brackets, may contain any characters.
            parent = status.read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue  # it has ended meanwhile
        if int(parent) == (of or os.getpid()):
            found.append(int(status.parent.name))
    return found


def left() -> list[int]:
    """The processes that scripts have left and that do not end."""
    return [pid for pid in children() if not gone(pid)]


def gone(pid: int) -> bool:
    """Waits for a process to end; returns whether it did. A child of this process is reaped."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        ended = bool(poll.poll(KILLED_S * 1000))
    finally:
        os.close(descriptor)
    if ended and pid in children():
        os.waitpid(pid, 0)
    return ended


def server_of(pid: int) -> int:
    """The server that process `pid` has started."""
    for child in children(pid):
        if b"\0serve\0" in Path(f"/proc/{child}/cmdline").read_bytes():
            return child
    raise AssertionError(f"process {pid} has started no server")
