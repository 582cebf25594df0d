# SPDX-License-Identifier: MIT
"""The board's `_midge` module on CPython: the same interface, over the same core in a shared library.

What each method does is written at the head of native_module/binding/modmidge.c. Texts and types of the exceptions are
those of the board, so that the device package and its users see no difference.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from ctypes import c_float, c_uint32, c_void_p
from typing import Any, NamedTuple

from ..errors import UserError
from ..fileformat import spec
from ..fileformat.opset import by_number
from .buffers import address_of, buffer_of, code_of, elements_of, flat_numbers, found_shape, view_of
from .library import (
    DTYPES,
    LEARNS_AT_MOST,
    MARGIN,
    NO_MEMORY,
    ErrorRecord,
    ModelRecord,
    NodeRecord,
    ScratchRecord,
    TensorRecord,
)
from .library import core as _core

__all__ = ["LEARNS_AT_MOST", "Model", "Scratch", "about", "ask_scratch", "check_file"]

# What arrays of 'long' and numpy's bool are to the typecodes of ops.def; bytes go everywhere.
_SAME_CODE = {"l": "iq", "L": "IQ", "?": "b"}
about: str = _core.mg_about().decode()


def _below(k: int, count: int) -> None:
    if not 0 <= k < count:
        raise ValueError("no such class")


def _triangle(width: int) -> int:
    return (width + 1) * (width + 2) // 2


class Model:
    """A checked file and its working memory."""

    def __init__(self, file: Any, arena: Any = None, checksum: bool = True) -> None:
        view = buffer_of(file)
        self._file = view  # holds the bytes, and keeps a bytearray from being resized
        self._model = ModelRecord()
        error = ErrorRecord()
        if not _core.mg_model_check(self._model, address_of(view), view.nbytes, checksum, error):
            _raise(error)
        if arena is None:
            self._arena = memoryview(bytearray(self._model.arena_size + spec.ARENA_ALIGN))
            start = -address_of(self._arena) % spec.ARENA_ALIGN
            self._arena = self._arena[start : start + self._model.arena_size]
        else:
            given = buffer_of(arena, writable=True)
            self._arena = given
            self._refuse_file(given)
        if not _core.mg_model_bind(self._model, address_of(self._arena), self._arena.nbytes, error):
            _raise(error)

    def run(self, x: Any = None, out: Any = None) -> None:
        """Run all nodes; x: raw bytes for the inputs, out: a buffer for the raw bytes of the outputs."""
        if x is not None:
            self._copy_raw(x, is_output=False)
        self._refuse_part()
        _core.mg_run(self._model)
        if out is not None:
            self._copy_raw(out, is_output=True)

    def run_samples(self, inputs: Sequence[Any], outputs: Sequence[Any], count: int) -> None:
        """Run `count` samples, host only; for each input and output the raw bytes of its samples, one after another."""
        addresses = []
        for given, is_output in ((inputs, False), (outputs, True)):
            views = [buffer_of(x, writable=is_output) for x in given]
            tensors = range(self._model.n_outputs if is_output else self._model.n_inputs)
            found, wanted = [view.nbytes for view in views], [count * self._tensor(i, is_output).size for i in tensors]
            if found != wanted:
                raise ValueError(f"got buffers of {found} bytes, wanted {wanted}")
            addresses.append((c_void_p * len(views))(*map(address_of, views)))
        _core.mg_run_samples(self._model, *addresses, count)

    def rows(self, x: Any) -> int:
        """Take rows of a picture, raw bytes; return how many rows are still missing before run()."""
        tensor = self._tensor(0, is_output=False)
        if tensor.place != spec.OUTSIDE:
            raise ValueError("the model takes no rows of a picture")
        view, row = buffer_of(x), tensor.size // tensor.dims[0]
        left = _core.mg_see(self._model, None, 0) or tensor.dims[0]
        if not view.nbytes or view.nbytes % row or view.nbytes > left * row:
            raise ValueError(f"input '{self._string(tensor.name)}': got {view.nbytes} bytes, wanted rows of {row} "
                             f"bytes, {left} at most")
        return int(_core.mg_see(self._model, address_of(view), view.nbytes))

    @property
    def arena(self) -> memoryview:
        """The working memory, host only: tensors are where the file's records say."""
        return self._arena

    def reset(self) -> None:
        """Give the states their initial values, as after loading."""
        _core.mg_reset(self._model)

    def write(self, values: Any, i: int = 0) -> None:
        """Write numbers into input i, quantised. Raises ValueError for another count than its elements."""
        tensor = self._tensor(i, is_output=False)
        if tensor.place == spec.OUTSIDE:
            self._copy_raw(values, is_output=False)
            return
        found = list(flat_numbers(values))
        if len(found) != tensor.elements:
            self._raise_count(tensor, values, len(found), "wanted")
        self._put(tensor, _core.mg_tensor_data(self._model, tensor), 0, found)

    def push(self, window: Any, values: Any, i: int = 0, scales: Any = None) -> int:
        """Slide a window of input i on by `values`, quantised into its end; return how many they were.

        scales: an array of f that the values are multiplied by, in turn and over and over.
        """
        tensor = self._tensor(i, is_output=False)
        view = self._raw_buffer(tensor, window, is_output=True)
        found = list(flat_numbers(values))
        if len(found) > tensor.elements:
            self._raise_count(tensor, values, len(found), "wanted at most")
        if scales is not None:
            by = buffer_of(scales)
            if code_of(by) != "f" or by.nbytes == 0:
                raise ValueError("scales: wanted an array of 'f'")
            found = [c_float(x).value * by[k % len(by)] for k, x in enumerate(found)]  # rounded once, as in C
        address, gone = address_of(view), len(found) * DTYPES[tensor.dtype].size
        ctypes.memmove(address, address + gone, tensor.size - gone)
        self._put(tensor, address, tensor.elements - len(found), found)
        return len(found)

    def read(self, i: int = 0) -> list[float]:
        """Return output i as real numbers, flat."""
        tensor = self._tensor(i, is_output=True)
        data = _core.mg_tensor_data(self._model, tensor)
        return [_core.mg_read_real(tensor, data, k) for k in range(tensor.elements)]

    def smooth(self, scores: Any, weight: float, threshold: float) -> int:
        """Move scores (an array of f) towards output 0; return the index of the highest, -1 below threshold."""
        new = self.read()
        view = buffer_of(scores, writable=True)
        if code_of(view) != "f" or view.nbytes != 4 * len(new):
            raise ValueError(f"scores: wanted an array of {len(new)} 'f'")
        self._refuse_file(view)
        for k, value in enumerate(new):
            view[k] += weight * (value - view[k])
        best = max(range(len(new)), key=lambda k: (view[k], -k))
        return best if view[best] >= threshold else -1

    def learn_add(self, products: Any, sums: Any, k: int, rows: Any, weight: int, last: int) -> None:
        """Add rows of class k, each `weight` times, the last one `last` times, to products and sums (arrays of i)."""
        width = self._row_width()
        into, _ = elements_of(products, "i", _triangle(width))
        of_class, classes = elements_of(sums, "i", width + 1, times=True)
        taught, count = elements_of(rows, "b", width, times=True)
        _below(k, classes)
        _core.mg_ridge_add(into, of_class + 4 * k * (width + 1), taught, count, width, weight, last)

    def learn_fit(
        self, products: Any, sums: Any, penalty: float, factor: Any, weights: Any, margins: Any, classes: int
    ) -> None:
        """Fit the weights of the first classes, and the factor of the products (arrays of f); begin their margins."""
        width = self._row_width()
        added, _ = elements_of(products, "i", _triangle(width))
        of_class, summed = elements_of(sums, "i", width + 1, times=True)
        triangle, _ = elements_of(factor, "f", _triangle(width))
        fitted, weighed = elements_of(weights, "f", width + 1, times=True)
        begun, room = elements_of(margins, "f", MARGIN // 4, times=True)
        _below(classes, min(summed, weighed) + 1)
        _core.mg_ridge_factor(triangle, added, width, penalty)
        _core.mg_ridge_weights(fitted, triangle, of_class, width, classes)
        ctypes.memset(begun, 0, room * MARGIN)

    def learn_scores(self, weights: Any, row: Any, scores: Any, classes: int) -> None:
        """Score a row for the first classes."""
        width = self._row_width()
        fitted, weighed = elements_of(weights, "f", width + 1, times=True)
        values, _ = elements_of(row, "b", width)
        _, room = elements_of(scores, "f", 1, times=True)
        _below(classes, min(weighed, room) + 1)
        for k in range(classes):
            scores[k] = _core.mg_ridge_score(fitted + 4 * k * (width + 1), values, width)

    def learn_leave_out(
        self, margins: Any, factor: Any, weights: Any, rows: Any, own: int, weight: int, classes: int
    ) -> None:
        """Add to the margins what taught rows, of class `own`, score in fits without each of them."""
        width = self._row_width()
        into, room = elements_of(margins, "f", MARGIN // 4, times=True)
        triangle, _ = elements_of(factor, "f", _triangle(width))
        fitted, weighed = elements_of(weights, "f", width + 1, times=True)
        taught, count = elements_of(rows, "b", width, times=True)
        _below(classes, min(weighed, room) + 1)
        _core.mg_ridge_leave_out(into, triangle, fitted, classes, taught, count, width, own, weight)

    def _row_width(self) -> int:
        tensor = self._tensor(0, is_output=True)
        if DTYPES[tensor.dtype].name != "int8" or tensor.size > LEARNS_AT_MOST:
            raise ValueError("no int8 output to learn")
        return int(tensor.size)

    def step(self, k: int) -> None:
        """Run node k."""
        cursor, _ = self._find_node(k)
        _core.mg_run_next(self._model, cursor)

    def node(self, k: int) -> tuple[int, str, str]:
        """Return (op number, op name, name) of node k."""
        _, node = self._find_node(k)
        return node.op, by_number()[node.op].name, self._string(node.name)

    def input(self, i: int) -> tuple[str, str, tuple[int, ...], float, int]:
        """Return (name, dtype, shape, scale, zero_point) of input i."""
        return self._describe(self._tensor(i, is_output=False))

    def output(self, i: int) -> tuple[str, str, tuple[int, ...], float, int]:
        """Return (name, dtype, shape, scale, zero_point) of output i."""
        return self._describe(self._tensor(i, is_output=True))

    def label(self, k: int) -> str:
        """Return the name of class k. Raises IndexError where there is none."""
        if not 0 <= k < self._model.n_labels:
            raise IndexError(f"this model has {self._model.n_labels} labels")
        strings = self._strings(self._model.labels)
        for _ in range(k):
            next(strings)
        return next(strings)

    def metadata(self) -> dict[str, str]:
        """Return the metadata of the file, texts by key."""
        strings = self._strings(self._model.metadata)
        return {key: next(strings) for key in iter(lambda: next(strings), "")}

    def info(self) -> tuple[str, int, int, int, int, int, int, int]:
        """Return (name, file bytes, arena bytes, inputs, outputs, labels, nodes, address of the file)."""
        m = self._model
        counts = (m.n_inputs, m.n_outputs, m.n_labels, m.n_nodes)
        return self._string(m.name), m.file_size, m.arena_size, *counts, m.file

    def _tensor(self, i: int, is_output: bool) -> TensorRecord:
        count = self._model.n_outputs if is_output else self._model.n_inputs
        if not 0 <= i < count:
            raise IndexError(f"this model has {count} {'outputs' if is_output else 'inputs'}")
        tensor = TensorRecord()
        index = (_core.mg_output if is_output else _core.mg_input)(self._model, i)
        _core.mg_tensor(self._model, index, tensor)
        return tensor

    def _string(self, offset: int) -> str:
        text: bytes = _core.mg_string(self._model, offset)
        return text.decode(errors="replace")

    def _strings(self, offset: int) -> Iterator[str]:
        """Yield the strings that follow one another from an offset."""
        while True:
            text: bytes = _core.mg_string(self._model, offset)
            offset += len(text) + 1
            yield text.decode(errors="replace")

    def _describe(self, tensor: TensorRecord) -> tuple[str, str, tuple[int, ...], float, int]:
        return (
            self._string(tensor.name), DTYPES[tensor.dtype].name, tensor.shape, tensor.scale, tensor.zero_point,
        )

    def _find_node(self, k: int) -> tuple[c_uint32, NodeRecord]:
        """Return the byte position of node k, and the node."""
        if not 0 <= k < self._model.n_nodes:
            raise IndexError(f"this model has {self._model.n_nodes} nodes")
        cursor, after, node = c_uint32(), c_uint32(), NodeRecord()
        for _ in range(k + 1):
            cursor.value = after.value
            _core.mg_node_next(self._model, after, node)
        return cursor, node

    def _put(self, tensor: TensorRecord, data: int, at: int, values: list[float]) -> None:
        for k, value in enumerate(values):
            _core.mg_write_real(tensor, data, at + k, value)

    def _raw_buffer(self, tensor: TensorRecord, value: Any, is_output: bool) -> Any:
        view = view_of(value, writable=is_output)
        if view is None:
            found = "no writable buffer" if is_output else "no buffer"
        else:
            code = code_of(view)
            dtype = DTYPES[tensor.dtype]
            fits = dtype.code in _SAME_CODE.get(code, code) and view.itemsize == dtype.size
            if view.nbytes == tensor.size and (code == "B" or fits):
                if is_output:
                    self._refuse_file(view)
                return view
            found = f"{view.nbytes} bytes" + ("" if code == "B" else f" of '{code}'")
        which = "output" if is_output else "input"
        raise (TypeError if view is None else ValueError)(
            f"{which} '{self._string(tensor.name)}': got {found}, wanted {tensor.size} bytes of "
            f"{DTYPES[tensor.dtype].name} {list(tensor.shape)}"
        )

    def _refuse_file(self, view: memoryview) -> None:
        """Raise ValueError where memory that is to be written is the file's."""
        start, file = address_of(view), self._model.file
        if start < file + self._model.file_size and file < start + view.nbytes:
            raise ValueError("the buffer overlaps the file")

    def _copy_raw(self, value: Any, is_output: bool) -> None:
        buffers = value if isinstance(value, (list, tuple)) else [value]
        wanted = self._model.n_outputs if is_output else self._model.n_inputs
        if len(buffers) != wanted:
            each = "output" if is_output else "input"
            raise ValueError(f"got {len(buffers)} buffers, wanted {wanted}, one for each {each}")
        for i, buffer in enumerate(buffers):
            tensor = self._tensor(i, is_output)
            view = self._raw_buffer(tensor, buffer, is_output)  # may hold the only copy of what it shows
            theirs = address_of(view)
            if tensor.place == spec.OUTSIDE:
                _core.mg_see(self._model, theirs, tensor.size)
                continue
            ours = _core.mg_tensor_data(self._model, tensor)
            ctypes.memmove(theirs if is_output else ours, ours if is_output else theirs, tensor.size)

    def _refuse_part(self) -> None:
        """Raise ValueError where the input is a picture of which rows are missing."""
        if self._tensor(0, is_output=False).place == spec.OUTSIDE and (left := _core.mg_see(self._model, None, 0)):
            raise ValueError(f"{left} rows of the picture are missing")

    def _raise_count(self, tensor: TensorRecord, values: Any, count: int, wanted: str) -> None:
        raise ValueError(
            f"input '{self._string(tensor.name)}': got {found_shape(values)} ({count} values), "
            f"{wanted} {list(tensor.shape)} ({tensor.elements} values)"
        )


class Scratch(NamedTuple):
    """Bytes of scratch that a node's kernel takes; with more, in steps, up to `most`, it is faster."""

    least: int
    step: int
    most: int


def ask_scratch(
    op: int, params: bytes, tensors: Sequence[tuple[int, int, int]], n_inputs: int, data: bytes
) -> tuple[Scratch, bool]:
    """Ask the core what scratch a node takes, and whether it accepts the node.

    params: as a file holds them, with offsets into data. tensors: number of the dtype, place and bytes of the inputs,
    then of the outputs.
    """
    records = (TensorRecord * len(tensors))()
    for record, (dtype, place, size) in zip(records, tensors, strict=True):
        record.dtype, record.place, record.size = dtype, place, size
    scratch, error = ScratchRecord(), ErrorRecord()
    n_outputs = len(tensors) - n_inputs
    accepted = _core.mg_ask_scratch(op, params, records, n_inputs, n_outputs, data, len(data), scratch, error)
    return Scratch(scratch.least, scratch.step, scratch.most), accepted


def _raise(error: ErrorRecord) -> None:
    if error.status == NO_MEMORY:
        raise MemoryError(f"model needs a {error.wanted} B arena, got {error.found} B")
    text = ctypes.create_string_buffer(200)
    _core.mg_error_text(error, text, len(text))
    raise ValueError(text.value.decode())


def check_file(blob: bytes, title: str) -> None:
    """Let the core judge a file's bytes. Raises UserError with its words where it refuses them."""
    try:
        Model(blob)
    except (ValueError, MemoryError) as error:
        raise UserError(f"{title}: {error}") from error
    at, size = spec.HEADER.unpack_from(blob)[17:19]
    try:  # boards hand names on as they are
        blob[at : at + size].decode()
    except UnicodeDecodeError as error:
        raise UserError(f"{title}: names or labels that are no UTF-8; convert the model again") from error
