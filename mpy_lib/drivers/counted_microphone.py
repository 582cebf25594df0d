# SPDX-License-Identifier: MIT
"""What microphones share whose ring tells how far it has come, so that nothing is estimated.

A driver gives _place(), samples so far modulo `turn`, a power of two far above the capacity, and _copy(buffer, at),
which brings samples from that place on.
"""

from microphone import Microphone


class CountedMicrophone(Microphone):
    """A running microphone; see microphone.py for how it is read."""

    def __init__(self, name, rate_hz, capacity, turn):
        self._turn = turn - 1
        super().__init__(name, rate_hz, capacity)

    def _holds(self, n):
        self._at = -n & self._turn

    def _come(self):
        return self._place() - self._at & self._turn

    def _take(self, buffer):
        """Fill a buffer, and see whether its samples were overwritten meanwhile."""
        self._copy(buffer, self._at)
        if self._come() > self.capacity:
            self.overflow = True
        self._at = self._at + len(buffer) & self._turn

    def clear(self):
        """Throw away what is waiting, and forget that there was an overflow."""
        self._at = self._place()
        self.overflow = False
