# SPDX-License-Identifier: MIT
"""Read the accelerometer and gyroscope of an LSM9DS1, found on the Arduino Nano 33 BLE Sense (first revision).

    from machine import I2C, Pin
    from lsm9ds1 import LSM9DS1
    imu = LSM9DS1(I2C(1, scl=Pin(15), sda=Pin(14)), accel_g=4, rate_hz=50)
    imu.read()      # waits for the next sample: an array of x, y, z in g

Registers, rates and ranges are from ST's data sheet DocID025715, sections 3.3, 3.5 and 7, and table 3. The sensor's
FIFO of 32 samples is switched on, so that no sample is lost while a network runs. Needs fifo_sensor.py beside it.
"""

from time import sleep_ms

from fifo_sensor import FifoSensor, gyroscope_last, pick
from micropython import const

_WHO_AM_I = const(0x0F)
_CTRL_REG1_G = const(0x10)
_OUT_X_G = const(0x18)
_CTRL_REG6_XL = const(0x20)
_CTRL_REG8 = const(0x22)
_CTRL_REG9 = const(0x23)
_OUT_X_XL = const(0x28)
_FIFO_CTRL = const(0x2E)
_FIFO_SRC = const(0x2F)

# The index is what the register takes; the pairs (range, unit of the raw value) are from table 3.
RATES_ALONE_HZ = (None, 10, 50, 119, 238, 476, 952)  # Hz, the gyroscope off
RATES_HZ = (None, 14.9, 59.5, 119, 238, 476, 952)  # Hz, of both sensors
RANGES_G = ((2, 0.061e-3), (16, 0.732e-3), (4, 0.122e-3), (8, 0.244e-3))
RANGES_DPS = ((245, 8.75e-3), (500, 17.5e-3), None, (2000, 70e-3))


class LSM9DS1(FifoSensor):
    """A running LSM9DS1.

    i2c       a machine.I2C
    accel_g   range of the accelerometer: 2, 4, 8 or 16 g
    gyro_dps  range of the gyroscope: 245, 500 or 2000 degrees per second; None leaves it off
    rate_hz   samples per second: 10, 50, 119, 238, 476 or 952; with the gyroscope 14.9, 59.5, 119, 238, 476 or 952
    address   0x6B, or 0x6A if the pin SDO_A/G is low

    Raises OSError when nothing or another part answers at the address, and ValueError for a range or a rate that the
    part does not have.
    """

    def __init__(self, i2c, accel_g=4, gyro_dps=None, rate_hz=50, address=0x6B):
        super().__init__(i2c, address, "LSM9DS1")
        self._identify(_WHO_AM_I, (0x68,))
        xl, accel = pick("accel_g", accel_g, RANGES_G)
        gyro_number, gyro = (0, None) if gyro_dps is None else pick("gyro_dps", gyro_dps, RANGES_DPS)
        rate, _ = pick("rate_hz", rate_hz, RATES_HZ if gyro else RATES_ALONE_HZ)
        self._measures(rate_hz, accel, gyro, 32 * (6 if gyro else 3))
        self._set(_CTRL_REG8, 0x05)  # reset, and count the address up
        sleep_ms(10)
        self._set(_CTRL_REG8, 0x44)  # count up; the bytes of a value belong together
        self._set(_CTRL_REG9, 0x02)
        self._restart()
        self._set(_CTRL_REG6_XL, rate << 5 | xl << 3)
        if gyro:
            self._set(_CTRL_REG1_G, rate << 5 | gyro_number << 3)

    def stop(self):
        """Put the sensor to sleep."""
        self._set(_CTRL_REG1_G, 0)
        self._set(_CTRL_REG6_XL, 0)

    def _waiting(self):
        source = self._get(_FIFO_SRC)
        if source & 0x40:
            self.overflow = True
        return source & 0x3F

    def _burst(self, samples, n):
        # The address goes round, from the accelerometer's last register to the first one of what is on.
        if len(self.columns) == 3:
            self._i2c.readfrom_mem_into(self._address, _OUT_X_XL, samples)
        else:
            self._i2c.readfrom_mem_into(self._address, _OUT_X_G, samples)
            gyroscope_last(samples, n)

    def _restart(self):
        self._set(_FIFO_CTRL, 0x00)  # empty it
        self._set(_FIFO_CTRL, 0xC0)  # the latest 32 samples
