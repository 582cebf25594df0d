# SPDX-License-Identifier: MIT
"""Read the accelerometer and gyroscope of a BMI270, found on the Arduino Nano 33 BLE Sense (second revision).

    from machine import I2C, Pin
    from bmi270 import BMI270
    imu = BMI270(I2C(1, scl=Pin(15), sda=Pin(14)), accel_g=4, gyro_dps=500, rate_hz=100)
    imu.read()      # waits for the next sample: an array of x, y, z in g, then in degrees per second

The part measures nothing until it has been given 8,192 bytes of Bosch's own, which are not part of Midge: the array
bmi270_config_file in bmi270.c of Bosch Sensortec's BMI270_SensorAPI (BSD-3-Clause). Put them on the board as a file of
bytes, bmi270.bin. Registers, rates and ranges are from Bosch's data sheet BST-BMI270-DS000-07, sections 4.4, 4.9 and 5.
Needs fifo_sensor.py beside it.
"""

from time import sleep_ms

from fifo_sensor import FifoSensor, gyroscope_last, pick
from micropython import const

_CHIP_ID = const(0x00)
_INTERNAL_STATUS = const(0x21)
_FIFO_LENGTH = const(0x24)
_FIFO_DATA = const(0x26)
_ACC_CONF = const(0x40)
_ACC_RANGE = const(0x41)
_GYR_CONF = const(0x42)
_GYR_RANGE = const(0x43)
_FIFO_CONFIG_0 = const(0x48)
_FIFO_CONFIG_1 = const(0x49)
_INIT_CTRL = const(0x59)
_INIT_ADDR_0 = const(0x5B)
_INIT_DATA = const(0x5E)
_PWR_CONF = const(0x7C)
_PWR_CTRL = const(0x7D)
_CMD = const(0x7E)
_CONFIG_BYTES = const(8192)
_BLOCK = const(32)  # bytes of it a transfer
_FIFO_BYTES = const(2048)

RATES_HZ = (None,) * 6 + (25, 50, 100, 200, 400, 800)  # Hz
RANGES_G = ((2, 2 / 32768), (4, 4 / 32768), (8, 8 / 32768), (16, 16 / 32768))
RANGES_DPS = ((2000, 2000 / 32768), (1000, 1000 / 32768), (500, 500 / 32768), (250, 250 / 32768), (125, 125 / 32768))


class BMI270(FifoSensor):
    """A running BMI270.

    i2c       a machine.I2C
    accel_g   range of the accelerometer: 2, 4, 8 or 16 g
    gyro_dps  range of the gyroscope: 125, 250, 500, 1000 or 2000 degrees per second; None leaves it off
    rate_hz   samples per second: 25, 50, 100, 200, 400 or 800
    address   0x68, or 0x69 if the pin SDO is high
    config    path of the file with Bosch's bytes

    Raises OSError when nothing or another part answers at the address, when there is no such file, or the part refuses
    it; ValueError for a range or a rate that the part does not have.
    """

    def __init__(self, i2c, accel_g=4, gyro_dps=500, rate_hz=100, address=0x68, config="bmi270.bin"):
        super().__init__(i2c, address, "BMI270")
        self._identify(_CHIP_ID, (0x24,))
        xl, accel = pick("accel_g", accel_g, RANGES_G)
        gyro_number, gyro = (0, None) if gyro_dps is None else pick("gyro_dps", gyro_dps, RANGES_DPS)
        rate, _ = pick("rate_hz", rate_hz, RATES_HZ)
        self._length = bytearray(2)
        self._measures(rate_hz, accel, gyro, _FIFO_BYTES // 2)
        self._set(_CMD, 0xB6)  # reset
        sleep_ms(5)
        self._set(_PWR_CONF, 0x00)  # no power saving, or the FIFO's registers do not answer
        sleep_ms(1)
        self._load(config)
        self._set(_ACC_CONF, 0xA0 | rate)  # filtered for performance, the ordinary band
        self._set(_ACC_RANGE, xl)
        self._set(_GYR_CONF, 0xA0 | rate)
        self._set(_GYR_RANGE, gyro_number)
        self._set(_FIFO_CONFIG_0, 0x00)  # the latest samples; no times
        self._set(_FIFO_CONFIG_1, 0xC0 if gyro else 0x40)  # no headers
        self._set(_PWR_CTRL, 0x06 if gyro else 0x04)
        self._restart()

    def stop(self):
        """Put the sensor to sleep."""
        self._set(_PWR_CTRL, 0x00)

    def _load(self, path):
        """Give the part Bosch's bytes; section 4.4 of the data sheet."""
        try:
            file = open(path, "rb")
        except OSError as error:
            raise OSError(error.errno, "a BMI270 needs Bosch's configuration as the file %s; see bmi270.py" % path)
        with file:
            size = file.seek(0, 2)
            if size != _CONFIG_BYTES:
                raise OSError("%s: has %d B, Bosch's configuration of a BMI270 has %d" % (path, size, _CONFIG_BYTES))
            file.seek(0)
            self._set(_INIT_CTRL, 0x00)
            block, at = bytearray(_BLOCK), bytearray(2)
            for word in range(0, _CONFIG_BYTES // 2, _BLOCK // 2):
                file.readinto(block)
                at[0], at[1] = word & 0x0F, word >> 4
                self._i2c.writeto_mem(self._address, _INIT_ADDR_0, at)
                self._i2c.writeto_mem(self._address, _INIT_DATA, block)
            self._set(_INIT_CTRL, 0x01)
        for _ in range(20):
            sleep_ms(10)
            if self._get(_INTERNAL_STATUS) & 0x0F == 0x01:
                return
        raise OSError("the BMI270 refuses %s; is it Bosch's configuration for this part?" % path)

    def _waiting(self):
        self._i2c.readfrom_mem_into(self._address, _FIFO_LENGTH, self._length)
        length = (self._length[1] & 0x3F) << 8 | self._length[0]
        size = 2 * len(self.columns)
        if length + size > _FIFO_BYTES:  # no room for another, so there may have been none for some
            self.overflow = True
        return length // size

    def _burst(self, samples, n):
        self._i2c.readfrom_mem_into(self._address, _FIFO_DATA, samples)  # the address stays there
        if len(self.columns) == 6:
            gyroscope_last(samples, n)

    def _restart(self):
        self._set(_CMD, 0xB0)  # empty the FIFO
