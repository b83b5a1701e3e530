"""Makes the published Kokoro graph (dynamic int8 ONNX) faster on processors, under ONNX Runtime.

1. integer convolutions back to float ones, with the weights that their integers stand for (exact)
2. adaptive norms to InstanceNormalization, snakes to a cosine (exact up to rounding), in the decoder only
3. the STFT to a convolution with its own impulse response (exact up to rounding)
4. the decoder's heavy convolutions to 8 bits with static ranges (lossy, about as far from float as the published graph)
5. the weights of float convolutions are stored as the published integers again (exact)
6. in a second output, what stands between the convolutions becomes operators that only vocabox has (exact up to rounding),
   and the weights of the convolutions are packed for one of vocabox (exact)

Names, shapes and lengths of inputs and outputs are unchanged. No inference is run: the ranges are in kokoro_calibration.npz,
which kokoro_calibrate.py makes. The bytes are the same on every machine with the pinned numpy and onnx.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import arguments
from fetching.tools import GRAPH_PACKAGES

if __name__ == "__main__":
    OPTIONS = arguments.begin(arguments.converter(__doc__), GRAPH_PACKAGES)

import numpy as np
import onnx

from graph import Graph
from kokoro_fuse import fuse
from kokoro_pack import pack_convolutions
from kokoro_quantize import quantize
from kokoro_rewrite import fold_integer_convolutions, fuse_norms_and_snakes, pack_weights, replace_stft

TABLE = Path(__file__).with_name("kokoro_calibration.npz")


def main(options: argparse.Namespace) -> None:
    table = dict(np.load(TABLE))
    graph = Graph(onnx.load(options.inputs[0]))
    packed = fold_integer_convolutions(graph)
    fuse_norms_and_snakes(graph)
    replace_stft(graph, table["stft.w"])
    quantize(graph, table)
    pack_weights(graph, packed)
    arguments.save(graph.model(), options.outputs[0])
    if len(options.outputs) > 1:
        fuse(graph)
        convolution = pack_convolutions(graph)
        model = graph.model()
        model.functions.append(convolution)
        arguments.save(model, options.outputs[1])


if __name__ == "__main__":
    arguments.run(main, OPTIONS)
