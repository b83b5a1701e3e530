"""The throw-away Python environment in which converters run: made when first needed, gone after the run."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from . import report
from .fault import Fault, Usage

CONVERTERS = Path(__file__).resolve().parent.parent

# The bytes of a converted graph depend on these, so they are exact.
GRAPH_PACKAGES = [
    "numpy==2.4.6",
    "onnx==1.23.2",
    "ml_dtypes==0.6.0",
    "protobuf==7.36.2",
    "typing_extensions==4.16.0",
]
MEDIA_PACKAGES = ["imageio-ffmpeg==0.6.0"]


NO_NETWORK = (
    "NameResolutionError",
    "NewConnectionError",
    "Failed to establish a new connection",
    "ENOTFOUND",
    "ECONNREFUSED",
)


def last_line(text: str) -> str:
    """The line of a tool's errors that says most: pip's and npm's begin with ERROR, Python's last one names it."""
    if any(sign in text for sign in NO_NETWORK):
        return "no connection to its registry"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    marked = [line for line in lines if line.lower().startswith(("error", "npm err"))]
    return (marked or lines or [""])[-1]


class Tools:
    def __init__(self, work: Path):
        self.folder = work / "environment"
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
        result = subprocess.run([sys.executable, "-m", "venv", str(self.folder)], capture_output=True, text=True)
        if result.returncode:
            raise Usage(
                f"a Python environment could not be made ({last_line(result.stderr) or last_line(result.stdout)}); "
                "on Debian or Ubuntu: apt install python3-venv"
            )
        return python

    def pip(self) -> list[str]:
        """A command that is pip: the user's, else the environment's."""
        if importlib.util.find_spec("pip"):
            return [sys.executable, "-m", "pip"]
        return [str(self.python()), "-m", "pip"]

    def install(self, packages: list[str]) -> None:
        missing = [package for package in packages if package not in self.installed]
        if not missing:
            return
        python = self.python()
        report.line(f"installing {', '.join(missing)} for this run")
        quiet = ["-q", "--disable-pip-version-check", "--no-input", "--retries", "1"]
        command = [str(python), "-m", "pip", "install", *quiet, "--no-deps", "--only-binary", ":all:", *missing]
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode:
            raise Fault(f"{missing[0]} could not be installed by pip: {last_line(result.stderr)}")
        self.installed.update(missing)

    def site_packages(self) -> Path:
        return next(self.folder.glob("lib/python3*/site-packages"))

    def run(self, script: str, arguments: list[str], packages: list[str]) -> None:
        """Runs one of scripts/models' converters with `packages` installed."""
        self.install(packages)
        # Sums inside numpy must not depend on how many threads or which processor there are.
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        command = [str(self.python()), "-s", str(CONVERTERS / script), *arguments]
        result = subprocess.run(command, capture_output=True, text=True, env=environment)
        if result.returncode:
            detail = result.stderr.strip()
            raise Fault(f"{script} failed: {last_line(detail) or f'exit code {result.returncode}'}\n{detail}".rstrip())
