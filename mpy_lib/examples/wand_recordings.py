# SPDX-License-Identifier: MIT
"""Run the gesture wand on recorded samples. Runs unchanged on a board, on the unix port and on a PC.

It needs wand.midge and the recordings samples/<gesture>*.csv in the current folder: a header line, then x, y, z
in g, 50 rows per second.
"""

import os
from array import array
from time import ticks_diff, ticks_us

import midge


def read_csv(path):
    """Return a recording as an array of floats, x, y, z, x, y, z, ..."""
    values = array("f")
    with open(path) as file:
        next(file)
        for line in file:
            for text in line.split(","):
                values.append(float(text))
    return values


def main():
    wand = midge.load("wand.midge")
    print(wand)
    labels = wand.labels
    print()
    print("%-14s %-8s" % ("recording", "answer"), " ".join(["%6s" % label for label in labels]), "      time")
    right = 0
    names = sorted(os.listdir("samples"))
    for name in names:
        samples = read_csv("samples/" + name)
        start = ticks_us()
        answer = wand(samples)
        us = ticks_diff(ticks_us(), start)
        right += name.startswith(answer.label)
        scores = " ".join(["%6.3f" % score for score in answer.scores])
        print("%-14s %-8s" % (name, answer.label), scores, "%7d us" % us)
    print()
    print("%d of %d right" % (right, len(names)))


main()
