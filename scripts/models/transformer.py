"""Builds the ONNX graph of a transformer from the variables of a CTranslate2 model.

A tensor is represented by its ONNX name. Shapes: B batch, S positions, H heads, D = 64 the size of a head.
Large weights are stored as f16 and cast to f32 where they are used; ONNX Runtime folds the casts when it loads. With
`eight_bit`, the weights of projections are stored as bytes that share a scale in blocks along their inputs, and are
multiplied by ONNX Runtime's MatMulNBits: the speed of a decoder that makes one token at a time is limited by reading
its weights from memory, and these are a quarter as long. `attention_fused` is an operator of ONNX Runtime, too: it never
holds the scores between all positions. `attention_to_past` and `attention_to_window` are operators that only vocabox has
(src/engine/graph/ort_operators/attention.rs).
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from arguments import save

OPSET = 17
IR_VERSION = 8
LAYER_NORM_EPSILON = 1e-5
HALF_FROM_ELEMENTS = 4096  # smaller weights (biases, norms) stay f32
MICROSOFT = "com.microsoft"  # the domain of ONNX Runtime's own operators
VOCABOX = "vocabox"
BLOCK = 128  # 8-bit weights share a scale along this many inputs
MIDDLE = 128  # the byte that stands for 0
SHARED_UP_TO_ELEMENTS = 63  # equal constants up to this size are stored once


class Transformer:
    def __init__(self, variables: dict[str, np.ndarray], eight_bit: bool = False):
        self.variables = variables
        self.eight_bit = eight_bit
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self._made: dict = {}
        self._count = 0

    # ---- nodes and constants

    def op(self, kind: str, inputs: list[str], **attributes) -> str:
        output = f"{kind}_{self._count}_0"
        self._count += 1
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def operator(self, kind: str, inputs: list[str], outputs: list[str]) -> str:
        """An operator of vocabox with these `outputs` after the one that is returned."""
        output = f"{kind}_{self._count}_0"
        self._count += 1
        self.nodes.append(helper.make_node(kind, inputs, [output, *outputs], domain=VOCABOX))
        return output

    def constant(self, value: np.ndarray, name: str | None = None) -> str:
        value = np.array(value, order="C")
        key = (value.dtype.str, value.shape, value.tobytes()) if value.size <= SHARED_UP_TO_ELEMENTS else None
        if key in self._made:
            return self._made[key]
        name = name or f"c{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(value, name))
        if key:
            self._made[key] = name
        return name

    def integers(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))

    def number(self, value: float) -> str:
        return self.constant(np.array(value, np.float32))

    def weight(self, value: np.ndarray, name: str) -> str:
        """A weight to compute with in f32, stored as f16 if it is large."""
        if name not in self._made:
            if value.size >= HALF_FROM_ELEMENTS:
                stored = self.constant(value.astype(np.float16), name)
                self._made[name] = self.op("Cast", [stored], to=TensorProto.FLOAT)
            else:
                self._made[name] = self.constant(value.astype(np.float32), name)
        return self._made[name]

    def bytes_of(self, weight: np.ndarray, name: str) -> tuple[str, str]:
        """`weight` [out, in] as bytes [out, in / BLOCK, BLOCK], and their scales [out, in / BLOCK]: (byte − MIDDLE) · scale."""
        if name not in self._made:
            blocks = weight.astype(np.float32).reshape(len(weight), -1, BLOCK)
            scales = np.abs(blocks).max(axis=-1) / np.float32(127)
            scales[scales == 0] = 1
            stored = np.rint(blocks / scales[..., None]).astype(np.int16) + MIDDLE
            self._made[name] = (
                self.constant(stored.astype(np.uint8), f"{name}/bytes"),
                self.constant(scales, f"{name}/scales"),
            )
        return self._made[name]

    # ---- layers

    def layer_norm(self, x: str, prefix: str) -> str:
        gamma = self.weight(self.variables[f"{prefix}/gamma"], f"{prefix}/gamma")
        beta = self.weight(self.variables[f"{prefix}/beta"], f"{prefix}/beta")
        return self.op("LayerNormalization", [x, gamma, beta], axis=-1, epsilon=LAYER_NORM_EPSILON)

    def linear(self, x: str, weight: np.ndarray, bias: np.ndarray | None, name: str) -> str:
        """x · weightᵀ + bias, `weight` [out, in] as CTranslate2 stores it; a bias of zeros is left out."""
        if self.eight_bit:
            return self.linear_of_bytes(x, weight, bias, name)
        y = self.op("MatMul", [x, self.weight(weight.T, f"{name}/weight_t")])
        if bias is None or not np.any(bias):
            return y
        return self.op("Add", [y, self.weight(bias, f"{name}/bias")])

    def linear_of_bytes(self, x: str, weight: np.ndarray, bias: np.ndarray | None, name: str) -> str:
        """The same with the weights as bytes."""
        rows, columns = weight.shape
        # Level 4: the inputs are rounded to 8 bits too, block by block.
        kind = {"K": columns, "N": rows, "bits": 8, "block_size": BLOCK, "accuracy_level": 4}
        # No zero points, no order of groups.
        more = [] if bias is None or not np.any(bias) else ["", "", self.weight(bias, f"{name}/bias")]
        return self.op("MatMulNBits", [x, *self.bytes_of(weight, name), *more], domain=MICROSOFT, **kind)

    def stored_linear(self, x: str, variable: str, name: str) -> str:
        return self.linear(x, self.variables[f"{variable}/weight"], self.variables[f"{variable}/bias"], name)

    def gelu(self, x: str) -> str:
        """x (1 + erf(x / √2)) / 2."""
        erf = self.op("Erf", [self.op("Div", [x, self.number(np.sqrt(2.0))])])
        return self.op("Mul", [self.op("Mul", [x, self.op("Add", [erf, self.number(1.0)])]), self.number(0.5)])

    def split_heads(self, x: str, heads: int, head_size: int) -> str:
        """[B, S, H·D] → [B, H, S, D]."""
        return self.op("Transpose", [self.op("Reshape", [x, self.integers(0, 0, heads, head_size)])], perm=[0, 2, 1, 3])

    def project(
        self, x: str, prefix: str, layer: int, parts: str, heads: int, head_size: int, split: bool = True
    ) -> list[str]:
        """Queries, keys and values ("q", "k", "v" in `parts`), each [B, H, S, D], or [B, S, H·D] unless `split`, from one
        stored projection."""
        width = heads * head_size
        weight, bias = self.projection(prefix, layer, parts, width, head_size)
        projected = []
        for i, part in enumerate(parts):
            rows = slice(i * width, (i + 1) * width)
            y = self.linear(x, weight[rows], bias[rows], f"{prefix}/{part}")
            projected.append(self.split_heads(y, heads, head_size) if split else y)
        return projected

    def project_together(self, x: str, prefix: str, layer: int, parts: str, width: int, head_size: int) -> str:
        """Queries, keys and values beside one another, [B, S, parts · H·D]."""
        return self.linear(x, *self.projection(prefix, layer, parts, width, head_size), f"{prefix}/{parts}")

    def projection(self, prefix: str, layer: int, parts: str, width: int, head_size: int) -> tuple[np.ndarray, np.ndarray]:
        """Weight and bias of a stored projection. Queries are scaled by D^-½: for D = 64 a power of two, so no bit is lost."""
        weight = self.variables[f"{prefix}/linear_{layer}/weight"].astype(np.float32)
        bias = self.variables[f"{prefix}/linear_{layer}/bias"].astype(np.float32)
        scale = np.repeat([head_size**-0.5 if part == "q" else 1.0 for part in parts], width).astype(np.float32)
        return weight * scale[:, None], bias * scale

    def attention(self, q: str, k: str, v: str, width: int, mask: str | None = None) -> tuple[str, str]:
        """The attention's output [B, S, width], and its weights [B, H, S, keys]. `mask` [S, keys] is added to the scores."""
        scores = self.op("MatMul", [q, self.op("Transpose", [k], perm=[0, 1, 3, 2])])
        if mask:
            scores = self.op("Add", [scores, mask])
        weights = self.op("Softmax", [scores], axis=-1)
        merged = self.op("Transpose", [self.op("MatMul", [weights, v])], perm=[0, 2, 1, 3])
        return self.op("Reshape", [merged, self.integers(0, 0, width)]), weights

    def attention_fused(self, q: str, k: str, v: str, heads: int) -> str:
        """The attention's output [B, S, width] for q, k and v [B, S, width]."""
        return self.op("MultiHeadAttention", [q, k, v], domain=MICROSOFT, num_heads=heads, scale=1.0)

    def attention_to_past(self, projected: str, past: dict[str, str], present: dict[str, str]) -> str:
        """The attention's output [B, S, width] of new tokens, whose queries, keys and values are `projected`, to themselves and the
        keys and values of `past`; makes those of `present`, of both."""
        return self.operator("SelfAttention", [projected, past["key"], past["value"]], [present["key"], present["value"]])

    def attention_to_window(self, q: str, heard: dict[str, str]) -> tuple[str, str]:
        """The attention's output [B, S, width] for q [B, S, width], keys f16 [1, H, D, frames] and values f16 [1, H, frames, D], and its
        weights [B, H, S, frames]."""
        weights = f"weights_{self._count}"
        return self.operator("CrossAttention", [q, heard["key"], heard["value"]], [weights]), weights

    def attention_output(self, x: str, attended: str, prefix: str, layer: int) -> str:
        return self.op("Add", [x, self.stored_linear(attended, f"{prefix}/linear_{layer}", f"{prefix}/out")])

    def feed_forward(self, x: str, prefix: str) -> str:
        y = self.layer_norm(x, f"{prefix}/layer_norm")
        y = self.gelu(self.stored_linear(y, f"{prefix}/linear_0", f"{prefix}/0"))
        return self.op("Add", [x, self.stored_linear(y, f"{prefix}/linear_1", f"{prefix}/1")])

    # ---- the whole

    def output(self, tensor: str, name: str) -> None:
        self.nodes.append(helper.make_node("Identity", [tensor], [name]))

    def write(
        self, inputs: list[tuple], outputs: list[tuple], path, name: str = "whisper", producer: str = "convert_whisper"
    ) -> None:
        """Checks and writes the graph; inputs and outputs are (name, element type, shape)."""
        graph = helper.make_graph(
            self.nodes,
            name,
            [helper.make_tensor_value_info(*x) for x in inputs],
            [helper.make_tensor_value_info(*x) for x in outputs],
            self.initializers,
        )
        used = {node.domain for node in self.nodes}
        opsets = [helper.make_opsetid("", OPSET)]
        opsets += [helper.make_opsetid(domain, 1) for domain in (MICROSOFT, VOCABOX) if domain in used]
        model = helper.make_model(
            graph,
            opset_imports=opsets,
            ir_version=IR_VERSION,
            producer_name=producer,
        )
        onnx.checker.check_model(model)
        save(model, path)
