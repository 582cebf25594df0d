# SPDX-License-Identifier: MIT
"""Find the inertial sensor on an I2C bus, by the register in which each part says what it is.

from machine import I2C
from midge import sensors
imu = sensors.find(I2C(0))
print(imu.name, imu.rate_hz, imu.columns, imu.units)
"""

# Register, identities, addresses, the driver's file, its class.
_PARTS = (
    (0x0F, (0x68,), (0x6B, 0x6A), "lsm9ds1", "LSM9DS1"),
    (0x0F, (0x69, 0x6A), (0x6A, 0x6B), "lsm6ds", "LSM6DS3"),
    (0x0F, (0x6C,), (0x6A, 0x6B), "lsm6ds", "LSM6DSOX"),
    (0x75, (0x68, 0x70, 0x71, 0x73), (0x68, 0x69), "mpu6050", "MPU6050"),
    (0x00, (0x24,), (0x68, 0x69), "bmi270", "BMI270"),
    (0x00, (0xE5,), (0x53, 0x1D), "adxl345", "ADXL345"),
    (0x0F, (0x33,), (0x18, 0x19), "lis3dh", "LIS3DH"),
)


def find(i2c, rate_hz=100, accel_g=4, gyro_dps=500):
    """Return the sensor that answers on the bus, running; the drivers are files of mpy_lib/drivers.

    i2c       a machine.I2C
    rate_hz   samples per second; the nearest that the part has
    accel_g   range of the accelerometer in g; the nearest that the part has
    gyro_dps  range of the gyroscope in degrees per second, the nearest that the part has; None leaves it off, and
              without a gyroscope it means nothing

    Raises OSError where no part is there that Midge knows, and ImportError where its driver is not on the board.
    """
    there = i2c.scan()
    part = identify(i2c, there)
    if part:
        return _start(i2c, part[2], part[0], part[1], rate_hz, accel_g, gyro_dps)
    found = ", ".join(["0x%02x" % address for address in there]) or "nothing"
    known = ", ".join([part[4] for part in _PARTS])
    raise OSError("no sensor on this bus that Midge knows (%s); on it: %s. Check its wires and pins" % (known, found))


def identify(i2c, there=None):
    """Return (the driver's file, its class, address) of the first part on the bus that Midge knows; None for none.

    there  the addresses that answer, where they are known
    """
    if there is None:
        there = i2c.scan()
    for register, identities, addresses, module, name in _PARTS:
        for address in addresses:
            if address in there and _identity(i2c, address, register) in identities:
                return module, name, address
    return None


def buses(number=None, scl=None, sda=None):
    """Return the I2C buses to look on: the one named, or those that a board has on pins of its own choice.

    Raises ValueError or OSError, as machine.I2C does, for one that is named and that the board does not have.
    """
    from machine import I2C, Pin

    if scl is not None:
        return [I2C(number, scl=Pin(scl), sda=Pin(sda))]
    if number is not None:
        return [I2C(number)]
    found = []
    for each in (0, 1):
        try:
            found.append(I2C(each))
        except (ValueError, TypeError, OSError):
            continue
    return found


def _identity(i2c, address, register):
    try:
        return i2c.readfrom_mem(address, register, 1)[0]
    except OSError:
        return None


def _start(i2c, address, module, name, rate_hz, accel_g, gyro_dps):
    try:
        driver = __import__(module)
    except ImportError as error:
        if module not in str(error) and "fifo_sensor" not in str(error):
            raise
        raise ImportError(
            "an %s answers at 0x%02x; put %s.py and fifo_sensor.py of mpy_lib/drivers on the board"
            % (name, address, module)
        )
    options = {"address": address, "accel_g": _nearest(driver.RANGES_G, accel_g)}
    rates = driver.RATES_HZ
    if hasattr(driver, "RANGES_DPS"):
        options["gyro_dps"] = None if gyro_dps is None else _nearest(driver.RANGES_DPS, gyro_dps)
        if gyro_dps is None:
            rates = getattr(driver, "RATES_ALONE_HZ", rates)
    options["rate_hz"] = _nearest(rates, rate_hz)
    return getattr(driver, name)(i2c, **options)


def _nearest(choices, wanted):
    """Return the number among a driver's choices that is nearest as a ratio; entries are numbers or start with one."""
    numbers = [entry[0] if isinstance(entry, tuple) else entry for entry in choices if entry is not None]
    return min(numbers, key=lambda number: max(number / wanted, wanted / number))
