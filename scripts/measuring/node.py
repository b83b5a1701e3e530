"""Programs for Node with the packages that the lock file beside them names. Node and the packages are fetched into the cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from fetching import children, node

from . import ROOT
from .client import Client

FOLDER = ROOT / "scripts/clients/node"
PATIENCE_S = 900


class Programs:
    """Runs the programs of a folder and others that import its packages. Use as a context."""

    def __init__(self, folder: Path = FOLDER):
        self._programs = folder

    def __enter__(self) -> Programs:
        found = node.kept()
        self._node = str(found.program)
        # Imports look for packages beside the program only, so the programs are copied to where the packages are.
        self._folder = tempfile.TemporaryDirectory(prefix="vocabox-", ignore_cleanup_errors=True)
        self._root = Path(self._folder.name)
        (self._root / "node_modules").symlink_to(found.packages(self._programs))
        for program in self._programs.glob("*.mjs"):
            shutil.copy(program, self._root)
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def command(self, program: Path) -> list[str]:
        """The command that runs a program from elsewhere."""
        return [self._node, shutil.copy(program, self._root)]

    def own(self, name: str) -> list[str]:
        """The command that runs a program of the folder."""
        return [self._node, str(self._root / f"{name}.mjs")]

    def run(self, name: str, server: Client, **variables: str) -> int:
        """Runs a program of the folder, which prints what it does; returns its exit code."""
        environment = {**os.environ, "VOCABOX_BASE": server.url, "VOCABOX_KEY": server.key, **variables}
        try:
            with children.started(self.own(name), env=environment, stdin=subprocess.DEVNULL) as process:
                return process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            print(f"WRONG  {name} did not end within {PATIENCE_S} s")
            return 1
