"""Reads the tensors of a torch file without torch and without executing its code.

Two layouts (torch/serialization.py). Before torch 1.6 (`_legacy_load`): pickles of a magic number, a protocol version,
system facts, the object and the list of storage keys; then per storage an i64 count and the raw numbers, little-endian.
Since then (`_load`): a zip archive of the pickled object, `data.pkl`, and of a file with the raw numbers per storage,
`data/KEY`.
The unpickler knows only ordered dictionaries, tensors and storages. Of the names that a caller lists as `ignored` it makes
empty stand-ins; any other name in the file is refused.
"""

from __future__ import annotations

import collections
import io
import pickle
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
STORAGES = {
    "FloatStorage": np.float32,
    "DoubleStorage": np.float64,
    "IntStorage": np.int32,
    "LongStorage": np.int64,
}


@dataclass(frozen=True)
class _Storage:
    key: str
    kind: str


@dataclass(frozen=True)
class _Tensor:
    """A view of a storage; offset and strides in elements."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _tensor(storage, offset, shape, strides, *_) -> _Tensor:
    return _Tensor(storage, offset, shape, strides)


class _StandIn:
    """An object of an ignored class: it has no content, and no code of the file's class runs."""

    def __init__(self, *_, **__):
        pass

    def __setstate__(self, _):
        pass


class _Unpickler(pickle.Unpickler):
    def __init__(self, file, ignored: frozenset[str]):
        super().__init__(file, encoding="latin1")
        self._ignored = ignored

    def find_class(self, module: str, name: str):
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if module == "torch._utils" and name in ("_rebuild_tensor", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in STORAGES:
            return name
        if f"{module}.{name}" in self._ignored:
            return _StandIn
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed")

    def persistent_load(self, identity: tuple) -> _Storage:
        what, kind, key = identity[:3]
        if what != "storage":
            raise pickle.UnpicklingError(f"{what} is not allowed")
        return _Storage(key, kind)


def read(path: Path, part: str | None = None, ignored: frozenset[str] = frozenset()) -> dict[str, np.ndarray]:
    """The tensors of the saved dictionary, or of the one under its key `part`, by name; other values are left out.
    `ignored` are full names of classes whose objects are not needed."""
    load = _load_zip if zipfile.is_zipfile(path) else _load_legacy
    saved, numbers = load(path, ignored)
    chosen = saved if part is None else saved[part]
    tensors = {name: value for name, value in chosen.items() if isinstance(value, _Tensor)}

    def view(tensor: _Tensor) -> np.ndarray:
        flat = numbers(tensor.storage)[tensor.offset :]
        strides = [stride * flat.itemsize for stride in tensor.strides]
        return np.lib.stride_tricks.as_strided(flat, tensor.shape, strides).copy()

    return {name: view(tensor) for name, tensor in tensors.items()}


# The saved object, and what gives the numbers of a storage.
_Loaded = tuple[dict, Callable[[_Storage], np.ndarray]]


def _load_zip(path: Path, ignored: frozenset[str]) -> _Loaded:
    archive = zipfile.ZipFile(path)
    (pickled,) = (name for name in archive.namelist() if name.endswith("/data.pkl"))
    folder = pickled.removesuffix("data.pkl")
    saved = _Unpickler(io.BytesIO(archive.read(pickled)), ignored).load()
    return saved, lambda storage: np.frombuffer(archive.read(f"{folder}data/{storage.key}"), STORAGES[storage.kind])


def _load_legacy(path: Path, ignored: frozenset[str]) -> _Loaded:
    with open(path, "rb") as file:

        def load():
            return _Unpickler(file, ignored).load()

        if load() != MAGIC or load() != PROTOCOL:
            raise SystemExit(f"{path} is no torch file")
        load()  # facts of the system that wrote it
        saved = load()
        kinds = {storage.key: STORAGES[storage.kind] for storage in _storages(saved)}
        numbers = {}
        for key in load():
            (count,) = struct.unpack("<q", file.read(8))
            kind = np.dtype(kinds.get(key, np.float32))
            numbers[key] = np.frombuffer(file.read(count * kind.itemsize), kind)
    return saved, lambda storage: numbers[storage.key]


def _storages(saved: dict):
    """The storages of the tensors in `saved` and in the dictionaries in it."""
    for value in saved.values():
        if isinstance(value, _Tensor):
            yield value.storage
        elif isinstance(value, dict):
            yield from _storages(value)
