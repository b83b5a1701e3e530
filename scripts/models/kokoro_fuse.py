"""Replaces what stands between the 8-bit convolutions of Kokoro's generator by operators of the domain `vocabox`, which only
vocabox has (src/engine/graph/ort_operators.rs).

Between two convolutions of a residual block ONNX Runtime runs DequantizeLinear, InstanceNormalization, Cos, Sub, QuantizeLinear
and two Transposes, each of which reads and writes the whole tensor and three of which use one thread. Here it is one operator:
from bytes to bytes, or from the floats of the residual to bytes. All tensors in a block have their channels last. Values are the
same up to rounding.
"""

from __future__ import annotations

import onnx

from graph import Graph, attributes, node
from kokoro_rewrite import only_consumer

DOMAIN = "vocabox"
EPSILON = 1e-5  # that of the operators


class Fuser:
    """One graph, as kokoro_quantize.py leaves it. Tensors of floats are [1, C, T], and [1, 1, T, C] with channels last."""

    def __init__(self, graph: Graph):
        self.graph = graph
        self.height = graph.constant("opt.ax1", graph.value("opt.ax1"))
        self.last: dict[str, str] = {}  # a tensor → the same with its channels last
        self.known: dict[str, str] = {}  # a tensor → its statistics

    def add(self, *nodes: onnx.NodeProto) -> None:
        self.graph.nodes += nodes
        self.graph.index()

    def dequantized(self, tensor: str) -> list[str]:
        """The bytes with channels last, the scale and the zero of `tensor`, if an 8-bit convolution makes it."""
        made = self.graph.producer(tensor, "DequantizeLinear")
        transposed = self.graph.producer(made.input[0], "Transpose") if made is not None else None
        squeezed = self.graph.producer(transposed.input[0], "Squeeze") if transposed is not None else None
        return [squeezed.input[0], *made.input[1:]] if squeezed is not None else []

    def is_sum(self, tensor: str) -> bool:
        """Whether `tensor` is the residual of a block, or is added up from such."""
        total = self.graph.producer(tensor, "Add")
        return total is not None and any(self.dequantized(name) or self.is_sum(name) for name in total.input)

    def floats(self, tensor: str) -> str:
        """`tensor` with its channels last."""
        if tensor in self.last:
            return self.last[tensor]
        last = f"{tensor}.last"
        if not self.is_sum(tensor):
            self.add(
                node("Transpose", [tensor], [f"{last}.t"], perm=[0, 2, 1]),
                node("Unsqueeze", [f"{last}.t", self.height], [last]),
            )
        else:
            one, other = self.graph.producer(tensor).input
            if self.dequantized(one):
                one, other = other, one
            if added := self.dequantized(other):
                self.known[tensor] = f"{tensor}.statistics"
                made = [last, self.known[tensor]]
                self.add(node("AddBytes", [self.floats(one), *added], made, domain=DOMAIN))
            else:
                self.add(node("Add", [self.floats(one), self.floats(other)], [last]))
        self.last[tensor] = last
        return last

    def statistics(self, tensor: str) -> str:
        last = self.floats(tensor)
        if tensor not in self.known:
            self.known[tensor] = f"{tensor}.statistics"
            self.add(node("Statistics", [last], [self.known[tensor]], domain=DOMAIN))
        return self.known[tensor]

    def fuse(self, norm: onnx.NodeProto) -> None:
        """`norm` → Cos → Sub → QuantizeLinear → Transpose → Unsqueeze becomes one operator."""
        if abs(attributes(norm)["epsilon"] - EPSILON) > 1e-9:
            raise SystemExit(f"{norm.name} has another epsilon: not the graph this was written for")
        cosine = next(n for n in self.graph.consumers(norm.output[0]) if n.op_type == "Cos")
        difference = only_consumer(self.graph, cosine.output[0], "Sub")
        quantize = only_consumer(self.graph, difference.output[0], "QuantizeLinear")
        transpose = only_consumer(self.graph, quantize.output[0], "Transpose")
        unsqueeze = only_consumer(self.graph, transpose.output[0], "Unsqueeze")
        x, more = norm.input[0], [*norm.input[1:], *quantize.input[1:]]
        made = unsqueeze.output[0]
        if given := self.dequantized(x):
            fused = node("SnakeBytes", [*given, *more], [made], domain=DOMAIN)
        else:
            fused = node("Snake", [self.floats(x), self.statistics(x), *more], [made], domain=DOMAIN)
        self.graph.replace(unsqueeze, [fused])

    def give_back(self, tensor: str) -> None:
        """`tensor` is made from the one with channels last, for the rest of the graph."""
        self.graph.replace(self.graph.producer(tensor), [
            node("Squeeze", [self.last[tensor], self.height], [f"{tensor}.squeezed"]),
            node("Transpose", [f"{tensor}.squeezed"], [tensor], f"{tensor}.first", perm=[0, 2, 1]),
        ])  # fmt: skip


def fuse(graph: Graph) -> None:
    """Fuses all snakes, and the additions of the blocks that they are in."""
    fuser = Fuser(graph)
    for norm in [n for n in graph.nodes if n.op_type == "InstanceNormalization"]:
        if any(n.op_type == "Cos" for n in graph.consumers(norm.output[0])):
            fuser.fuse(norm)
    places = tuple(f"/decoder/decoder/generator/{part}" for part in ("resblocks.", "noise_res.", "Add"))
    sums = [n.output[0] for n in graph.nodes if n.op_type == "Add" and n.name.startswith(places) and fuser.is_sum(n.output[0])]
    for tensor in sums:
        fuser.floats(tensor)
    for tensor in sums:
        fuser.give_back(tensor)
    graph.use_domain(DOMAIN, 1)
    graph.clean()
