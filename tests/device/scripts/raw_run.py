# SPDX-License-Identifier: MIT
"""run() takes and gives raw quantised bytes and says exactly what does not fit."""

from array import array

import midge
from check import equal, raises
from tiny import classifier, pair

model = midge.load(classifier())
x = bytes(range(12))
y = bytearray(4)
equal("returns", model.run(x, out=y), None)
equal("bytes to bytearray", y, b"\x02\x03\x06\x09")
y = array("b", [0] * 4)
model.run(array("b", [-1] * 9 + [100, 0, 0]), y)
equal("arrays", list(y), [2, 2, 2, 100])
y = bytearray(8)
model.run([bytearray(x)], out=(memoryview(y)[3:7],))
equal("lists of one, memoryview", y, b"\0\0\0\x02\x03\x06\x09\0")
model.run(x)
model.run(out=y[:4])
equal("data left in the arena", model._core.read(), [0, 0.5, 2, 3.5])

raises("length", ValueError, "input 'imu': got 3 bytes, wanted 12 bytes of int8 [1, 4, 3]", model.run, b"abc")
raises(
    "dtype",
    ValueError,
    "input 'imu': got 12 bytes of 'f', wanted 12 bytes of int8 [1, 4, 3]",
    model.run,
    array("f", [1, 2, 3]),
)
raises("output length", ValueError, "output 'scores': got 5 bytes, wanted 4", model.run, x, bytearray(5))
raises("read-only output", TypeError, "output 'scores': got no writable buffer", model.run, x, b"1234")
raises("no buffer", TypeError, "input 'imu': got no buffer, wanted 12 bytes", model.run, 5)
raises("numbers", ValueError, "got 12 buffers, wanted 1, one for each input", model.run, [0] * 12)

two = midge.load(pair())
reals, steps = array("f", [0] * 2), bytearray(3)
two.run((b"\x03\xff", array("f", [1, 0, -1])), out=(reals, steps))
equal("two ends", (list(reals), bytes(steps)), ([1, 0], b"\x0b\x03\xfb"))
two.run((b"\x03\xff", bytes(12)), out=(bytearray(8), steps))
equal("float as bytes", bytes(steps), b"\x03\x03\x03")
raises("one of two", ValueError, "got 1 buffers, wanted 2", two.run, b"12")
raises(
    "second of two", ValueError, "input 'level': got 3 bytes, wanted 12 bytes of float32 [3]", two.run, (b"12", b"123")
)
