"""Python environments: for one run (`Environment`), or kept in the cache for all scripts that need its packages (`enter`).

<cache>/environments/<name>            an environment; <name> is a hash of its packages and of the Python that made it, or of
                                       the lock file of its packages (`fetching.node`)
<cache>/environments/<name>/packages   written last: an environment without it is incomplete and is made again
<cache>/environments/lock              held while an environment is made

Packages are exact ("numpy==2.4.6"), because figures and the bytes of graphs depend on them.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NoReturn

from . import children, report
from .cache import default_folder
from .fault import Fault, Usage

NO_NETWORK = (
    "NameResolutionError",
    "NewConnectionError",
    "Failed to establish a new connection",
    "ENOTFOUND",
    "ECONNREFUSED",
)


def last_line(text: str) -> str:
    """The most informative line of a tool's errors: for pip and npm one that begins with ERROR, for Python the last one."""
    if any(sign in text for sign in NO_NETWORK):
        return "no connection to its registry"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    marked = [line for line in lines if line.lower().startswith(("error", "npm err"))]
    return (marked or lines or [""])[-1]


class Environment:
    """A virtual environment in `folder`, made when it is first needed."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.installed: set[str] = set()

    def python(self) -> Path:
        """The environment's Python."""
        python = self.folder / "bin" / "python"
        if python.exists():
            return python
        if not importlib.util.find_spec("venv") or not importlib.util.find_spec("ensurepip"):
            raise Usage(
                "this Python has no venv with pip, which fetching and converting need; "
                "on Debian or Ubuntu: apt install python3-venv"
            )
        result = children.run([sys.executable, "-m", "venv", str(self.folder)])
        if result.returncode:
            raise Usage(
                f"a Python environment could not be made ({last_line(result.stderr) or last_line(result.stdout)}); "
                "on Debian or Ubuntu: apt install python3-venv"
            )
        return python

    def install(self, packages: Iterable[str], *options: str) -> None:
        """Installs those of `packages` that are not installed yet, from wheels only."""
        missing = [package for package in packages if package not in self.installed]
        if not missing:
            return
        python = self.python()
        report.line(f"installing {', '.join(missing)} {self._purpose()}")
        quiet = ["-q", "--disable-pip-version-check", "--no-input", "--retries", "1"]
        command = [str(python), "-m", "pip", "install", *quiet, "--only-binary", ":all:", *options, *missing]
        result = children.run(command)
        if result.returncode:
            raise Fault(f"{missing[0]} could not be installed by pip: {last_line(result.stderr)}")
        self.installed.update(missing)

    def _purpose(self) -> str:
        return "for this run"

    def site_packages(self) -> Path:
        return next(self.folder.glob("lib/python3*/site-packages"))


class _Kept(Environment):
    def _purpose(self) -> str:
        return f"into {self.folder}"


def kept(packages: Iterable[str]) -> Path:
    """The folder of an environment with `packages` and their dependencies, made if the cache lacks it."""
    wanted = sorted(packages)
    # The Python that made it may have been removed since, which leaves a dangling link.
    return kept_folder(
        [sys.version, *wanted],
        make=lambda folder: _Kept(folder).install(wanted),
        is_usable=lambda folder: (folder / "bin" / "python").exists(),
    )


def kept_folder(contents: list[str], make: Callable[[Path], None], is_usable: Callable[[Path], bool] = lambda _: True) -> Path:
    """The folder in the cache that is named by the hash of the lines `contents`. `make` makes it if the cache lacks it or it is
    not usable any more; if that fails or is interrupted, its files are removed."""
    name = hashlib.sha256("\n".join(contents).encode()).hexdigest()[:16]
    environments = default_folder().absolute() / "environments"
    folder = environments / name
    mark = folder / "packages"
    try:
        environments.mkdir(parents=True, exist_ok=True)
        lock = open(environments / "lock", "a")
    except OSError as error:
        raise Usage(
            f"{environments} cannot be written ({error.strerror}); set VOCABOX_CACHE to a folder that can"
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report.line("another script is installing packages: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        if mark.is_file() and is_usable(folder):
            return folder
        try:
            shutil.rmtree(folder, ignore_errors=True)
            temporary = folder / "temporary"
            temporary.mkdir(parents=True)
            with children.temporary_files_in(temporary):
                make(folder)
            shutil.rmtree(temporary)
            mark.write_text("\n".join(contents) + "\n")
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    return folder


def lacking(packages: Iterable[str]) -> list[str]:
    """Those of `packages` that this Python lacks in exactly this version."""

    def has(package: str) -> bool:
        name, _, version = package.partition("==")
        name = name.partition("[")[0]
        try:
            return importlib.metadata.version(name) == version
        except importlib.metadata.PackageNotFoundError:
            return False

    return [package for package in packages if not has(package)]


def enter(packages: Iterable[str]) -> None | NoReturn:
    """Returns if this Python has `packages`. Otherwise the script starts again, in the same process and with the same
    arguments, with the Python of an environment that has them, so that signals reach the script directly."""
    missing = lacking(packages)
    if not missing:
        return
    folder = kept(packages)
    if Path(sys.prefix).resolve() == folder.resolve():
        raise Fault(f"{folder} lacks {missing[0]}, although it was installed there: delete that folder")
    sys.stdout.flush()
    python = str(folder / "bin" / "python")
    os.execv(python, [python, *sys.argv])
