"""Packs the weights of Kokoro's 8-bit convolutions for processors with AVX2 only (src/engine/kernels/convolution.rs).

Each `QLinearConv` over time becomes `vocabox.Convolution`. What that does is written beside it, as a function of standard operators: a program that has no such operator, or a processor that has something better, unpacks the weights when
it loads the graph and runs `QLinearConv` as before, with the same result to the bit.

A quad is what four neighbouring channels of one tap weigh for 16 outputs. AVX2 adds products in pairs to 16 bits, and two quads that
stand side by side are added before they are widened: so they are put together such that no sum can leave 16 bits.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper

from graph import Graph, attributes, node

DOMAIN = "vocabox"
COLUMNS, QUAD = 16, 4
MOST, LEAST = 32767 // 255, 32768 // 255  # of the weights of four products, those above and those below zero
ROUNDS = 60
INPUTS = ["x", "x_scale", "x_zero", "weights", "places", "dilation", "w_scale", "y_scale", "y_zero", "bias", "start", "shape"]
ATTRIBUTES = ["dilations", "pads"]  # of the function; the operator has the input dilation


def sums(quads: np.ndarray) -> np.ndarray:
    """The sums above and below zero of each pair of weights: [.., 16, 4] → [.., 64]."""
    pairs = quads.reshape(*quads.shape[:-2], -1, 2).astype(np.int16)
    return np.concatenate([np.maximum(pairs, 0).sum(-1), np.maximum(-pairs, 0).sum(-1)], -1)


def together(of: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Which of the quads `one` may stand beside which of `other`."""
    both = of[one] + of[other]
    half = both.shape[-1] // 2
    return (both[..., :half] <= MOST).all(-1) & (both[..., half:] <= LEAST).all(-1)


def paired(quads: np.ndarray, random: np.random.RandomState) -> list[int]:
    """The order of quads [n, 16, 4] in which each fits to its neighbour; -1 stands for zeros.

    Neighbours that do not fit are mixed with as many that do, and paired anew, until all fit or `ROUNDS` have passed."""
    of = sums(quads)
    if of.max() > LEAST:
        raise SystemExit("two products of one quad leave 16 bits: not the graph this was written for")
    order = np.arange(len(quads) // 2 * 2).reshape(-1, 2)
    alone = list(range(len(quads) // 2 * 2, len(quads)))
    for _ in range(ROUNDS):
        fits = together(of, order[:, 0], order[:, 1])
        if fits.all():
            break
        bad, good = order[~fits], order[fits]
        mixed = random.permutation(len(good))
        loose = np.concatenate([bad, good[mixed[: len(bad)]]]).ravel()
        order = np.concatenate([good[mixed[len(bad) :]], random.permutation(loose).reshape(-1, 2)])
    fits = together(of, order[:, 0], order[:, 1])
    alone += [int(quad) for quad in order[~fits].ravel()]
    return [int(quad) for quad in order[fits].ravel()] + [place for quad in alone for place in (quad, -1)]


def pack(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights [outputs, channels, 1, taps] as [tiles, steps, 16, 4], and where each quad is: [tiles, taps, channels / 4, 1]."""
    outputs, channels, _, taps = weights.shape
    tiles = weights.reshape(outputs // COLUMNS, COLUMNS, channels // QUAD, QUAD, taps).transpose(0, 4, 2, 1, 3)
    tiles = tiles.reshape(len(tiles), taps * channels // QUAD, COLUMNS, QUAD)
    random = np.random.RandomState(1)  # its numbers are the same in all versions of numpy
    orders = [paired(tile, random) for tile in tiles]
    packed = np.zeros((len(tiles), max(map(len, orders)), COLUMNS, QUAD), np.int8)
    places = np.zeros((len(tiles), taps * channels // QUAD), np.int16)
    for at, (tile, order) in enumerate(zip(tiles, orders, strict=True)):
        steps = np.array(order)
        there = np.flatnonzero(steps >= 0)
        packed[at, there] = tile[steps[there]]
        places[at, steps[there]] = there
    return packed, places.reshape(len(tiles), taps, channels // QUAD, 1)


def is_packed(graph: Graph, convolution: onnx.NodeProto) -> bool:
    """Whether `convolution` is one over time that keeps the length, with weights that can be packed."""
    outputs, channels, height, taps = graph.value(convolution.input[3]).shape
    more = attributes(convolution)
    wide = more["dilations"][1] * (taps - 1) // 2
    same = more["pads"] == [0, wide, 0, wide] and more["strides"] == [1, 1] and more["group"] == 1 and height == 1
    return same and outputs % COLUMNS == 0 and channels % QUAD == 0


def function() -> onnx.FunctionProto:
    """What the operator does, in standard ones."""
    convolution = helper.make_node(
        "QLinearConv",
        ["x", "x_scale", "x_zero", "w", "w_scale", "w_zero", "y_scale", "y_zero", "bias"],
        ["y"],
        domain="com.microsoft",
        channels_last=1,
    )
    convolution.attribute.extend(helper.make_attribute_ref(name, onnx.AttributeProto.INTS) for name in ATTRIBUTES)
    body = [
        helper.make_node("Cast", ["places"], ["at"], to=onnx.TensorProto.INT64),
        helper.make_node("GatherND", ["weights", "at"], ["quads"], batch_dims=1),
        helper.make_node("Transpose", ["quads"], ["columns"], perm=[0, 3, 2, 4, 1]),
        helper.make_node("Reshape", ["columns", "shape"], ["w"]),
        helper.make_node("Constant", [], ["w_zero"], value=helper.make_tensor("w_zero", onnx.TensorProto.INT8, [], [0])),
        convolution,
    ]
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_function(DOMAIN, "Convolution", INPUTS, ["y"], body, opsets, ATTRIBUTES)


def pack_convolutions(graph: Graph) -> onnx.FunctionProto:
    """Packs all that can be; returns the function that a model of the graph needs."""
    for convolution in [n for n in graph.nodes if n.op_type == "QLinearConv"]:
        if not is_packed(graph, convolution):
            continue
        x, x_scale, x_zero, w, w_scale, _, y_scale, y_zero, bias = convolution.input
        weights, more = graph.value(w), attributes(convolution)
        packed, places = pack(weights)
        shares = weights.sum((1, 2, 3), dtype=np.int32) * np.int32(graph.value(x_zero).item())
        inputs = [
            x,
            x_scale,
            x_zero,
            graph.constant(f"{w}.packed", packed),
            graph.constant(f"{w}.places", places),
            graph.constant(f"{w}.dilation", np.array(more["dilations"][1:], np.int64)),
            w_scale,
            y_scale,
            y_zero,
            bias,
            graph.constant(f"{w}.start", graph.value(bias) - shares),
            graph.constant(f"{w}.shape", np.array(weights.shape, np.int64)),
        ]
        wide = {name: more[name] for name in ATTRIBUTES}
        made = node("Convolution", inputs, list(convolution.output), convolution.name, domain=DOMAIN, **wide)
        graph.replace(convolution, [made])
    return function()
