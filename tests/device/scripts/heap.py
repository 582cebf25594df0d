# SPDX-License-Identifier: MIT
"""A run allocates nothing, a sample in a stream neither, and a loaded model costs little. (Boards only.)"""

import gc
import sys
from array import array

import midge
from check import equal, ok, raises
from tiny import classifier, pair


def allocated(function, *args):
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    function(*args)
    after = gc.mem_alloc()
    gc.enable()
    return after - before


def runs(model, x, y):
    for _ in range(100):
        model.run(x, out=y)
        model.run(x)
        model.run(out=y)


def writes(core, numbers, scores):
    for _ in range(100):
        core.write(numbers)
        core.run()
        core.smooth(scores, 1, 1000)
        core.step(0)


def streams(model, read):
    for _ in model.stream(read, threshold=1000):
        raise AssertionError


class Samples:
    def __init__(self, n):
        self.left = n
        self.sample = array("f", [1, 2, 3])

    def read(self):
        self.left -= 1
        return self.sample if self.left else None


def main():
    data = classifier()
    arena = bytearray(48)
    x, y = bytes(12), bytearray(4)
    model = midge.load(data, arena)
    runs(model, x, y)
    equal("run()", allocated(runs, model, x, y), 0)
    two = midge.load(pair())
    xs, ys = (bytes(2), bytes(12)), (bytearray(8), bytearray(3))
    equal("run() with two ends", allocated(runs, two, xs, ys), 0)
    numbers, scores = array("h", bytes(24)), array("f", bytes(16))
    equal("write(), smooth(), step()", allocated(writes, model._core, numbers, scores), 0)

    streams(model, Samples(3).read)
    few, many = Samples(10).read, Samples(1000).read
    equal("stream", allocated(streams, model, many) - allocated(streams, model, few), 0)

    gc.collect()
    before = gc.mem_alloc()
    model = midge.load(data, arena)
    gc.collect()
    cost = gc.mem_alloc() - before
    limit = 1024 if sys.maxsize < 1 << 32 else 2048
    print("a loaded model: %d B of heap" % cost)
    equal("model below %d B" % limit, cost < limit, True)

    # Nothing of the model is lost, however often the collector runs.
    model = midge.load(bytearray(data))
    for i in range(20):
        gc.collect()
        bytearray(1000)
        if model([[i, 0, 0]] * 4).scores != [i] * 4:
            raise AssertionError("collected")
    ok("survives collections")

    raises(
        "out of memory", MemoryError, "model needs a 268435456 B arena in one piece, ", midge.load, classifier(1 << 28)
    )


if hasattr(gc, "mem_alloc"):
    main()
else:
    ok("heap (no such thing here)")
