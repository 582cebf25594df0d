# SPDX-License-Identifier: MIT
"""A gate of pictures: what a camera sees all the time, on a grid of 16 x 12 cells, and whether something is new.

    from midge.background import Change

    gate = Change("rgb565", 320, 240)
    for answer in midge.watch(model, camera, gate):     # the network runs only where something has changed
        print(answer.label)

It looks at four pixels of each cell. Means and deviations follow the picture a step at a time (sigma-delta, Manzanera
and Richefeu, 2004), in 384 bytes. Of the first eight pictures it learns what is usual, and lets none through.
"""

_ACROSS = 16
_DOWN = 12
_PIXELS = 4  # of a cell that are looked at
_LEAST = 12  # of 255: what noise alone is not
_MOST = 255

# Bytes of a pixel, and which of them is bright; RGB565's green is in both.
_FORMATS = {"grey": (1, 0), "rgb565": (2, -1), "rgb565le": (2, -2), "yuv422": (2, 0), "uyvy": (2, 1), "rgb888": (3, 1),
            "bayer": (1, 0)}


class Change:
    """A gate that lets pictures through in which at least `cells` cells have changed.

    format, width, height  what the camera gives, as midge convert --camera names it
    rise    how many times its usual deviation a cell must be off
    hold    for how many more pictures it stays open
    Raises ValueError for an unknown format, and for pictures below 64 x 12.
    """

    def __init__(self, format, width, height, cells=3, rise=4, hold=0):
        kind = format.split("-")[0]
        if kind not in _FORMATS or width < _ACROSS * _PIXELS or height < _DOWN:
            raise ValueError("no gate for %s of %dx%d" % (format, width, height))
        size, self._bright = _FORMATS[kind]
        self._size, self._row, self._height = size, width * size, height
        self._step = width // (_ACROSS * _PIXELS) * size
        self._cells, self._rise, self._hold, self._left = cells, rise, hold, 0
        self._mean = bytearray(_ACROSS * _DOWN)
        self._deviation = bytearray(_ACROSS * _DOWN)
        self._seen, self._at, self._new = 0, 0, 0

    def __call__(self, picture):
        """Look at a whole picture; tell whether it is let through."""
        self._at = self._new = 0
        self.rows(picture)
        return self.changed()

    def rows(self, rows):
        """Look at the next rows of a picture."""
        row, height = self._row, self._height
        for i in range(len(rows) // row):
            at = self._at
            band = at * _DOWN // height
            if at == (2 * band + 1) * height // (2 * _DOWN):
                self._look(rows, i * row, band * _ACROSS)
            self._at = at + 1

    def changed(self):
        """Tell whether the picture that has come is let through; the next one begins."""
        new, self._at, self._new = self._new, 0, 0
        self._seen += 1
        if self._seen <= 8:  # what is usual is not known yet
            return False
        if new >= self._cells:
            self._left = self._hold + 1
        if self._left:
            self._left -= 1
            return True
        return False

    def _look(self, rows, at, cell):
        mean, deviation, step, bright, rise = self._mean, self._deviation, self._step, self._bright, self._rise
        for k in range(cell, cell + _ACROSS):
            x = 0
            for _ in range(_PIXELS):
                if bright >= 0:
                    x += rows[at + bright]
                elif bright == -1:
                    x += (rows[at] & 7) << 5 | (rows[at + 1] & 0xE0) >> 3
                else:
                    x += (rows[at + 1] & 7) << 5 | (rows[at] & 0xE0) >> 3
                at += step
            x //= _PIXELS
            if not self._seen:
                mean[k], deviation[k] = x, 2
                continue
            m, d = mean[k], deviation[k]
            off = x - m if x > m else m - x
            if off > d * rise and off > _LEAST:
                self._new += 1
            if x > m:
                mean[k] = m + 1
            elif x < m:
                mean[k] = m - 1
            if off > d and d < _MOST:
                deviation[k] = d + 1
            elif off < d and d > 1:
                deviation[k] = d - 1
