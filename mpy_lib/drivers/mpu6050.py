# SPDX-License-Identifier: MIT
"""Read the accelerometer and gyroscope of an MPU-6050 or MPU-6500, and of the MPU-9250, which holds the latter.

    from machine import I2C
    from mpu6050 import MPU6050
    imu = MPU6050(I2C(0), accel_g=4, gyro_dps=500, rate_hz=100)
    imu.read()      # waits for the next sample: an array of x, y, z in g, then in degrees per second

Registers, rates and ranges are from InvenSense's register maps RM-MPU-6000A-00 (4.2) and RM-MPU-6500A-00 (2.1).
Needs fifo_sensor.py beside it.
"""

from time import sleep_ms

from fifo_sensor import FifoSensor, pick
from micropython import const

_SMPLRT_DIV = const(0x19)
_CONFIG = const(0x1A)
_GYRO_CONFIG = const(0x1B)
_ACCEL_CONFIG = const(0x1C)
_ACCEL_CONFIG2 = const(0x1D)
_FIFO_EN = const(0x23)
_INT_ENABLE = const(0x38)
_INT_STATUS = const(0x3A)
_USER_CTRL = const(0x6A)
_PWR_MGMT_1 = const(0x6B)
_FIFO_COUNT = const(0x72)
_FIFO_R_W = const(0x74)
_WHO_AM_I = const(0x75)
_OVERFLOW = const(0x10)

RATES_HZ = (10, 20, 25, 40, 50, 100, 125, 200, 250, 500)  # Hz: 1 kHz over a whole number
RANGES_G = ((2, 1 / 16384), (4, 1 / 8192), (8, 1 / 4096), (16, 1 / 2048))
RANGES_DPS = ((250, 250 / 32768), (500, 500 / 32768), (1000, 1000 / 32768), (2000, 2000 / 32768))
# Of the filter, by rate: the widest band that is below half of the rate (register CONFIG).
_BANDS = ((500, 1), (200, 2), (100, 3), (50, 4), (25, 5), (0, 6))
_NAMES = {0x68: "MPU6050", 0x70: "MPU6500", 0x71: "MPU9250", 0x73: "MPU9255"}


class MPU6050(FifoSensor):
    """A running MPU-6050, MPU-6500, MPU-9250 or MPU-9255; name says which.

    i2c       a machine.I2C
    accel_g   range of the accelerometer: 2, 4, 8 or 16 g
    gyro_dps  range of the gyroscope: 250, 500, 1000 or 2000 degrees per second; None leaves it out
    rate_hz   samples per second: 10, 20, 25, 40, 50, 100, 125, 200, 250 or 500
    address   0x68, or 0x69 if the pin AD0 is high

    Raises OSError when nothing or another part answers at the address, and ValueError for a range or a rate that the
    part does not have.
    """

    def __init__(self, i2c, accel_g=4, gyro_dps=500, rate_hz=100, address=0x68):
        super().__init__(i2c, address, "MPU6050")
        self.name = _NAMES[self._identify(_WHO_AM_I, tuple(_NAMES))]
        self._fifo_bytes = 1024 if self.name == "MPU6050" else 512
        self._count = bytearray(2)
        xl, accel = pick("accel_g", accel_g, RANGES_G)
        gyro_number, gyro = (0, None) if gyro_dps is None else pick("gyro_dps", gyro_dps, RANGES_DPS)
        pick("rate_hz", rate_hz, RATES_HZ)
        self._measures(rate_hz, accel, gyro, self._fifo_bytes // 2)
        self._set(_PWR_MGMT_1, 0x80)  # reset
        sleep_ms(100)
        self._set(_PWR_MGMT_1, 0x01)  # awake, by the gyroscope's clock
        band = min([number for least_hz, number in _BANDS if rate_hz >= least_hz])
        self._set(_CONFIG, band)
        if self.name != "MPU6050":
            self._set(_ACCEL_CONFIG2, band)
        self._set(_GYRO_CONFIG, gyro_number << 3)
        self._set(_ACCEL_CONFIG, xl << 3)
        self._set(_SMPLRT_DIV, 1000 // rate_hz - 1)
        self._set(_INT_ENABLE, _OVERFLOW)
        self._set(_FIFO_EN, 0x78 if gyro else 0x08)
        self._restart()

    def stop(self):
        """Put the sensor to sleep."""
        self._set(_PWR_MGMT_1, 0x40)

    def _waiting(self):
        self._i2c.readfrom_mem_into(self._address, _FIFO_COUNT, self._count)
        waiting = self._count[0] << 8 | self._count[1]
        if self._get(_INT_STATUS) & _OVERFLOW or waiting >= self._fifo_bytes:
            # The oldest bytes are gone, and what is left need not begin where a sample does.
            self._restart()
            self.overflow = True
            return 0
        return waiting // (2 * len(self.columns))

    def _burst(self, samples, n):
        self._i2c.readfrom_mem_into(self._address, _FIFO_R_W, samples)
        for i in range(n * len(self.columns)):  # the high byte comes first
            value = samples[i]
            value = (value & 0xFF) << 8 | value >> 8 & 0xFF
            samples[i] = value - 0x10000 if value & 0x8000 else value

    def _restart(self):
        self._set(_USER_CTRL, 0x00)
        self._set(_USER_CTRL, 0x04)  # empty the FIFO
        self._set(_USER_CTRL, 0x40)
        self._get(_INT_STATUS)
