# SPDX-License-Identifier: MIT
"""A lamp that is lit while a baby cries, and a line when it began and when it ended. Ctrl-C stops it.

It needs sound.midge in the current folder: midge train of folders of sounds, one of which, such as cry, is to be told.
i2s_microphone.py and microphone.py (from mpy_lib/drivers) go to the board, too, and a microphone to the pins below.
The sound has begun when its score reaches the model's threshold, and ended when it is below ENDED.
"""

from machine import Pin

import midge
from i2s_microphone import I2SMicrophone

SCK, WS, SD, LAMP = 16, 17, 18, 25  # change these to your pins
TOLD = None  # the class that is told, as "cry"; None for any that is not quiet
ENDED = 0.3

model = midge.load("sound.midge")
lamp = Pin(LAMP, Pin.OUT, value=0)
mic = I2SMicrophone(0, sck=Pin(SCK), ws=Pin(WS), sd=Pin(SD))
began = 0
print("listening for %s" % (TOLD or " or ".join(map(str, model.labels))))
try:
    for heard in midge.listen(mic, model, end=ENDED):
        if TOLD not in (None, heard.label):
            continue
        if heard.event == "start":
            lamp.on()
            began = heard.at
            print("%s began" % heard.label)
        else:
            lamp.off()
            print("%s ended after %.1f s" % (heard.label, (heard.at - began) / mic.rate_hz))
except KeyboardInterrupt:
    mic.stop()
    lamp.off()
