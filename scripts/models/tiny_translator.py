"""Small translators in the layouts of Hugging Face's exports of M2M100 and NLLB, with predictable output, for the tests.

usage: tiny_translator.py FOLDER

    encoder.onnx            gives the ids themselves as last_hidden_state
    first.onnx, past.onnx   as decoder_model.onnx and decoder_with_past_model.onnx
    merged.onnx             as decoder_model_merged.onnx: both in one, chosen by use_cache_branch
    tokenizer.json          six numbers in three languages, and the three languages

The decoder repeats the source's words in order, translated from the language whose token the source begins with into the
language whose token is at position 1 of its cache: so the output shows whether the engine passed these tokens and the cache, and
which source the decoder read. Its most likely first token is Hausa's. The second most likely word is always the next one. The
translation ends where the source ends.
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

FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
WORDS = [
    ["one", "two", "three", "four", "five", "six"],
    ["ọ̀kan", "èjì", "ẹ̀ta", "ẹ̀rin", "àrún", "ẹ̀fà"],
    ["daya", "biyu", "uku", "huɗu", "biyar", "shida"],
]
LANGUAGES = ["eng_Latn", "yor_Latn", "hau_Latn"]
END, FIRST_WORD, FIRST_LANGUAGE = 2, len(SPECIAL), len(SPECIAL) + 18
VOCABULARY = FIRST_LANGUAGE + len(LANGUAGES)
HAUSA = FIRST_LANGUAGE + 2
KINDS = ("key", "value")


def decoder(is_first: bool) -> tuple[Transformer, list, list]:
    """The decoder's first run, or the later runs, one token each."""
    graph = Transformer({})
    fed = graph.op("Unsqueeze", [graph.op("Cast", ["input_ids"], to=FLOAT), graph.integers(1, 3)])  # [B, 1, 1, 1]
    inputs: list[tuple] = [("input_ids", INT64, ["batch", "seq"]), ("encoder_attention_mask", INT64, ["batch", "source"])]
    outputs: list[tuple] = [("logits", FLOAT, ["batch", "seq", VOCABULARY])]
    if is_first:
        inputs.append(("encoder_hidden_states", FLOAT, ["batch", "source", 1]))
        read = graph.op("Unsqueeze", ["encoder_hidden_states", graph.integers(1)])  # [B, 1, S, 1]
        cache, place = fed, None
    else:
        for part, size in (("decoder", "past"), ("encoder", "source")):
            inputs += [(f"past_key_values.0.{part}.{kind}", FLOAT, ["batch", 1, size, 1]) for kind in KINDS]
        read = "past_key_values.0.encoder.value"
        cache = graph.op("Concat", ["past_key_values.0.decoder.value", fed], axis=2)
        place = graph.op("Gather", [graph.op("Shape", ["past_key_values.0.decoder.key"]), graph.integers(2)])
    for kind in KINDS:
        graph.output(cache, f"present.0.decoder.{kind}")
        outputs.append((f"present.0.decoder.{kind}", FLOAT, ["batch", 1, "tokens", 1]))
        if is_first:
            graph.output(read, f"present.0.encoder.{kind}")
            outputs.append((f"present.0.encoder.{kind}", FLOAT, ["batch", 1, "source", 1]))
    if is_first:
        # Hausa, for each hypothesis.
        said = graph.op("Mul", [graph.op("Squeeze", [fed, graph.integers(1, 3)]), graph.number(0)])
        said = graph.op("Add", [said, graph.number(HAUSA)])
    else:
        # The source's token at this place; the length comes from the mask, so that a wrong mask changes the output.
        length = graph.op("ReduceSum", ["encoder_attention_mask", graph.integers(1)], keepdims=0)
        last = graph.op("Sub", [graph.op("ReduceMax", [length], keepdims=0), graph.integers(1)])
        word = graph.op("Gather", [read, graph.op("Min", [place, last])], axis=2)
        into = graph.op("Gather", [cache, graph.integers(1)], axis=2)
        out_of = graph.op("Gather", [read, graph.integers(0)], axis=2)
        shift = graph.op("Mul", [graph.op("Sub", [into, out_of]), graph.number(6)])
        is_word = graph.op("Cast", [graph.op("Greater", [word, graph.number(FIRST_WORD - 0.5)])], to=FLOAT)
        said = graph.op("Add", [word, graph.op("Mul", [shift, is_word])])
        said = graph.op("Squeeze", [said, graph.integers(1, 2)])  # [B, 1]
    ids = graph.constant(np.arange(VOCABULARY, dtype=np.float32), "ids")
    apart = graph.op("Sub", [ids, graph.op("Unsqueeze", [said, graph.integers(2)])])
    # 0 for the intended id, −1 for the next one, −4 for the one before.
    squared = graph.op("Mul", [apart, apart])
    lower = graph.op("Mul", [graph.op("Relu", [graph.op("Neg", [apart])]), graph.number(3)])
    graph.output(graph.op("Neg", [graph.op("Add", [squared, lower])]), "logits")
    return graph, inputs, outputs


