"""Measures kokoro_calibration.npz, the table that kokoro_optimize.py reads. Only for a new graph; needs onnxruntime.

    kokoro_calibrate.py --inputs kokoro.published.onnx vocabulary.json VOICE.bin… --outputs kokoro_calibration.npz

The table holds, for every tensor that is quantised, T.min and T.max, [channels] f32, and stft.w [N, bins, 2], the
response of ONNX Runtime's STFT to a unit impulse at each of a window's N samples (see kokoro_rewrite.replace_stft).
The committed table was made with the voices af_heart am_adam bf_emma bm_george ff_siwis jf_alpha zm_yunxi hm_omega
af_nicole am_onyx pf_dora im_nicola, in this order, by ONNX Runtime 1.32.0. Another processor may measure slightly
different values, so the graph's bytes are reproducible only with the committed table.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import arguments
from fetching.tools import GRAPH_PACKAGES, RUNTIME_PACKAGES

if __name__ == "__main__":
    OPTIONS = arguments.begin(arguments.converter(__doc__), GRAPH_PACKAGES + RUNTIME_PACKAGES)

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from graph import Graph
from kokoro_quantize import heavy_convolutions, measured_tensor
from kokoro_rewrite import fold_integer_convolutions, fuse_norms_and_snakes, replace_stft

QUANTILE = 0.9  # of the utterances' extremes, so that a single loud moment does not cost all others a bit
ROUND_TO = 1024  # steps of the mantissa, so that tiny differences between float kernels vanish
STYLE_ROWS = 510
SENTENCES = [
    "həlˈO wˈɜɹld, ðɪs ɪz ɐ tˈɛst.",
    "ˌɪt wʌz ðə bˈɛst ʌv tˈImz, ɪt wʌz ðə wˈɜɹst ʌv tˈImz.",
    "ðə kwˈɪk bɹˈWn fˈɑks ʤˈʌmps ˈOvəɹ ðə lˈAzi dˈɔɡ!",
    "wˌʌt dˈu ju θˈɪŋk əbˈWt ðə wˈɛðəɹ tədˈA?",
    "ʃi sˈɛlz sˈiʃˌɛlz bI ðə sˈiʃˌɔɹ, ænd ðə ʃˈɛlz ʃi sˈɛlz ɑɹ sˈiʃˌɔɹ ʃˈɛlz.",
    "ˈɪn ðə bəɡˈɪnɪŋ, ðɛɹ wʌz nˈʌθɪŋ bət sˈIləns ænd dˈɑɹknəs.",
    "plˈiz kˈɔl mˌi bˈæk æt fˈIv θˈɜɹTi; ɪts ˈɜɹʤənt.",
    "nˈO!",
]


def session(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def utterances(vocabulary: Path, voices: list[Path]) -> list[dict[str, np.ndarray]]:
    """Two sentences for every voice, as the graph's inputs."""
    ids = json.loads(vocabulary.read_text(encoding="utf-8"))["vocab"]
    made = []
    for i, voice in enumerate(voices):
        styles = np.fromfile(voice, np.float32).reshape(STYLE_ROWS, 1, 256)
        for at in (2 * i, 2 * i + 1):
            tokens = [ids[c] for c in SENTENCES[at % len(SENTENCES)] if c in ids]
            made.append({
                "tokens": np.array([[0, *tokens, 0]], np.int64),
                "style": styles[min(len(tokens), STYLE_ROWS - 1)],
                "speed": np.ones(1, np.float32),
            })  # fmt: skip
    return made


def stft_response(window: np.ndarray, step: int) -> np.ndarray:
    """[N, bins, 2] of ONNX Runtime's STFT to unit impulses."""
    size = len(window)
    graph = helper.make_graph(
        [helper.make_node("STFT", ["x", "step", "window", "size"], ["y"], onesided=1)],
        "stft",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, size, 1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [
            numpy_helper.from_array(np.int64(step), "step"),
            numpy_helper.from_array(window.astype(np.float32), "window"),
            numpy_helper.from_array(np.int64(size), "size"),
        ],
    )
    run = session(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9))
    impulses = np.eye(size, dtype=np.float32).reshape(size, 1, size, 1)
    return np.stack([run.run(None, {"x": impulse})[0][0, 0] for impulse in impulses])


def rounded(values: np.ndarray) -> np.ndarray:
    mantissa, exponent = np.frexp(values)
    return np.ldexp(np.round(mantissa * ROUND_TO) / ROUND_TO, exponent).astype(np.float32)


def measure(graph: Graph, feeds: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """T.min and T.max of every tensor that goes into or comes out of a heavy convolution."""
    convs = heavy_convolutions(graph)
    tensors = sorted({t for conv in convs for t in (measured_tensor(graph, conv)[0], conv.output[0])})
    model = onnx.ModelProto()
    model.CopyFrom(graph.model())
    model.graph.initializer.append(numpy_helper.from_array(np.array([0, 2], np.int64), "cal.axes"))
    names = [f"{tensor}.{end}" for tensor in tensors for end in ("min", "max")]
    for name in names:
        tensor, _, end = name.rpartition(".")
        kind = "ReduceMin" if end == "min" else "ReduceMax"
        model.graph.node.append(helper.make_node(kind, [tensor, "cal.axes"], [name], keepdims=0))
        model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    run = session(model)
    extremes = [run.run(names, feed) for feed in feeds]
    table = {}
    for i, name in enumerate(names):
        quantile = 1 - QUANTILE if name.endswith(".min") else QUANTILE
        table[name] = rounded(np.quantile(np.stack([values[i] for values in extremes]), quantile, axis=0))
    return table


def main(options: argparse.Namespace) -> None:
    published, vocabulary, *voices = options.inputs
    graph = Graph(onnx.load(published))
    fold_integer_convolutions(graph)
    fuse_norms_and_snakes(graph)
    (stft,) = [n for n in graph.nodes if n.op_type == "STFT"]
    response = stft_response(graph.value(stft.input[2]), int(graph.value(stft.input[1])))
    replace_stft(graph, response)
    np.savez_compressed(options.outputs[0], **measure(graph, utterances(vocabulary, voices)), **{"stft.w": response})


if __name__ == "__main__":
    arguments.run(main, OPTIONS)
