# SPDX-License-Identifier: MIT
"""Run a .midge file on many samples: arrays of real values in and out, over the core that runs on the boards.

`midge.load` gives the board's own API, a sample at a time and through lists. Here arrays are quantised as a whole,
by the same rule, and the machine's cores share the samples.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ..errors import UserError
from ..fileformat.read import decode
from ..fileformat.spec import STATE
from ..progress import Advance
from .binding import Model


def to_raw(values: np.ndarray, dtype: str, scale: float, zero_point: int) -> np.ndarray:
    """Quantise reals as mg_write_real does: divided in float32, rounded half away from zero, saturated."""
    if dtype == "float32":
        return np.ascontiguousarray(values, np.float32)
    if dtype == "bool":
        return np.ascontiguousarray(values != 0)
    steps = np.asarray(values, np.float32) / np.float32(scale or 1.0)
    # The 0.5 is added in double, where the sum is exact.
    whole = np.copysign(np.floor(np.abs(steps.astype(np.float64)) + 0.5), steps) + zero_point
    limits = np.iinfo(dtype)
    return np.asarray(np.clip(whole, limits.min, limits.max), dtype)


def to_real(raw: np.ndarray, scale: float, zero_point: int) -> np.ndarray:
    """Return reals of raw values, as mg_read_real gives them; a scale of 0 stands for plain numbers."""
    if raw.dtype == np.float32:
        return raw
    return np.float32(scale or 1.0) * (raw.astype(np.int64) - zero_point).astype(np.float32)


MOST_AT_ONCE = 1 << 16  # values that are quantised and run in one go: they stay in a core's cache


class Engine:
    """A .midge file, ready for arrays of samples.

    blob: the file's bytes. threads: how many cores to use; all by default, one for a model with state, whose samples
    are steps of one sequence. Raises UserError where the core refuses the file.

    >>> engine = Engine(Path("wand.midge").read_bytes())  # doctest: +SKIP
    >>> scores, = engine.run(windows)                     # [n, 1, 96, 1, 3] -> [n, 1, 6]
    """

    def __init__(self, blob: bytes, title: str = "model", threads: int | None = None) -> None:
        self.title = title
        try:
            first = Model(blob)
        except (ValueError, MemoryError) as error:
            raise UserError(f"{title}: {error}") from error
        self.file = decode(blob)
        self.inputs = [self.file.tensors[i] for i in self.file.inputs]
        self.outputs = [self.file.tensors[i] for i in self.file.outputs]
        self.stateful = any(t.place == STATE for t in self.file.tensors)
        count = 1 if self.stateful else threads or os.cpu_count() or 1
        self.models = [first, *(Model(blob, checksum=False) for _ in range(count - 1))]

    def run(self, inputs: Sequence[np.ndarray], progress: Advance | None = None) -> list[np.ndarray]:
        """Run all samples. `inputs`: for each input reals [n, ...]; returns for each output reals [n, *shape], float32.

        Raises UserError where numbers or sizes do not fit.
        """
        count = self._check(inputs)
        outputs = [np.empty((count, *t.shape), t.dtype) for t in self.outputs]
        if self.stateful:
            self.models[0].reset()

        largest = max((x[0].size for x in inputs if count), default=1)
        step = max(1, min(MOST_AT_ONCE // max(largest, 1), -(-count // len(self.models))))

        def part(worker: int) -> None:
            for first in range(worker * step, count, step * len(self.models)):
                these = slice(first, min(first + step, count))
                raw = [to_raw(x[these], t.dtype, t.scale, t.zero_point)
                       for x, t in zip(inputs, self.inputs, strict=True)]
                self.models[worker].run_samples(raw, [out[these] for out in outputs], these.stop - first)
                if progress is not None:
                    progress(these.stop - first)

        with ThreadPoolExecutor(len(self.models)) as pool:
            list(pool.map(part, range(len(self.models))))
        return [to_real(out, t.scale, t.zero_point) for out, t in zip(outputs, self.outputs, strict=True)]

    def _check(self, inputs: Sequence[np.ndarray]) -> int:
        if len(inputs) != len(self.inputs):
            raise UserError(f"{self.title}: got arrays for {len(inputs)} inputs, the model has {len(self.inputs)}")
        for x, tensor in zip(inputs, self.inputs, strict=True):
            elements = int(np.prod(tensor.shape, dtype=np.int64))
            if len(x) and x[0].size != elements:
                raise UserError(f"{self.title}: samples of shape {list(x.shape[1:])} ({x[0].size} values); the input "
                                f"'{tensor.name}' wants {list(tensor.shape)} ({elements} values)")
        if len({len(x) for x in inputs}) > 1:
            raise UserError(f"{self.title}: {' and '.join(str(len(x)) for x in inputs)} samples; "
                            "give each input the same number")
        return len(inputs[0])
