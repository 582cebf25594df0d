# SPDX-License-Identifier: MIT
"""A step counter: put the board into a pocket and walk; each step prints how many there have been. Ctrl-C stops it.

It needs a sensor that Midge knows, with its driver and fifo_sensor.py (from mpy_lib/drivers). No network is needed for
that. How hard the board is pulled, whatever way it hangs, goes through a slow and a fast running mean; their difference
swings once a step, between one and four times a second.
"""

from math import sqrt

from midge import sensors

SLOW, FAST = 0.02, 0.25  # shares that a new sample has in a mean, at 50 samples a second
SWING_G = 0.06  # each way; less is no step
SOONEST_S = 0.25  # after the step before
IN_A_ROW = 4  # the first three of a walk are counted with the fourth: a knock is no walk
PAUSE_S = 2

imu = sensors.find(sensors.buses()[0], rate_hz=50, accel_g=4, gyro_dps=None)
steps = row = 0
slow = fast = 1.0
low = False
last = n = 0
print("walk with the %s" % imu.name)
try:
    while True:
        x, y, z = imu.read()
        n += 1
        g = sqrt(x * x + y * y + z * z)
        slow += SLOW * (g - slow)
        fast += FAST * (g - fast)
        swing = fast - slow
        if swing < -SWING_G:
            low = True
        elif low and swing > SWING_G and n - last > SOONEST_S * imu.rate_hz:
            row = row + 1 if n - last < PAUSE_S * imu.rate_hz else 1
            low = False
            last = n
            if row >= IN_A_ROW:
                steps += IN_A_ROW if row == IN_A_ROW else 1
                print("%d steps" % steps)
except KeyboardInterrupt:
    imu.stop()
