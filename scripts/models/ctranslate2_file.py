"""Reads a CTranslate2 model.bin (binary version 5 and later).

Source of the layout: OpenNMT/CTranslate2, python/ctranslate2/specs/model_spec.py, `ModelSpec._serialize`.
Little-endian; a string is a u16 length that counts its closing zero byte, then the bytes:

    u32 binary version, string spec name, u32 spec revision
    u32 count, then per variable: string name, u8 rank, u32[rank] shape, u8 type, u32 byte count, the bytes
    u32 count, then per alias: string name, string name of the variable
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

BINARY_VERSION_MIN = 5
TYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}


def read(path: Path, spec: str) -> dict[str, np.ndarray]:
    """The variables of a model of kind `spec` (such as "WhisperSpec"), aliases resolved, in their stored types."""
    with open(path, "rb") as file:

        def numbers(layout: str) -> tuple[int, ...]:
            return struct.unpack("<" + layout, file.read(struct.calcsize("<" + layout)))

        def text() -> str:
            (length,) = numbers("H")
            return file.read(length)[:-1].decode()

        (version,) = numbers("I")
        found = text()
        if version < BINARY_VERSION_MIN or found != spec:
            raise SystemExit(
                f"{path} is a {found} of binary version {version}, not a {spec} of {BINARY_VERSION_MIN} or later"
            )
        numbers("I")  # the spec's revision
        variables = {}
        (count,) = numbers("I")
        for _ in range(count):
            name = text()
            (rank,) = numbers("B")
            shape = numbers("I" * rank)
            kind, size = numbers("BI")
            variables[name] = np.frombuffer(file.read(size), TYPES[kind]).reshape(shape)
        (count,) = numbers("I")
        for _ in range(count):
            alias = text()
            variables[alias] = variables[text()]
        return variables
