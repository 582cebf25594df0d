# SPDX-License-Identifier: MIT
"""Teach a board things: show it each five times, and from then on it says which bin one goes to. Ctrl-C stops it.

It needs things.midge, of midge train --embedding --camera, in the current folder, and a camera: here the pictures of a
file, by file_camera.py (from mpy_lib/drivers). Any object with rows() or capture() is one. What it was taught is kept
in KEPT.0 and KEPT.1; remove them to begin anew.
"""

from time import sleep_ms

from machine import Pin

import midge
from file_camera import FileCamera

BINS, TAKES = {"nut": 16, "screw": 17}, 5  # change these to your things, and to the pins that open their bins
KEPT = "things"
PAUSE_MS = 1500  # to put the next thing there

learner = midge.Learner("things.midge", KEPT)
told = learner.model.info()["metadata"]
width, height = [int(n) for n in told["camera.size"].split("x")]
camera = FileCamera("camera.bin", told["camera.format"], width, height)
bins = {thing: Pin(pin, Pin.OUT, value=0) for thing, pin in BINS.items()}
try:
    for thing in BINS:
        while learner.counts().get(thing, 0) < TAKES:
            print("show a %s" % thing)
            sleep_ms(PAUSE_MS)
            try:
                print("%d of %d" % (learner.teach(thing, camera), TAKES))
            except ValueError as error:  # it was not moved
                print(error)
    learner.save()
    print("sorting")
    for answer in midge.watch(learner, camera):
        for thing, pin in bins.items():
            pin.value(thing == answer.label)
        print("%s %.2f" % (answer.label, answer.score))
        sleep_ms(PAUSE_MS)
except KeyboardInterrupt:
    pass
for pin in bins.values():
    pin.off()
