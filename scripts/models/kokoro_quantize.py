"""The heavy convolutions of Kokoro's decoder in 8 bits: u8 activations × s8 weights, static ranges per channel.

A Conv [1, C, T] becomes QuantizeLinear → channels-last QLinearConv → DequantizeLinear. The ranges come from a table
(kokoro_calibration.npz) that kokoro_calibrate.py measures. O output channels, C input channels, K taps.
"""

from __future__ import annotations

import numpy as np
import onnx

from graph import Graph, attributes, node

ZERO = 128  # the u8 that stands for 0
SCALE_MIN = 1e-6
LIMIT = 127  # largest absolute weight in s8
PAIR_MAX = 32767 // 255  # two weights' sizes that 255 times may add up to in 16 bits
PLACES = ("/generator/resblocks.", "/generator/noise_res.", "/decoder/decoder/decode.", "/decoder/decoder/encode/")


def heavy_convolutions(graph: Graph) -> list[onnx.NodeProto]:
    return [
        n
        for n in graph.nodes
        if n.op_type == "Conv" and any(place in n.name for place in PLACES) and graph.value(n.input[1]) is not None
    ]


def measured_tensor(graph: Graph, conv: onnx.NodeProto) -> tuple[str, float]:
    """The tensor that is quantised for `conv`, and the constant that the graph adds to it: 1 after a snake (the "+ 1"), else 0."""
    add = graph.producer(conv.input[0], "Add")
    return (add.input[0], 1.0) if add is not None and add.name.endswith(".u") else (conv.input[0], 0.0)


def total(values: np.ndarray) -> np.ndarray:
    """[O, …] → [O], summed in order: numpy's own sum depends on the processor's vector width."""
    return np.cumsum(values.reshape(len(values), -1), axis=1)[:, -1]


