"""The temporary Python environment in which converters run: made on first use, removed after the run."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

from . import children
from .environment import Environment, last_line
from .fault import Fault

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
# The same version as the pack onnxruntime.
RUNTIME_PACKAGES = ["onnxruntime==1.32.0", "numpy==2.4.6"]


class Tools:
    def __init__(self, work: Path):
        self.environment = Environment(work / "environment")

    def pip(self) -> list[str]:
        """The command of pip: the user's, else the environment's."""
        if importlib.util.find_spec("pip"):
            return [sys.executable, "-m", "pip"]
        return [str(self.environment.python()), "-m", "pip"]

    def install(self, packages: list[str]) -> None:
        """Installs the listed packages without dependencies."""
        self.environment.install(packages, "--no-deps")

    def site_packages(self) -> Path:
        return self.environment.site_packages()

    def run(self, script: str, arguments: list[str], packages: list[str]) -> None:
        """Runs one of scripts/models' converters with `packages` installed."""
        self.install(packages)
        # Sums inside numpy must not depend on the number of threads or on the processor.
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        command = [str(self.environment.python()), "-s", str(CONVERTERS / script), *arguments]
        result = children.run(command, env=environment)
        if result.returncode:
            detail = result.stderr.strip()
            raise Fault(f"{script} failed: {last_line(detail) or f'exit code {result.returncode}'}\n{detail}".rstrip())
