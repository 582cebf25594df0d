# SPDX-License-Identifier: MIT
"""Read the accelerometer and gyroscope of ST's LSM6DS3 and LSM6DSOX, and of their kin.

    from machine import I2C
    from lsm6ds import LSM6DS3, LSM6DSOX
    imu = LSM6DSOX(I2C(0), accel_g=4, gyro_dps=500, rate_hz=104)
    imu.read()      # waits for the next sample: an array of x, y, z in g, then in degrees per second

LSM6DS3 is also the LSM6DS3TR-C and LSM6DSL, LSM6DSOX also the LSM6DSO: found on the XIAO nRF52840 Sense, the Arduino
Nano 33 IoT and Nano RP2040 Connect. Registers, rates and ranges are from ST's data sheets of the LSM6DS3 (DocID026899,
section 9), LSM6DS3TR-C (DocID030071) and LSM6DSOX (DS12814, section 9). Needs fifo_sensor.py beside it.
"""

from time import sleep_ms

from fifo_sensor import FifoSensor, gyroscope_last, pick
from micropython import const

_FIFO_CTRL3 = const(0x08)
_FIFO_CTRL4 = const(0x09)
_FIFO_CTRL_MODE_DS3 = const(0x0A)  # FIFO_CTRL5
_FIFO_CTRL3_SOX = const(0x09)
_FIFO_CTRL4_SOX = const(0x0A)
_WHO_AM_I = const(0x0F)
_CTRL1_XL = const(0x10)
_CTRL2_G = const(0x11)
_CTRL3_C = const(0x12)
_FIFO_STATUS1 = const(0x3A)
_FIFO_DATA_OUT = const(0x3E)
_FIFO_DATA_OUT_TAG = const(0x78)
_TAG_GYRO = const(0x01)
_CONTINUOUS = const(0x06)
_BLOCK = const(8)  # samples of an LSM6DSOX that one transfer brings

# The index is what the register takes; the pairs are (range, unit of the raw value).
RATES_HZ = (None, 12.5, 26, 52, 104, 208, 416, 833, 1660)  # Hz
RANGES_G = ((2, 0.061e-3), (16, 0.488e-3), (4, 0.122e-3), (8, 0.244e-3))
RANGES_DPS = ((250, 8.75e-3), (500, 17.5e-3), (1000, 35e-3), (2000, 70e-3))


class _LSM6DS(FifoSensor):
    def __init__(self, i2c, accel_g, gyro_dps, rate_hz, address, name, identities, depth):
        super().__init__(i2c, address, name)
        self._status = bytearray(2)
        self._identify(_WHO_AM_I, identities)
        xl, accel = pick("accel_g", accel_g, RANGES_G)
        gyro_number, gyro = (0, None) if gyro_dps is None else pick("gyro_dps", gyro_dps, RANGES_DPS)
        self._rate, _ = pick("rate_hz", rate_hz, RATES_HZ)
        self._measures(rate_hz, accel, gyro, depth)
        self._set(_CTRL3_C, 0x01)  # reset
        sleep_ms(10)
        self._set(_CTRL3_C, 0x44)  # the bytes of a value belong together; count the address up
        self._restart()
        self._set(_CTRL1_XL, self._rate << 4 | xl << 2)
        if gyro:
            self._set(_CTRL2_G, self._rate << 4 | gyro_number << 2)

    def stop(self):
        """Put the sensor to sleep."""
        self._set(_CTRL1_XL, 0)
        self._set(_CTRL2_G, 0)

    def _waiting(self):
        self._i2c.readfrom_mem_into(self._address, _FIFO_STATUS1, self._status)
        low, high = self._status
        if high & 0x40:
            # What was overwritten need not end where a sample does.
            self._restart()
            self.overflow = True
            return 0
        return ((high & self._count_mask) << 8 | low) // (len(self.columns) // self._values_in_word)


class LSM6DS3(_LSM6DS):
    """A running LSM6DS3, LSM6DS3TR-C or LSM6DSL.

    i2c       a machine.I2C
    accel_g   range of the accelerometer: 2, 4, 8 or 16 g
    gyro_dps  range of the gyroscope: 250, 500, 1000 or 2000 degrees per second; None leaves it off
    rate_hz   samples per second: 12.5, 26, 52, 104, 208, 416, 833 or 1660
    address   0x6A, or 0x6B if the pin SDO/SA0 is high

    Raises OSError when nothing or another part answers at the address, and ValueError for a range or a rate that the
    part does not have.
    """

    _values_in_word = 1
    _count_mask = 0x0F

    def __init__(self, i2c, accel_g=4, gyro_dps=500, rate_hz=104, address=0x6A):
        super().__init__(i2c, accel_g, gyro_dps, rate_hz, address, "LSM6DS3", (0x69, 0x6A), 2048)

    def _restart(self):
        self._set(_FIFO_CTRL_MODE_DS3, 0)  # empty it
        self._set(_FIFO_CTRL3, 0x09 if len(self.columns) == 6 else 0x01)  # every sample of what is on
        self._set(_FIFO_CTRL4, 0)
        self._set(_FIFO_CTRL_MODE_DS3, self._rate << 3 | _CONTINUOUS)

    def _burst(self, samples, n):
        self._i2c.readfrom_mem_into(self._address, _FIFO_DATA_OUT, samples)  # the address stays there
        if len(self.columns) == 6:
            gyroscope_last(samples, n)


class LSM6DSOX(_LSM6DS):
    """A running LSM6DSOX or LSM6DSO; arguments and errors are those of LSM6DS3."""

    _values_in_word = 3
    _count_mask = 0x03

    def __init__(self, i2c, accel_g=4, gyro_dps=500, rate_hz=104, address=0x6A):
        self._block = self._one = None
        super().__init__(i2c, accel_g, gyro_dps, rate_hz, address, "LSM6DSOX", (0x6C,), 3 * 512)
        size = 7 * (len(self.columns) // 3)
        self._block, self._one = bytearray(_BLOCK * size), bytearray(size)

    def _restart(self):
        self._set(_FIFO_CTRL4_SOX, 0)  # empty it
        self._set(_FIFO_CTRL3_SOX, self._rate << 4 | self._rate if len(self.columns) == 6 else self._rate)
        self._set(_FIFO_CTRL4_SOX, _CONTINUOUS)

    def _burst(self, samples, n):
        at = 0
        while n:
            count, words = (_BLOCK, self._block) if n >= _BLOCK else (1, self._one)
            self._i2c.readfrom_mem_into(self._address, _FIFO_DATA_OUT_TAG, words)  # the address goes round
            self._sort(words, samples, at)
            at += count * len(self.columns)
            n -= count

    def _sort(self, words, samples, at):
        """Put the words of samples where they belong: a tag says which sensor's it is, and which comes first varies."""
        both = len(self.columns) == 6
        for word in range(0, len(words), 7):
            to = at + (3 if both and words[word] >> 3 == _TAG_GYRO else 0)
            for i in range(3):
                value = words[word + 1 + 2 * i] | words[word + 2 + 2 * i] << 8
                samples[to + i] = value - 0x10000 if value & 0x8000 else value
            if not both or word % 14 == 7:
                at += len(self.columns)
