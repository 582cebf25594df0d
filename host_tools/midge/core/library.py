# SPDX-License-Identifier: MIT
"""The core as a shared library: its functions, and its structs, which are held against it when it is loaded."""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_bool, c_char_p, c_float, c_int32, c_size_t, c_uint8, c_uint16, c_uint32, c_void_p
from itertools import count
from pathlib import Path
from typing import Any

from .. import resources
from ..fileformat import spec
from ..fileformat.opset import dtypes

DTYPES = {dtype.number: dtype for dtype in dtypes().values()}
NO_MEMORY = 4  # of mg_status_t
LEARNS_AT_MOST, MARGIN = 64, 36  # core/learn/ridge.h


class ErrorRecord(ctypes.Structure):
    """mg_error_t: why something was refused."""

    _fields_ = [
        ("status", ctypes.c_int),
        ("node", c_int32),
        ("message", c_char_p),
        ("subject", c_char_p),
        ("found", c_uint32),
        ("wanted", c_uint32),
    ]


class TensorRecord(ctypes.Structure):
    """mg_tensor_t: a tensor as the core describes it."""

    _fields_ = [
        *((name, c_uint8) for name in ("dtype", "rank", "place", "reserved")),
        *((name, c_uint32) for name in ("offset", "size", "name")),
        ("scale", c_float),
        ("zero_point", c_int32),
        ("dims", c_uint32 * spec.MAX_RANK),
        ("initial", c_uint32),
    ]

    @property
    def shape(self) -> tuple[int, ...]:
        """Return its dimensions."""
        return tuple(self.dims[: self.rank])

    @property
    def elements(self) -> int:
        """Return how many values it has."""
        return int(self.size) // DTYPES[self.dtype].size


class NodeRecord(ctypes.Structure):
    """mg_node_t: a node of a model."""

    _fields_ = [
        ("op", c_uint16),
        ("name", c_uint32),
        ("n_inputs", c_uint8),
        ("n_outputs", c_uint8),
        ("tensors", c_void_p),
    ]


class ModelRecord(ctypes.Structure):
    """mg_model_t: a model that was opened."""

    _fields_ = [
        ("file", c_void_p),
        ("arena", c_void_p),
        *((name, c_uint32) for name in ("file_size", "arena_size")),
        *((name, c_uint16) for name in ("n_tensors", "n_nodes", "n_inputs", "n_outputs", "n_labels", "reserved")),
        *((name, c_uint32) for name in ("tensors", "nodes", "nodes_size", "inputs_outputs", "strings", "strings_size")),
        *((name, c_uint32) for name in ("data", "data_size", "name", "labels", "metadata")),
    ]


class ScratchRecord(ctypes.Structure):
    """mg_scratch_t: bytes of scratch."""

    _fields_ = [(name, c_uint32) for name in ("least", "step", "most")]


class FactRecord(ctypes.Structure):
    """What the library says of one number, struct or field."""

    _fields_ = [("name", c_char_p), ("size", c_uint32), ("offset", c_uint32)]


_MODEL, _ERROR, _TENSOR, _CURSOR = POINTER(ModelRecord), POINTER(ErrorRecord), POINTER(TensorRecord), POINTER(c_uint32)

# The functions that are called here; of data there is mg_facts.
PROTOTYPES: dict[str, tuple[Any, list[Any]]] = {
    "mg_error_text": (None, [_ERROR, c_char_p, c_size_t]),
    "mg_about": (c_char_p, []),
    "mg_has_avx2": (c_bool, []),
    "mg_run_samples": (None, [_MODEL, POINTER(c_void_p), POINTER(c_void_p), c_size_t]),
    "mg_ask_scratch": (c_bool, [c_uint32, c_char_p, _TENSOR, c_uint32, c_uint32, c_char_p, c_uint32,
                                POINTER(ScratchRecord), _ERROR]),
    "mg_model_check": (c_bool, [_MODEL, c_void_p, c_size_t, c_bool, _ERROR]),
    "mg_model_bind": (c_bool, [_MODEL, c_void_p, c_size_t, _ERROR]),
    "mg_run": (None, [_MODEL]),
    "mg_see": (c_uint32, [_MODEL, c_void_p, c_uint32]),
    "mg_reset": (None, [_MODEL]),
    "mg_run_next": (c_bool, [_MODEL, _CURSOR]),
    "mg_node_next": (c_bool, [_MODEL, _CURSOR, POINTER(NodeRecord)]),
    "mg_tensor": (None, [_MODEL, c_uint32, _TENSOR]),
    "mg_input": (c_uint32, [_MODEL, c_uint32]),
    "mg_output": (c_uint32, [_MODEL, c_uint32]),
    "mg_tensor_data": (c_void_p, [_MODEL, _TENSOR]),
    "mg_string": (c_char_p, [_MODEL, c_uint32]),
    "mg_write_real": (None, [_TENSOR, c_void_p, c_uint32, c_float]),
    "mg_read_real": (c_float, [_TENSOR, c_void_p, c_uint32]),
    "mg_ridge_add": (None, [c_void_p, c_void_p, c_void_p, c_uint32, c_uint32, c_int32, c_int32]),
    "mg_ridge_factor": (None, [c_void_p, c_void_p, c_uint32, c_float]),
    "mg_ridge_weights": (None, [c_void_p, c_void_p, c_void_p, c_uint32, c_uint32]),
    "mg_ridge_score": (c_float, [c_void_p, c_void_p, c_uint32]),
    "mg_ridge_leave_out": (None, [c_void_p, c_void_p, c_void_p, c_uint32, c_void_p, *[c_uint32] * 3, c_int32]),
}


