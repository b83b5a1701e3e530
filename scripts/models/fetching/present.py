"""The state of the files in the models folder.

models/<pack>/.hashed.json records hashed files (path → size, modified_ns, sha256); the server also reads and writes it. A
file is hashed again only if its size or modification time differs from the record.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from .cache import sha256_of, write_atomically
from .packs import Pack, PackFile

MEMORY = ".hashed.json"


@dataclass
class State:
    """One file of a pack. `state` is whole, missing, stale (a file of an older manifest) or changed."""

    path: Path
    file: PackFile
    state: str
    found: str | None = None


class Folder:
    """The files of one pack on disk."""

    def __init__(self, pack: Pack):
        self.pack = pack
        self.memory = self._recall()
        self.dirty = False

    def path(self, file: PackFile) -> Path:
        return self.pack.folder / file.path

    def look(self, file: PackFile) -> State:
        path = self.path(file)
        try:
            status = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return State(path, file, "missing")
        seen = self.memory.get(file.path)
        known = seen and (seen["size"], seen["modified_ns"]) == (status.st_size, status.st_mtime_ns)
        if known and seen["sha256"] != file.sha256:
            return State(path, file, "stale", seen["sha256"])
        if known:
            return State(path, file, "whole", file.sha256)
        found = sha256_of(path)
        if found != file.sha256:
            return State(path, file, "changed", found)
        self._note(file, status)
        return State(path, file, "whole", found)

    def placed(self, file: PackFile) -> None:
        """Records a file that was just written with the right hash."""
        self._note(file, self.path(file).stat())

    def _note(self, file: PackFile, status) -> None:
        self.memory[file.path] = {
            "size": status.st_size,
            "modified_ns": status.st_mtime_ns,
            "sha256": file.sha256,
        }
        self.dirty = True

    def remember(self) -> None:
        if not self.dirty:
            return
        listed = {file.path for file in self.pack.files}
        memory = {path: seen for path, seen in sorted(self.memory.items()) if path in listed}
        try:
            write_atomically(self.pack.folder / MEMORY, (json.dumps(memory, indent=2) + "\n").encode())
        except OSError:
            pass  # a folder that cannot be written is hashed at every run
        self.dirty = False

    def _recall(self) -> dict:
        try:
            memory = json.loads((self.pack.folder / MEMORY).read_bytes())
            return {p: s for p, s in memory.items() if {"size", "modified_ns", "sha256"} <= s.keys()}
        except (OSError, ValueError, AttributeError):
            return {}
