# SPDX-License-Identifier: MIT
"""Count what lies under a camera, such as cells under a microscope, kind by kind. Ctrl-C stops it.

It needs cells.midge, of midge train with boxes and of midge convert --camera --decode fomo, and a camera: here the
pictures of a file, by file_camera.py (from mpy_lib/drivers). Any object with rows() or capture() is one. Of each place
it takes some pictures and the median of their counts, and then waits for the slide to be moved.
"""

from time import sleep_ms

import midge
from file_camera import FileCamera

AT_ONCE = 3  # pictures of a place; noise moves what is near the threshold in and out
PAUSE_MS = 2000  # to move the slide

model = midge.load("cells.midge")
told = model.info()["metadata"]
width, height = [int(n) for n in told["camera.size"].split("x")]
camera = FileCamera("camera.bin", told["camera.format"], width, height)
kinds = [label for label in model.labels if label != "background"]
totals = [0] * len(kinds)
seen, places = [], 0
try:
    for found in midge.watch(model, camera):
        seen.append([sum([box.label == kind for box in found.boxes]) for kind in kinds])
        if len(seen) < AT_ONCE:
            continue
        counts = [sorted(column)[AT_ONCE // 2] for column in zip(*seen)]
        totals = [total + count for total, count in zip(totals, counts)]
        seen, places = [], places + 1
        print("place %d: %s" % (places, ", ".join(["%d %s" % pair for pair in zip(counts, kinds)])))
        sleep_ms(PAUSE_MS)
except KeyboardInterrupt:
    pass
for kind, total in zip(kinds, totals):
    print("%s: %d in all, %.1f a place" % (kind, total, total / max(places, 1)))
