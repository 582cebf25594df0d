# SPDX-License-Identifier: MIT
"""A broken file raises ValueError and says what to do; it never crashes."""

import midge
from check import ok, raises
from tiny import classifier

DATA = classifier()

raises("empty", ValueError, "not a .midge file", midge.load, b"")
raises("foreign", ValueError, "midge convert", midge.load, b"hello, I am a text file")
raises("tflite", ValueError, "TensorFlow Lite", midge.load, bytes(4) + b"TFL3" + bytes(100))
for size in (4, 79, 80, len(DATA) - 1):
    raises("cut to %d" % size, ValueError, "cut short", midge.load, DATA[:size])

broken = bytearray(DATA)
for at in range(0, len(DATA)):
    broken[at] ^= 1 << at % 8
    try:
        midge.load(broken)
    except ValueError:
        pass
    else:
        if at not in (6, 7):  # the minor version may grow
            raise AssertionError("a flipped bit at %d was not noticed" % at)
    broken[at] = DATA[at]
midge.load(broken)
ok("flipped bits")

last = len(DATA) - 1  # a constant
broken[last] ^= 1
raises("an altered constant", ValueError, "checksum", midge.load, broken)
midge.load(broken, checksum=False)
broken[last] ^= 1
broken[24] ^= 1  # how many tensors there are
raises("an altered structure", ValueError, "", midge.load, broken, checksum=False)
ok("files that are known")
