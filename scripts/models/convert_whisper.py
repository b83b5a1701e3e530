"""Whisper from CTranslate2 (model.bin, config.json) to ONNX: encoder and decoder in standard operators, and fused variants of both
for vocabox on processors, with ONNX Runtime's fused attention in the encoder, and 8-bit weights and vocabox's own attention in the
decoder.

Names follow Hugging Face's exports with a key-value cache; what those exports compute twice, the encoder outputs once:

encoder  input_features f32 [B, mels=80, hops], hops even and at most 3000 (30 s): a short clip need not be padded
         → last_hidden_state f32 [B, frames = hops / 2, width]
           present.L.encoder.key|value f32 [B, H, frames, 64]    keys and values for the decoder, projected once;
           fused: f16, keys [B, H, 64, frames]
decoder  input_ids i64 [B, S]; past_key_values.L.decoder.key|value f32 [B, H, P, 64], P may be 0;
         past_key_values.L.encoder.key|value as above; fused: of one window for all hypotheses
         → logits f32 [B, 1, vocabulary] for the token after the last of the S tokens; present.L.decoder.key|value f32 [B, H, P+S, 64]
           alignment_attention f32 [B, heads, S, frames]   cross attention of config.json's alignment_heads, for times

Architecture: Radford et al. 2022, "Robust Speech Recognition via Large-Scale Weak Supervision".
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import arguments
from fetching.tools import GRAPH_PACKAGES

if __name__ == "__main__":
    OPTIONS = arguments.begin(arguments.converter(__doc__), GRAPH_PACKAGES)

import numpy as np
from onnx import TensorProto, helper

import ctranslate2_file
from transformer import MIDDLE, Transformer

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
MASKED = -1e9


@dataclass(frozen=True)
class Sizes:
    encoder_layers: int
    decoder_layers: int
    heads: int
    width: int
    mels: int
    vocabulary: int
    positions: int  # of the encoder: 1500 for 30 s

    @property
    def head_size(self) -> int:
        return self.width // self.heads

    @classmethod
    def of(cls, variables: dict[str, np.ndarray]) -> Sizes:
        def layers(part: str) -> int:
            return sum(n.startswith(f"{part}/layer_") and n.endswith("/ffn/linear_0/weight") for n in variables)

        vocabulary, width = variables["decoder/embeddings/weight"].shape
        return cls(
            layers("encoder"),
            layers("decoder"),
            int(variables["decoder/num_heads"]),
            width,
            variables["encoder/conv1/weight"].shape[1],
            vocabulary,
            variables["encoder/position_encodings/encodings"].shape[0],
        )


def window_shapes(batch: str | int, sizes: Sizes, fused: bool) -> dict[str, list]:
    """The shapes of a window's keys and values. An operator of vocabox reads a number of all keys after another."""
    value = [batch, sizes.heads, "frames", sizes.head_size]
    return {"key": [batch, sizes.heads, sizes.head_size, "frames"] if fused else value, "value": value}


