# SPDX-License-Identifier: MIT
"""Bring the mosaic of a colour sensor, of which each pixel sees one colour, to pixels of half the size.

    from bayer import Bayer

    camera = Bayer(HM01B0(i2c, ...), 320, 240, "bggr")      # a model of --camera rgb565,160x120
    for answer in midge.watch(model, camera): ...

Four pixels, one red, two green and one blue, become one: cheaper than making four of them, and networks look at smaller
images still. The loops are in the native code of MicroPython's viper, which RP2, STM32 and ESP32 boards have.
"""

import micropython

ORDERS = ("bggr", "gbrg", "grbg", "rggb")  # of the first two pixels of the first two rows


@micropython.viper
def _to_grey(top: ptr8, bottom: ptr8, out: ptr8, n: int):  # noqa: F821
    j = 0
    for i in range(n):
        out[i] = (top[j] + top[j + 1] + bottom[j] + bottom[j + 1] + 2) >> 2
        j += 2


@micropython.viper
def _to_rgb565(red: ptr8, blue: ptr8, out: ptr8, n: int, r: int, b: int):  # noqa: F821
    """red, blue: the rows that red and blue are in, from column r and b on; green is in the others."""
    j = 0
    for _ in range(n):
        green = (red[j + 1 - r] + blue[j + 1 - b]) >> 1
        out[j] = red[j + r] & 0xF8 | green >> 5
        out[j + 1] = (green << 3) & 0xE0 | blue[j + b] >> 3
        j += 2


class Bayer:
    """A camera that gives half the rows, of half the width, of another one's.

    camera         gives rows of bytes, one at a time
    width, height  of its pictures, even
    order   of the colours in the first two rows: one of ORDERS
    format  "rgb565", or "grey" for the mean of the four

    Raises ValueError for what cannot be.
    """

    def __init__(self, camera, width, height, order="bggr", format="rgb565"):
        if order not in ORDERS or format not in ("rgb565", "grey") or width % 2 or height % 2:
            raise ValueError("%dx%d of %s to %s; wanted even sides, one of %s, to rgb565 or grey"
                             % (width, height, order, format, ", ".join(ORDERS)))
        self.format = format
        self.size = "%dx%d" % (width // 2, height // 2)
        self._camera, self._width = camera, width
        self._top = bytearray(width)
        self._out = bytearray(width if format == "rgb565" else width // 2)
        self._red, self._blue = order.index("r"), order.index("b")

    @property
    def lost(self):
        return self._camera.lost

    def rows(self):
        """Yield the rows of the next picture, in one buffer over and over, and None where one was lost."""
        top, out, n = self._top, self._out, self._width // 2
        r, b = self._red, self._blue
        is_top = True
        for row in self._camera.rows():
            if row is None:
                yield None
                return
            if is_top:
                top[:] = row  # the camera may write into its buffer again
            else:
                if self.format == "grey":
                    _to_grey(top, row, out, n)
                else:
                    _to_rgb565(row if r > 1 else top, row if b > 1 else top, out, n, r & 1, b & 1)
                yield out
            is_top = not is_top
