"""The weights of vocabox's packs in the layouts of its peers' servers."""

from __future__ import annotations

import json
from pathlib import Path

from . import needs, peers

WHISPER, KOKORO, PIPER = "Systran/faster-whisper-base", "speaches-ai/Kokoro-82M-v1.0-ONNX", "speaches-ai/piper-en_US-joe-medium"
# The front matter of a model's README.md, by which Speaches chooses what runs it.
CARDS = {
    WHISPER: "library_name: ctranslate2\npipeline_tag: automatic-speech-recognition\nlanguage: [en]",
    KOKORO: "library_name: onnx\npipeline_tag: text-to-speech\nlanguage: [en]\ntags: [speaches, kokoro]",
    PIPER: "library_name: onnx\npipeline_tag: text-to-speech\nlanguage: [en]\ntags: [speaches, piper]",
}
# Whisper's features, as OpenAI publishes them.
FEATURES = {"feature_size": 80, "sampling_rate": 16000, "hop_length": 160, "chunk_length": 30, "n_fft": 400}


def piper(folder: Path) -> Path:
    """Piper's voice, beside its configuration; returns the graph."""
    pack = needs.MODELS / "piper-en-us-joe"
    folder.mkdir(exist_ok=True)
    for source, name in (("joe.onnx", "joe.onnx"), ("tokens.json", "joe.onnx.json")):
        link(pack / source, folder / name)
    return folder / "joe.onnx"


def ggml(folder: Path) -> Path:
    """Whisper's weights for whisper.cpp, written once."""
    from . import ggml_whisper

    weights = folder / "ggml-base.bin"
    return weights if weights.exists() else ggml_whisper.write(weights)


def in_process(folder: Path) -> Path:
    """The files that peers without a server load, so that their start does not write them; returns `folder`."""
    peers.voices_file(folder / "voices.npz")
    peers.whisper_folder(folder / "faster-whisper")
    return folder


def hub(folder: Path) -> Path:
    """A cache of Hugging Face with the models that Speaches loads; returns `folder`."""
    if folder.exists():
        return folder
    whisper, kokoro, piper_ = (_snapshot(folder, model) for model in (WHISPER, KOKORO, PIPER))
    weights = peers.whisper_folder(folder / "weights")
    for file in weights.iterdir():
        link(file.resolve(), whisper / file.name)
    (whisper / "preprocessor_config.json").write_text(json.dumps(FEATURES))
    link(needs.MODELS / "kokoro/kokoro.published.onnx", kokoro / "model.onnx")
    peers.voices_file(kokoro / "voices.bin")
    link(needs.MODELS / "piper-en-us-joe/joe.onnx", piper_ / "model.onnx")
    link(needs.MODELS / "piper-en-us-joe/tokens.json", piper_ / "config.json")
    return folder


def _snapshot(hub: Path, model: str) -> Path:
    """The folder of a model's only revision."""
    revision = "0" * 40
    repository = hub / f"models--{model.replace('/', '--')}"
    snapshot = repository / "snapshots" / revision
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs/main").write_text(revision)
    (snapshot / "README.md").write_text(f"---\n{CARDS[model]}\n---\n")
    return snapshot


def link(source: Path, place: Path) -> None:
    """Makes the link `place` to `source`, if it is missing."""
    if not place.is_symlink():
        place.symlink_to(source)
