"""Real models in the layouts in which others publish them, made of fetched packs: for trying `vocabox models import`.

usage: foreign_layouts.py MODELS OUT [--whisper model.bin]

    OUT/optimum-past         encoder_model, decoder_model, decoder_with_past_model: as Hugging Face's optimum exports a Whisper
    OUT/optimum-merged       encoder_model, decoder_model_merged
    OUT/optimum-external     as optimum-past, the encoder's weights in a file beside it, as models above 2 GB have them
    OUT/optimum-int8         as optimum-past, its matrices in 8 bits (ONNX Runtime's dynamic quantization)
    OUT/optimum-fp16         as optimum-past, all in 16-bit floats, inputs and outputs too
    OUT/kokoro-onnx          a graph, and voices-v1.0.bin, as kokoro-onnx has them
    OUT/onnx-community       onnx/model_quantized.onnx with input_ids and waveform, voices/*.bin, tokenizer.json
    OUT/hexgrad              a graph, config.json and voices/*.pt, as PyTorch saves them
    OUT/sherpa-campplus.onnx, OUT/sherpa-segmentation.onnx    as sherpa-onnx names and shapes their tensors

`--whisper` names the CTranslate2 weights of the pack whisper-tiny-en, of which the first five are made; without it they are not. The
weights of all are those of the packs: what is made says the same. It needs the packs kokoro (variant published), whisper-tiny-en,
speaker-campplus and segmentation-pyannote in MODELS.
"""

from __future__ import annotations

import argparse
import json
import shutil
import zipfile
from pathlib import Path

import arguments
from fetching.tools import GRAPH_PACKAGES, RUNTIME_PACKAGES

if __name__ == "__main__":
    PARSER = arguments.parser(__doc__)
    PARSER.add_argument("models", type=Path, metavar="MODELS")
    PARSER.add_argument("out", type=Path, metavar="OUT")
    PARSER.add_argument("--whisper", type=arguments.existing, metavar="FILE")
    OPTIONS = arguments.begin(PARSER, [*GRAPH_PACKAGES, RUNTIME_PACKAGES[0]])

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import ctranslate2_file
import tiny_whisper
import transformer
from convert_whisper import Sizes, write_encoder

CONTEXT = 448  # positions of a Whisper's decoder
VOICES = ["af_heart", "am_adam", "bf_emma"]
# Of a tensor of 510 rows of 256 floats, what torch.save writes: the opcodes call torch._utils._rebuild_tensor_v2.
PICKLE = (
    b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000"
    b"X\x03\x00\x00\x00cpuJ\x00\xfe\x01\x00tQK\x00M\xfe\x01K\x01M\x00\x01\x87M\x00\x01M\x00\x01K\x01\x87\x89tR."
)


def whisper(models: Path, weights: Path, out: Path) -> None:
    pack = models / "whisper-tiny-en"
    variables = {k: v.astype(np.float32) for k, v in ctranslate2_file.read(weights, "WhisperSpec").items()}
    sizes = Sizes.of(variables)
    tiny_whisper.CONTEXT, tiny_whisper.HEADS = CONTEXT, sizes.heads
    transformer.HALF_FROM_ELEMENTS = 1 << 60  # exports store weights in the bits that they compute with
    past = out / "optimum-past"
    past.mkdir(parents=True)
    write_encoder(variables, sizes, past / "encoder_model.onnx", fused=False)
    encoder = onnx.load(past / "encoder_model.onnx")
    hidden = [o for o in encoder.graph.output if o.name == "last_hidden_state"]
    del encoder.graph.output[:]
    encoder.graph.output.extend(hidden)
    for dim in encoder.graph.input[0].type.tensor_type.shape.dim[:2]:
        dim.Clear()
        dim.dim_param = "open"
    onnx.save(prune(encoder), past / "encoder_model.onnx")
    for name, is_first in (("decoder_model", True), ("decoder_with_past_model", False)):
        graph, inputs, outputs = tiny_whisper.exported(variables, sizes, is_first)
        graph.write(inputs, outputs, past / f"{name}.onnx")
    shutil.copy(pack / "tokenizer.json", past)
    config = json.loads((pack / "config.json").read_text())
    names = {"suppress_tokens": "suppress_ids", "begin_suppress_tokens": "suppress_ids_begin"}
    text(past / "generation_config.json", {theirs: config[ours] for theirs, ours in names.items()})
    text(past / "preprocessor_config.json", {"feature_size": sizes.mels})
    (past / "README.md").write_text("---\nlicense: mit\nbase_model: openai/whisper-tiny.en\n---\n# whisper-tiny.en\n")
    for name in ("merged", "external", "int8", "fp16"):
        shutil.copytree(past, out / f"optimum-{name}")
    made = out / "optimum-merged"
    tiny_whisper.write_merged(variables, sizes, made / "decoder_model_merged.onnx")
    for name in ("decoder_model", "decoder_with_past_model"):
        (made / f"{name}.onnx").unlink()
    external = out / "optimum-external/encoder_model.onnx"
    loaded = onnx.load(external)
    external.unlink()
    onnx.save(loaded, external, save_as_external_data=True, location="encoder_model.onnx_data", size_threshold=1024)
    quantized(out / "optimum-int8")
    halved(out / "optimum-fp16")


