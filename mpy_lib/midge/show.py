# SPDX-License-Identifier: MIT
"""Print the pictures of a camera in frames, for `midge capture --camera` and `midge live --camera`.

A frame is that of record.py with the letter p, and holds a row: u16 the picture's number, u16 the row's, u32 how many
bytes the row has, u8 flags, and the row, all little-endian. Rows are taken apart: first all high bytes of RGB565, then
all low ones; first all Y, then all U, then all V. Flags: 1, rows were lost, and the picture ends here; 2, nibbles; 4, a
part of a JPEG picture, whose number stands where the row's does and its place in bytes where the row's length does; 8,
its last part.

Nibbles, the lower one of a byte first, are differences to the byte before, from -7 to 7; after -8 the byte itself
follows in two, the lower one first. A row that becomes no shorter is sent as it is, and so are all of them where
MicroPython has no native code (viper), as it would take longer than a line of USB saves.

What a model answers to a picture is a frame of the letter a, JSON: number, label, score, boxes as [label, score, x, y,
w, h], ms, how long it took from the picture's beginning, and lost, how many pictures were given up.
"""

import json
import struct
from time import sleep_ms, ticks_diff, ticks_ms

from micropython import const

from .record import frame

_LOST = const(1)
_NIBBLES = const(2)
_JPEG = const(4)
_LAST = const(8)
_PART = const(960)  # bytes of JPEG in a frame

# Where the bytes of a row are taken from: first and step. Of thinned rows of YUV there is the light only,
# of mosaics the green.
_PLANES = {
    "grey": ((0, 1),), "rgb565": ((0, 2), (1, 2)), "rgb565le": ((0, 2), (1, 2)), "rgb888": ((0, 3), (1, 3), (2, 3)),
    "yuv422": ((0, 2), (1, 4), (3, 4)), "uyvy": ((1, 2), (0, 4), (2, 4)), "bayer": ((0, 2), (1, 2)),
}
_ONE_BYTE = ("jpeg", "grey", "bayer")  # a pixel

_CODE = """
@micropython.viper
def nibbles(row: ptr8, n: int, out: ptr8) -> int:
    before = 0
    k = 0
    for i in range(n):
        byte = row[i]
        d = byte - before
        before = byte
        if d > -8 and d < 8:
            value = d & 15
            count = 1
        else:
            value = 8 | byte << 4
            count = 3
        while count:
            if k & 1:
                out[k >> 1] = out[k >> 1] | (value & 15) << 4
            else:
                out[k >> 1] = value & 15
            value = value >> 4
            count -= 1
            k += 1
    return (k + 1) >> 1
"""


def describe(camera):
    """Return what a camera gives as a line of JSON: name, format and size, "" where it does not tell."""
    name = getattr(camera, "name", type(camera).__name__)
    return json.dumps({"name": name, "format": getattr(camera, "format", ""), "size": getattr(camera, "size", "")})


def show(camera, format, width, count=0, every_ms=0, thin=1, model=None):
    """Print pictures until there have been so many (0: until Ctrl-C), or the camera gives no more; return how many.

    format, width  of its pictures, where it does not tell itself
    every_ms  from one picture to the next, where the camera and the line are as fast
    thin      print each so-manieth pixel of each so-manieth row
    model     what answers to each picture

    Raises ValueError for a format that is none.
    """
    printer = _Printer(format, width, thin)
    begin = ticks_ms()
    n = 0
    try:
        while not count or n < count:
            early = n * every_ms - ticks_diff(ticks_ms(), begin)
            if early > 0:
                sleep_ms(early)
            if not printer.picture(camera, n, model):
                break
            n += 1
    except KeyboardInterrupt:
        pass
    return n


class _Printer:
    def __init__(self, format, width, thin):
        kind, _, order = format.partition("-")
        if kind != "jpeg" and kind not in _PLANES:
            raise ValueError("no format %s; there are: jpeg, %s" % (format, ", ".join(sorted(_PLANES))))
        self._jpeg, self._thin, self._lost, self._by_rows = format == "jpeg", thin, 0, False
        planes = _PLANES["grey" if self._jpeg else kind]
        self._stride = width * (1 if kind in _ONE_BYTE else 3 if kind == "rgb888" else 2)
        if thin > 1 and kind in ("yuv422", "uyvy"):
            planes = planes[:1]
        elif thin > 1 and kind == "bayer":
            planes = ((order.index("g"), 1),)
        self._planes = [(first, step * thin) for first, step in planes]
        self._nibbles = None
        if not self._jpeg:
            names = {}
            try:
                exec("import micropython\n" + _CODE, names)
                self._nibbles = names["nibbles"]
                self._out = bytearray(self._stride * 3 // 2 + 1)
            except (SyntaxError, ValueError, AttributeError):  # no native code here
                pass

    def picture(self, camera, number, model):
        """Print the next picture; return False where there is none."""
        begin = ticks_ms()
        taken = self._take(camera)
        if self._jpeg:
            if taken[0] is None:
                return False
            self._parts(number, taken[0])
            return True
        y = 0
        for rows in taken:
            if rows is None:
                if not self._by_rows:
                    return False
                self._lost += 1
                frame("p", struct.pack("<HHIB", number & 0xFFFF, y, 0, _LOST))
                if model is not None:
                    model.reset()
                return True
            for at in range(0, len(rows), self._stride):
                if not y % self._thin:
                    self._row(number, y // self._thin, rows, at)
                y += 1
            if model is not None:
                model.rows(rows)
        if y and model is not None:
            self._answer(number, model.answer(), begin)
        return y > 0

    def _take(self, camera):
        """Return what gives the next picture: whole, as rows come faster than a line takes them, or by rows."""
        if hasattr(camera, "capture") and not self._by_rows:
            try:
                return (camera.capture(),)
            except MemoryError:
                if not hasattr(camera, "rows"):
                    raise
        self._by_rows = True
        return camera.rows()

    def _row(self, number, y, rows, at):
        row = bytes(memoryview(rows)[at : at + self._stride])
        if len(self._planes) > 1 or self._planes[0] != (0, 1):
            values = list(row)  # of which MicroPython takes each so-manieth, as it does not of bytes
            row = b"".join([bytes(values[first::step]) for first, step in self._planes])
        n, flags, coded = len(row), 0, row
        if self._nibbles is not None:
            length = self._nibbles(row, n, self._out)
            if length < n:
                flags, coded = _NIBBLES, bytes(memoryview(self._out)[:length])
        frame("p", struct.pack("<HHIB", number & 0xFFFF, y, n, flags) + coded)

    def _parts(self, number, jpeg):
        for i, at in enumerate(range(0, len(jpeg), _PART)):
            flags = _JPEG | (_LAST if at + _PART >= len(jpeg) else 0)
            frame("p", struct.pack("<HHIB", number & 0xFFFF, i, at, flags) + bytes(memoryview(jpeg)[at : at + _PART]))

    def _answer(self, number, result, begin):
        boxes = [list(box) for box in getattr(result, "boxes", ())]
        frame("a", json.dumps({
            "number": number & 0xFFFF, "label": result.label, "score": result.score, "boxes": boxes,
            "ms": ticks_diff(ticks_ms(), begin), "lost": self._lost,
        }).encode())