def input_scale(low: np.ndarray, high: np.ndarray, added: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scale, zero point and offset [C] so that u = added + measured tensor is scale · (q − 128) + offset.

    The zero point is for the measured tensor itself. The convolution takes 128 for zero in every channel, so that
    padding with it is padding with about 0; the remainder of each channel's zero, the offset, is added to the bias.
    """
    low, high = np.minimum(low + added, 0), np.maximum(high + added, 0)
    scale = np.maximum(np.maximum(high / (255 - ZERO), -low / ZERO), SCALE_MIN)
    if added:
        scale = np.maximum(scale, added / (255 - ZERO))
    zero = np.clip(np.round(ZERO + added / scale), 0, 255)
    return scale, zero, scale * (ZERO + added / scale - zero)


def output_scale(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scale and middle [O] so that y = scale · (q − 128 + middle), with 128 − middle within u8."""
    scale = np.maximum((high - low) / 254, 1e-9)
    middle = np.clip(np.round((high + low) / 2 / scale), -127, 128)
    needed = np.maximum(high / (127 + middle).clip(1), -low / (128 - middle).clip(1))
    return np.maximum(scale, needed * (np.abs(middle) >= 127)), middle


def quantize_weight(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights [O, C, K] as s8 and their scale [O].

    A processor without VNNI adds two neighbouring products u8 × s8 in 16 bits, saturating (VPMADDUBSW); neighbours are
    input channels 2i and 2i + 1 of one tap, since channels are last. The scale is such that no pair can pass 16 bits,
    whatever the activations are: |w₁| + |w₂| ≤ PAIR_MAX. Of 127 steps that leaves 109 on average, against 63 for 7-bit
    weights; in distance to the float graph it is the same as all 127 computed exactly, on every processor.
    """
    outputs, channels, taps = weight.shape
    size = np.abs(weight)
    even = np.pad(size, ((0, 0), (0, channels % 2), (0, 0)))
    pairs = even.reshape(outputs, -1, 2, taps).sum(2)
    scale = np.maximum(
        size.reshape(outputs, -1).max(1) / LIMIT,
        pairs.reshape(outputs, -1).max(1) / (PAIR_MAX - 1),  # − 1: both may be rounded up by a half
    )
    scale = np.maximum(scale, 1e-12)
    return np.clip(np.round(weight / scale[:, None, None]), -LIMIT, LIMIT).astype(np.int8), scale


def quantize(graph: Graph, ranges: dict[str, np.ndarray]) -> None:
    """Replaces the heavy convolutions by 8-bit ones; `ranges` as in kokoro_calibration.npz."""
    one = graph.constant("opt.one", np.float32(1))
    zero = graph.constant("opt.z128", np.uint8(ZERO))
    height = graph.constant("opt.ax1", np.array([1], np.int64))

    def measured(tensor: str) -> tuple[np.ndarray, np.ndarray]:
        return ranges[f"{tensor}.min"].astype(np.float64), ranges[f"{tensor}.max"].astype(np.float64)

    quantized: dict[tuple[str, float], str] = {}
    for conv in heavy_convolutions(graph):
        p = conv.name
        tensor, added = measured_tensor(graph, conv)
        weight = graph.value(conv.input[1]).astype(np.float64)  # [O, C, K]
        outputs, _, taps = weight.shape
        bias = graph.value(conv.input[2]).astype(np.float64) if len(conv.input) > 2 else np.zeros(outputs)

        in_scale, in_zero, offset = input_scale(*measured(tensor), added)
        bias = bias + total(weight * offset[None, :, None])
        weight = weight * in_scale[None, :, None]
        weight_q, weight_scale = quantize_weight(weight)
        out_scale, middle = output_scale(*measured(conv.output[0]))
        bias_q = np.round((bias - middle * out_scale) / weight_scale).astype(np.int64)
        bias_q = bias_q.clip(-(2**31), 2**31 - 1).astype(np.int32)

        new = []
        if (tensor, added) not in quantized:
            scales = [
                graph.constant(f"{p}.xs", in_scale.astype(np.float32)),
                graph.constant(f"{p}.xz", in_zero.astype(np.uint8)),
            ]
            new = [
                node("QuantizeLinear", [tensor, *scales], [f"{p}.x8"], axis=1),
                node("Transpose", [f"{p}.x8"], [f"{p}.x8t"], perm=[0, 2, 1]),
                node("Unsqueeze", [f"{p}.x8t", height], [f"{p}.xq"], f"{p}.x8u"),
            ]
            quantized[tensor, added] = f"{p}.xq"
        inputs = [
            quantized[tensor, added], one, zero,
            graph.constant(f"{p}.wq", weight_q[:, :, None, :]),
            graph.constant(f"{p}.ws", (weight_scale / out_scale).astype(np.float32)),
            graph.constant(f"{p}.wz", np.zeros(outputs, np.int8)),
            one, zero,
            graph.constant(f"{p}.bq", bias_q),
        ]  # fmt: skip
        shape = attributes(conv)
        pads = shape.get("pads", [0, 0])
        new += [
            node(
                "QLinearConv", inputs, [f"{p}.y8"], f"{p}.q", domain="com.microsoft", channels_last=1,
                kernel_shape=[1, taps], dilations=[1, shape.get("dilations", [1])[0]],
                strides=[1, shape.get("strides", [1])[0]], pads=[0, pads[0], 0, pads[1]], group=shape.get("group", 1),
            ),
            node("Squeeze", [f"{p}.y8", height], [f"{p}.y8s"]),
            node("Transpose", [f"{p}.y8s"], [f"{p}.y8t"], perm=[0, 2, 1]),
        ]  # fmt: skip
        scales = [
            graph.constant(f"{p}.ys", out_scale.astype(np.float32)),
            graph.constant(f"{p}.yz", (ZERO - middle).clip(0, 255).astype(np.uint8)),
        ]
        new.append(node("DequantizeLinear", [f"{p}.y8t", *scales], [conv.output[0]], f"{p}.dq", axis=1))
        graph.replace(conv, new)
    graph.use_domain("com.microsoft", 1)
    graph.clean()