def write_encoder(variables: dict[str, np.ndarray], sizes: Sizes, path: Path, fused: bool) -> None:
    graph = Transformer(variables)
    x = "input_features"
    for name, stride in (("conv1", 1), ("conv2", 2)):
        weight = graph.weight(variables[f"encoder/{name}/weight"], f"{name}/w")
        bias = graph.weight(variables[f"encoder/{name}/bias"], f"{name}/b")
        x = graph.gelu(graph.op("Conv", [x, weight, bias], kernel_shape=[3], strides=[stride], pads=[1, 1]))
    x = graph.op("Transpose", [x], perm=[0, 2, 1])
    frames = graph.op("Gather", [graph.op("Shape", [x]), graph.integers(1)], axis=0)
    encodings = graph.weight(variables["encoder/position_encodings/encodings"], "enc_pos")
    x = graph.op("Add", [x, graph.op("Slice", [encodings, graph.integers(0), frames, graph.integers(0)])])

    for layer in range(sizes.encoder_layers):
        prefix = f"encoder/layer_{layer}"
        attention = f"{prefix}/self_attention"
        y = graph.layer_norm(x, f"{attention}/layer_norm")
        q, k, v = graph.project(y, attention, 0, "qkv", sizes.heads, sizes.head_size, split=not fused)
        if fused:
            attended = graph.attention_fused(q, k, v, sizes.heads)
        else:
            attended, _ = graph.attention(q, k, v, sizes.width)
        x = graph.feed_forward(graph.attention_output(x, attended, attention, 1), f"{prefix}/ffn")
    x = graph.layer_norm(x, "encoder/layer_norm")
    graph.output(x, "last_hidden_state")

    stored = TensorProto.FLOAT16 if fused else FLOAT
    outputs = [("last_hidden_state", FLOAT, ["batch", "frames", sizes.width])]
    for layer in range(sizes.decoder_layers):
        attention = f"decoder/layer_{layer}/attention"
        projected = graph.project(x, attention, 1, "kv", sizes.heads, sizes.head_size)
        shapes = window_shapes("batch", sizes, fused)
        for kind, tensor in zip(shapes, projected):
            name = f"present.{layer}.encoder.{kind}"
            if fused:
                # Each step of the decoder reads all of them: half as many bytes are half of the time.
                tensor = graph.op("Cast", [tensor], to=stored)
                tensor = graph.op("Transpose", [tensor], perm=[0, 1, 3, 2]) if kind == "key" else tensor
            graph.output(tensor, name)
            outputs.append((name, stored, shapes[kind]))
    graph.write([("input_features", FLOAT, ["batch", sizes.mels, "hops"])], outputs, path)


def new_positions(graph: Transformer) -> tuple[str, str]:
    """The positions of the new tokens [S], and their end as a scalar."""

    def length(tensor: str, axis: int) -> str:
        shape = graph.op("Shape", [tensor])
        return graph.op("Gather", [shape, graph.integers(axis)], axis=0)

    def scalar(tensor: str) -> str:
        return graph.op("Squeeze", [tensor, graph.integers(0)])

    past = length("past_key_values.0.decoder.key", 2)
    total = graph.op("Add", [past, length("input_ids", 1)])
    first, end = scalar(past), scalar(total)
    return graph.op("Range", [first, end, graph.constant(np.array(1, np.int64))]), end


def causal_mask(graph: Transformer, positions: str, end: str) -> str:
    """The mask [S, P+S]: 0 for positions that are attended to, MASKED for later ones."""
    zero, one = graph.constant(np.array(0, np.int64)), graph.constant(np.array(1, np.int64))
    keys = graph.op("Range", [zero, end, one])
    columns = graph.op("Unsqueeze", [keys, graph.integers(0)])
    rows = graph.op("Unsqueeze", [positions, graph.integers(1)])
    allowed = graph.op("LessOrEqual", [columns, rows])
    return graph.op("Where", [allowed, graph.number(0.0), graph.number(MASKED)])


def embedded(graph: Transformer, table: np.ndarray) -> str:
    """The rows of `table` [vocabulary, width] for input_ids. It is also the last projection, and is stored once."""
    if not graph.eight_bit:
        embeddings = graph.constant(table.astype(np.float16), "embed")
        return graph.op("Cast", [graph.op("Gather", [embeddings, "input_ids"])], to=FLOAT)
    stored, scales = (graph.op("Gather", [tensor, "input_ids"]) for tensor in graph.bytes_of(table, "embed"))
    centred = graph.op("Sub", [graph.op("Cast", [stored], to=FLOAT), graph.number(MIDDLE)])
    rows = graph.op("Mul", [centred, graph.op("Unsqueeze", [scales, graph.integers(-1)])])
    return graph.op("Reshape", [rows, graph.integers(0, 0, table.shape[1])])


