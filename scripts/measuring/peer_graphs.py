"""The graphs of vocabox's packs as sherpa-onnx loads them: with its names of tensors and its metadata."""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import TensorProto, helper

from . import needs

SEGMENTATION = {
    "model_type": "pyannote-segmentation-3.0",
    "version": 1,
    "num_speakers": 3,
    "powerset_max_classes": 2,
    "num_classes": 7,
    "sample_rate": 16000,
    "window_size": 160000,
    "receptive_field_size": 991,
    "receptive_field_shift": 270,
}
EMBEDDING = {
    "framework": "3d-speaker",
    "model_type": "CAM++",
    "version": 1,
    "language": "Chinese-English",
    "sample_rate": 16000,
    "output_dim": 192,
    "normalize_samples": 1,
    "feature_normalize_type": "global-mean",
}


def write(folder: Path) -> tuple[Path, Path]:
    """Writes both graphs; returns their paths."""
    segmentation = onnx.load(needs.MODELS / "segmentation-pyannote/segmentation.onnx")
    graph = segmentation.graph
    # It feeds [N, 1, T] where the pack's graph takes [N, T].
    for node in [node for node in graph.node if "audio" in node.input]:
        graph.node.remove(node)
    names = {"wave": "x", "speakers": "y"}
    for node in graph.node:
        for tensors in (node.input, node.output):
            for at, name in enumerate(tensors):
                tensors[at] = names.get(name, name)
    del graph.input[:], graph.output[:]
    graph.input.append(helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 1, "T"]))
    graph.output.append(helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", "F", 7]))
    embedding = onnx.load(needs.MODELS / "speaker-campplus/campplus.onnx")
    paths = folder / "sherpa-segmentation.onnx", folder / "sherpa-embedding.onnx"
    for model, facts, path in zip((segmentation, embedding), (SEGMENTATION, EMBEDDING), paths):
        helper.set_model_props(model, {key: str(value) for key, value in facts.items()})
        onnx.save(model, path)
    return paths
