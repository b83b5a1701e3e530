"""Programs for Node with the packages that scripts/clients/node/package-lock.json names. Both are fetched into the cache."""

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
    """Runs the programs of scripts/clients/node and others that import its packages. Use as a context."""

    def __enter__(self) -> Programs:
        found = node.kept()
        self._node = str(found.program)
        # Imports look for packages beside the program only, so the programs are copied to where the packages are.
        self._folder = tempfile.TemporaryDirectory(prefix="vocabox-", ignore_cleanup_errors=True)
        self._root = Path(self._folder.name)
        (self._root / "node_modules").symlink_to(found.packages(FOLDER))
        for program in FOLDER.glob("*.mjs"):
            shutil.copy(program, self._root)
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def command(self, program: Path) -> list[str]:
        """The command that runs a program from elsewhere."""
        return [self._node, shutil.copy(program, self._root)]

    def run(self, name: str, server: Client, **variables: str) -> int:
        """Runs one of FOLDER's programs, which prints what it does; returns its exit code."""
        environment = {**os.environ, "VOCABOX_BASE": server.url, "VOCABOX_KEY": server.key, **variables}
        command = [self._node, str(self._root / f"{name}.mjs")]
        try:
            with children.started(command, env=environment, stdin=subprocess.DEVNULL) as process:
                return process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            print(f"WRONG  {name} did not end within {PATIENCE_S} s")
            return 1