def write_merged(path: Path) -> None:
    """Both in one `If`; later runs pass on the first run's keys and values of the source."""
    _, inputs, _ = decoder(is_first=False)
    branches = []
    for is_first in (False, True):
        graph, _, outputs = decoder(is_first)
        if not is_first:
            for kind in KINDS:
                graph.output(f"past_key_values.0.encoder.{kind}", f"present.0.encoder.{kind}")
                outputs.append((f"present.0.encoder.{kind}", FLOAT, ["batch", 1, "source", 1]))
        order = sorted(outputs)
        values = [helper.make_tensor_value_info(*value) for value in order]
        branches.append(helper.make_graph(graph.nodes, f"branch_{is_first}", [], values, graph.initializers))
    names = [name for name, *_ in order]
    choose = helper.make_node("If", ["use_cache_branch"], names, then_branch=branches[0], else_branch=branches[1])
    inputs = [*inputs, ("encoder_hidden_states", FLOAT, ["batch", "source", 1]), ("use_cache_branch", BOOL, [1])]
    sides = [[helper.make_tensor_value_info(*value) for value in side] for side in (inputs, order)]
    model = helper.make_model(
        helper.make_graph([choose], "translator", *sides),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    checker.check_model(model)
    save(model, path)


def write_tokenizer(path: Path) -> None:
    tokens = [*SPECIAL, *(word for words in WORDS for word in words), *LANGUAGES]
    special = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    tokenizer = {
        "version": "1.0",
        "added_tokens": [{"id": i, "content": t, **special} for i, t in enumerate(tokens) if t in SPECIAL or t in LANGUAGES],
        "pre_tokenizer": {"type": "Whitespace"},
        "model": {"type": "WordLevel", "vocab": {t: i for i, t in enumerate(tokens)}, "unk_token": "<unk>"},
    }
    path.write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")


def main(options: argparse.Namespace) -> None:
    folder = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    encoder = Transformer({})
    ids = encoder.op("Mul", ["input_ids", "attention_mask"])
    states = encoder.op("Unsqueeze", [encoder.op("Cast", [ids], to=FLOAT), encoder.integers(2)])
    encoder.output(states, "last_hidden_state")
    inputs = [(name, INT64, ["batch", "source"]) for name in ("input_ids", "attention_mask")]
    outputs = [("last_hidden_state", FLOAT, ["batch", "source", 1])]
    encoder.write(inputs, outputs, folder / "encoder.onnx", "translator", "tiny_translator")
    for name, is_first in (("first", True), ("past", False)):
        graph, inputs, outputs = decoder(is_first)
        graph.write(inputs, outputs, folder / f"{name}.onnx", "translator", "tiny_translator")
    write_merged(folder / "merged.onnx")
    write_tokenizer(folder / "tokenizer.json")


if __name__ == "__main__":
    arguments.run(main, OPTIONS)
