# SPDX-License-Identifier: MIT
"""A lamp that two claps switch on and off. Ctrl-C stops it.

It needs i2s_microphone.py and microphone.py (from mpy_lib/drivers), and a microphone on the pins below, but no network:
a clap is 10 ms that are much louder than what was before, and soon over. Speech rises more slowly, and lasts.
"""

from array import array

from machine import Pin

from i2s_microphone import I2SMicrophone
from midge.gates import loud

SCK, WS, SD, LAMP = 16, 17, 18, 25  # change these to your pins
LONGEST, SOONEST, LATEST = 15, 12, 70  # of a clap, and from one to the next, in hops of 10 ms
RISE = 50  # times the power of the background

mic = I2SMicrophone(0, sck=Pin(SCK), ws=Pin(WS), sd=Pin(SD), bits=16)
lamp = Pin(LAMP, Pin.OUT, value=0)
hop = array(mic.typecode, [0] * 160)
is_loud = loud(RISE, step=2)
now = began = 0
first = -LATEST
sounding = False
print("clap twice")
try:
    while True:
        mic.read(hop)
        now += 1
        if mic.overflow:
            print("overrun")
            mic.clear()
        if is_loud(hop):
            if not sounding:
                sounding, began = True, now
        elif sounding:
            sounding = False
            if now - began <= LONGEST:
                if SOONEST <= began - first <= LATEST:
                    lamp.value(not lamp.value())
                    print("lamp", "on" if lamp.value() else "off")
                    began = -LATEST  # a third clap begins anew
                first = began
except KeyboardInterrupt:
    mic.stop()
    lamp.off()
