# SPDX-License-Identifier: MIT
"""A camera that sees what is in a file: pictures one after the other, as bytes of a camera's format.

    from file_camera import FileCamera

    camera = FileCamera("/rom/camera.bin", "rgb565", 320, 240, line_us=130)
    for answer in midge.watch(model, camera):
        print(answer.label)

With line_us its rows come in time, as from a sensor whose rows a DMA channel puts into two buffers by turns: who takes
one later than two rows after it has come has lost it.
"""

from time import sleep_us, ticks_diff, ticks_us

_BYTES = {"grey": 1, "rgb565": 2, "rgb565le": 2, "yuv422": 2, "uyvy": 2, "rgb888": 3, "bayer": 1}


class FileCamera:
    """The pictures of a file.

    format, width, height  what they are, as midge convert --camera names it
    line_us  from one row to the next; 0 for as fast as they are taken
    again    begin anew at the end of the file

    lost is how many rows came too late so far. Raises OSError without such a file, ValueError for another format.
    """

    def __init__(self, path, format, width, height, line_us=0, again=False):
        kind = format.split("-")[0]
        if kind not in _BYTES:
            raise ValueError("no format %s; there are: %s" % (format, ", ".join(sorted(_BYTES))))
        self.format = format
        self.size = "%dx%d" % (width, height)
        self.lost = 0
        self._height, self._line_us, self._again = height, line_us, again
        self._file = open(path, "rb")
        self._row = bytearray(width * _BYTES[kind])

    def capture(self):
        """Return the next picture, or None at the end of the file."""
        picture = bytearray(len(self._row) * self._height)
        return picture if self._read(picture) else None

    def rows(self):
        """Yield the rows of the next picture, in one buffer over and over, and None instead of one that was lost."""
        row, line_us, start = self._row, self._line_us, ticks_us()
        for y in range(self._height):
            if not self._read(row, y == 0):
                return
            if line_us:
                early = ticks_diff(start + (y + 1) * line_us, ticks_us())
                if early > 0:
                    sleep_us(early)
                elif early < -2 * line_us:
                    self.lost += 1
                    self._skip(self._height - y - 1)
                    yield None
                    return
            yield row

    def close(self):
        """Close the file."""
        self._file.close()

    def _read(self, into, first=True):
        """Fill a buffer; tell whether there was so much."""
        got = self._file.readinto(into)
        if got < len(into) and first and self._again and self._file.tell() > len(self._row):
            self._file.seek(0)
            got = self._file.readinto(into)
        return got == len(into)

    def _skip(self, rows):
        self._file.seek(rows * len(self._row), 1)
