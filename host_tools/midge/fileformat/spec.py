# SPDX-License-Identifier: MIT
"""The records and numbers of a .midge file. The law is native_module/FORMAT.md."""

from __future__ import annotations

import struct

MAGIC = b"MIDG"
MAJOR, MINOR = 1, 0
HEADER = struct.Struct("<4sHHIIIIHHHHHHIIIIIIIIIII")
TENSOR = struct.Struct("<BBBBIIIfi6I")
NODE = struct.Struct("<HHBBHIII")
DTYPES = {"int8": 1, "uint8": 2, "int16": 3, "int32": 4, "float32": 5,
          "uint32": 6, "uint64": 7, "int64": 8, "bool": 9, "uint16": 10}  # fmt: skip
DTYPE_NAMES = {number: name for name, number in DTYPES.items()}
ARENA, DATA, STATE = 0, 1, 2
REAL_ZERO = 0xFFFFFFFF  # the initial value of a state that starts as zeros
