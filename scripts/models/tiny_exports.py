"""Small models in the layouts in which others publish them, with predictable output, for the tests of `vocabox models import`.

usage: tiny_exports.py FOLDER

    whisper/            as Hugging Face's optimum exports a Whisper: onnx/encoder_model, decoder_model, decoder_with_past_model and
                        decoder_model_merged, the first and the last in 16 bits as well; its decoder writes one sentence, whatever it hears
    kokoro/             as onnx-community exports a Kokoro: input_ids, style and speed → waveform [1, N]; one token is 0.02 s
    silero_5.onnx       as snakers4 exports it: input, state and sr; loud sound is speech
    silero_4.onnx       as before version 5: no engine feeds it
    speaker.onnx        as sherpa-onnx names its tensors: x → embedding
    no_cache.onnx       a decoder that was exported without a cache

Their texts (tokenizer.json, generation_config.json, …) are as short as the import and the engines let them be.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import arguments
from fetching.tools import GRAPH_PACKAGES

if __name__ == "__main__":
    PARSER = arguments.parser(__doc__)
    PARSER.add_argument("folder", type=Path, metavar="FOLDER")
    OPTIONS = arguments.begin(PARSER, GRAPH_PACKAGES)

import numpy as np
from onnx import TensorProto, checker, helper

from arguments import save
from transformer import IR_VERSION, OPSET, Transformer

FLOAT, HALF, INT64, BOOL = TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.INT64, TensorProto.BOOL
WORDS = ["The", "train", "to", "London", "leaves", "at", "nine", "tomorrow"]
END, START, NO_TIMES = len(WORDS), len(WORDS) + 1, len(WORDS) + 2
ZERO = NO_TIMES + 1  # the token of 0.00 s; each after it is 0.02 s later, up to 30 s
VOCABULARY = ZERO + 1501
SCRIPT = [ZERO, *range(len(WORDS)), ZERO + 105, END]
KINDS = ("key", "value")


def model(graph: Transformer, inputs: list, outputs: list, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    values = [[helper.make_tensor_value_info(*value) for value in side] for side in (inputs, outputs)]
    finish(helper.make_graph(graph.nodes, "tiny", *values, graph.initializers), path)


def finish(graph, path: Path) -> None:
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    checker.check_model(made)
    save(made, path)


def encoder(kind: int, path: Path) -> None:
    """The mean of the bands of every second hop; sizes are left open, as optimum leaves them."""
    graph = Transformer({})
    mean = graph.op("ReduceMean", ["input_features"], axes=[1], keepdims=1)  # [B, 1, T]
    half = graph.op("Slice", [mean, graph.integers(0), graph.integers(1 << 30), graph.integers(2), graph.integers(2)])
    graph.output(graph.op("Transpose", [half], perm=[0, 2, 1]), "last_hidden_state")
    inputs = [("input_features", kind, ["batch_size", "feature_size", "encoder_sequence_length"])]
    model(graph, inputs, [("last_hidden_state", kind, ["batch_size", "encoder_sequence_length / 2", 1])], path)


def decoder(kind: int, is_first: bool, has_cache: bool = True) -> tuple[Transformer, list, list]:
    """The next token is that of the script at this place, whose number is that of the tokens so far less one."""
    graph = Transformer({})
    fed = graph.op("Unsqueeze", [graph.op("Cast", ["input_ids"], to=kind), graph.integers(1, 3)])  # [B, 1, S, 1]
    inputs: list[tuple] = [("input_ids", INT64, ["batch_size", "decoder_sequence_length"])]
    outputs: list[tuple] = [("logits", kind, ["batch_size", "decoder_sequence_length", VOCABULARY])]
    if is_first:
        inputs.append(("encoder_hidden_states", kind, ["batch_size", "encoder_sequence_length / 2", 1]))
        read, cache = graph.op("Unsqueeze", ["encoder_hidden_states", graph.integers(1)]), fed
    else:
        for part in ("decoder", "encoder"):
            inputs += [(f"past_key_values.0.{part}.{k}", kind, ["batch_size", 1, f"past_{part}", 1]) for k in KINDS]
        read = "past_key_values.0.encoder.value"
        cache = graph.op("Concat", ["past_key_values.0.decoder.value", fed], axis=2)
    for k in KINDS if has_cache else ():
        graph.output(cache, f"present.0.decoder.{k}")
        outputs.append((f"present.0.decoder.{k}", kind, ["batch_size", 1, "tokens", 1]))
        if is_first:
            graph.output(read, f"present.0.encoder.{k}")
            outputs.append((f"present.0.encoder.{k}", kind, ["batch_size", 1, "frames", 1]))
    count = graph.op("Gather", [graph.op("Shape", [cache]), graph.integers(2)])  # [1]
    place = graph.op("Min", [graph.op("Sub", [count, graph.integers(1)]), graph.integers(len(SCRIPT) - 1)])
    said = graph.op("Gather", [graph.constant(np.array(SCRIPT, np.float32), "script"), place])  # [1]
    apart = graph.op("Abs", [graph.op("Sub", [graph.constant(np.arange(VOCABULARY, dtype=np.float32), "ids"), said])])
    apart = graph.op("Min", [apart, graph.constant(np.array([20], np.float32))])
    row = graph.op("Neg", [graph.op("Mul", [graph.op("Mul", [apart, apart]), graph.number(2)])])
    rows = graph.op("Concat", [graph.op("Shape", ["input_ids"], end=1), graph.integers(1, VOCABULARY)], axis=0)
    graph.output(graph.op("Cast", [graph.op("Expand", [row, rows])], to=kind), "logits")
    return graph, inputs, outputs


def merged(kind: int, path: Path) -> None:
    _, inputs, _ = decoder(kind, is_first=False)
    branches = []
    for is_first in (False, True):
        graph, _, outputs = decoder(kind, is_first)
        if not is_first:
            for k in KINDS:
                graph.output(f"past_key_values.0.encoder.{k}", f"present.0.encoder.{k}")
                outputs.append((f"present.0.encoder.{k}", kind, ["batch_size", 1, "frames", 1]))
        order = sorted(outputs)
        values = [helper.make_tensor_value_info(*value) for value in order]
        branches.append(helper.make_graph(graph.nodes, f"branch_{is_first}", [], values, graph.initializers))
    names = [name for name, *_ in order]
    choose = helper.make_node("If", ["use_cache_branch"], names, then_branch=branches[0], else_branch=branches[1])
    inputs = [*inputs, ("encoder_hidden_states", kind, ["batch_size", "frames", 1]), ("use_cache_branch", BOOL, [1])]
    sides = [[helper.make_tensor_value_info(*value) for value in side] for side in (inputs, order)]
    finish(helper.make_graph([choose], "tiny", *sides), path)


def whisper(folder: Path) -> None:
    graphs = folder / "onnx"
    for kind, ending in ((FLOAT, ""), (HALF, "_fp16")):
        encoder(kind, graphs / f"encoder_model{ending}.onnx")
        merged(kind, graphs / f"decoder_model_merged{ending}.onnx")
    for name, is_first in (("decoder_model", True), ("decoder_with_past_model", False)):
        graph, inputs, outputs = decoder(FLOAT, is_first)
        model(graph, inputs, outputs, graphs / f"{name}.onnx")
    times = [f"<|{step * 0.02:.2f}|>" for step in range(1501)]
    special = ["<|endoftext|>", "<|startoftranscript|>", "<|notimestamps|>", *times]
    tokens = [*(f"\u0120{word}" for word in WORDS), *special]
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    tokenizer = {
        "version": "1.0",
        "added_tokens": [{"id": tokens.index(t), "content": t, **plain} for t in special],
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {"type": "WordLevel", "vocab": {t: i for i, t in enumerate(tokens)}, "unk_token": "<|endoftext|>"},
    }
    text(folder / "tokenizer.json", tokenizer)
    text(folder / "generation_config.json", {"suppress_tokens": [], "begin_suppress_tokens": [END]})
    text(folder / "preprocessor_config.json", {"feature_size": 80})


def kokoro(folder: Path) -> None:
    """A tone for each token, whose loudness is the mean of the style; the rate is `speed`'s."""
    graph = Transformer({})
    samples = graph.op("Cast", [graph.op("Div", [graph.number(480), "speed"])], to=INT64)  # [1]
    level = graph.op("ReduceMean", ["style"], keepdims=0)
    ids = graph.op("Cast", ["input_ids"], to=FLOAT)
    column = graph.op("Unsqueeze", [graph.op("Mul", [graph.op("Sin", [ids]), level]), graph.integers(2)])  # [1, T, 1]
    repeats = graph.op("Concat", [graph.integers(1, 1), samples], axis=0)
    graph.output(graph.op("Reshape", [graph.op("Tile", [column, repeats]), graph.integers(1, -1)]), "waveform")
    inputs = [("input_ids", INT64, [1, "sequence_length"]), ("style", FLOAT, [1, 256]), ("speed", FLOAT, [1])]
    model(graph, inputs, [("waveform", FLOAT, [1, "num_samples"])], folder / "onnx/model.onnx")
    letters = "$;:,.!? abcdefghijklmnopqrstuvwxyzæðŋɑɐɔəɛɜɡɪɹʃʊʌʒθᵊˈˌːᵻAIOWYʤʧɾʔ"
    text(folder / "tokenizer.json", {"model": {"vocab": {letter: number for number, letter in enumerate(letters)}}})


