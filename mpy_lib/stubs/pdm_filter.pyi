# SPDX-License-Identifier: MIT
from array import array

BITS: int
TAPS: tuple[int, ...]

class PDMFilter:
    def __init__(self, gain: int) -> None: ...
    def __call__(self, out: array[int], ring: bytearray | memoryview, at: int, mask: int) -> None: ...
