# SPDX-License-Identifier: MIT
"""Read the accelerometer ADXL345.

    from machine import I2C
    from adxl345 import ADXL345
    sensor = ADXL345(I2C(0), accel_g=4, rate_hz=100)
    sensor.read()      # waits for the next sample: an array of x, y, z in g

Registers, rates and ranges are from Analog Devices' data sheet ADXL345, revision E. Needs fifo_sensor.py beside it.
"""

from fifo_sensor import FifoSensor, pick
from micropython import const

_DEVID = const(0x00)
_BW_RATE = const(0x2C)
_POWER_CTL = const(0x2D)
_INT_SOURCE = const(0x30)
_DATA_FORMAT = const(0x31)
_DATAX0 = const(0x32)
_FIFO_CTL = const(0x38)
_FIFO_STATUS = const(0x39)

RATES_HZ = (None,) * 7 + (12.5, 25, 50, 100, 200, 400, 800)  # Hz; faster takes more than I2C carries
RANGES_G = ((2, 1 / 256), (4, 1 / 256), (8, 1 / 256), (16, 1 / 256))  # the full resolution, whatever the range


class ADXL345(FifoSensor):
    """A running ADXL345.

    i2c      a machine.I2C
    accel_g  range: 2, 4, 8 or 16 g
    rate_hz  samples per second: 12.5, 25, 50, 100, 200, 400 or 800
    address  0x53, or 0x1D if the pin SDO/ALT ADDRESS is high

    Raises OSError when nothing or another part answers at the address, and ValueError for a range or a rate that the
    part does not have.
    """

    def __init__(self, i2c, accel_g=4, rate_hz=100, address=0x53):
        super().__init__(i2c, address, "ADXL345")
        self._identify(_DEVID, (0xE5,))
        number, accel = pick("accel_g", accel_g, RANGES_G)
        rate, _ = pick("rate_hz", rate_hz, RATES_HZ)
        self._measures(rate_hz, accel, None, 32 * 3)
        self._set(_POWER_CTL, 0x00)
        self._set(_DATA_FORMAT, 0x08 | number)
        self._set(_BW_RATE, rate)
        self._restart()
        self._set(_POWER_CTL, 0x08)

    def stop(self):
        """Put the sensor to sleep."""
        self._set(_POWER_CTL, 0x00)

    def _waiting(self):
        waiting = self._get(_FIFO_STATUS) & 0x3F
        if waiting >= 32 and self._get(_INT_SOURCE) & 0x01:
            self.overflow = True
        return waiting

    def _burst(self, samples, n):
        # The FIFO gives its next sample when all six bytes have been read, and only at the next transfer.
        raw = self._raw
        for i in range(n):
            self._i2c.readfrom_mem_into(self._address, _DATAX0, raw)
            if samples is not raw:
                for k in range(3):
                    samples[3 * i + k] = raw[k]

    def _restart(self):
        self._set(_FIFO_CTL, 0x00)  # empty it
        self._set(_FIFO_CTL, 0x80)  # the latest 32 samples
