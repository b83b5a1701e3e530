#!/usr/bin/env python3
"""Makes the small graphs of src/tests/data: with the inputs and outputs of real ones, a few hundred bytes each, and predictable values.

Every token becomes 100 * length_scale samples of id / 256 (plus a quarter for each speaker number), so that a test can
read from the sound which tokens, blanks, scales and speaker the engine passed.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "models"))

import arguments
from fetching.tools import GRAPH_PACKAGES

if __name__ == "__main__":
    PARSER = arguments.parser(__doc__)
    PARSER.add_argument("folder", type=Path, metavar="OUT_FOLDER")
    OPTIONS = arguments.begin(PARSER, GRAPH_PACKAGES)

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper


def graph(name, inputs, ids, length_scale, output, output_rank, speaker=None, more=()):
    """`ids` [1, T] → `output` [1, …, T * 100 * length_scale]."""
    constants = [
        numpy_helper.from_array(np.float32(1 / 256), "step"),
        numpy_helper.from_array(np.float32(0.25), "quarter"),
        numpy_helper.from_array(np.float32([100]), "samples"),
        numpy_helper.from_array(np.int64([1, 1]), "ones"),
        numpy_helper.from_array(np.int64([1]), "one"),
        numpy_helper.from_array(np.int64([2]), "last"),
        numpy_helper.from_array(np.int64([1] * (output_rank - 1) + [-1]), "shape"),
    ]
    node = helper.make_node
    nodes = [
        *more,
        node("Cast", [ids], ["float"], to=TensorProto.FLOAT),
        node("Mul", ["float", "step"], ["level"]),
    ]
    level = "level"
    if speaker:
        nodes += [
            node("Cast", [speaker], ["speaker_float"], to=TensorProto.FLOAT),
            node("Mul", ["speaker_float", "quarter"], ["offset"]),
            node("Add", ["level", "offset"], ["shifted"]),
        ]
        level = "shifted"
    nodes += [
        node("Unsqueeze", [level, "last"], ["column"]),
        node("Mul", [length_scale, "samples"], ["count"]),
        node("Cast", ["count"], ["times"], to=TensorProto.INT64),
        node("Concat", ["ones", "times"], ["repeats"], axis=0),
        node("Tile", ["column", "repeats"], ["row"]),
        node("Reshape", ["row", "shape"], [output]),
    ]
    sizes = [1] * (output_rank - 1) + ["N"]
    made = helper.make_graph(
        nodes, name, inputs, [helper.make_tensor_value_info(output, TensorProto.FLOAT, sizes)], constants
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="")
    checker.check_model(model)
    return model


def finished(made):
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="")
    checker.check_model(model)
    return model


def extract():
    """`spectrogram` [1, T, B] → `tone` [1, 256], every value of it the mean magnitude."""
    node = helper.make_node
    nodes = [
        node("ReduceMean", ["spectrogram"], ["mean"], axes=[1, 2], keepdims=0),
        node("Unsqueeze", ["mean", "last"], ["row"]),
        node("Tile", ["row", "repeats"], ["tone"]),
    ]
    constants = [
        numpy_helper.from_array(np.int64([1]), "last"),
        numpy_helper.from_array(np.int64([1, 256]), "repeats"),
    ]
    floats = TensorProto.FLOAT
    inputs, outputs = [value("spectrogram", floats, 1, "T", "B")], [value("tone", floats, 1, 256)]
    return finished(helper.make_graph(nodes, "extract", inputs, outputs, constants))


def convert():
    """`audio` [1, N] times the mean of `target` over the mean of `source` → `made` [1, 1, N]: as loud as the target's tone says."""
    node = helper.make_node
    nodes = [
        node("ReduceMean", ["target"], ["to"], axes=[1], keepdims=1),
        node("ReduceMean", ["source"], ["from"], axes=[1], keepdims=1),
        node("Div", ["to", "from"], ["gain"]),
        node("Mul", ["audio", "gain"], ["sound"]),
        node("Unsqueeze", ["sound", "one"], ["made"]),
    ]
    floats = TensorProto.FLOAT
    inputs = [value("audio", floats, 1, "N"), value("source", floats, 1, 256), value("target", floats, 1, 256)]
    constants = [numpy_helper.from_array(np.int64([1]), "one")]
    return finished(helper.make_graph(nodes, "convert", inputs, [value("made", floats, 1, 1, "N")], constants))


def lookup():
    """`ids` [1, T] → `found` [1, T], id / 2; a run with an id of 16 or more fails."""
    nodes = [helper.make_node("Gather", ["table", "ids"], ["found"])]
    constants = [numpy_helper.from_array(np.arange(16, dtype=np.float32) / 2, "table")]
    inputs, outputs = [value("ids", TensorProto.INT64, 1, "T")], [value("found", TensorProto.FLOAT, 1, "T")]
    return finished(helper.make_graph(nodes, "lookup", inputs, outputs, constants))


def value(name, kind, *sizes):
    return helper.make_tensor_value_info(name, kind, sizes)


def main(options: argparse.Namespace) -> None:
    options.folder.mkdir(parents=True, exist_ok=True)
    ints, floats = TensorProto.INT64, TensorProto.FLOAT
    mms = graph(
        "mms",
        [value("x", ints, 1, "T"), value("x_length", ints, 1)]
        + [value(n, floats, 1) for n in ("noise_scale", "length_scale", "noise_scale_w")],
        "x", "length_scale", "y", 3,
    )  # fmt: skip
    # Knows ids below 16; a run with any other fails.
    failing = graph(
        "failing",
        [value("x", ints, 1, "T"), value("x_length", ints, 1)]
        + [value(n, floats, 1) for n in ("noise_scale", "length_scale", "noise_scale_w")],
        "known", "length_scale", "y", 3, None,
        [
            helper.make_node("Constant", [], ["table"], value=numpy_helper.from_array(np.arange(16, dtype=np.int64))),
            helper.make_node("Gather", ["table", "x"], ["known"]),
        ],
    )  # fmt: skip
    piper = graph(
        "piper",
        [value("input", ints, 1, "T"), value("input_lengths", ints, 1), value("scales", floats, 3), value("sid", ints, 1)],
        "input", "second", "output", 4, "sid",
        [helper.make_node("Slice", ["scales", "one", "last"], ["second"])],
    )  # fmt: skip
    models = {"mms": mms, "failing": failing, "piper": piper, "tone_extract": extract(), "tone_convert": convert(), "lookup": lookup()}
    for name, model in models.items():
        (options.folder / f"{name}.onnx").write_bytes(model.SerializeToString(deterministic=True))


if __name__ == "__main__":
    arguments.run(main, OPTIONS)
