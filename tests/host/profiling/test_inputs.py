# SPDX-License-Identifier: MIT
"""The noise on which models are counted."""

import numpy as np

from midge.fileformat.read import FileTensor
from midge.profiling.inputs import input_bytes


def test_inputs_use_the_range_of_their_dtype() -> None:
    def drawn(dtype: str) -> np.ndarray:
        size = 4096 * np.dtype(dtype).itemsize
        return np.frombuffer(input_bytes(FileTensor(dtype, (4096,), 0, 0, size, "x", 0, 0), 0), dtype)

    for dtype in ("int8", "uint8", "int16", "uint16"):
        limits = np.iinfo(dtype)
        reach = (limits.max - limits.min) / 100
        assert drawn(dtype).min() < limits.min + reach and drawn(dtype).max() > limits.max - reach
    for dtype in ("int32", "int64", "uint32", "uint64"):
        assert set(drawn(dtype)) == set(range(8))
    assert set(np.unique(drawn("bool").view(np.uint8))) == {0, 1}
    real = drawn("float32")
    assert -1 <= real.min() < -0.99 and 0.99 < real.max() < 1 and abs(real.mean()) < 0.05
    assert input_bytes(FileTensor("int8", (8,), 0, 0, 8, "x", 0, 0), 1) != drawn("int8")[:8].tobytes()
