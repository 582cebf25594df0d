# SPDX-License-Identifier: MIT
"""Draw handwritten digits at the REPL, with what the network reads. Runs unchanged on a board and on a PC.

It needs digits.midge and digits.bin in the current folder, which `midge examples digits` brings. digits.bin holds, for
each digit, 64 bytes of 8 x 8 pixels (0 white to 16 black) and one byte with the digit that it is.
"""

from array import array
from time import ticks_diff, ticks_us

import midge

_SHADES = "  ..::--==++**##@"  # one for each of a pixel's 17 values
_IN_A_ROW = 5


def read_digits(path):
    """Yield lists of up to _IN_A_ROW digits."""
    with open(path, "rb") as file:
        while True:
            row = []
            while len(row) < _IN_A_ROW:
                digit = file.read(65)
                if not digit:
                    break
                row.append(digit)
            if not row:
                return
            yield row


def draw(row):
    for y in range(8):
        print("  ".join(["".join([_SHADES[digit[8 * y + x]] * 2 for x in range(8)]) for digit in row]))


def main():
    model = midge.load("digits.midge")
    print(model)
    print()
    pixels = array("f", [0] * 64)
    right = count = total_us = 0
    for row in read_digits("digits.bin"):
        captions = []
        for digit in row:
            for i in range(64):
                pixels[i] = digit[i] / 16
            start = ticks_us()
            answer = model(pixels)
            total_us += ticks_diff(ticks_us(), start)
            hit = answer.label == str(digit[64])
            right += hit
            count += 1
            text = "%s %d/256" % (answer.label, round(answer.score * 256))
            captions.append("%-16s" % (text if hit else text + " no: %d" % digit[64]))
        draw(row)
        print("  ".join(captions))
        print()
    print("%d of %d right, %d us each" % (right, count, total_us // count))


main()
