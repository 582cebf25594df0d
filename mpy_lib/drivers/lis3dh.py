# SPDX-License-Identifier: MIT
"""Read the accelerometer LIS3DH.

    from machine import I2C
    from lis3dh import LIS3DH
    sensor = LIS3DH(I2C(0), accel_g=4, rate_hz=100)
    sensor.read()      # waits for the next sample: an array of x, y, z in g

Registers, rates and ranges are from ST's data sheet DocID17530, section 8 and table 4, and its application note AN3308.
Needs fifo_sensor.py beside it.
"""

from fifo_sensor import FifoSensor, pick
from micropython import const

_WHO_AM_I = const(0x0F)
_CTRL_REG1 = const(0x20)
_CTRL_REG4 = const(0x23)
_CTRL_REG5 = const(0x24)
_OUT_X = const(0x28)
_FIFO_CTRL = const(0x2E)
_FIFO_SRC = const(0x2F)
_COUNT_UP = const(0x80)  # beside the address: each byte of a transfer is of the next register

RATES_HZ = (None, 1, 10, 25, 50, 100, 200, 400)  # Hz
# 12 bits stand in the upper ones of 16: 1, 2, 4 and 12 mg a step.
RANGES_G = ((2, 1e-3 / 16), (4, 2e-3 / 16), (8, 4e-3 / 16), (16, 12e-3 / 16))


class LIS3DH(FifoSensor):
    """A running LIS3DH.

    i2c      a machine.I2C
    accel_g  range: 2, 4, 8 or 16 g
    rate_hz  samples per second: 1, 10, 25, 50, 100, 200 or 400
    address  0x18, or 0x19 if the pin SDO/SA0 is high

    Raises OSError when nothing or another part answers at the address, and ValueError for a range or a rate that the
    part does not have.
    """

    def __init__(self, i2c, accel_g=4, rate_hz=100, address=0x18):
        super().__init__(i2c, address, "LIS3DH")
        self._identify(_WHO_AM_I, (0x33,))
        number, accel = pick("accel_g", accel_g, RANGES_G)
        rate, _ = pick("rate_hz", rate_hz, RATES_HZ)
        self._measures(rate_hz, accel, None, 32 * 3)
        self._set(_CTRL_REG4, 0x88 | number << 4)  # the bytes of a value belong together; 12 bits
        self._set(_CTRL_REG5, 0x40)
        self._restart()
        self._set(_CTRL_REG1, rate << 4 | 0x07)

    def stop(self):
        """Put the sensor to sleep."""
        self._set(_CTRL_REG1, 0x00)

    def _waiting(self):
        source = self._get(_FIFO_SRC)
        if source & 0x40:  # full: the next sample overwrites the oldest, if it has not done so already
            self.overflow = True
            return 32
        return source & 0x1F

    def _burst(self, samples, n):
        self._i2c.readfrom_mem_into(self._address, _OUT_X | _COUNT_UP, samples)  # the address goes round

    def _restart(self):
        self._set(_FIFO_CTRL, 0x00)  # empty it
        self._set(_FIFO_CTRL, 0x80)  # the latest 32 samples
