# SPDX-License-Identifier: MIT
"""How a stream takes samples: in bursts from a FIFO, across no gap, from anything with read(), with other tasks."""

import gc
import sys

import board_modules  # noqa: F401
from check import equal, ok, raises
from fake_parts import Bus, FakeLIS3DH
from pretended import Sensor
from tiny import classifier

import lis3dh
import midge

model = midge.load(classifier())  # score k is the x of sample k of the window

# Lost samples: the window starts afresh, and nothing is answered across the gap.
stream = model.stream(Sensor(list(range(1, 20)), (9,)), hop=1, smoothing=0, every=True)
seen = []
try:
    for r in stream:
        seen.append(r.scores)
except EOFError:
    pass
equal("lost", stream.lost, 1)
steps = [scores[k + 1] - scores[k] for scores in seen for k in range(3)]
equal("windows without a gap", steps, [1] * len(steps))

# A part's FIFO: the same windows whenever it is asked, with the values that read() gives.
part = FakeLIS3DH()
bus = Bus(part, lag_ms=7)
stream = model.stream(lis3dh.LIS3DH(bus, accel_g=16), hop=2, smoothing=0, every=True)
scores = []
while len(scores) < 9:
    scores.append(next(stream).scores)
other = lis3dh.LIS3DH(Bus(FakeLIS3DH()), accel_g=16)
values = []
for _ in range(4 + 2 * 8):
    other._i2c.wait(10)
    values.append(list(other.read()))
equal("as read()", scores, [model(values[at : at + 4]).scores for at in range(0, 18, 2)])
part.registers[0x20] = 0
raises("silent", OSError, "the LIS3DH gave no sample for 140 ms", next, stream)

# Any object with read() will do.


class Plain:
    def __init__(self, xs):
        self.xs = iter(xs)

    def read(self):
        return next(self.xs, None)


found = [r.scores for r in model.stream(Plain([(x, 0, 0) for x in range(1, 6)]), hop=3, smoothing=0, every=True)]
equal("plain", found, [[1, 2, 3, 4]])

# async for: other tasks run meanwhile.
try:
    import asyncio
except ImportError:
    asyncio = None


async def other_task(ticks):
    while True:
        ticks.append(1)
        await asyncio.sleep(0)


async def main():
    ticks, labels = [], []
    task = asyncio.create_task(other_task(ticks))
    async for r in model.stream(Plain([(x, 0, 0) for x in [0, 0, 9, 0] * 4]), hop=4, threshold=3, votes=(2, 3)):
        labels.append(r.label)
    task.cancel()
    return labels, len(ticks) > 3


if asyncio:
    equal("async", asyncio.run(main()), (["south"], True))

# Nothing is allocated while nothing is sure.


class Zeros:
    def __len__(self):
        return 4000

    def __getitem__(self, i):
        return 0


if sys.implementation.name == "micropython":
    quiet = Sensor(Zeros())
    stream = model.stream(quiet, hop=4, threshold=5)

    def taken_by(samples):
        """Return what so many samples leave on the heap."""
        gc.collect()
        gc.disable()
        before = gc.mem_alloc()
        for _ in range(samples // 3):
            stream._advance(stream._take())
        after = gc.mem_alloc()
        gc.enable()
        return after - before

    taken_by(300)
    equal("allocates nothing", taken_by(3000), 0)
ok("end")
