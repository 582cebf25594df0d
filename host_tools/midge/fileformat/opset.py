# SPDX-License-Identifier: MIT
"""The dtypes and device ops, read from the one place that defines them: native_module/ops.def."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from functools import cache
from typing import Any

from ..resources import folder

OPS_DEF = folder("native") / "ops.def"

_FORMATS = {
    "int8_t": "b",
    "uint8_t": "B",
    "int16_t": "h",
    "uint16_t": "H",
    "int32_t": "i",
    "uint32_t": "I",
    "uint64_t": "Q",
    "int64_t": "q",
    "float": "f",
}


@dataclass(frozen=True)
class Field:
    """One field of a parameter struct; `count` is 0 for a scalar, else the array's length."""

    name: str
    format: str
    count: int


@dataclass(frozen=True)
class Dtype:
    """A row of the dtypes: the number that a file stores, bytes per element, and the typecode of fitting arrays."""

    number: int
    name: str
    size: int
    code: str


@dataclass(frozen=True)
class Op:
    """A row of the op table."""

    number: int
    name: str
    kernel: str
    fields: tuple[Field, ...]
    in_place: bool

    @property
    def params_size(self) -> int:
        """Return the bytes that its parameters take in a file."""
        return sum(struct.calcsize("<" + f.format) * max(f.count, 1) for f in self.fields)

    def pack(self, values: dict[str, Any]) -> bytes:
        """Encode parameters as a file holds them. Every field must be given and fit its type."""
        unknown = set(values) - {f.name for f in self.fields}
        if unknown:
            raise KeyError(f"{self.name} has no parameter {', '.join(sorted(unknown))}")
        out = bytearray()
        for field in self.fields:
            value = values[field.name]
            items = list(value) if field.count else [value]
            try:
                out += struct.pack(f"<{len(items)}{field.format}", *items)
            except struct.error as error:
                raise OverflowError(f"{self.name}.{field.name} = {value}: {error}") from error
            if field.count not in (0, len(items)):
                raise ValueError(f"{self.name}.{field.name}: got {len(items)} values, wanted {field.count}")
        return bytes(out)

    def unpack(self, data: bytes) -> dict[str, Any]:
        """Decode parameters from the bytes that a file holds, by name."""
        values: dict[str, Any] = {}
        at = 0
        for field in self.fields:
            items = struct.unpack_from(f"<{max(field.count, 1)}{field.format}", data, at)
            at += struct.calcsize(f"<{len(items)}{field.format}")
            values[field.name] = items if field.count else items[0]
        return values


@cache
def _rows() -> str:
    return re.sub(r"/\*.*?\*/", "", OPS_DEF.read_text(), flags=re.S)


@cache
def dtypes() -> dict[str, Dtype]:
    """Return all dtypes by name, in the order of their numbers."""
    rows = re.findall(r"""^MG_DTYPE\((\d+), \w+, "(\w+)", (\w+), '(\w)'\)$""", _rows(), flags=re.M)
    return {name: Dtype(int(n), name, struct.calcsize("<" + _FORMATS[kind]), code) for n, name, kind, code in rows}


@cache
def ops() -> dict[str, Op]:
    """Return all device ops by name, in the order of their numbers."""
    text = _rows()
    structs = {}
    for name, body in re.findall(r"^MG_STRUCT\((\w+),\n(.*?)^\)", text, flags=re.S | re.M):
        found = re.findall(r"MG_(?:FIELD|ARRAY)\((\w+), (\w+)(?:, (\d+))?\)", body)
        structs[name] = tuple(Field(field, _FORMATS[kind], int(count or 0)) for kind, field, count in found)
    rows = re.findall(r"^MG_OP\((\d+), (\w+), (\w+), (\w+), ([01])\)$", text, flags=re.M)
    return {
        name: Op(int(number), name, kernel, structs[params], in_place == "1")
        for number, name, kernel, params, in_place in rows
    }


@cache
def by_number() -> dict[int, Op]:
    """Return all device ops by the number that a file stores."""
    return {op.number: op for op in ops().values()}


@dataclass(frozen=True)
class Layout:
    """A way to store the weights of an op (MG_LAYOUT), named by the technique that it is for."""

    op: str
    number: int
    name: str
    simd: tuple[str, ...]  # the backends of core/simd/ that want it

    def is_for(self, simd: str | None) -> bool:
        """Return whether builds for a backend have it; None is one that nothing is known of."""
        return "any" in self.simd or simd in self.simd


@cache
def layouts() -> tuple[Layout, ...]:
    """Return all weight layouts, in the order of ops.def."""
    rows = re.findall(r"^MG_LAYOUT\((\w+), (\d+), (\w+), \w+, ([\w ]+)\)$", OPS_DEF.read_text(), flags=re.M)
    return tuple(Layout(op, int(number), name.lower(), tuple(simd.split())) for op, number, name, simd in rows)


def layout_number(op: str, name: str) -> int:
    """Return the number that a file stores for a layout of an op."""
    return next(layout.number for layout in layouts() if (layout.op, layout.name) == (op, name))
