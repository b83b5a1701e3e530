"""pyannote segmentation 3.0 from pytorch_model.bin to segmentation.onnx.

audio f32 [B, 160000] (10 s at 16 kHz) → speakers f32 [B, 589, 7]: log-probabilities of the classes none, 1, 2, 3, 1+2, 1+3,
2+3 of three local speakers, for each frame of 270 samples (the first is centred on sample 495).
SincNet, four bidirectional LSTM layers of 128, two linear layers, a classifier.
Sources: Plaquet and Bredin 2023, "Powerset multi-class cross entropy loss for neural speaker diarization"; Ravanelli and
Bengio 2018, "Speaker Recognition from Raw Waveform with SincNet"; pyannote/audio `PyanNet.py`, `sincnet.py`;
asteroid-filterbanks `ParamSincFB`.
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

SAMPLES = 160_000
RATE_HZ = 16_000
FRAMES = 589
CLASSES = 7
HIDDEN = 128
LSTM_LAYERS = 4
LINEAR_LAYERS = 2
SINC_STRIDE = 10
# `ParamSincFB`: least frequency and least width of a band.
FREQUENCY_MIN_HZ = 50.0
WIDTH_MIN_HZ = 50.0
NORM_EPSILON = 1e-5
SLOPE = 0.01  # of torch's leaky ReLU
OPSET = 13
IR_VERSION = 8

# Objects in the file beside the tensors.
IGNORED = frozenset(
    [
        "pyannote.audio.core.task.Problem",
        "pyannote.audio.core.task.Resolution",
        "pyannote.audio.core.task.Specifications",
        "torch.torch_version.TorchVersion",
    ]
)


def sinc_filters(weights: dict[str, np.ndarray]) -> np.ndarray:
    """The [80, 1, 251] filters: 40 pass bands as cosines, then the same bands as sines."""

    def given(name: str) -> np.ndarray:
        return weights[f"sincnet.conv1d.0.filterbank.{name}"].astype(np.float64)

    low = FREQUENCY_MIN_HZ + np.abs(given("low_hz_"))
    high = np.clip(low + WIDTH_MIN_HZ + np.abs(given("band_hz_")), FREQUENCY_MIN_HZ, RATE_HZ / 2)
    band = high - low
    n, window = given("n_"), given("window_")
    cosine = (np.sin(high @ n) - np.sin(low @ n)) / (n / 2) * window
    sine = (np.cos(low @ n) - np.cos(high @ n)) / (n / 2) * window
    cosines = np.concatenate([cosine, 2 * band, cosine[:, ::-1]], 1) / (2 * band)
    sines = np.concatenate([sine, 0 * band, -sine[:, ::-1]], 1) / (2 * band)
    return np.concatenate([cosines, sines])[:, None].astype(np.float32)


def gates(rows: np.ndarray) -> np.ndarray:
    """LSTM gates from torch's order (input, forget, cell, output) to ONNX's (input, output, forget, cell)."""
    into, forget, cell, output = np.split(rows, 4)
    return np.concatenate([into, output, forget, cell])


def build(weights: dict[str, np.ndarray]) -> onnx.ModelProto:
    initializers: list[onnx.TensorProto] = []
    nodes: list[onnx.NodeProto] = []

    def constant(name: str, value: np.ndarray) -> str:
        initializers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def apply(kind: str, inputs: list[str], output: str, **more) -> str:
        nodes.append(helper.make_node(kind, inputs, [output], name=output, **more))
        return output

    def norm(x: str, name: str) -> str:
        scale, bias = (constant(f"{name}.{part}", weights[f"{name}.{part}"]) for part in ("weight", "bias"))
        return apply("InstanceNormalization", [x, scale, bias], f"{name}.normed", epsilon=NORM_EPSILON)

    channel = constant("axis_channel", np.array([1], np.int64))
    x = norm(apply("Unsqueeze", ["audio", channel], "wave"), "sincnet.wav_norm1d")
    for layer in range(3):
        name = f"sincnet.conv1d.{layer}"
        if layer == 0:
            bank = constant("sinc", sinc_filters(weights))
            x = apply("Abs", [apply("Conv", [x, bank], "sinc.conv", strides=[SINC_STRIDE])], "sinc.abs")
        else:
            parts = [constant(f"{name}.{part}", weights[f"{name}.{part}"]) for part in ("weight", "bias")]
            x = apply("Conv", [x, *parts], f"{name}.conv")
        x = apply("MaxPool", [x], f"{name}.pooled", kernel_shape=[3], strides=[3])
        x = apply("LeakyRelu", [norm(x, f"sincnet.norm1d.{layer}")], f"{name}.leaky", alpha=SLOPE)
    x = apply("Transpose", [x], "frames", perm=[2, 0, 1])  # [frames, B, 60]: ONNX's LSTM wants time first
    flat = constant("flat", np.array([0, 0, -1], np.int64))
    for layer in range(LSTM_LAYERS):

        def both(part: str, layer=layer) -> np.ndarray:
            return np.stack([gates(weights[f"lstm.{part}_l{layer}{way}"]) for way in ("", "_reverse")])

        w = constant(f"lstm.W{layer}", both("weight_ih"))
        r = constant(f"lstm.R{layer}", both("weight_hh"))
        b = constant(f"lstm.B{layer}", np.concatenate([both("bias_ih"), both("bias_hh")], 1))
        made = apply("LSTM", [x, w, r, b], f"lstm.{layer}", hidden_size=HIDDEN, direction="bidirectional")
        # [frames, direction, B, hidden] → [frames, B, direction · hidden]
        x = apply("Transpose", [made], f"lstm.{layer}.turned", perm=[0, 2, 1, 3])
        x = apply("Reshape", [x, flat], f"lstm.{layer}.flat")
    for name in [*(f"linear.{layer}" for layer in range(LINEAR_LAYERS)), "classifier"]:
        matrix = constant(f"{name}.weight", weights[f"{name}.weight"].T)
        bias = constant(f"{name}.bias", weights[f"{name}.bias"])
        x = apply("Add", [apply("MatMul", [x, matrix], f"{name}.product"), bias], f"{name}.sum")
        if name != "classifier":
            x = apply("LeakyRelu", [x], f"{name}.leaky", alpha=SLOPE)
    x = apply("LogSoftmax", [x], "classes", axis=2)
    apply("Transpose", [x], "speakers", perm=[1, 0, 2])
    graph = helper.make_graph(
        nodes,
        "pyannote-segmentation",
        [helper.make_tensor_value_info("audio", TensorProto.FLOAT, ["batch", SAMPLES])],
        [helper.make_tensor_value_info("speakers", TensorProto.FLOAT, ["batch", FRAMES, CLASSES])],
        initializers,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)


def main(options: argparse.Namespace) -> None:
    model = build(torch_file.read(options.inputs[0], "state_dict", IGNORED))
    onnx.checker.check_model(model)
    arguments.save(model, options.outputs[0])


if __name__ == "__main__":
    arguments.run(main, OPTIONS)
