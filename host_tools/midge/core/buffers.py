# SPDX-License-Identifier: MIT
"""What callers hand over: addresses, elements and numbers of what has the buffer protocol, and of lists."""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Iterator
from ctypes import c_char_p, c_void_p
from typing import Any

from ..fileformat import spec

_NUMBER_CODES = "bBhHiIlLfd"


class _Buffer(ctypes.Structure):
    """CPython's Py_buffer: the way to the address of bytes that are read-only."""

    _fields_ = [
        ("buf", c_void_p),
        ("obj", ctypes.py_object),
        ("len", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("format", c_char_p),
        *((name, c_void_p) for name in ("shape", "strides", "suboffsets", "internal")),
    ]


def address_of(view: memoryview) -> int:
    """Return where contiguous bytes are; they stay there as long as the view lives."""
    buffer = _Buffer()
    ctypes.pythonapi.PyObject_GetBuffer(ctypes.py_object(view), ctypes.byref(buffer), 0)
    address = buffer.buf or 0
    ctypes.pythonapi.PyBuffer_Release(ctypes.byref(buffer))
    return address


def view_of(value: Any, writable: bool = False) -> Any:
    """Return the memoryview of a value, contiguous, or None when it has none."""
    try:
        view: Any = memoryview(value)
    except TypeError:
        return None
    if writable and (view.readonly or not view.c_contiguous):
        return None
    if not view.c_contiguous:  # a strided array, read only: its values in order
        flat: Any = memoryview(view.tobytes())
        return flat.cast(code_of(view))
    return view


def buffer_of(value: Any, writable: bool = False) -> Any:
    """Return what view_of returns. Raises TypeError where that is None, as the board does."""
    view = view_of(value, writable)
    if view is None:
        raise TypeError("object with buffer protocol required")
    return view


def elements_of(value: Any, code: str, wanted: int, times: bool = False) -> tuple[int, int]:
    """Return the address of an array, and how many times `wanted` elements it has. Raises as the board does."""
    view = buffer_of(value, writable=code != "b")
    size = 1 if code == "b" else 4
    found, rest = divmod(view.nbytes, wanted * size)
    if rest or (not times and found != 1) or (code != "b" and code_of(view) != code):
        raise ValueError(f"wanted an array of {wanted} '{code}'")
    return address_of(view), found


def code_of(view: Any) -> str:
    """Return the typecode of a view's elements."""
    return str(view.format).lstrip("@=<")


def flat_numbers(values: Any, depth: int = 0) -> Iterator[float]:
    """Yield the numbers of nested lists and tuples, arrays and single numbers, in order."""
    if isinstance(values, (list, tuple)):
        if depth > spec.MAX_RANK:
            raise ValueError("nested too deep")
        for value in values:
            yield from flat_numbers(value, depth + 1)
    elif isinstance(values, (int, float)):
        yield values
    elif (view := view_of(values)) is not None:
        if code_of(view) not in _NUMBER_CODES:
            raise ValueError("numbers wanted in an array of b B h H i I l L f or d")
        yield from array(code_of(view), view.tobytes())
    elif hasattr(values, "__float__"):
        yield float(values)
    else:
        raise TypeError(f"can't convert {type(values).__name__} to float")


def found_shape(values: Any) -> list[int]:
    """Return the shape of what came in, as far as its first elements tell it."""
    shape = []
    while isinstance(values, (list, tuple)):
        shape.append(len(values))
        if not values:
            return shape
        values = values[0]
    if not isinstance(values, (int, float)) and (view := view_of(values)) is not None:
        shape.append(view.nbytes // view.itemsize)
    return shape
