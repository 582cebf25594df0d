# SPDX-License-Identifier: MIT
"""Print what a model answers to a sensor in frames, for `midge live` at the other end of the REPL.

A frame is that of record.py with the letter l. Its bytes: u32 how many samples have come, u16 how often some were lost,
i8 the label that is the answer now (-1 for none), i8 the label of the highest score (-1 where it is uncertain), and the
scores, float32, of the window, or of the answer where there is one; all little-endian.
"""

import struct
from array import array

from .record import frame


def live(model, sensor, every=False):
    """Print a frame for each answer, or for every window, until Ctrl-C. Raises what model.stream() raises."""
    stream = model.stream(sensor, every=every)
    try:
        for r in stream:
            answer = r.answer if every else r
            best = -1 if r.label == "uncertain" else r.index
            head = stream.samples, stream.lost & 0xFFFF, answer.index if answer else -1, best
            frame("l", struct.pack("<IHbb", *head) + bytes(array("f", (answer or r).scores)))
    except KeyboardInterrupt:
        pass
