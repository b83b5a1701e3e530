"""A script's requirements. Those that the user must install are checked before anything is fetched, installed or started; a
missing one is reported in one line with exit code 2. All others are fetched."""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from fetching.cache import Cache, default_folder
from fetching.environment import enter, lacking
from fetching.fault import Usage
from fetching.main import fetch
from fetching.packs import read
from fetching.recipe import Kitchen
from fetching.tools import RUNTIME_PACKAGES

from . import ROOT

BINARY = ROOT / "target/release/vocabox"
MODELS = ROOT / "models"
# Packages that measuring.encoders imports.
ENCODER_PACKAGES = RUNTIME_PACKAGES
# Packages that measuring.pictures imports.
PICTURE_PACKAGES = ["numpy==2.4.6", "scipy==1.17.1", "soundfile==0.14.0", "pyloudnorm==0.2.0", "matplotlib==3.11.2"]
# Packages that measuring.prompts and measuring.peer_graphs import, and the peer of diarization.
PROMPT_PACKAGES = ["numpy==2.4.6", "imageio-ffmpeg==0.6.0", "onnx==1.23.2", "ml_dtypes==0.6.0", "sherpa-onnx==2.0.1", "sherpa-onnx-core==2.0.1"]
# Models that only the measuring scripts use.
OWN_PACKS = Path(__file__).with_name("packs")


def add_binary(options: argparse.ArgumentParser) -> None:
    told = "the vocabox under test (default: target/release/vocabox)"
    options.add_argument("--binary", type=Path, default=BINARY, metavar="FILE", help=told)


def count(text: str) -> int:
    """The type of an option that is a whole number of at least 1."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("at least 1 is needed")
    return number


def positive(text: str) -> float:
    """The type of an option that is a number above 0."""
    if not (number := float(text)) > 0:
        raise argparse.ArgumentTypeError("more than 0 is needed")
    return number


def some_of(known: Iterable[str]):
    """The type of an option that is a list of some of the `known` words, separated by commas."""
    words = list(known)

    def parse(text: str) -> list[str]:
        chosen = text.split(",")
        if unknown := [word for word in chosen if word not in words]:
            raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(words)}")
        return chosen

    return parse


def prepare(*, binary: Path | None = None, option: str = "--binary", packs: Iterable[str] = (), packages: Iterable[str] = ()) -> None:
    """Checks that `binary`, which `option` names, is built, then fetches missing `packs` (PACK or PACK:VARIANT), then ensures
    that this Python has the `packages`: if it lacks one, the script starts again with a Python that has them
    (`fetching.environment.enter`)."""
    if binary is not None and not os.access(binary, os.X_OK):
        built = f"build it with `cargo build --release --locked`, or name another by {option}"
        raise Usage(f"{binary} is missing: {built}")
    if packs:
        fetch(MODELS, list(packs))
    enter(packages)


def compiled(packages: Iterable[str]) -> None:
    """Checks that this Python has `packages`, which are not fetched because some that they need have no wheels: pip compiles or
    builds them."""
    if missing := lacking(packages):
        raise Usage(f"{missing[0]} is missing: run this with a Python into which pip has installed {' '.join(packages)}")


def file(path: Path, remedy: str) -> Path:
    """Returns `path` if it is a file; otherwise raises a Usage with the remedy."""
    if not path.is_file():
        raise Usage(f"{path} is missing: {remedy}")
    return path


def command(name: str, package: str) -> str:
    """The path of a program: `name` on the PATH, or `name` as a path. Otherwise raises a Usage that names Debian's `package`."""
    if found := shutil.which(name):
        return found
    raise Usage(f"{name} is missing: install it (Debian, Ubuntu: apt-get install {package})")


def from_cache(manifest: Path, name: str) -> Path:
    """The path in the cache of the file called `name` in a pack's recipe; fetched or made if the cache lacks it."""
    pack = read(manifest)
    cache = Cache(default_folder().absolute())
    with cache.locked():
        return Kitchen(cache).need(pack, name)


def first_encoder() -> Path:
    """The encoder GE2E, by which vocabox compares voices beside CAM++ (ONNX)."""
    return from_cache(MODELS / "speaker-ge2e/pack.toml", "speaker.onnx")


def second_encoder() -> Path:
    """A speaker encoder that vocabox does not use (ONNX)."""
    return from_cache(OWN_PACKS / "voicefilter/pack.toml", "voicefilter.onnx")


def whisper_weights() -> Path:
    """Whisper base as CTranslate2 weights, from which the pack whisper-base is made, and which faster-whisper loads."""
    return from_cache(MODELS / "whisper-base/pack.toml", "model.bin")
