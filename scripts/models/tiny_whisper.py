"""Small Whisper decoders with random weights, in every layout that the engine loads, for the tests.

usage: tiny_whisper.py FOLDER

    ours.onnx               as convert_whisper.py writes it
    first.onnx, past.onnx   as Hugging Face's decoder_model.onnx and decoder_with_past_model.onnx
    merged.onnx             as its decoder_model_merged.onnx: both in one, chosen by use_cache_branch
    encoder.onnx            the input of all of them: last_hidden_state and present.L.encoder.key|value

All compute the same. No hash pins their bytes: the tests compare the layouts with each other.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import arguments
from fetching.tools import GRAPH_PACKAGES

if __name__ == "__main__":
    PARSER = arguments.parser(__doc__)
    PARSER.add_argument("folder", type=Path, metavar="FOLDER")
    OPTIONS = arguments.begin(PARSER, GRAPH_PACKAGES)

import numpy as np
from onnx import TensorProto, helper

from arguments import save
from convert_whisper import Sizes, write_decoder, write_encoder
from transformer import IR_VERSION, OPSET, Transformer

FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
LAYERS, HEADS, WIDTH, VOCABULARY, MELS, POSITIONS, CONTEXT = 2, 2, 16, 50, 4, 30, 20


def variables() -> dict[str, np.ndarray]:
    """The variables, with CTranslate2's names."""
    random = np.random.default_rng(7)

    def of(*shape: int) -> np.ndarray:
        # Small numbers with few bits: stored as f16 or f32, they are the same.
        return (random.integers(-64, 64, shape) / 128).astype(np.float32)

    made = {
        "decoder/num_heads": np.array(HEADS, np.int16),
        "decoder/embeddings/weight": of(VOCABULARY, WIDTH),
        "decoder/position_encodings/encodings": of(CONTEXT, WIDTH),
        "encoder/position_encodings/encodings": of(POSITIONS, WIDTH),
        "encoder/conv1/weight": of(WIDTH, MELS, 3),
        "encoder/conv2/weight": of(WIDTH, WIDTH, 3),
    }

    def norm(name: str) -> None:
        made[f"{name}/gamma"], made[f"{name}/beta"] = of(WIDTH) + 1, of(WIDTH)

    def linear(name: str, inputs: int, outputs: int) -> None:
        made[f"{name}/weight"], made[f"{name}/bias"] = of(outputs, inputs), of(outputs)

    for conv in ("conv1", "conv2"):
        made[f"encoder/{conv}/bias"] = of(WIDTH)
    for part in ("encoder", "decoder"):
        norm(f"{part}/layer_norm")
        for layer in range(LAYERS):
            prefix = f"{part}/layer_{layer}"
            norm(f"{prefix}/self_attention/layer_norm")
            linear(f"{prefix}/self_attention/linear_0", WIDTH, 3 * WIDTH)
            linear(f"{prefix}/self_attention/linear_1", WIDTH, WIDTH)
            if part == "decoder":
                norm(f"{prefix}/attention/layer_norm")
                linear(f"{prefix}/attention/linear_0", WIDTH, WIDTH)
                linear(f"{prefix}/attention/linear_1", WIDTH, 2 * WIDTH)
                linear(f"{prefix}/attention/linear_2", WIDTH, WIDTH)
            norm(f"{prefix}/ffn/layer_norm")
            linear(f"{prefix}/ffn/linear_0", WIDTH, 4 * WIDTH)
            linear(f"{prefix}/ffn/linear_1", 4 * WIDTH, WIDTH)
    return made


