"""Marian's tiny translators (transformer encoder, SSRU decoder; 8-bit weights of intgemm in model.….bin) to encoder.onnx and
decoder.onnx, in standard operators. The weights keep their bytes; ONNX Runtime unpacks them when it loads the graph.

Names follow Hugging Face's exports with a key-value cache; the SSRU keeps one state per layer instead:

encoder  input_ids i64 [B, S], attention_mask i64 [B, S], 1 where there is a token
         → last_hidden_state f32 [B, S, width]
           present.L.encoder.key|value f32 [B, H, S, width / H]    keys and values for the decoder, projected once
decoder  input_ids i64 [B, 1], with the size of the vocabulary as the start token; position i64 [1], number of earlier tokens;
         encoder_attention_mask i64 [B, S]; past_key_values.L.encoder.key|value as above;
         past_key_values.L.decoder.state f32 [B, 1, width], zeros at the start
         → logits f32 [B, 1, vocabulary]; present.L.decoder.state

Sources: Kim et al. 2019, "From Research to Production and Back: Ludicrously Fast Neural Machine Translation" (SSRU);
github.com/marian-nmt/marian-dev, src/models/transformer.h, src/rnn/cells.h (SSRU), src/common/binary.cpp (the file).
"""

from __future__ import annotations

import argparse
import re
import struct
from pathlib import Path

import arguments
from fetching.tools import GRAPH_PACKAGES

if __name__ == "__main__":
    OPTIONS = arguments.begin(arguments.converter(__doc__), GRAPH_PACKAGES)

import numpy as np
from onnx import TensorProto

from transformer import Transformer

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
FLOAT32, INTGEMM8, BYTES = 0x404, 0x4101, 0x101  # element types of Marian's files
LAYER_NORM_EPSILON = 1e-9
HEADS = 8  # no shape shows it: transformer-heads of the model's settings, checked below
MASKED = -1e9


def read(path: Path) -> tuple[dict, str]:
    """The parameters by name, and the settings: f32, or for 8-bit ones (bytes int8 [inputs, outputs], step)."""
    data = path.read_bytes()
    version, count = struct.unpack_from("<QQ", data)
    if version != 1:
        raise SystemExit(f"{path.name} has version {version} of Marian's binary format; 1 is read")
    at = 16 + 32 * count
    headers = [struct.unpack_from("<QQQQ", data, 16 + 32 * i) for i in range(count)]
    names, shapes = [], []
    for name_bytes, *_ in headers:
        names.append(data[at : at + name_bytes - 1].decode())
        at += name_bytes
    for _, _, axes, _ in headers:
        shapes.append(struct.unpack_from(f"<{axes}i", data, at))
        at += 4 * axes
    at += 8 + struct.unpack_from("<Q", data, at)[0]  # padding
    parameters, settings = {}, ""
    for (_, kind, _, length), name, shape in zip(headers, names, shapes):
        part = data[at : at + length]
        at += length
        size = int(np.prod(shape))
        if name == "special:model.yml":
            settings = part.decode("utf-8", "ignore")
        elif kind == FLOAT32:
            parameters[name] = np.frombuffer(part, np.float32, size).reshape(shape)
        elif kind == INTGEMM8:
            stored = np.frombuffer(part, np.int8, size)
            # All but the embeddings are stored transposed, for intgemm.
            stored = stored.reshape(shape) if name == "Wemb" else stored.reshape(shape[::-1]).T
            steps_a_unit = np.frombuffer(part, np.float32, 1, size)[0]
            parameters[name] = (stored, np.float32(1) / steps_a_unit)
        elif kind != BYTES:
            raise SystemExit(f"{name} of {path.name} is of the unknown type {kind:#x}")
    return parameters, settings


