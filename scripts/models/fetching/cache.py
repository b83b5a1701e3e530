"""Verified files, named by their hash; and the lock that prevents two runs at the same time.

<cache>/sha256/<hash>   a complete, verified file
<cache>/partial/<name>  an incomplete download
<cache>/work/           temporary files of one run; emptied at the start of the next
<cache>/lock            held while a run fetches

A file is renamed into place after its hash is checked and its bytes are flushed, so an interruption leaves no partial file.
Hashes are checked again when a file is used: a damaged entry is deleted and fetched again.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

from . import report
from .children import temporary_files_in
from .fault import Fault

CHUNK_BYTES = 1 << 20


def default_folder() -> Path:
    own = os.environ.get("VOCABOX_CACHE")
    if own:
        return Path(own).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "vocabox"


def sha256_of(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def flush_folder(folder: Path) -> None:
    """Makes a rename in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomically(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(part, 0o644)
        os.replace(part, path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


class Cache:
    def __init__(self, folder: Path):
        self.folder = folder
        self.store = folder / "sha256"
        self.partial = folder / "partial"
        self.work = folder / "work"

    def prepare(self) -> None:
        """Makes the folders and deletes the files of a killed run. Only under the lock."""
        shutil.rmtree(self.work, ignore_errors=True)
        for folder in (self.store, self.partial, self.work):
            folder.mkdir(parents=True, exist_ok=True)
        for part in self.store.glob(".part-*"):
            part.unlink(missing_ok=True)

    @contextmanager
    def locked(self):
        """Holds the lock, waiting for another run to end."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            file = open(self.folder / "lock", "a")
        except OSError as error:
            raise Fault(
                f"the cache {self.folder} cannot be written ({error.strerror}); set VOCABOX_CACHE to a folder that can"
            ) from None
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                report.line("another fetch-models is running: waiting for it")
                fcntl.flock(file, fcntl.LOCK_EX)
            self.prepare()
            try:
                with temporary_files_in(self.work):
                    yield
            finally:
                shutil.rmtree(self.work, ignore_errors=True)

    def has(self, sha256: str) -> bool:
        return (self.store / sha256).is_file()

    def get(self, sha256: str) -> Path | None:
        """The file with this hash, checked again; None if it is missing, or damaged and therefore deleted."""
        path = self.store / sha256
        if not path.is_file():
            return None
        if sha256_of(path) == sha256:
            return path
        report.line(f"the cached file {path} is damaged: fetching it again")
        path.unlink()
        return None

    def put(self, path: Path, sha256: str, what: str) -> Path:
        """Moves `path` into the cache if it has this hash; otherwise raises a Fault that names both hashes."""
        found = sha256_of(path)
        if found != sha256:
            path.unlink()
            raise Fault(
                f"{what} has sha256 {found}, but {sha256} is pinned: it was changed at its source or badly made"
            )
        with open(path, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(path, self.store / sha256)
        flush_folder(self.store)
        return self.store / sha256

    def copy_out(self, sha256: str, target: Path) -> bool:
        """Copies the file with this hash to `target`, whole or not at all; False if the cache's copy is damaged."""
        target.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        descriptor, part = tempfile.mkstemp(dir=target.parent, prefix=".part-")
        try:
            with os.fdopen(descriptor, "wb") as out, open(self.store / sha256, "rb") as source:
                while chunk := source.read(CHUNK_BYTES):
                    digest.update(chunk)
                    out.write(chunk)
                out.flush()
                os.fsync(out.fileno())
            if digest.hexdigest() != sha256:
                (self.store / sha256).unlink()
                return False
            os.chmod(part, 0o644)
            os.replace(part, target)
            flush_folder(target.parent)
            return True
        finally:
            Path(part).unlink(missing_ok=True)