def exported(weights: dict, sizes: Sizes, is_first: bool) -> tuple[Transformer, list, list]:
    """The decoder as Hugging Face's exports split it: its first run, or the later runs, one token each."""
    graph = Transformer(weights)
    embeddings = graph.constant(weights["decoder/embeddings/weight"], "embed")
    encodings = graph.constant(weights["decoder/position_encodings/encodings"], "dec_pos")
    inputs: list[tuple] = [("input_ids", INT64, ["batch", "seq"])]
    outputs: list[tuple] = [("logits", FLOAT, ["batch", "seq", sizes.vocabulary])]
    mask = None
    if is_first:
        inputs.append(("encoder_hidden_states", FLOAT, ["batch", "frames", sizes.width]))
        look_ahead = np.triu(np.full((CONTEXT, CONTEXT), -1e9, np.float32), 1)
        count = graph.op("Gather", [graph.op("Shape", ["input_ids"]), graph.integers(1)], axis=0)
        zero, one = graph.integers(0), graph.integers(1)
        rows = graph.op("Slice", [graph.constant(look_ahead, "look_ahead"), zero, count, zero])
        mask = graph.op("Slice", [rows, zero, count, one])
        positions = graph.op("Slice", [encodings, zero, count, zero])
    else:
        past = graph.op("Shape", ["past_key_values.0.decoder.key"])
        positions = graph.op("Gather", [encodings, graph.op("Gather", [past, graph.integers(2)], axis=0)])
    x = graph.op("Add", [graph.op("Gather", [embeddings, "input_ids"]), positions])
    for layer in range(sizes.decoder_layers):
        prefix = f"decoder/layer_{layer}"
        own, cross = f"{prefix}/self_attention", f"{prefix}/attention"
        names = {at: [f"{at}.{kind}" for kind in ("key", "value")] for at in (f"{layer}.decoder", f"{layer}.encoder")}
        y = graph.layer_norm(x, f"{own}/layer_norm")
        q, *pair = graph.project(y, own, 0, "qkv", sizes.heads, sizes.head_size)
        if not is_first:
            pair = [
                graph.op("Concat", [f"past_key_values.{name}", new], axis=2)
                for name, new in zip(names[f"{layer}.decoder"], pair)
            ]
        attended, _ = graph.attention(q, *pair, sizes.width, mask)
        x = graph.attention_output(x, attended, own, 1)
        y = graph.layer_norm(x, f"{cross}/layer_norm")
        (q,) = graph.project(y, cross, 0, "q", sizes.heads, sizes.head_size)
        if is_first:
            heard = graph.project("encoder_hidden_states", cross, 1, "kv", sizes.heads, sizes.head_size)
        else:
            heard = [f"past_key_values.{name}" for name in names[f"{layer}.encoder"]]
        attended, _ = graph.attention(q, *heard, sizes.width)
        x = graph.feed_forward(graph.attention_output(x, attended, cross, 2), f"{prefix}/ffn")
        for name, tensor in zip(names[f"{layer}.decoder"], pair):
            graph.output(tensor, f"present.{name}")
            outputs.append((f"present.{name}", FLOAT, ["batch", sizes.heads, "tokens", sizes.head_size]))
            inputs.append((f"past_key_values.{name}", FLOAT, ["batch", sizes.heads, "past", sizes.head_size]))
        for name, tensor in zip(names[f"{layer}.encoder"], heard):
            if is_first:
                graph.output(tensor, f"present.{name}")
                outputs.append((f"present.{name}", FLOAT, ["batch", sizes.heads, "frames", sizes.head_size]))
            inputs.append((f"past_key_values.{name}", FLOAT, ["batch", sizes.heads, "frames", sizes.head_size]))
    x = graph.layer_norm(x, "decoder/layer_norm")
    graph.nodes.append(helper.make_node("MatMul", [x, graph.op("Transpose", [embeddings], perm=[1, 0])], ["logits"]))
    if is_first:
        inputs = [i for i in inputs if not i[0].startswith("past_key_values.")]
    return graph, inputs, outputs


def write_merged(weights: dict, sizes: Sizes, path: Path) -> None:
    """Both in one `If`; later runs pass on the first run's keys and values of the window."""
    branches = []
    _, inputs, _ = exported(weights, sizes, is_first=False)
    outputs: list[tuple] = []
    for is_first in (False, True):
        graph, _, made = exported(weights, sizes, is_first)
        if is_first:
            outputs = made
        else:
            for name, *_ in inputs:
                if ".encoder." in name:
                    graph.output(name, name.replace("past_key_values", "present"))
                    made.append((name.replace("past_key_values", "present"), FLOAT, ["batch", HEADS, "frames", sizes.head_size]))
        order = sorted(made)
        values = [helper.make_tensor_value_info(*value) for value in order]
        branches.append(helper.make_graph(graph.nodes, f"branch_{is_first}", [], values, graph.initializers))
    order = sorted(outputs)
    choose = helper.make_node("If", ["use_cache_branch"], [o[0] for o in order], then_branch=branches[0], else_branch=branches[1])
    inputs = [*inputs, ("encoder_hidden_states", FLOAT, ["batch", "frames", sizes.width]), ("use_cache_branch", BOOL, [1])]
    values = [[helper.make_tensor_value_info(*value) for value in side] for side in (inputs, order)]
    graph = helper.make_graph([choose], "whisper", *values)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    save(model, path)


def main(options: argparse.Namespace) -> None:
    folder = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    weights = variables()
    sizes = Sizes.of(weights)
    write_encoder(weights, sizes, folder / "encoder.onnx", fused=False)
    write_decoder(weights, sizes, [(0, 1), (1, 0)], folder / "ours.onnx", fused=False)
    for name, is_first in (("first", True), ("past", False)):
        graph, inputs, outputs = exported(weights, sizes, is_first)
        graph.write(inputs, outputs, folder / f"{name}.onnx")
    write_merged(weights, sizes, folder / "merged.onnx")


if __name__ == "__main__":
    arguments.run(main, OPTIONS)