class Marian(Transformer):
    def __init__(self, parameters: dict):
        super().__init__(parameters)
        self.vocabulary, self.width = parameters["Wemb"][0].shape
        self.head_size = self.width // HEADS

    def layers(self, part: str) -> range:
        """Numbers of the layers of `encoder` or `decoder`, from 1 as Marian counts them."""
        found = [re.match(rf"{part}_l(\d+)_", name) for name in self.variables]
        return range(1, 1 + max(int(m.group(1)) for m in found if m))

    def stored(self, name: str) -> str:
        """The bytes of an 8-bit parameter, as the file has them."""
        key = f"{name}/bytes"
        if key not in self._made:
            self._made[key] = self.constant(self.variables[name][0], key)
        return self._made[key]

    def parameter(self, name: str) -> str:
        """A parameter as f32: [inputs, outputs], or flat for biases and norms."""
        if name not in self._made:
            value = self.variables[name]
            if isinstance(value, tuple):
                unfolded = self.op("Cast", [self.stored(name)], to=FLOAT)
                self._made[name] = self.op("Mul", [unfolded, self.number(value[1])])
            else:
                self._made[name] = self.constant(value.reshape(-1), name)
        return self._made[name]

    def affine(self, x: str, weight: str, bias: str | None = None) -> str:
        y = self.op("MatMul", [x, self.parameter(weight)])
        return self.op("Add", [y, self.parameter(bias)]) if bias else y

    def normed(self, x: str, prefix: str) -> str:
        scale, bias = (self.parameter(f"{prefix}_ln_{part}") for part in ("scale", "bias"))
        return self.op("LayerNormalization", [x, scale, bias], axis=-1, epsilon=LAYER_NORM_EPSILON)

    def heads_of(self, x: str, prefix: str, part: str) -> str:
        return self.split_heads(self.affine(x, f"{prefix}_W{part}", f"{prefix}_b{part}"), HEADS, self.head_size)

    def masked(self, mask: str) -> str:
        """The mask that is added to scores [B, H, positions, S]: 0 for tokens, MASKED elsewhere."""
        missing = self.op("Sub", [self.number(1), self.op("Cast", [mask], to=FLOAT)])
        return self.op("Unsqueeze", [self.op("Mul", [missing, self.number(MASKED)]), self.integers(1, 2)])

    def attended(self, x: str, q: str, k: str, v: str, mask: str, prefix: str) -> str:
        q = self.op("Mul", [q, self.number(self.head_size**-0.5)])
        scores = self.op("Add", [self.op("MatMul", [q, self.op("Transpose", [k], perm=[0, 1, 3, 2])]), mask])
        read = self.op("MatMul", [self.op("Softmax", [scores], axis=-1), v])
        merged = self.op("Reshape", [self.op("Transpose", [read], perm=[0, 2, 1, 3]), self.integers(0, 0, self.width)])
        y = self.affine(merged, f"{prefix}_Wo", f"{prefix}_bo")
        return self.normed(self.op("Add", [x, y]), f"{prefix}_Wo")

    def feed_forward(self, x: str, prefix: str) -> str:
        y = self.op("Relu", [self.affine(x, f"{prefix}_W1", f"{prefix}_b1")])
        y = self.affine(y, f"{prefix}_W2", f"{prefix}_b2")
        return self.normed(self.op("Add", [x, y]), f"{prefix}_ffn")

    def embedded(self, ids: str) -> str:
        """[B, S, width] of `ids`, before positions."""
        step = self.variables["Wemb"][1]
        rows = self.op("Gather", [self.stored("Wemb"), ids])
        return self.op("Mul", [self.op("Cast", [rows], to=FLOAT), self.number(step * np.float32(self.width**0.5))])

    def positions(self, numbers: str) -> str:
        """Sines, then cosines [n, width] of position numbers i64 [n]."""
        half = self.width // 2
        rates = np.exp(np.arange(half) * -(np.log(10000.0) / (half - 1))).astype(np.float32)
        column = self.op("Unsqueeze", [self.op("Cast", [numbers], to=FLOAT), self.integers(1)])
        angles = self.op("Mul", [column, self.constant(rates, "rates")])
        return self.op("Concat", [self.op("Sin", [angles]), self.op("Cos", [angles])], axis=-1)


