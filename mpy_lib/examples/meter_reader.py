# SPDX-License-Identifier: MIT
"""Read a water or gas meter: each of its rolls through one camera, and the number that they show. Ctrl-C stops it.

It needs roll.midge, of midge train --scale circle with pictures of single rolls in folders 0.0 to 9.9 and of midge
convert --camera grey,28x45 or as large as a roll is, and a camera that sees the whole counter: here the pictures of a
file, by file_camera.py (from mpy_lib/drivers). Any object with capture() is one. Lines of the picture go into the
network as they lie: no roll is copied. A meter does not turn back, nor on by much at once: a number that says so is
believed only if the next one goes on from there.
"""

from time import sleep_ms

import midge
from file_camera import FileCamera

WIDTH, HEIGHT = 160, 60  # what the camera gives, in grey
LEFT, TOP, STEP, ROLLS = 10, 8, 28, 5  # the first roll's corner, and how far it is to the next; change these
DECIMALS = 1  # how many of the rolls are behind the point
EVERY_MS = 60_000
MOST = 100  # how far it may turn on from one picture to the next

model = midge.load("roll.midge")
wide, tall = [int(n) for n in model.info()["metadata"]["camera.size"].split("x")]
camera = FileCamera("camera.bin", "grey", WIDTH, HEIGHT)


def shown(picture, roll):
    """Return what a roll shows, from 0 to 9.9: 3.9 is nearly a 4."""
    for y in range(TOP, TOP + tall):
        start = y * WIDTH + LEFT + roll * STEP
        model.rows(picture[start:start + wide])
    return float(model.answer().label)


def number(values):
    """Return the number of what all rolls show: one turns on while the next one goes from 9 to 0, and only then."""
    total, part = 0, values[-1] % 1
    for place, value in enumerate(reversed(values)):
        digit = round(value - part) % 10
        total += digit * 10 ** place
        part = max(digit + part - 9, 0)
    return total / 10 ** DECIMALS


def follows(now, earlier):
    """Tell whether a meter may show a number after an earlier one."""
    return earlier is not None and 0 <= now - earlier <= MOST


before = doubted = None
try:
    while True:
        picture = camera.capture()
        if picture is None:
            break
        values = [shown(memoryview(picture), roll) for roll in range(ROLLS)]
        now = number(values)
        if before is None or follows(now, before) or follows(now, doubted):
            before, doubted = now, None
            print("%.*f" % (DECIMALS, now))
        else:
            doubted = now
            print("%s cannot follow %.*f" % (values, DECIMALS, before))
        sleep_ms(EVERY_MS)
except KeyboardInterrupt:
    pass
