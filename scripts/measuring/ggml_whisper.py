"""Whisper's weights as whisper.cpp loads them: its first binary format (models/convert-pt-to-ggml.py of its repository), in 16-bit floats.

Little-endian: the magic number, eleven sizes, the mel filters, the tokens by id, then per tensor: rank, length of its name, type, its shape
from the last axis, its name, its values. Matrices and convolutions are 16-bit floats, everything else 32-bit.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path

import ctranslate2_file
import numpy as np

from . import needs

MAGIC = 0x67676D6C
F32, F16 = 0, 1
SAMPLE_RATE, FFT = 16_000, 400
TEXT_TOKENS = 50257  # of a multilingual model: the special ones are whisper.cpp's own


def write(path: Path) -> Path:
    """Writes the weights that the pack whisper-base was converted from; returns `path`."""
    variables = ctranslate2_file.read(needs.whisper_weights(), "WhisperSpec")
    tensors = dict(_tensors(variables))
    vocabulary, width = tensors["decoder.token_embedding.weight"].shape
    mels = variables["encoder/conv1/weight"].shape[1]
    layers = {part: sum(n.startswith(f"{part}.blocks.") and n.endswith(".mlp.0.bias") for n in tensors) for part in ("encoder", "decoder")}
    heads = int(variables["encoder/num_heads"])
    audio = (len(tensors["encoder.positional_embedding"]), width, heads, layers["encoder"])
    text = (len(tensors["decoder.positional_embedding"]), width, heads, layers["decoder"])
    with open(path, "wb") as out:
        out.write(struct.pack("<12i", MAGIC, vocabulary, *audio, *text, mels, F16))
        filters = _mel_filters(mels)
        out.write(struct.pack("<2i", *filters.shape) + filters.tobytes())
        tokens = _tokens()
        out.write(struct.pack("<i", len(tokens)))
        for token in tokens:
            out.write(struct.pack("<i", len(token)) + token)
        for name, values in tensors.items():
            kind = F16 if values.ndim >= 2 and name.endswith("weight") else F32
            values = np.ascontiguousarray(values, (np.float32, np.float16)[kind])
            label = name.encode()
            out.write(struct.pack(f"<{3 + values.ndim}i", values.ndim, len(label), kind, *values.shape[::-1]))
            out.write(label + values.tobytes())
    return path


def _tensors(variables):
    """Yields OpenAI's names of the tensors, and their values."""
    for part, norm in (("encoder", "ln_post"), ("decoder", "ln")):
        yield f"{part}.positional_embedding", variables[f"{part}/position_encodings/encodings"]
        yield from _norm(variables, f"{part}/layer_norm", f"{part}.{norm}")
        layers = sum(n.startswith(f"{part}/layer_") and n.endswith("/ffn/linear_0/weight") for n in variables)
        for layer in range(layers):
            ours, theirs = f"{part}/layer_{layer}", f"{part}.blocks.{layer}"
            yield from _attention(variables, f"{ours}/self_attention", f"{theirs}.attn", [("query", "key", "value"), ("out",)])
            if part == "decoder":
                yield from _attention(variables, f"{ours}/attention", f"{theirs}.cross_attn", [("query",), ("key", "value"), ("out",)])
            yield from _norm(variables, f"{ours}/ffn/layer_norm", f"{theirs}.mlp_ln")
            for number, place in ((0, 0), (1, 2)):
                for kind in ("weight", "bias"):
                    yield f"{theirs}.mlp.{place}.{kind}", variables[f"{ours}/ffn/linear_{number}/{kind}"]
    for name in ("conv1", "conv2"):
        yield f"encoder.{name}.weight", variables[f"encoder/{name}/weight"]
        yield f"encoder.{name}.bias", variables[f"encoder/{name}/bias"].reshape(-1, 1)
    yield "decoder.token_embedding.weight", variables["decoder/embeddings/weight"]


def _norm(variables, ours: str, theirs: str):
    yield f"{theirs}.weight", variables[f"{ours}/gamma"]
    yield f"{theirs}.bias", variables[f"{ours}/beta"]


def _attention(variables, ours: str, theirs: str, parts):
    """The projections: CTranslate2 stores those of one input together. Keys have no bias."""
    yield from _norm(variables, f"{ours}/layer_norm", f"{theirs}_ln")
    for number, names in enumerate(parts):
        for kind in ("weight", "bias"):
            together = variables[f"{ours}/linear_{number}/{kind}"]
            for name, values in zip(names, np.split(together, len(names))):
                if (name, kind) != ("key", "bias"):
                    yield f"{theirs}.{name}.{kind}", values


def _tokens() -> list[bytes]:
    """The bytes of each token of text. Byte-level BPE writes each byte as a character (GPT-2's `bytes_to_unicode`)."""
    seen = [*range(33, 127), *range(161, 173), *range(174, 256)]
    bytes_of = {chr(byte): byte for byte in seen}
    bytes_of |= {chr(256 + n): byte for n, byte in enumerate(byte for byte in range(256) if byte not in seen)}
    vocabulary = json.loads((needs.MODELS / "whisper-base/tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    words = sorted(vocabulary, key=vocabulary.get)[:TEXT_TOKENS]
    return [bytes(bytes_of[c] for c in word) for word in words]


def _mel_filters(count: int) -> np.ndarray:
    """Slaney's mel filters [count, FFT / 2 + 1], each of the area 1, as librosa makes them."""
    edges = np.linspace(0, 15 + 27 * np.log(SAMPLE_RATE / 2 / 1000) / np.log(6.4), count + 2)
    hz = np.where(edges < 15, 200 / 3 * edges, 1000 * np.exp(np.log(6.4) / 27 * (edges - 15)))
    bins = np.linspace(0, SAMPLE_RATE / 2, FFT // 2 + 1)
    up = (bins - hz[:-2, None]) / np.diff(hz)[:-1, None]
    down = (hz[2:, None] - bins) / np.diff(hz)[1:, None]
    filters = np.maximum(0, np.minimum(up, down)) * (2 / (hz[2:] - hz[:-2]))[:, None]
    return filters.astype(np.float32)
