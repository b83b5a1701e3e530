"""Rewrites of the published Kokoro graph that keep its values up to rounding.

Everything before the durations and the pitch stays untouched, so lengths do not change. Shapes: C channels, O output
channels, K taps, N samples of a window.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto

from graph import Graph, node


@dataclass(frozen=True)
class Packed:
    """A weight as published: integers, zero point and scale (per channel or single); weight = (q − zero) · scale."""

    q: np.ndarray
    zero: np.ndarray
    scale: np.ndarray


def channelwise(value: np.ndarray, rank: int) -> np.ndarray:
    """[C] → [C, 1, …] for a weight of `rank`; a single value → a scalar."""
    return value.reshape(-1, *[1] * (rank - 1)) if value.size > 1 else value.reshape(())


def only_consumer(graph: Graph, tensor: str, kind: str) -> onnx.NodeProto:
    (found,) = graph.consumers(tensor)
    if found.op_type != kind:
        raise SystemExit(f"{tensor} goes into a {found.op_type}, expected {kind}: not the graph this was written for")
    return found


def other_input(n: onnx.NodeProto, tensor: str) -> str:
    return next(name for name in n.input if name != tensor)


def fold_integer_convolutions(graph: Graph) -> dict[str, Packed]:
    """DynamicQuantizeLinear → ConvInteger [→ Add bias] → Cast → Mul becomes Conv with the dequantised weights.

    Returns the published form of the weights, by the name of the new weight.
    """
    packed = {}
    for conv in [n for n in graph.nodes if n.op_type == "ConvInteger"]:
        quantized = graph.producer(conv.input[0], "DynamicQuantizeLinear")
        q = graph.value(conv.input[1])
        has_zero = len(conv.input) > 3 and conv.input[3]
        zero = np.asarray(graph.value(conv.input[3]) if has_zero else np.zeros((), np.float32), np.float32)

        bias, tensor = None, conv.output[0]
        if graph.consumers(tensor)[0].op_type == "Add":
            add = only_consumer(graph, tensor, "Add")
            at = graph.producer(other_input(add, tensor))
            while at.op_type != "Div":  # bias / scale → Floor, Cast and such: the Div's numerator is the bias itself
                at = graph.producer(at.input[0])
            bias, tensor = graph.value(at.input[0]), add.output[0]
        tensor = only_consumer(graph, tensor, "Cast").output[0]
        last = only_consumer(graph, tensor, "Mul")
        scales = graph.producer(other_input(last, tensor), "Mul")
        scale = graph.value(other_input(scales, quantized.output[1])).astype(np.float32).reshape(-1)

        weight = (q.astype(np.float32) - channelwise(zero, q.ndim)) * channelwise(scale, q.ndim)
        base = conv.name.replace("_quant", "")
        packed[f"{base}.w"] = Packed(q, zero, scale)
        inputs = [quantized.input[0], graph.constant(f"{base}.w", weight.astype(np.float32))]
        if bias is not None:
            inputs.append(graph.constant(f"{base}.b", bias.astype(np.float32).reshape(-1)))
        folded = node("Conv", inputs, [last.output[0]], base)
        folded.attribute.extend(conv.attribute)
        graph.replace(last, [folded])
    graph.clean()
    return packed


def pack_weights(graph: Graph, packed: dict[str, Packed]) -> None:
    """Stores folded weights that are still in use as their integers again; ONNX Runtime unpacks them when it loads."""
    unpacking = []
    for name, stored in packed.items():
        if name not in graph.initializers:
            continue
        del graph.initializers[name]
        rank = stored.q.ndim
        tensor = f"{name}.f"
        unpacking.append(node("Cast", [graph.constant(f"{name}.q", stored.q)], [tensor], to=TensorProto.FLOAT))
        if np.any(stored.zero):
            zero = graph.constant(f"{name}.zp", channelwise(stored.zero, rank).astype(np.float32))
            unpacking.append(node("Sub", [tensor, zero], [f"{name}.c"]))
            tensor = f"{name}.c"
        scale = graph.constant(f"{name}.s", channelwise(stored.scale, rank).astype(np.float32))
        unpacking.append(node("Mul", [tensor, scale], [name], f"{name}.m"))
    graph.nodes = unpacking + graph.nodes
    graph.clean()


@dataclass(frozen=True)
class AdaptiveNorm:
    """gamma · (x − mean) / √(variance + epsilon) + beta over time, gamma and beta [1, C, 1] from the style."""

    x: str
    gamma: str
    beta: str
    epsilon: float


def match_norm(graph: Graph, tensor: str) -> AdaptiveNorm | None:
    """The adaptive norm that makes `tensor`, spelt in the graph as ReduceMean, Sub, Pow, Add, Sqrt, Div, Mul, Add."""
    total = graph.producer(tensor, "Add")
    if total is None:
        return None
    for product_at, beta_at in ((0, 1), (1, 0)):
        product = graph.producer(total.input[product_at], "Mul")
        if product is None:
            continue
        for gamma_at, quotient_at in ((0, 1), (1, 0)):
            quotient = graph.producer(product.input[quotient_at], "Div")
            if quotient is None:
                continue
            centred = graph.producer(quotient.input[0], "Sub")
            deviation = graph.producer(quotient.input[1], "Sqrt")
            if centred is None or deviation is None or graph.producer(centred.input[1], "ReduceMean") is None:
                continue
            epsilon = float(graph.constant_of(graph.producer(deviation.input[0], "Add")))
            return AdaptiveNorm(centred.input[0], product.input[gamma_at], total.input[beta_at], epsilon)
    return None


def match_snake(graph: Graph, total: onnx.NodeProto) -> tuple[AdaptiveNorm, np.ndarray] | None:
    """`total` = y + sin²(a·y) · (1/a), where y is an adaptive norm: that norm and a [1, C, 1]."""
    for y_at, product_at in ((0, 1), (1, 0)):
        y = total.input[y_at]
        product = graph.producer(total.input[product_at], "Mul")
        if product is None:
            continue
        reciprocal = graph.constant_of(product)
        power = next((p for p in (graph.producer(name, "Pow") for name in product.input) if p is not None), None)
        if power is None or reciprocal is None:
            continue
        sine = graph.producer(power.input[0], "Sin")
        angle = graph.producer(sine.input[0], "Mul") if sine is not None else None
        if angle is None or y not in angle.input:
            continue
        a = graph.constant_of(angle)
        if float(graph.value(power.input[1])) != 2 or not np.allclose(reciprocal * a, 1, atol=1e-4):
            raise SystemExit(f"{total.name} looks like a snake and is none: not the graph this was written for")
        norm = match_norm(graph, y)
        return (norm, a) if norm else None
    return None


def fuse_norms_and_snakes(graph: Graph) -> None:
    """Adaptive norms become InstanceNormalization, and snakes a cosine.

    With z = 2a·y: y + sin²(a·y)/a = (z − cos z + 1) / 2a. The 2a goes into the norm's gamma and beta, the 1/2a into
    the weights of the convolution that follows; a snake is then one Cos over its tensor in place of Mul, Sin, Pow, Mul.
    """
    time_axes = graph.constant("opt.ax02", np.array([0, 2], np.int64))
    one = graph.constant("opt.one", np.float32(1))
    decoder_adds = [n for n in graph.nodes if n.op_type == "Add" and n.name.startswith("/decoder/")]
    for add in decoder_adds:
        if not (match := match_snake(graph, add)):
            continue
        norm, a = match
        p = add.name
        conv = only_consumer(graph, add.output[0], "Conv")
        twice = graph.constant(f"{p}.2a", (2 * a).astype(np.float32))
        weight = graph.value(conv.input[1]) / (2 * a.astype(np.float64)).reshape(1, -1, 1)
        conv.input[1] = graph.constant(f"{conv.name}.w2a", weight.astype(np.float32))
        graph.replace(add, [
            node("Mul", [norm.gamma, twice], [f"{p}.g0"]),
            node("Squeeze", [f"{p}.g0", time_axes], [f"{p}.g"]),
            node("Mul", [norm.beta, twice], [f"{p}.b0"]),
            node("Squeeze", [f"{p}.b0", time_axes], [f"{p}.b"]),
            node("InstanceNormalization", [norm.x, f"{p}.g", f"{p}.b"], [f"{p}.z"], f"{p}.norm", epsilon=norm.epsilon),
            node("Cos", [f"{p}.z"], [f"{p}.cos"]),
            node("Sub", [f"{p}.z", f"{p}.cos"], [f"{p}.v"]),
            node("Add", [f"{p}.v", one], [add.output[0]], f"{p}.u"),
        ])  # fmt: skip
    for add in [n for n in graph.nodes if n.op_type == "Add" and n.name.startswith("/decoder/")]:
        if not (norm := match_norm(graph, add.output[0])):
            continue
        p = add.name
        inputs = [norm.x, f"{p}.g", f"{p}.b"]
        graph.replace(add, [
            node("Squeeze", [norm.gamma, time_axes], [f"{p}.g"]),
            node("Squeeze", [norm.beta, time_axes], [f"{p}.b"]),
            node("InstanceNormalization", inputs, [add.output[0]], f"{p}.norm", epsilon=norm.epsilon),
        ])  # fmt: skip
    graph.clean()


def replace_stft(graph: Graph, response: np.ndarray) -> None:
    """The graph's one STFT becomes a Conv with `response` [N, bins, 2] (real, imaginary) as its kernel.

    The response is that of ONNX Runtime's own STFT kernel to a unit impulse at each sample, not the ideal transform:
    the first and last bin of a real signal have an imaginary part of about 1e-7 whose sign decides between a phase of
    +π and −π, which the model then uses. This keeps those signs.
    """
    (stft,) = [n for n in graph.nodes if n.op_type == "STFT"]
    p = stft.name
    step, size = int(graph.value(stft.input[1])), len(graph.value(stft.input[2]))
    bins = size // 2 + 1
    kernel = np.ascontiguousarray(response.transpose(2, 1, 0).reshape(2 * bins, 1, size)).astype(np.float32)

    parts = {}  # output of a Gather of the real or imaginary part → the Split's output in its place
    for gather in graph.consumers(only_consumer(graph, stft.output[0], "Transpose").output[0]):
        parts[gather.output[0]] = f"{p}.im" if int(graph.value(gather.input[1])) else f"{p}.re"
    row = graph.constant(f"{p}.shape", np.array([1, 1, -1], np.int64))
    graph.constant(f"{p}.w", kernel)
    graph.replace(stft, [
        node("Reshape", [stft.input[0], row], [f"{p}.x"]),
        node("Conv", [f"{p}.x", f"{p}.w"], [f"{p}.y"], f"{p}.conv", kernel_shape=[size], strides=[step]),
        node("Split", [f"{p}.y"], [f"{p}.re", f"{p}.im"], f"{p}.split", axis=1, num_outputs=2),
    ])  # fmt: skip
    for n in graph.nodes:
        for i, name in enumerate(n.input):
            n.input[i] = parts.get(name, name)
    graph.index()
    graph.clean()