def write_encoder(parameters: dict, path: Path) -> None:
    graph = Marian(parameters)
    mask = graph.masked("attention_mask")
    length = graph.op("Gather", [graph.op("Shape", ["input_ids"]), graph.constant(np.array(1, np.int64))])
    zero, one = (graph.constant(np.array(n, np.int64)) for n in (0, 1))
    x = graph.op("Add", [graph.embedded("input_ids"), graph.positions(graph.op("Range", [zero, length, one]))])
    for layer in graph.layers("encoder"):
        prefix = f"encoder_l{layer}_self"
        q, k, v = (graph.heads_of(x, prefix, part) for part in "qkv")
        x = graph.attended(x, q, k, v, mask, prefix)
        x = graph.feed_forward(x, f"encoder_l{layer}_ffn")
    graph.output(x, "last_hidden_state")
    outputs = [("last_hidden_state", FLOAT, ["batch", "source", graph.width])]
    for layer in graph.layers("decoder"):
        for part, kind in (("k", "key"), ("v", "value")):
            name = f"present.{layer - 1}.encoder.{kind}"
            graph.output(graph.heads_of(x, f"decoder_l{layer}_context", part), name)
            outputs.append((name, FLOAT, ["batch", HEADS, "source", graph.head_size]))
    inputs = [(name, INT64, ["batch", "source"]) for name in ("input_ids", "attention_mask")]
    graph.write(inputs, outputs, path, "marian", "convert_marian")


def write_decoder(parameters: dict, path: Path) -> None:
    graph = Marian(parameters)
    mask = graph.masked("encoder_attention_mask")
    last = graph.constant(np.array(graph.vocabulary - 1, np.int64))
    # Marian starts with an embedding of zeros.
    is_token = graph.op("Cast", [graph.op("LessOrEqual", ["input_ids", last])], to=FLOAT)
    x = graph.embedded(graph.op("Min", ["input_ids", last]))
    x = graph.op("Mul", [x, graph.op("Unsqueeze", [is_token, graph.integers(2)])])
    x = graph.op("Add", [x, graph.positions("position")])
    inputs = [("input_ids", INT64, ["batch", 1]), ("position", INT64, [1])]
    inputs.append(("encoder_attention_mask", INT64, ["batch", "source"]))
    outputs = [("logits", FLOAT, ["batch", 1, graph.vocabulary])]
    for layer in graph.layers("decoder"):
        prefix = f"decoder_l{layer}"
        past, present = (f"{when}.{layer - 1}.decoder.state" for when in ("past_key_values", "present"))
        forget = graph.op("Sigmoid", [graph.affine(x, f"{prefix}_rnn_Wf", f"{prefix}_rnn_bf")])
        kept = graph.op("Mul", [forget, past])
        fresh = graph.op("Mul", [graph.op("Sub", [graph.number(1), forget]), graph.affine(x, f"{prefix}_rnn_W")])
        state = graph.op("Add", [kept, fresh])
        graph.output(state, present)
        inputs.append((past, FLOAT, ["batch", 1, graph.width]))
        outputs.append((present, FLOAT, ["batch", 1, graph.width]))
        x = graph.normed(graph.op("Add", [x, graph.op("Relu", [state])]), f"{prefix}_rnn_ffn")
        read = [f"past_key_values.{layer - 1}.encoder.{kind}" for kind in ("key", "value")]
        inputs += [(name, FLOAT, ["batch", HEADS, "source", graph.head_size]) for name in read]
        q = graph.heads_of(x, f"{prefix}_context", "q")
        x = graph.attended(x, q, *read, mask, f"{prefix}_context")
        x = graph.feed_forward(x, f"{prefix}_ffn")
    table = graph.op("Transpose", [graph.parameter("Wemb")], perm=[1, 0])
    logits = graph.op("Add", [graph.op("MatMul", [x, table]), graph.parameter("decoder_ff_logit_out_b")])
    graph.output(logits, "logits")
    graph.write(inputs, outputs, path, "marian", "convert_marian")


def main(options: argparse.Namespace) -> None:
    parameters, settings = read(options.inputs[0])
    for needed in ("dec-cell: ssru", "tied-embeddings-all: true", f"transformer-heads: {HEADS}", "transformer-postprocess: dan"):
        if needed not in settings:
            raise SystemExit(f"the model's settings lack {needed!r}: it is of another shape")
    write_encoder(parameters, options.outputs[0])
    write_decoder(parameters, options.outputs[1])


if __name__ == "__main__":
    arguments.run(main, OPTIONS)
