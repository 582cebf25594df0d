# SPDX-License-Identifier: MIT
"""Read the accelerometer and gyroscope of an LSM9DS1, found on the Arduino Nano 33 BLE Sense (first revision).

    from machine import I2C, Pin
    from lsm9ds1 import LSM9DS1
    imu = LSM9DS1(I2C(1, scl=Pin(15), sda=Pin(14)), accel_g=4, rate_hz=50)
    imu.read()      # waits for the next sample: an array of x, y, z in g

Registers, rates and ranges are from ST's data sheet DocID025715, sections 3.3, 3.5 and 7, and table 3. The sensor's
FIFO of 32 samples is switched on, so that no sample is lost while a network runs.
"""

from array import array
from time import sleep_ms, ticks_diff, ticks_ms

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
_RATES_XL = (0, 10, 50, 119, 238, 476, 952)  # Hz, the gyroscope off
_RATES_G = (0, 14.9, 59.5, 119, 238, 476, 952)  # Hz, of both sensors
_RANGES_G = ((2, 0.061e-3), (16, 0.732e-3), (4, 0.122e-3), (8, 0.244e-3))
_RANGES_DPS = ((245, 8.75e-3), (500, 17.5e-3), None, (2000, 70e-3))


class LSM9DS1:
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
        self._i2c = i2c
        self._address = address
        self._byte = bytearray(1)
        try:
            found = self._get(_WHO_AM_I)
        except OSError as error:
            raise OSError(error.errno, "no LSM9DS1 at I2C address 0x%02x" % address)
        if found != 0x68:
            raise OSError("WHO_AM_I is 0x%02x, an LSM9DS1's is 0x68" % found)
        xl, self._g = _pick("accel_g", accel_g, _RANGES_G)
        gyro, self._dps = (0, 0) if gyro_dps is None else _pick("gyro_dps", gyro_dps, _RANGES_DPS)
        rates = _RATES_XL if gyro_dps is None else _RATES_G
        if rate_hz not in rates[1:]:
            raise ValueError("rate_hz: got %s, has %s" % (rate_hz, ", ".join([str(r) for r in rates[1:]])))
        rate = rates.index(rate_hz)
        self._timeout_ms = 100 + int(4000 / rate_hz)
        self._raw = array("h", [0] * (3 if gyro_dps is None else 6))
        self._sample = array("f", [0] * len(self._raw))
        self._set(_CTRL_REG8, 0x05)  # reset, and count the address up
        sleep_ms(10)
        self._set(_CTRL_REG8, 0x44)  # count up; the bytes of a value belong together
        self._set(_FIFO_CTRL, 0x00)  # empty it
        self._set(_CTRL_REG9, 0x02)
        self._set(_FIFO_CTRL, 0xC0)  # the latest 32 samples
        self._set(_CTRL_REG6_XL, rate << 5 | xl << 3)
        if gyro_dps is not None:
            self._set(_CTRL_REG1_G, rate << 5 | gyro << 3)

    def any(self):
        """Return how many samples are waiting to be read, 32 at most."""
        return self._get(_FIFO_SRC) & 0x3F

    def read(self):
        """Wait for the next sample and return it: an array of x, y, z in g, then x, y, z in degrees per second.

        Each call returns the same array. Raises OSError when no sample arrives in time.
        """
        start = ticks_ms()
        while not self.any():
            if ticks_diff(ticks_ms(), start) > self._timeout_ms:
                raise OSError("the LSM9DS1 gave no sample for %d ms" % self._timeout_ms)
            sleep_ms(1)
        raw, sample = self._raw, self._sample
        if len(raw) == 3:
            self._i2c.readfrom_mem_into(self._address, _OUT_X_XL, raw)
        else:  # the gyroscope comes first; the address runs on into the accelerometer's
            self._i2c.readfrom_mem_into(self._address, _OUT_X_G, raw)
            for i in range(3):
                sample[3 + i] = raw[i] * self._dps
        at = len(raw) - 3
        for i in range(3):
            sample[i] = raw[at + i] * self._g
        return sample

    def stop(self):
        """Put the sensor to sleep."""
        self._set(_CTRL_REG1_G, 0)
        self._set(_CTRL_REG6_XL, 0)

    def _get(self, register):
        self._i2c.readfrom_mem_into(self._address, register, self._byte)
        return self._byte[0]

    def _set(self, register, value):
        self._byte[0] = value
        self._i2c.writeto_mem(self._address, register, self._byte)


def _pick(name, wanted, ranges):
    """Return (the register's number of a range, the unit of its raw values)."""
    for number, entry in enumerate(ranges):
        if entry and entry[0] == wanted:
            return number, entry[1]
    raise ValueError("%s: got %s, has %s" % (name, wanted, ", ".join([str(r[0]) for r in ranges if r])))
