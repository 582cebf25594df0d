# SPDX-License-Identifier: MIT
"""Run the gesture wand live: wave the board and read which gesture it was. Ctrl-C stops it.

It needs wand.midge and lsm9ds1.py (from mpy_lib/drivers) in the current folder, and an LSM9DS1 on the I2C bus: an
Arduino Nano 33 BLE Sense of the first revision has one on these pins, and so has the board of `midge sim --sensor`.
"""

from machine import I2C, Pin

import midge
from lsm9ds1 import LSM9DS1

imu = LSM9DS1(I2C(1, scl=Pin(15), sda=Pin(14)), accel_g=4, rate_hz=50)  # what the network was trained on
wand = midge.load("wand.midge")
print(wand)
print("wave the board")
try:
    for answer in wand.stream(imu.read, threshold=0.8):
        print("%-8s %.3f" % (answer.label, answer.score))
except KeyboardInterrupt:
    imu.stop()
