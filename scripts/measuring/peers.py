"""Other programs on the same weights: kokoro-onnx and Piper speak, faster-whisper and whisper.cpp transcribe. Their
packages are imported where they are used, because `needs.prepare` installs them. The GPL of Piper's package does not matter to a
script that only calls it."""

from __future__ import annotations

import io
import json
import os
import wave
from collections.abc import AsyncIterator
from pathlib import Path

from . import needs

# Includes the libraries that compute, on which the figures depend.
PACKAGES = ["kokoro-onnx==0.6.1", "faster-whisper==1.2.1", "onnxruntime==1.32.0", "ctranslate2==4.8.5", "numpy==2.4.6"]
# Those that only scripts/compare_peers.py calls.
MORE_PACKAGES = [*PACKAGES, "piper-tts==1.8.0", "pywhispercpp==1.5.1"]
THREADS = os.cpu_count() or 1
TIMES = 1501  # tokens of Whisper's that stand for 0.00 to 30.00 s, every 0.02 s


def voices_file(path: Path) -> Path:
    """The pack's Kokoro voices as kokoro-onnx loads them; written if `path` is missing."""
    import numpy

    if not path.exists():
        voices = (needs.MODELS / "kokoro/voices").glob("*.bin")
        arrays = {voice.stem: numpy.fromfile(voice, numpy.float32).reshape(-1, 1, 256) for voice in voices}
        with open(path, "wb") as file:
            numpy.savez(file, **arrays)
    return path


class Kokoro:
    """kokoro-onnx on the published graph and the pack's voices, which are written to the file in `folder` that it needs."""

    def __init__(self, folder: Path):
        from kokoro_onnx import Kokoro

        self._kokoro = Kokoro(str(needs.MODELS / "kokoro/kokoro.published.onnx"), str(voices_file(folder / "voices.npz")))

    def seconds(self, text: str) -> float:
        """Speaks the text; returns the length of the sound."""
        samples, rate = self._kokoro.create(text, voice="af_heart", lang="en-us")
        return len(samples) / rate

    def phonemes(self, text: str) -> str:
        return self._kokoro.tokenizer.phonemize(text, "en-us")

    async def pieces(self, phonemes: str) -> AsyncIterator[float]:
        """Yields the seconds of each piece of speech when it is made."""
        async for samples, rate in self._kokoro.create_stream(phonemes, voice="af_heart", is_phonemes=True):
            yield len(samples) / rate


class Piper:
    """Piper's own package on the pack piper-en-us-joe."""

    def __init__(self):
        from piper import PiperVoice

        pack = needs.MODELS / "piper-en-us-joe"
        self._voice = PiperVoice.load(pack / "joe.onnx", pack / "tokens.json")

    def seconds(self, text: str) -> float:
        """Speaks the text; returns the length of the sound."""
        return sum(len(chunk.audio_float_array) / chunk.sample_rate for chunk in self._voice.synthesize(text))


class WhisperCpp:
    """whisper.cpp, greedy, on 16-bit weights."""

    def __init__(self, folder: Path):
        from pywhispercpp.model import Model

        from . import ggml_whisper

        weights = ggml_whisper.write(folder / "ggml-base.bin")
        quiet = {"print_progress": False, "print_realtime": False, "redirect_whispercpp_logs_to": None}
        self._model = Model(str(weights), n_threads=THREADS, language="en", **quiet)

    def text(self, wav: bytes) -> str:
        """What is said in a WAV file at 48 kHz."""
        import numpy

        with wave.open(io.BytesIO(wav)) as file:
            samples = numpy.frombuffer(file.readframes(file.getnframes() // 3 * 3), "<i2").astype(numpy.float32) / 32768
        return " ".join(segment.text for segment in self._model.transcribe(samples.reshape(-1, 3).mean(1)))


def whisper_folder(folder: Path) -> Path:
    """Makes `folder`, if it is missing, from which faster-whisper loads the weights that the pack whisper-base was converted from."""
    pack = needs.MODELS / "whisper-base"
    if folder.exists():
        return folder
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

        self._model = WhisperModel(str(folder), device="cpu", compute_type=kind, cpu_threads=THREADS)

    def segments(self, wav: bytes, **options: object) -> list:
        segments, _ = self._model.transcribe(io.BytesIO(wav), language="en", beam_size=1, **options)
        return list(segments)

    def text(self, wav: bytes, **options: object) -> str:
        return " ".join(segment.text for segment in self.segments(wav, **options))
