# SPDX-License-Identifier: MIT
"""A toy that knows which of its sides is up: it prints each side that it is laid on. Ctrl-C stops it.

It needs a sensor that Midge knows, with its driver and fifo_sensor.py (from mpy_lib/drivers). No network is needed for
that: gravity points down, and a side counts once it has been up for half a second.
"""

from midge import sensors

SIDES = ("+x", "-x", "+y", "-y", "+z", "-z")

imu = sensors.find(sensors.buses()[0], rate_hz=50, accel_g=2, gyro_dps=None)


def side_up(x, y, z):
    """Return the side that is up, None where none clearly is or it moves: a side has 0.8 to 1.2 g when it is up."""
    for axis, value in enumerate((x, y, z)):
        if 0.8 < abs(value) < 1.2:
            return SIDES[2 * axis + (value < 0)]
    return None


up = candidate = None
count = 0
print("turn the %s over" % imu.name)
try:
    while True:
        side = side_up(*imu.read())
        count = count + 1 if side == candidate else 0
        candidate = side
        if count >= imu.rate_hz // 2 and side != up and side is not None:
            up = side
            print("%s is up" % up)
except KeyboardInterrupt:
    imu.stop()
