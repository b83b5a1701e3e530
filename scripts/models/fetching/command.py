"""Ends scripts: an error that the user can repair is one line, and cleanup runs after signals and errors."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import report
from .fault import Fault

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def parser(description: str | None) -> argparse.ArgumentParser:
    """A parser whose help shows the script's description unchanged."""
    return argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)


class Interrupted(KeyboardInterrupt):
    """A signal told the script to end. `code` is the exit code by the shell's convention: 128 plus the signal's number."""

    def __init__(self, number: int):
        super().__init__()
        self.code = 128 + number


def end_by_exceptions() -> None:
    """From now on the first signal raises `Interrupted` in the main thread, so that `finally` and `with` stop processes and
    remove files. Later signals do not interrupt this cleanup, whose steps are bounded in time. A signal that the caller
    ignores (nohup) stays ignored."""

    def end(number, _frame):
        for each in ENDING:
            # Not SIG_IGN, which processes that are started later would inherit.
            signal.signal(each, lambda *_: None)
        raise Interrupted(number)

    for number in ENDING:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, end)


@contextmanager
def guarded(interrupted: str | None = None) -> Iterator[None]:
    """Runs a script's body. A Fault and a file that cannot be used end the script with one line on standard error, a signal
    with the line `interrupted` if there is one; other exceptions are bugs and keep their traceback."""
    name = Path(sys.argv[0]).name
    end_by_exceptions()
    try:
        yield
        sys.stdout.flush()
    except Fault as fault:
        report.line(f"{name}: {fault}")
        sys.exit(fault.code)
    except Interrupted as signalled:
        if interrupted:
            report.line(f"\n{name}: {interrupted}")
        sys.exit(signalled.code)
    except BrokenPipeError:
        # The reader of the output has closed the pipe (`| head`): nothing must be flushed to it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        report.line(f"{name}: {where}{error.strerror or error}")
        sys.exit(1)
