# SPDX-License-Identifier: MIT
"""An arena may be given, shared, and must be large enough."""

import midge
from check import equal, raises
from tiny import classifier, pair

arena = bytearray(64)
one, two = midge.load(classifier(), arena), midge.load(pair(), arena=arena)
equal("shared, first", one([[5, 0, 0]] * 4).scores, [5, 5, 5, 5])
equal("shared, second", two([1, 2], [0, 1, 2]).outputs, [[1, 2], [0, 1, 2]])
equal("shared, first again", one([[6, 0, 0]] * 4).scores, [6, 6, 6, 6])
equal("used", any(arena), True)
equal("memoryview", midge.load(classifier(), memoryview(bytearray(48)))([[5, 0, 0]] * 4).score, 5)
raises("too small", MemoryError, "model needs a 48 B arena, got 32 B", midge.load, classifier(), bytearray(32))
raises("unaligned", ValueError, "multiple of 16", midge.load, classifier(), memoryview(bytearray(64))[1:])
raises("read-only", TypeError, "", midge.load, classifier(), bytes(64))
raises("no buffer", TypeError, "", midge.load, classifier(), 64)
size = len(classifier())  # a multiple of 16
both = bytearray(classifier() + bytes(100))
raises("overlap", ValueError, "overlaps the file", midge.load, both, memoryview(both)[size - 48 :])
equal("after the file", midge.load(both, memoryview(both)[size:])([[5, 0, 0]] * 4).score, 5)
