# SPDX-License-Identifier: MIT
"""Channels that never change are left out; how the results stay the same is tested in program/test_fuse_steps.py."""

import numpy as np

from midge.graph import Graph, Node, Quantization, Tensor
from midge.graph.tflite_ops import Padding
from midge.passes.dead_channels import drop_dead_channels


def test_billions_of_channels_are_left_alone() -> None:
    """A damaged file may claim any number of channels; looking at each would take minutes and gigabytes."""
    units = Quantization(np.array([0.1], np.float32), np.array([0]))
    x, y = (Tensor(name, (1, 4, 4, 2**31 - 1), "int8", units) for name in "xy")
    attrs = {"padding": Padding.VALID, "stride_h": 1, "stride_w": 1, "filter_height": 1, "filter_width": 1}
    graph = Graph("net", [x], [y], [Node("MAX_POOL_2D", [x], [y], attrs)])
    assert drop_dead_channels(graph).notes == []
