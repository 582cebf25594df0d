# SPDX-License-Identifier: MIT
"""A lamp that is on while someone is there. Ctrl-C stops it.

It needs person.midge, of midge convert --camera, and a camera: here the pictures of a file, by file_camera.py (from
mpy_lib/drivers). Any object with rows() or capture() is one. The network runs only on what has changed.
"""

from machine import Pin

import midge
from file_camera import FileCamera
from midge.background import Change

LAMP = 25  # change this to your pin
SURE, STAYS = 0.6, 3  # from which score someone is there; after how many pictures without one the lamp goes off

model = midge.load("person.midge")
told = model.info()["metadata"]
width, height = [int(n) for n in told["camera.size"].split("x")]
camera = FileCamera("camera.bin", told["camera.format"], width, height)
gate = Change(told["camera.format"], width, height, hold=STAYS)
lamp = Pin(LAMP, Pin.OUT, value=0)
gone = STAYS
eye = midge.watch(model, camera, gate)
try:
    for answer in eye:
        someone = answer.label == "person" and answer.score >= SURE
        gone = 0 if someone else gone + 1
        if lamp.value() != (gone < STAYS):
            lamp.value(gone < STAYS)
            print("lamp", "on" if lamp.value() else "off")
    print("of the pictures %d were not looked at" % eye.skipped)
except KeyboardInterrupt:
    pass
lamp.off()
