"""Processes that do not outlive the script: they, and what they start themselves, end with it."""

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
    """A process at the head of a process group of its own, with `options` of subprocess.Popen. If it runs
    when the block is left, or the block fails, all of the group is killed: pip and venv start processes themselves, which
    would go on writing."""
    # A script that is killed can do nothing more: then the system ends the process.
    end_with_script = _prctl and (lambda: _prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))
    # The group keeps a terminal's Ctrl-C from them: the script gets it, and ends them in order.
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
    """Makes `folder` the place for temporary files of the processes that are started in the block. One that is killed does
    not remove its own, so the caller removes the folder."""
    before = os.environ.get("TMPDIR")
    os.environ["TMPDIR"] = str(folder)
    try:
        yield
    finally:
        os.environ.pop("TMPDIR")
        if before is not None:
            os.environ["TMPDIR"] = before


def run(command: Sequence[str], **options) -> subprocess.CompletedProcess:
    """As subprocess.run, with what the process writes as text, and without standard input."""
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
    with started(command, **options) as process:
        out, errors = process.communicate()
    return subprocess.CompletedProcess(command, process.returncode, out, errors)


def _kill(process: subprocess.Popen) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        # What the process had started has another parent now: only the group tells when it is gone.
        until = time.monotonic() + KILLED_SECONDS
        while time.monotonic() < until:
            os.killpg(process.pid, 0)
            time.sleep(0.01)
    except ProcessLookupError:
        pass