def quantized(folder: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    for graph in list(folder.glob("*.onnx")):
        quantize_dynamic(graph, folder / f"{graph.stem}_int8.onnx", op_types_to_quantize=["MatMul"], weight_type=QuantType.QInt8)
        graph.unlink()


def halved(folder: Path) -> None:
    from onnxruntime.transformers.float16 import convert_float_to_float16

    for graph in list(folder.glob("*.onnx")):
        model = convert_float_to_float16(onnx.load(graph), keep_io_types=False, disable_shape_infer=True)
        onnx.save(model, folder / f"{graph.stem}_fp16.onnx")
        graph.unlink()


def prune(model: onnx.ModelProto) -> onnx.ModelProto:
    """Without what leads to no output."""
    needed = {o.name for o in model.graph.output}
    kept = []
    for node in reversed(model.graph.node):
        if needed & set(node.output):
            kept.append(node)
            needed |= set(node.input)
    del model.graph.node[:]
    model.graph.node.extend(reversed(kept))
    weights = [i for i in model.graph.initializer if i.name in needed]
    del model.graph.initializer[:]
    model.graph.initializer.extend(weights)
    return model


def kokoro(models: Path, out: Path) -> None:
    pack = models / "kokoro"
    vocabulary = json.loads((pack / "vocabulary.json").read_text())["vocab"]
    graph = pack / "kokoro.published.onnx"
    tables = {v: np.frombuffer((pack / f"voices/{v}.bin").read_bytes(), "<f4").reshape(510, 1, 256) for v in VOICES}
    folder = out / "kokoro-onnx"
    folder.mkdir(parents=True)
    shutil.copy(graph, folder / "kokoro-v1.0.int8.onnx")
    with open(folder / "voices-v1.0.bin", "wb") as file:
        np.savez(file, **tables)
    folder = out / "onnx-community"
    (folder / "voices").mkdir(parents=True)
    (folder / "onnx").mkdir()
    renamed(graph, {"tokens": "input_ids", "audio": "waveform"}, folder / "onnx/model_quantized.onnx")
    text(folder / "tokenizer.json", {"model": {"vocab": vocabulary}})
    for voice in VOICES:
        shutil.copy(pack / f"voices/{voice}.bin", folder / "voices")
    folder = out / "hexgrad"
    (folder / "voices").mkdir(parents=True)
    shutil.copy(graph, folder / "kokoro.onnx")
    text(folder / "config.json", {"vocab": vocabulary})
    for voice, table in tables.items():
        with zipfile.ZipFile(folder / f"voices/{voice}.pt", "w", zipfile.ZIP_STORED) as file:
            for name, content in (("data.pkl", PICKLE), ("byteorder", b"little"), ("data/0", table.tobytes()), ("version", b"3\n")):
                file.writestr(f"{voice}/{name}", content)


def renamed(path: Path, names: dict[str, str], out: Path) -> None:
    """The graph with other names of its inputs and outputs, by which its nodes go, too."""
    model = onnx.load(path)
    for value in (*model.graph.input, *model.graph.output):
        value.name = names.get(value.name, value.name)
    for node in model.graph.node:
        for side in (node.input, node.output):
            side[:] = [names.get(name, name) for name in side]
    onnx.save(model, out)


def segmentation(path: Path, out: Path) -> None:
    """With a channel: [N, 1, T] → [N, frames, 7]."""
    model = onnx.load(path)
    graph = model.graph
    inner, outer = graph.input[0].name, graph.output[0].name
    flat = helper.make_node("Squeeze", ["x", "channel"], [inner])
    graph.node.insert(0, flat)
    graph.initializer.append(numpy_helper.from_array(np.array([1], np.int64), "channel"))
    for node in graph.node:
        node.output[:] = ["y" if name == outer else name for name in node.output]
    samples = graph.input[0].type.tensor_type.shape.dim[1].dim_value
    graph.input[0].CopyFrom(helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, samples or "T"]))
    graph.output[0].name = "y"
    onnx.save(model, out)


def text(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def main(options: argparse.Namespace) -> None:
    options.out.mkdir(parents=True, exist_ok=True)
    kokoro(options.models, options.out)
    renamed(
        options.models / "speaker-campplus/campplus.onnx",
        {"features": "x"},
        options.out / "sherpa-campplus.onnx",
    )
    segmentation(options.models / "segmentation-pyannote/segmentation.onnx", options.out / "sherpa-segmentation.onnx")
    if options.whisper:
        whisper(options.models, options.whisper, options.out)


if __name__ == "__main__":
    arguments.run(main, OPTIONS)
