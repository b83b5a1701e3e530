"""The speaker encoder CAM++ of 3D-Speaker from campplus_cn_en_common.pt to campplus.onnx.

features f32 [B, hops, 80] (Kaldi's log-mel filter banks, each band's mean over the hops taken off) → embedding f32 [B, 192],
not normalised. A residual network over the bands, then time-delay layers in three dense blocks, each layer masked by its
context, then mean and deviation over time. Batch norms that follow a convolution are folded into it.
Source: Wang et al. 2023, "CAM++: A Fast and Efficient Network for Speaker Verification Using Context-Aware Masking";
3D-Speaker `speakerlab/models/campplus`.
"""

from __future__ import annotations

import argparse

import arguments
from fetching.tools import GRAPH_PACKAGES

if __name__ == "__main__":
    OPTIONS = arguments.begin(arguments.converter(__doc__), GRAPH_PACKAGES)

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import torch_file

BANDS = 80
VALUES = 192
# Layers and dilation of each dense block.
BLOCKS = ((12, 1), (24, 2), (16, 2))
# Frames of a segment whose mean is part of a layer's context.
SEGMENT = 100
NORM_EPSILON = 1e-5
OPSET = 13
IR_VERSION = 8


class Builder:
    def __init__(self, weights: dict[str, np.ndarray]):
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def constant(self, name: str, value: np.ndarray) -> str:
        self.initializers.append(numpy_helper.from_array(np.array(value, order="C"), name))  # scalars stay scalars
        return name

    def apply(self, kind: str, inputs: list[str], output: str, **more) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **more))
        return output

    def affine(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Scale and shift of the batch norm `name`."""
        w = {part: self.weights[f"{name}.{part}"].astype(np.float64) for part in ("running_mean", "running_var")}
        scale = 1.0 / np.sqrt(w["running_var"] + NORM_EPSILON)
        shift = -w["running_mean"] * scale
        if f"{name}.weight" in self.weights:
            gain = self.weights[f"{name}.weight"].astype(np.float64)
            scale, shift = scale * gain, shift * gain + self.weights[f"{name}.bias"].astype(np.float64)
        return scale, shift

    def conv(self, x: str, name: str, norm: str | None = None, relu: bool = False, **more) -> str:
        """A convolution with the batch norm `norm` folded in."""
        kernel, bias = self.weights[f"{name}.weight"], self.weights.get(f"{name}.bias")
        if norm is not None:
            scale, shift = self.affine(norm)
            bias = shift if bias is None else shift + scale * bias
            kernel = kernel * scale.reshape(-1, *[1] * (kernel.ndim - 1))
        inputs = [x, self.constant(f"{name}.weight", kernel.astype(np.float32))]
        if bias is not None:
            inputs.append(self.constant(f"{name}.bias", bias.astype(np.float32)))
        x = self.apply("Conv", inputs, f"{name}.conv", kernel_shape=list(kernel.shape[2:]), **more)
        return self.apply("Relu", [x], f"{name}.relu") if relu else x

    def activated(self, x: str, name: str) -> str:
        """Batch norm and ReLU before a convolution."""
        scale, shift = self.affine(f"{name}.batchnorm")
        scale = self.constant(f"{name}.scale", scale.astype(np.float32)[:, None])
        shift = self.constant(f"{name}.shift", shift.astype(np.float32)[:, None])
        x = self.apply("Add", [self.apply("Mul", [x, scale], f"{name}.scaled"), shift], f"{name}.shifted")
        return self.apply("Relu", [x], f"{name}.relu")

    def residual(self, x: str, name: str, stride: int) -> str:
        """Two convolutions beside a shortcut; `stride` is over the bands."""
        y = self.conv(x, f"{name}.conv1", f"{name}.bn1", True, strides=[stride, 1], pads=[1, 1, 1, 1])
        y = self.conv(y, f"{name}.conv2", f"{name}.bn2", pads=[1, 1, 1, 1])
        if f"{name}.shortcut.0.weight" in self.weights:
            x = self.conv(x, f"{name}.shortcut.0", f"{name}.shortcut.1", strides=[stride, 1])
        return self.apply("Relu", [self.apply("Add", [x, y], f"{name}.sum")], f"{name}.relu")

    def mask(self, x: str, name: str, dilation: int) -> str:
        """A convolution times a mask that depends on the means over all of time and over segments of it."""
        local = self.conv(x, f"{name}.linear_local", pads=[dilation, dilation], dilations=[dilation])
        whole = self.apply("ReduceMean", [x], f"{name}.whole", axes=[2], keepdims=1)
        segments = self.apply("MatMul", [x, "means"], f"{name}.segments")
        context = self.conv(self.apply("Add", [segments, whole], f"{name}.context"), f"{name}.linear1", relu=True)
        gate = self.apply("Sigmoid", [self.conv(context, f"{name}.linear2")], f"{name}.gate")
        gate = self.apply("MatMul", [gate, "spread"], f"{name}.spread")
        return self.apply("Mul", [local, gate], f"{name}.masked")

    def membership(self, x: str) -> None:
        """Makes, for the frames of x [B, C, frames], `means` [frames, segments], by which x is multiplied for the means of its
        segments, and `spread` [segments, frames], by which values of segments are for their frames."""
        number = {n: self.constant(f"number_{n}", np.array(n, np.int64)) for n in (0, 1, 2, SEGMENT, SEGMENT - 1)}
        axes = [self.constant(f"axis_{n}", np.array([n], np.int64)) for n in (0, 1)]
        frames = self.apply("Gather", [self.apply("Shape", [x], "shape"), number[2]], "frame_count", axis=0)
        more = self.apply("Add", [frames, number[SEGMENT - 1]], "frames_rounded")
        segments = self.apply("Div", [more, number[SEGMENT]], "segment_count")
        at = self.apply("Range", [number[0], frames, number[1]], "frame_numbers")
        of = self.apply("Unsqueeze", [self.apply("Div", [at, number[SEGMENT]], "frame_segments"), axes[0]], "row")
        segment = self.apply("Range", [number[0], segments, number[1]], "segment_numbers")
        segment = self.apply("Unsqueeze", [segment, axes[1]], "column")
        spread = self.apply("Cast", [self.apply("Equal", [segment, of], "is_in")], "spread", to=TensorProto.FLOAT)
        count = self.apply("ReduceSum", [spread, axes[1]], "segment_lengths", keepdims=1)
        self.apply("Transpose", [self.apply("Div", [spread, count], "shares")], "means", perm=[1, 0])

    def build(self) -> onnx.ModelProto:
        x = self.apply("Transpose", ["features"], "bands", perm=[0, 2, 1])
        plane = self.constant("plane", np.array([1], np.int64))
        x = self.apply("Unsqueeze", [x, plane], "image")
        x = self.conv(x, "head.conv1", "head.bn1", True, pads=[1, 1, 1, 1])
        for layer in ("layer1", "layer2"):
            x = self.residual(x, f"head.{layer}.0", 2)
            x = self.residual(x, f"head.{layer}.1", 1)
        x = self.conv(x, "head.conv2", "head.bn2", True, strides=[2, 1], pads=[1, 1, 1, 1])
        channels = self.weights["xvector.tdnn.linear.weight"].shape[1]
        hops = self.constant("hops_shape", np.array([0, channels, -1], np.int64))
        x = self.apply("Reshape", [x, hops], "channels")
        x = self.conv(
            x, "xvector.tdnn.linear", "xvector.tdnn.nonlinear.batchnorm", True, strides=[2], pads=[2, 2]
        )
        self.membership(x)
        for block, (layers, dilation) in enumerate(BLOCKS, 1):
            for layer in range(1, layers + 1):
                name = f"xvector.block{block}.tdnnd{layer}"
                y = self.activated(x, f"{name}.nonlinear1")
                y = self.conv(y, f"{name}.linear1", f"{name}.nonlinear2.batchnorm", True)
                y = self.mask(y, f"{name}.cam_layer", dilation)
                x = self.apply("Concat", [x, y], f"{name}.joined", axis=1)
            name = f"xvector.transit{block}"
            x = self.conv(self.activated(x, f"{name}.nonlinear"), f"{name}.linear")
        x = self.activated(x, "xvector.out_nonlinear")
        self.pooled(x)
        self.conv("pooled", "xvector.dense.linear", "xvector.dense.nonlinear.batchnorm")
        last = self.constant("last", np.array([2], np.int64))
        self.apply("Squeeze", ["xvector.dense.linear.conv", last], "embedding")
        graph = helper.make_graph(
            self.nodes,
            "campplus",
            [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", "hops", BANDS])],
            [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", VALUES])],
            self.initializers,
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)

    def pooled(self, x: str) -> None:
        """Makes `pooled`: mean and deviation (of the population minus one) over time."""
        mean = self.apply("ReduceMean", [x], "mean", axes=[2], keepdims=1)
        off = self.apply("Sub", [x, mean], "off")
        square = self.apply("ReduceSum", [self.apply("Mul", [off, off], "off2"), "last_axis"], "square", keepdims=1)
        self.constant("last_axis", np.array([2], np.int64))
        frames = self.apply("Cast", ["frame_count"], "frames", to=TensorProto.FLOAT)
        less = self.apply("Sub", [frames, self.constant("one_f", np.array(1, np.float32))], "frames_less_one")
        deviation = self.apply("Sqrt", [self.apply("Div", [square, less], "variance")], "deviation")
        self.apply("Concat", [mean, deviation], "pooled", axis=1)


def main(options: argparse.Namespace) -> None:
    model = Builder(torch_file.read(options.inputs[0])).build()
    onnx.checker.check_model(model)
    arguments.save(model, options.outputs[0])


if __name__ == "__main__":
    arguments.run(main, OPTIONS)
