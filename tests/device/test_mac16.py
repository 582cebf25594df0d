# SPDX-License-Identifier: MIT
"""Layers of many shapes on the emulated core that has MAC16 and an FPU: its assembly gives the host's bytes.

A count stands only for outputs that equal the host's (midge.profiling.count), which plain C computes.
"""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from midge.convert.pipeline import convert_model
from midge.errors import UserError
from midge.fileformat.opset import layout_number
from midge.fileformat.read import decode
from midge.profiling.count import count
from midge.profiling.toolchain import compiler_tool
from midge.targets.cores import EmulatedCore, find_emulated
from tests.bench.models import conv, depthwise, floats, fully_connected, lstm

pytestmark = pytest.mark.emulator

MAC16 = layout_number("CONV_2D", "mac16")


@pytest.fixture(scope="module")
def core() -> EmulatedCore:
    """The core, where its compiler has been made and QEMU is there."""
    core = find_emulated("esp32")
    try:
        compiler_tool(core, "gcc")
    except UserError as error:
        pytest.skip(f"{error}; make test-bench makes it")
    if not shutil.which(core.isa.system):
        pytest.skip(f"no {core.isa.system}; run: ports/toolchain.sh xtensa")
    return core


def _layer(kind: str, draw: np.random.Generator) -> bytes:
    h, w, c, n, kernel, stride = (int(draw.integers(1, most)) for most in (13, 13, 40, 12, 6, 4))
    if kind == "fully connected":
        return fully_connected(int(draw.integers(1, 300)), n)
    if kind == "conv":
        return conv(h, w, c, n, (kernel, int(draw.integers(1, 6))), stride)
    if kind == "large conv":
        return conv(3, 4, int(draw.integers(43, 60)), n, (3, 3), 1)
    return depthwise(h, w, int(draw.integers(2, 12)), 3 if kind == "strips" else kernel, min(stride, 2))


@pytest.mark.parametrize("kind", ["conv", "large conv", "fully connected", "strips", "depthwise"])
@pytest.mark.parametrize("seed", range(4))
def test_a_layer_of_any_shape(core: EmulatedCore, kind: str, seed: int) -> None:
    blob = convert_model(_layer(kind, np.random.default_rng(seed)), target=core.name).blob
    assert [node.params["layout"] for node in decode(blob).nodes if "layout" in node.params] == [MAC16]
    assert count(blob, core).total.instructions > 0  # raises WrongOutputs where a byte differs


@pytest.mark.parametrize("kernel", [5, 6])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_depthwise_windows_of_three_pairs(core: EmulatedCore, kernel: int, stride: int) -> None:
    blob = convert_model(depthwise(13, 10, 5, kernel, stride), target=core.name).blob
    assert count(blob, core).total.instructions > 0


@pytest.mark.parametrize(("inputs", "units"), [(13, 5), (300, 4), (12, 8)])
def test_sums_of_products_of_bytes(core: EmulatedCore, inputs: int, units: int) -> None:
    """Rows at words and between them, some of more taps than the accumulator takes at once."""
    blob = convert_model(lstm(2, inputs, units), target=core.name).blob
    assert count(blob, core).total.instructions > 0


def _float_layer(kind: str, draw: np.random.Generator) -> bytes:
    h, w, c, n, kernel = (int(draw.integers(1, most)) for most in (9, 9, 22, 12, 4))
    if kind == "fully connected":
        return floats("FULLY_CONNECTED", (1, c), (1, n), (n, c))
    if kind == "conv":
        return floats("CONV_2D", (1, h, w, c), (1, h, w, n), (n, kernel, kernel, c))
    return floats("DEPTHWISE_CONV_2D", (1, h, w, c), (1, h, w, c), (1, kernel, kernel, c), depth_multiplier=1)


@pytest.mark.parametrize("kind", ["conv", "fully connected", "depthwise"])
@pytest.mark.parametrize("seed", range(4))
def test_a_float_layer_of_any_shape(core: EmulatedCore, kind: str, seed: int) -> None:
    """Every bit, and on the FPU: without it a product takes some 90 instructions."""
    conversion = convert_model(_float_layer(kind, np.random.default_rng(seed)), target=core.name)
    assert count(conversion.blob, core).total.instructions < 20_000 + 25 * conversion.macs
