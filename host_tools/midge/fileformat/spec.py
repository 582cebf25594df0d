# SPDX-License-Identifier: MIT
"""The records and numbers of a .midge file. native_module/FORMAT.md is normative; core/binding.py asserts that the core
has the same ones."""

from __future__ import annotations

import struct

from .opset import dtypes

MAGIC = b"MIDG"
MAJOR, MINOR = 2, 2
HEADER = struct.Struct("<4sHHIIIIHHHHHHIIIIIIIIIII")
TENSOR = struct.Struct("<BBBBIIIfi6II")
NODE = struct.Struct("<HHBBHIII")
ARENA_ALIGN = 16
MAX_RANK = 6
NODE_TENSORS = 8  # inputs and outputs of a node, at most
DTYPES = {dtype.name: dtype.number for dtype in dtypes().values()}
DTYPE_NAMES = {number: name for name, number in DTYPES.items()}
ARENA, DATA, STATE, OUTSIDE = 0, 1, 2, 3
ZEROS = 0xFFFFFFFF  # in place of a state's initial value: it starts as real zeros
