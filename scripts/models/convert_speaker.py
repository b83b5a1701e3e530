"""The GE2E speaker encoder from resemblyzer's pretrained.pt to speaker.onnx.

mel f32 [B, hops, 40] (power mel, not log) → embedding f32 [B, 256] of length 1.
Three LSTM layers of 256, the last hidden state of the third, a linear layer, ReLU, division by the length.
Source: Wan et al. 2018, "Generalized End-to-End Loss for Speaker Verification"; resemblyzer/voice_encoder.py.
"""

from __future__ import annotations

import argparse

import arguments
from fetching.tools import GRAPH_PACKAGES

if __name__ == "__main__":
    OPTIONS = arguments.begin(arguments.converter(__doc__), GRAPH_PACKAGES)

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import torch_file

LAYERS = 3
HIDDEN = 256
BANDS = 40
LENGTH_FLOOR = 1e-9  # silence gives zeros, not a division by zero
OPSET = 13
IR_VERSION = 8


def gates(rows: np.ndarray) -> np.ndarray:
    """LSTM gates from torch's order (input, forget, cell, output) to ONNX's (input, output, forget, cell)."""
    into, forget, cell, output = np.split(rows, 4)
    return np.concatenate([into, output, forget, cell])


def build(weights: dict[str, np.ndarray]) -> onnx.ModelProto:
    initializers: list[onnx.TensorProto] = []

    def constant(name: str, value: np.ndarray) -> str:
        initializers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    x = "xt"  # [hops, B, 40]: ONNX's LSTM wants time first
    nodes = [helper.make_node("Transpose", ["mel"], [x], perm=[1, 0, 2])]
    for layer in range(LAYERS):
        w = constant(f"W{layer}", gates(weights[f"lstm.weight_ih_l{layer}"])[None])
        r = constant(f"R{layer}", gates(weights[f"lstm.weight_hh_l{layer}"])[None])
        biases = [gates(weights[f"lstm.bias_{part}_l{layer}"]) for part in ("ih", "hh")]
        b = constant(f"B{layer}", np.concatenate(biases)[None])
        nodes.append(helper.make_node("LSTM", [x, w, r, b], [f"y{layer}", f"h{layer}"], hidden_size=HIDDEN))
        directions = constant(f"ax{layer}", np.array([1], np.int64))
        x = f"s{layer}"
        nodes.append(helper.make_node("Squeeze", [f"y{layer}", directions], [x]))

    last = constant("ax0_", np.array([0], np.int64))
    linear = [constant("LW", weights["linear.weight"]), constant("LB", weights["linear.bias"])]
    floor = constant("eps", np.array(LENGTH_FLOOR, np.float32))
    nodes += [
        helper.make_node("Squeeze", [f"h{LAYERS - 1}", last], ["hl"]),
        helper.make_node("Gemm", ["hl", *linear], ["lin"], transB=1),
        helper.make_node("Relu", ["lin"], ["re"]),
        helper.make_node("ReduceL2", ["re"], ["nn"], axes=[1], keepdims=1),
        helper.make_node("Add", ["nn", floor], ["nn1"]),
        helper.make_node("Div", ["re", "nn1"], ["embedding"]),
    ]
    graph = helper.make_graph(
        nodes,
        "ge2e",
        [helper.make_tensor_value_info("mel", TensorProto.FLOAT, ["batch", "frames", BANDS])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", HIDDEN])],
        initializers,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)


def main(options: argparse.Namespace) -> None:
    model = build(torch_file.read(options.inputs[0], "model_state"))
    onnx.checker.check_model(model)
    arguments.save(model, options.outputs[0])


if __name__ == "__main__":
    arguments.run(main, OPTIONS)
