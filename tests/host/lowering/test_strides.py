# SPDX-License-Identifier: MIT
"""What lowering rules share."""

import numpy as np

from midge.lowering.strides import merge_dims, row_major


def test_merge_dims() -> None:
    shape = (1, 4, 5, 6)
    assert merge_dims(shape, row_major(shape)) == ([120], [[1]])
    transposed = (1, 5, 4, 6)
    strides = (120, 6, 30, 1)
    dims, (a, b) = merge_dims(transposed, strides, row_major(transposed))
    assert (dims, a, b) == ([5, 4, 6], [6, 30, 1], [24, 6, 1])
    data = np.arange(120).reshape(shape)
    assert np.array_equal(np.lib.stride_tricks.as_strided(data.ravel(), dims, [s * 8 for s in a]).ravel(),
                          data.transpose(0, 2, 1, 3).ravel())