def silero(version: int, path: Path) -> None:
    """Speech is what has a mean square above 1e-4."""
    graph = Transformer({})
    power = graph.op("ReduceMean", [graph.op("Mul", ["input", "input"])], axes=[1], keepdims=1)
    steep = graph.op("Mul", [graph.op("Sub", [power, graph.number(1e-4)]), graph.number(1e6)])
    graph.output(graph.op("Sigmoid", [steep]), "output")
    inputs = [("input", FLOAT, ["batch", "samples"]), ("sr", INT64, [])]
    states = {5: [("state", "stateN", [2, "batch", 128])], 4: [("h", "hn", [2, "batch", 64]), ("c", "cn", [2, "batch", 64])]}
    outputs = [("output", FLOAT, ["batch", 1])]
    # The rate counts, so that a graph that is not told it fails.
    none = graph.op("Mul", [graph.op("Cast", ["sr"], to=FLOAT), graph.number(0)])
    for before, after, sizes in states[version]:
        graph.output(graph.op("Add", [before, none]), after)
        inputs.append((before, FLOAT, sizes))
        outputs.append((after, FLOAT, sizes))
    model(graph, inputs, outputs, path)


def speaker(path: Path) -> None:
    """The spread of every band, then zeros to 192 values."""
    graph = Transformer({})
    spread = graph.op("ReduceMean", [graph.op("Mul", ["x", "x"])], axes=[1], keepdims=0)
    graph.output(graph.op("Pad", [spread, graph.integers(0, 0, 0, 112)]), "embedding")
    model(graph, [("x", FLOAT, ["N", "T", 80])], [("embedding", FLOAT, ["N", 192])], path)


def text(path: Path, content: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def main(options: argparse.Namespace) -> None:
    folder = options.folder
    whisper(folder / "whisper")
    kokoro(folder / "kokoro")
    silero(5, folder / "silero_5.onnx")
    silero(4, folder / "silero_4.onnx")
    speaker(folder / "speaker.onnx")
    graph, inputs, outputs = decoder(FLOAT, is_first=True, has_cache=False)
    model(graph, inputs, outputs, folder / "no_cache.onnx")


if __name__ == "__main__":
    arguments.run(main, OPTIONS)
