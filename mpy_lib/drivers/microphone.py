# SPDX-License-Identifier: MIT
"""What microphones share: whole hops of samples, without more waiting than for the last few, and no silent loss.

    mic.read_into(buffer)  fills an array(mic.typecode), and returns how many samples that were, or 0 where too few are
                           there yet
    mic.scales             what samples are multiplied with to have 16 bits, an array("f"), or None
    mic.wait_ms(n)         in how many milliseconds n samples will be there
    mic.overflow           True from when samples were lost, or may have been, until clear()

A DMA ring tells neither how much it holds nor that it was full. So the time is counted: at the fastest, samples come
two per cent faster than they should. A driver gives the class _fill(buffer), which waits until the buffer is full. So
a hop is asked for a little early, the last of its samples are waited for, and then the ring is empty.
"""

from array import array
from time import sleep_ms, ticks_diff, ticks_ms, ticks_us

try:
    from micropython import const
except ImportError:  # CPython

    def const(x):
        return x


_PER_SECOND = const(980)  # milliseconds in which a second's samples may come
_LONG_MS = const(60_000)  # before ticks_us() comes round
_MANY = const(1 << 29)


class Microphone:
    """A running microphone: name and rate_hz say which, capacity how many samples its ring holds."""

    overflow = False

    def __init__(self, name, rate_hz, capacity, typecode="h", scale=1):
        self.name = name
        self.rate_hz = rate_hz
        self.capacity = capacity
        self.typecode = typecode
        self.scales = None if scale == 1 else array("f", [scale])
        self.columns = ("sound",)
        self.timeout_ms = 1000
        self._per_8_ms = rate_hz // 125
        self._least_us = 1000
        self._holds(0)

    def _holds(self, n):
        """Say that the ring holds n samples now, at most."""
        self._since, self._since_ms = ticks_us(), ticks_ms()
        self._taken = -n

    def _come(self):
        if ticks_diff(ticks_ms(), self._since_ms) > _LONG_MS:
            return _MANY
        return (ticks_diff(ticks_us(), self._since) >> 3) * self._per_8_ms // _PER_SECOND - self._taken

    def waiting(self):
        """Return how many samples are waiting, at most; never more than fit."""
        return min(self._come(), self.capacity)

    def wait_ms(self, n):
        """Return in how many milliseconds n samples will be there: at least 1."""
        missing = n - self._come()
        return 1 if missing <= 0 else 1 + missing * _PER_SECOND // self.rate_hz

    def read_into(self, buffer):
        """Fill an array(self.typecode) with the next samples, and return how many; 0 where too few are there.

        Nothing is allocated as long as the buffer is the same.
        """
        n = len(buffer)
        come = self._come()
        if come > self.capacity:
            self.overflow = True
        if come < n:
            return 0
        self._take(buffer)
        return n

    def _take(self, buffer):
        """Fill a buffer; tell whether that emptied the ring, as it does where the last samples are waited for."""
        n = len(buffer)
        start = ticks_us()
        self._fill(buffer)
        took = ticks_diff(ticks_us(), start)
        self._taken += n
        if took // n < self._least_us:
            self._least_us = took // n + 1  # what copying a sample takes
        copying = self._least_us * n
        if took - copying > n * 125_000 // self.rate_hz:  # an eighth of them; other delays are shorter
            self._holds(min(self._come(), (copying >> 3) * self._per_8_ms // _PER_SECOND + 1))
            return True
        return False

    def read(self, buffer):
        """Wait until an array(self.typecode) is full of the next samples."""
        while not self.read_into(buffer):
            sleep_ms(self.wait_ms(len(buffer)))

    def clear(self):
        """Throw away what is waiting, and forget that there was an overflow."""
        if self._come() > self.capacity:
            self._holds(self.capacity)
        part = array(self.typecode, [0] * (self.rate_hz // 100))
        for _ in range(self._come() // len(part)):
            if self._take(part):
                break
        self.overflow = False
