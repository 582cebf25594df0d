# SPDX-License-Identifier: MIT
"""Read fields of a .tflite file, a flatbuffer, whose bytes are hostile until they have been looked at."""

from __future__ import annotations

import re
import struct
from typing import Any

import tflite
from flatbuffers import flexbuffers

DTYPES, _OPTIONS, _OPTIONS_2 = (
    {value: name for name, value in vars(enum).items() if not name.startswith("_") and isinstance(value, int)}
    for enum in (tflite.TensorType, tflite.BuiltinOptions, tflite.BuiltinOptions2)
)


def _builtin_code(code: Any) -> int:
    """Return the 32-bit field, which the library's accessor ignores where the old 8-bit one is absent."""
    at = code._tab.Offset(10)
    return int(struct.unpack_from("<i", code._tab.Bytes, at + code._tab.Pos)[0]) if at else 0


def text_of(raw: bytes | None) -> str:
    """Return a name in one line, as errors show it. Raises ValueError where it is no UTF-8."""
    return " ".join((raw or b"").decode().splitlines())


def op_of(code: Any) -> str:
    """Return an operator code's name in the schema, "CUSTOM:..." for one that is not the schema's own."""
    number = max(_builtin_code(code), code.DeprecatedBuiltinCode())
    if number == tflite.BuiltinOperator.CUSTOM:
        return "CUSTOM:" + text_of(code.CustomCode())
    return tflite.BUILTIN_OPCODE2NAME.get(number, f"BUILTIN_{number}")  # type: ignore[no-any-return]


def checked_count(length: int, data: bytes) -> int:
    """Return a vector's length. Raises ValueError where the file could not hold so many entries."""
    if not 0 <= length <= len(data) // 4:
        raise ValueError(f"a list of {length} entries in a file of {len(data)} bytes")
    return length


def vector(table: Any, name: str) -> Any:
    """Return a field that is a vector, [] where it is absent."""
    values = getattr(table, f"{name}AsNumpy")()
    return [] if isinstance(values, int) else values


def indices(table: Any, name: str, limit: int, optional: bool = False) -> list[int]:
    """Return a field of tensor numbers, -1 for none where `optional`. Raises ValueError for those of no tensor."""
    found = [int(i) for i in vector(table, name)]
    for i in found:
        if i >= limit or i < (-1 if optional else 0):
            raise ValueError(f"tensor {i} is named, there are {limit}")
    return found


def options_of(raw: Any) -> dict[str, Any]:
    """Return a builtin operator's options by the schema's names in snake case, {} where it has none."""
    kind = _OPTIONS.get(raw.BuiltinOptionsType(), "NONE")
    table = raw.BuiltinOptions()
    if kind == "NONE":  # newer ops have their options in a second place
        kind, table = _OPTIONS_2.get(raw.BuiltinOptions2Type(), "NONE"), raw.BuiltinOptions2()
    if kind == "NONE" or table is None:
        return {}
    options = getattr(tflite, kind)()
    options.Init(table.Bytes, table.Pos)
    attrs: dict[str, Any] = {}
    names = [n for n in dir(options) if n[0].isupper() and not n.startswith("GetRootAs") and n != "Init"]
    for name in names:
        if name.endswith(("Length", "AsNumpy", "IsNone", "BufferHasIdentifier")):
            continue
        if f"{name}AsNumpy" in names:
            attrs[_snake(name)] = [int(v) for v in vector(options, name)]
        else:
            attrs[_snake(name)] = getattr(options, name)()
    return attrs


def custom_options_of(raw: Any) -> dict[str, Any]:
    """Return the numbers among a custom operator's options, {} where they are no map in flexbuffer form.

    Nothing but numbers is looked at: hostile bytes may hold maps that contain themselves.
    """
    data = bytes(vector(raw, "CustomOptions"))
    attrs: dict[str, Any] = {}
    try:
        root = flexbuffers.GetRoot(bytearray(data))
        if not root.IsMap or len(root.AsMap) > len(data):
            return {}
        fields = root.AsMap
        for i, key in enumerate(fields.Keys):
            value = fields.Values[i]
            if value.IsBool or value.IsInt:
                attrs[key.AsKey] = value.AsInt
            elif value.IsFloat:
                attrs[key.AsKey] = value.AsFloat
    except (LookupError, ValueError, TypeError, struct.error, OverflowError, AttributeError):
        return {}
    return attrs


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
