"""The command line of every converter in this folder: --inputs FILE… --outputs FILE…, in the order of the recipe."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import python_version  # noqa: F401
from fetching.command import guarded, parser
from fetching.environment import enter
from fetching.fault import Usage


def converter(description: str | None) -> argparse.ArgumentParser:
    made = parser(description)
    made.add_argument("--inputs", nargs="+", type=existing, required=True, metavar="FILE")
    made.add_argument("--outputs", nargs="+", type=Path, required=True, metavar="FILE")
    return made


def existing(text: str) -> Path:
    """The type of an argument that names a file to read."""
    path = Path(text)
    if not path.is_file():
        raise Usage(f"{path} is missing")
    return path


def begin(made: argparse.ArgumentParser, packages: list[str]) -> argparse.Namespace:
    """Parses the command line before the script imports `packages`, so that help and usage errors do not need them. If this
    Python lacks them, the script then starts again in an environment that has them."""
    with guarded():
        options = made.parse_args()
        enter(packages)
    return options


def run(main: Callable[[argparse.Namespace], None], options: argparse.Namespace) -> None:
    with guarded():
        main(options)


def save(model, path: Path) -> None:
    """Writes an ONNX model. The same model gives the same bytes in every process and on every machine."""
    with open(path, "wb") as out:
        out.write(model.SerializeToString(deterministic=True))
