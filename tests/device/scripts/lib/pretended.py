# SPDX-License-Identifier: MIT
"""A sensor and a microphone whose samples a script chooses, and what is answered to them."""

from array import array


class Sensor:
    """A sensor whose x are given; each call has up to three more of them ready. The last ones are followed by None."""

    name, rate_hz, timeout_ms = "pretended", 100, 100
    columns, units, range = ("ax", "ay", "az"), ("g", "g", "g"), (4, 4, 4)

    def __init__(self, xs, lose=()):
        self.xs, self.at, self.lose = xs, 0, lose
        self.scales = array("f", [0.5, 1, 1])
        self.overflow = False

    def clear(self):
        self.overflow = False

    def read_into(self, buffer, most=None):
        if self.at in self.lose:
            self.overflow, self.lose = True, ()
            return 0
        n = min(3, most, len(self.xs) - self.at)
        if not n:
            raise EOFError
        for i in range(n):
            buffer[3 * i] = 2 * self.xs[self.at + i]
        self.at += n
        return n

    def read(self):
        raise AssertionError("read() where read_into() is")


def answers(model, xs, lose=(), **options):
    """Return (label, score, sample number) of each answer of a stream over xs."""
    stream = model.stream(Sensor(xs, lose), **options)
    found = []
    try:
        for r in stream:
            found.append((r.label, r.score, stream.samples))
    except EOFError:
        return found


class Mic:
    """A microphone that gives the scores of ear() hop by hop, in thousandths: numbers, or tuples of one per class.

    LOST among them stands for samples that were lost, LATE for a hop that is not there yet.
    """

    name, rate_hz, timeout_ms, typecode, scales, overflow = "pretended", 400, 40, "h", None, False

    def __init__(self, hops):
        self.hops = iter(hops)

    def clear(self):
        self.overflow = False

    def wait_ms(self, n):
        return 1000 * n // self.rate_hz

    def read_into(self, buffer):
        hop = next(self.hops, EOFError)
        if hop is EOFError:
            raise EOFError
        if hop is LATE:
            return 0
        if hop is LOST:
            self.overflow = True
            return len(buffer)
        if isinstance(hop, tuple):
            for i in range(len(hop)):
                buffer[i] = hop[i]
        else:
            buffer[0] = hop
        return len(buffer)


LATE, LOST = "late", "lost"


def heard(hops, *models, **options):
    """Return the listener, and (event, label, score, sample number) of each thing that was heard in some hops."""
    import midge

    mic = options.pop("mic", None) or Mic(hops)
    listener, found = midge.listen(mic, *models, **options), []
    try:
        for h in listener:
            found.append((h.event, h.label, round(h.score, 4), h.at))
    except EOFError:
        pass
    return listener, found
