"""Reads the tensors of a legacy torch file (torch.save before 1.6) without torch and without executing its code.

Layout (torch/serialization.py, `_legacy_load`): pickles of a magic number, a protocol version, system facts, the
object and the list of storage keys; then per storage an i64 count and the raw numbers, little-endian.
The unpickler knows only ordered dictionaries, tensors and storages: any other name in the file is refused.
"""

from __future__ import annotations

import collections
import pickle
import struct
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


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str):
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if module == "torch._utils" and name in ("_rebuild_tensor", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in STORAGES:
            return name
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed")

    def persistent_load(self, identity: tuple) -> _Storage:
        what, kind, key = identity[:3]
        if what != "storage":
            raise pickle.UnpicklingError(f"{what} is not allowed")
        return _Storage(key, kind)


def read(path: Path, part: str) -> dict[str, np.ndarray]:
    """The tensors under the key `part` of the saved dictionary, by name; other values there are left out."""
    with open(path, "rb") as file:

        def load():
            return _Unpickler(file, encoding="latin1").load()

        if load() != MAGIC or load() != PROTOCOL:
            raise SystemExit(f"{path} is no legacy torch file")
        load()  # facts of the system that wrote it
        tensors = {name: value for name, value in load()[part].items() if isinstance(value, _Tensor)}
        kinds = {tensor.storage.key: STORAGES[tensor.storage.kind] for tensor in tensors.values()}
        numbers = {}
        for key in load():
            (count,) = struct.unpack("<q", file.read(8))
            kind = np.dtype(kinds.get(key, np.float32))
            numbers[key] = np.frombuffer(file.read(count * kind.itemsize), kind)

    def view(tensor: _Tensor) -> np.ndarray:
        flat = numbers[tensor.storage.key][tensor.offset :]
        strides = [stride * flat.itemsize for stride in tensor.strides]
        return np.lib.stride_tricks.as_strided(flat, tensor.shape, strides).copy()

    return {name: view(tensor) for name, tensor in tensors.items()}
