# SPDX-License-Identifier: MIT
"""A lamp that lights for two seconds when a word is heard. Ctrl-C stops it.

It needs word.midge, which midge convert makes of a wake word, in the current folder, i2s_microphone.py and
microphone.py (from mpy_lib/drivers), and a microphone such as the INMP441 on the pins below. `midge sim --mic` has one.
"""

from time import ticks_diff, ticks_ms

from machine import Pin

import midge
from i2s_microphone import I2SMicrophone

SCK, WS, SD, LAMP = 16, 17, 18, 25  # change these to your pins
LIT_MS = 2000

word = midge.load("word.midge")
lamp = Pin(LAMP, Pin.OUT, value=0)
since = None


def dim(_):
    """Put the lamp out in time. The listener calls this with each hop of samples, and goes on."""
    global since
    if since is not None and ticks_diff(ticks_ms(), since) > LIT_MS:
        lamp.off()
        since = None
    return True


mic = I2SMicrophone(0, sck=Pin(SCK), ws=Pin(WS), sd=Pin(SD))
listener = midge.listen(mic, word, gate=dim)
print("say %s" % " or ".join(map(str, word.labels)))
try:
    for heard in listener:
        lamp.on()
        since = ticks_ms()
        print("%s %.2f, %d overruns" % (heard.label, heard.score, listener.lost))
except KeyboardInterrupt:
    mic.stop()
    lamp.off()
