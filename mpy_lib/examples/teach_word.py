# SPDX-License-Identifier: MIT
"""Teach a board a word: say it five times, and from then on a lamp lights when it is said. Ctrl-C stops it.

It needs words.midge in the current folder, i2s_microphone.py and microphone.py (from mpy_lib/drivers): `midge examples
teach_word` brings them. And a microphone such as the INMP441 on the pins below. What it was taught is kept in KEPT.0
and KEPT.1; remove them to begin anew.
"""

from machine import Pin

import midge
from i2s_microphone import I2SMicrophone

WORD, TAKES = "lumos", 5
KEPT = "lumos"
SCK, WS, SD, LAMP = 16, 17, 18, 25  # change these to your pins

learner = midge.Learner("words.midge", KEPT, classes=4)
lamp = Pin(LAMP, Pin.OUT, value=0)
mic = I2SMicrophone(0, sck=Pin(SCK), ws=Pin(WS), sd=Pin(SD))
try:
    while learner.counts().get(WORD, 0) < TAKES:
        print("say %s" % WORD)
        try:
            print("%d of %d" % (learner.teach(WORD, mic), TAKES))
        except ValueError as error:  # too soft, too loud, nothing heard
            print(error)
    learner.save()
    print("listening")
    while True:
        try:
            heard = learner(mic)
        except ValueError:  # nothing was said for a while
            continue
        lamp.value(heard.label == WORD)
        print("%s %.2f" % (heard.label, heard.score))
except KeyboardInterrupt:
    mic.stop()
    lamp.off()
