"""Other programs on the same weights: kokoro-onnx and faster-whisper. Their packages are imported where they are used,
because `needs.prepare` installs them."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

from . import needs

# Includes the libraries that compute, on which the figures depend.
PACKAGES = ["kokoro-onnx==0.6.1", "faster-whisper==1.2.1", "onnxruntime==1.32.0", "ctranslate2==4.8.5", "numpy==2.4.6"]
TIMES = 1501  # tokens of Whisper's that stand for 0.00 to 30.00 s, every 0.02 s


def kokoro(folder: Path):
    """kokoro-onnx on the published graph and the pack's voices, which are written to the file in `folder` that it needs."""
    import numpy
    from kokoro_onnx import Kokoro

    pack = needs.MODELS / "kokoro"
    voices = {file.stem: numpy.fromfile(file, numpy.float32).reshape(-1, 1, 256) for file in (pack / "voices").glob("*.bin")}
    numpy.savez(folder / "voices.npz", **voices)
    return Kokoro(str(pack / "kokoro.published.onnx"), str(folder / "voices.npz"))


def whisper_folder(folder: Path) -> Path:
    """Makes `folder`, from which faster-whisper loads the weights that the pack whisper-base was converted from."""
    pack = needs.MODELS / "whisper-base"
    folder.mkdir()
    (folder / "model.bin").symlink_to(needs.whisper_weights())
    for name in ("config.json", "tokenizer.json"):
        (folder / name).symlink_to(pack / name)
    # CTranslate2's list of tokens, in the order of their ids: the same bytes as in the package of the weights.
    tokens = json.loads((pack / "tokenizer.json").read_text(encoding="utf-8"))
    ids = tokens["model"]["vocab"] | {token["content"]: token["id"] for token in tokens["added_tokens"]}
    words = sorted(ids, key=ids.get) + [f"<|{0.02 * step:.2f}|>" for step in range(TIMES)]
    (folder / "vocabulary.txt").write_text("".join(f"{word}\n" for word in words), encoding="utf-8")
    return folder


class Whisper:
    """faster-whisper, greedy, without its speech detector, which changes its errors (benches/runs/2026-11-25.md)."""

    def __init__(self, folder: Path, kind: str):
        from faster_whisper import WhisperModel

        self._model = WhisperModel(str(folder), device="cpu", compute_type=kind, cpu_threads=os.cpu_count() or 1)

    def segments(self, wav: bytes, **options: object) -> list:
        segments, _ = self._model.transcribe(io.BytesIO(wav), language="en", beam_size=1, **options)
        return list(segments)

    def text(self, wav: bytes, **options: object) -> str:
        return " ".join(segment.text for segment in self.segments(wav, **options))
