"""Processes that end with the script, together with the processes that they start."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

PR_SET_PDEATHSIG = 1
_prctl = getattr(ctypes.CDLL(None), "prctl", None)  # Linux only
KILLED_SECONDS = 5.0  # until all processes of a killed group are gone; a machine that swaps may take long


@contextmanager
def started(command: Sequence[str], **options) -> Iterator[subprocess.Popen]:
    """A process in its own process group, with `options` of subprocess.Popen. If it still runs when the block ends or fails,
    the whole group is killed, because pip and venv start processes, which would continue to write."""
    # If the script is killed, the system ends the process.
    end_with_script = _prctl and (lambda: _prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))
    # In its own group the process does not get a terminal's Ctrl-C: the script gets it, and ends the process.
    with subprocess.Popen(command, process_group=0, preexec_fn=end_with_script, **options) as process:
        try:
            yield process
        except BaseException:
            _kill(process)
            raise
        if process.poll() is None:
            _kill(process)


@contextmanager
def temporary_files_in(folder: Path) -> Iterator[None]:
    """Makes `folder` the place for temporary files of processes that are started in the block. A killed process does not
    remove its files, so the caller removes the folder."""
    before = os.environ.get("TMPDIR")
    os.environ["TMPDIR"] = str(folder)
    try:
        yield
    finally:
        os.environ.pop("TMPDIR")
        if before is not None:
            os.environ["TMPDIR"] = before


def run(command: Sequence[str], **options) -> subprocess.CompletedProcess:
    """Like subprocess.run, with output as text and without standard input."""
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
    with started(command, **options) as process:
        out, errors = process.communicate()
    return subprocess.CompletedProcess(command, process.returncode, out, errors)


def _kill(process: subprocess.Popen) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        # Processes that the process started have another parent now: only the group shows whether they still run.
        until = time.monotonic() + KILLED_SECONDS
        while time.monotonic() < until:
            os.killpg(process.pid, 0)
            time.sleep(0.01)
    except ProcessLookupError:
        pass