def _load_library() -> ctypes.CDLL:
    """Load the core; where the PC has wider vectors, the one that uses them, which computes the same bytes."""
    library = _open(resources.library())
    return _open(resources.library(simd="avx2")) if library.mg_has_avx2() else library


def _open(path: Path) -> ctypes.CDLL:
    if not path.exists():
        raise ImportError(f"{path.name} is missing in the midge package: run make host in the repository, or reinstall")
    library = ctypes.CDLL(str(path))
    for name, (result, arguments) in sorted(PROTOTYPES.items()):
        function = getattr(library, name, None)
        if function is None:
            raise _another_version(path, f"it has no {name}")
        function.restype, function.argtypes = result, arguments
    _compare(path, _facts_of(library))
    return library


def _facts_of(library: ctypes.CDLL) -> dict[str, tuple[int, int]]:
    """Read what the library says of its numbers and structs: (number or size, offset) by name."""
    facts = ctypes.cast(library.mg_facts, POINTER(FactRecord))
    found: dict[str, tuple[int, int]] = {}
    for i in count():
        if facts[i].name is None:
            return found
        found[facts[i].name.decode()] = (facts[i].size, facts[i].offset)
    raise AssertionError


def _compare(path: Path, found: dict[str, tuple[int, int]]) -> None:
    """Refuse a library whose numbers and structs are others than those of this package. Raises ImportError."""
    wanted = {name: (number, 0) for name, number in _NUMBERS.items()}
    for name, struct in _STRUCTS.items():
        wanted[name] = (ctypes.sizeof(struct), 0)
        for field in struct._fields_:
            member = getattr(struct, field[0])
            wanted[f"{name}.{field[0]}"] = (member.size, member.offset)
    for name in sorted({*found, *wanted}):
        if found.get(name) != wanted.get(name):
            raise _another_version(path, f"{name} is {found.get(name)}, wanted {wanted.get(name)}")


def _another_version(path: Path, why: str) -> ImportError:
    return ImportError(f"{path.name} is of another version than the midge package: {why}; run make host in the "
                       "repository, or reinstall")


# By the core's names (native_module/binding/ctypes.c).
_NUMBERS = {
    "MG_FORMAT_MAJOR": spec.MAJOR, "MG_FORMAT_MINOR": spec.MINOR, "MG_HEADER_SIZE": spec.HEADER.size,
    "MG_TENSOR_SIZE": spec.TENSOR.size, "MG_NODE_SIZE": spec.NODE.size, "MG_ARENA_ALIGN": spec.ARENA_ALIGN,
    "MG_RIDGE_MOST": LEARNS_AT_MOST,
    "mg_ridge_margin_t": MARGIN,
    "MG_MAX_RANK": spec.MAX_RANK, "MG_NODE_TENSORS": spec.NODE_TENSORS, "MG_PLACE_ARENA": spec.ARENA,
    "MG_PLACE_DATA": spec.DATA, "MG_PLACE_STATE": spec.STATE, "MG_PLACE_OUTSIDE": spec.OUTSIDE,
    "MG_ZEROS": spec.ZEROS, "MG_NO_MEMORY": NO_MEMORY,
}
_STRUCTS: dict[str, Any] = {
    "mg_error_t": ErrorRecord, "mg_tensor_t": TensorRecord, "mg_node_t": NodeRecord, "mg_model_t": ModelRecord,
    "mg_scratch_t": ScratchRecord,
}

core = _load_library()
