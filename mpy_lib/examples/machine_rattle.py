# SPDX-License-Identifier: MIT
"""A lamp that calls for service when a machine has rattled for too much of the latest while. Ctrl-C stops it.

It needs sound.midge in the current folder: midge train of folders of sounds of this machine, such as rattle, and
background for those without a fault. i2s_microphone.py and microphone.py (from mpy_lib/drivers) go to the board, too,
and a microphone to the pins below. A rattle now and then is told, and forgotten after WHILE_S.
"""

from machine import Pin

import midge
from i2s_microphone import I2SMicrophone

SCK, WS, SD, LAMP = 16, 17, 18, 25  # change these to your pins
WHILE_S, TOO_MUCH_S = 600, 60  # so long in so long
ENDED = 0.3  # the score below which a rattle is over

model = midge.load("sound.midge")
lamp = Pin(LAMP, Pin.OUT, value=0)
mic = I2SMicrophone(0, sck=Pin(SCK), ws=Pin(WS), sd=Pin(SD))
rattles = []  # when each one ended, and how long it was, in seconds
began = 0
print("listening for %s" % " or ".join(map(str, model.labels)))
try:
    for heard in midge.listen(mic, model, end=ENDED):
        now = heard.at / mic.rate_hz
        if heard.event == "start":
            began = now
            continue
        rattles.append((now, now - began))
        rattles = [one for one in rattles if one[0] > now - WHILE_S]
        seconds = sum([long for _, long in rattles])
        print("%s for %.1f s, %.1f s of the latest %d" % (heard.label, now - began, seconds, WHILE_S))
        if seconds > TOO_MUCH_S and not lamp.value():
            lamp.on()
            print("service, please")
except KeyboardInterrupt:
    mic.stop()
    lamp.off()
