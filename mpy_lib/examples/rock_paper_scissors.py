# SPDX-License-Identifier: MIT
"""Play rock, paper, scissors against the board: it counts down, sees your hand, and shows its own. Ctrl-C stops it.

It needs hands.midge, of midge train with the folders rock, paper and scissors and of midge convert --camera, and a
camera: here the pictures of a file, by file_camera.py (from mpy_lib/drivers). Any object with rows() or capture() is
one. A hand counts once it has been seen alike for some pictures; a blurred one, on its way, does not.
"""

from random import choice
from time import sleep_ms

import midge
from file_camera import FileCamera

BEATS = {"rock": "scissors", "scissors": "paper", "paper": "rock"}
SURE, PATIENCE = 0.8, 12  # from which score a hand counts; for how many pictures the board looks out for one
COUNT_MS = 500

model = midge.load("hands.midge")
told = model.info()["metadata"]
width, height = [int(n) for n in told["camera.size"].split("x")]
camera = FileCamera("camera.bin", told["camera.format"], width, height)
eye = midge.watch(model, camera, smoothing=0.5)
hands = sorted(BEATS)
won = {"you": 0, "the board": 0, "nobody": 0}
try:
    while True:
        for number in 3, 2, 1:
            print(number)
            sleep_ms(COUNT_MS)
        mine = choice(hands)  # chosen before yours is seen
        eye.restart()
        yours = None
        for pictures, answer in enumerate(eye):
            if answer.label in BEATS and answer.score >= SURE and pictures:
                yours = answer.label
            if yours or pictures == PATIENCE:
                break
        else:  # the camera gives no more pictures
            break
        if not yours:
            print("no hand")
            continue
        winner = "nobody" if yours == mine else "you" if BEATS[yours] == mine else "the board"
        won[winner] += 1
        print("you %s, the board %s: %s" % (yours, mine, winner))
except KeyboardInterrupt:
    pass
print("won: " + ", ".join(["%s %d" % (who, won[who]) for who in sorted(won)]))