def write_decoder(
    variables: dict[str, np.ndarray], sizes: Sizes, alignment_heads: list[tuple[int, int]], path: Path, fused: bool
) -> None:
    """`alignment_heads`: (layer, head) in ascending order."""
    graph = Transformer(variables, eight_bit=fused)
    positions, end = new_positions(graph)
    mask = "" if fused else causal_mask(graph, positions, end)
    stored, hypotheses = (TensorProto.FLOAT16, 1) if fused else (FLOAT, "batch")
    shapes = window_shapes(hypotheses, sizes, fused)
    x = embedded(graph, variables["decoder/embeddings/weight"])
    encodings = graph.constant(variables["decoder/position_encodings/encodings"].astype(np.float32), "dec_pos")
    x = graph.op("Add", [x, graph.op("Gather", [encodings, positions])])

    inputs = [("input_ids", INT64, ["batch", "seq"])]
    outputs = [("logits", FLOAT, ["batch", 1, sizes.vocabulary])]
    aligned = []
    for layer in range(sizes.decoder_layers):
        prefix = f"decoder/layer_{layer}"
        own, cross = f"{prefix}/self_attention", f"{prefix}/attention"
        past = {kind: f"past_key_values.{layer}.decoder.{kind}" for kind in ("key", "value")}
        heard = {kind: f"past_key_values.{layer}.encoder.{kind}" for kind in ("key", "value")}

        present = {kind: f"present.{layer}.decoder.{kind}" for kind in ("key", "value")}

        y = graph.layer_norm(x, f"{own}/layer_norm")
        if fused:
            projected = graph.project_together(y, own, 0, "qkv", sizes.width, sizes.head_size)
            attended = graph.attention_to_past(projected, past, present)
        else:
            q, *new = graph.project(y, own, 0, "qkv", sizes.heads, sizes.head_size)
            k, v = (graph.op("Concat", [past[kind], tensor], axis=2) for kind, tensor in zip(past, new))
            attended, _ = graph.attention(q, k, v, sizes.width, mask)
        x = graph.attention_output(x, attended, own, 1)

        y = graph.layer_norm(x, f"{cross}/layer_norm")
        (q,) = graph.project(y, cross, 0, "q", sizes.heads, sizes.head_size, split=not fused)
        if fused:
            attended, weights = graph.attention_to_window(q, heard)
        else:
            attended, weights = graph.attention(q, heard["key"], heard["value"], sizes.width)
        if chosen := [head for at, head in alignment_heads if at == layer]:
            aligned.append(graph.op("Gather", [weights, graph.integers(*chosen)], axis=1))
        x = graph.feed_forward(graph.attention_output(x, attended, cross, 2), f"{prefix}/ffn")

        for kind, tensor in () if fused else zip(present, (k, v)):
            graph.output(tensor, present[kind])
        for kind in ("key", "value"):
            inputs.append((past[kind], FLOAT, ["batch", sizes.heads, "past", sizes.head_size]))
            outputs.append((present[kind], FLOAT, ["batch", sizes.heads, "past_plus_seq", sizes.head_size]))
        inputs += [(name, stored, shapes[kind]) for kind, name in heard.items()]
    # Logits of earlier prompt tokens are not used and would be half of a long prompt's work.
    x = graph.op("Slice", [x, graph.integers(-1), graph.integers(2**31 - 1), graph.integers(1)])
    x = graph.layer_norm(x, "decoder/layer_norm")

    if fused:
        graph.output(graph.linear_of_bytes(x, variables["decoder/embeddings/weight"], None, "embed"), "logits")
    else:
        # Stored once, cast and transposed where it is used.
        table = graph.op("Transpose", [graph.op("Cast", ["embed"], to=FLOAT)], perm=[1, 0])
        graph.nodes.append(helper.make_node("MatMul", [x, table], ["logits"]))
    if aligned:
        graph.nodes.append(helper.make_node("Concat", aligned, ["alignment_attention"], axis=1))
        shape = ["batch", len(alignment_heads), "seq", "frames"]
        outputs.append(("alignment_attention", FLOAT, shape))
    graph.write(inputs, outputs, path)


def main(options: argparse.Namespace) -> None:
    weights, config = options.inputs
    variables = ctranslate2_file.read(weights, "WhisperSpec")
    sizes = Sizes.of(variables)
    heads = json.loads(config.read_text(encoding="utf-8")).get("alignment_heads", [])
    heads = sorted((layer, head) for layer, head in heads)
    for (encoder, decoder), fused in ((options.outputs[:2], False), (options.outputs[2:], True)):
        write_encoder(variables, sizes, encoder, fused)
        write_decoder(variables, sizes, heads, decoder, fused)


if __name__ == "__main__":
    arguments.run(main, OPTIONS)
