"""The command line that every converter here has: --inputs FILE… --outputs FILE…, in the order of the recipe."""

from __future__ import annotations

import argparse
from pathlib import Path


def parser(description: str | None) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--inputs", nargs="+", type=Path, required=True, metavar="FILE")
    made.add_argument("--outputs", nargs="+", type=Path, required=True, metavar="FILE")
    return made


def save(model, path: Path) -> None:
    """Writes an ONNX model. The same model gives the same bytes in every process and on every machine."""
    with open(path, "wb") as out:
        out.write(model.SerializeToString(deterministic=True))
