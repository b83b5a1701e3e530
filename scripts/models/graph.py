"""An ONNX graph with lookups, for rewriting it in place."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper, numpy_helper


def attributes(node: onnx.NodeProto) -> dict:
    return {a.name: helper.get_attribute_value(a) for a in node.attribute}


def node(kind: str, inputs: list[str], outputs: list[str], name: str | None = None, **more) -> onnx.NodeProto:
    """A node; without `name` it is called like its first output."""
    return helper.make_node(kind, inputs, outputs, name=name or outputs[0], **more)


class Graph:
    """`nodes` and `initializers` may be changed; `index` must be called before the next lookup."""

    def __init__(self, model: onnx.ModelProto):
        self._model = model
        self.nodes = list(model.graph.node)
        self.initializers = {i.name: i for i in model.graph.initializer}
        self.index()

    def index(self) -> None:
        self._producer = {output: n for n in self.nodes for output in n.output}
        self._consumers: dict[str, list[onnx.NodeProto]] = {}
        for n in self.nodes:
            for name in n.input:
                self._consumers.setdefault(name, []).append(n)

    def producer(self, tensor: str, kind: str | None = None) -> onnx.NodeProto | None:
        """The node that makes `tensor`; None if there is none or it is not of `kind`."""
        found = self._producer.get(tensor)
        return found if found is not None and kind in (None, found.op_type) else None

    def consumers(self, tensor: str) -> list[onnx.NodeProto]:
        return self._consumers[tensor]

    def value(self, tensor: str) -> np.ndarray | None:
        """The value of a constant, else None."""
        if tensor in self.initializers:
            return numpy_helper.to_array(self.initializers[tensor])
        made_by = self.producer(tensor, "Constant")
        return numpy_helper.to_array(made_by.attribute[0].t) if made_by is not None else None

    def constant_of(self, n: onnx.NodeProto) -> np.ndarray | None:
        """The first constant among the inputs of `n`."""
        return next((v for v in map(self.value, n.input) if v is not None), None)

    def constant(self, name: str, value) -> str:
        self.initializers[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def replace(self, old: onnx.NodeProto, new: list[onnx.NodeProto]) -> None:
        at = next(i for i, n in enumerate(self.nodes) if n is old)
        self.nodes[at : at + 1] = new
        self.index()

    def clean(self) -> None:
        """Drops what leads nowhere and sorts the rest, keeping the order where it can."""
        while True:
            used = {name for n in self.nodes for name in n.input} | {o.name for o in self._model.graph.output}
            kept = [n for n in self.nodes if any(output in used for output in n.output)]
            if len(kept) == len(self.nodes):
                break
            self.nodes = kept
        self.initializers = {name: i for name, i in self.initializers.items() if name in used}
        self._sort()
        self.index()

    def _sort(self) -> None:
        known = set(self.initializers) | {i.name for i in self._model.graph.input} | {""}
        ordered, left = [], self.nodes
        while left:
            waiting = []
            for n in left:
                if all(name in known for name in n.input):
                    ordered.append(n)
                    known.update(n.output)
                else:
                    waiting.append(n)
            if len(waiting) == len(left):
                raise SystemExit(f"the graph has a cycle at {left[0].name}")
            left = waiting
        self.nodes = ordered

    def use_domain(self, domain: str, version: int) -> None:
        if not any(o.domain == domain for o in self._model.opset_import):
            self._model.opset_import.append(helper.make_opsetid(domain, version))

    def model(self) -> onnx.ModelProto:
        self.clean()
        graph = self._model.graph
        del graph.node[:], graph.initializer[:], graph.value_info[:]
        graph.node.extend(self.nodes)
        graph.initializer.extend(self.initializers.values())
        return self._model
