# SPDX-License-Identifier: MIT
"""Each driver reads its part's FIFO: every sample, in order, in its units; and it tells when the part lost some."""

import os
from array import array

import board_modules  # noqa: F401
from check import equal, ok, raises
from fake_parts import (
    Bus,
    FakeADXL345,
    FakeBMI270,
    FakeLIS3DH,
    FakeLSM6DS3,
    FakeLSM6DSOX,
    FakeLSM9DS1,
    FakeMPU6050,
    value,
)

import adxl345
import bmi270
import fifo_sensor
import lis3dh
import lsm6ds
import lsm9ds1
import mpu6050
from midge import sensors

CONFIG, SHORT = "fake-bmi270.bin", "fake-short.bin"
content = bytearray(8192)
for i in range(8192):
    content[i] = i * 7 % 251
with open(CONFIG, "wb") as file:
    file.write(content)
with open(SHORT, "wb") as file:
    file.write(content[:100])


def samples_of(sensor, buffer, n):
    """Return the first n samples of a buffer as tuples."""
    k = len(sensor.columns)
    return [tuple(buffer[i * k : i * k + k]) for i in range(n)]


def check_part(name, part, make, depth, samples_ms, six):
    """depth: how many samples its FIFO holds."""
    bus = Bus(part)
    sensor = make(bus)
    k = len(sensor.columns)
    equal(name + " columns", sensor.columns, ("ax", "ay", "az") + (("gx", "gy", "gz") if six else ()))
    equal(name + " units", sensor.units, ("g",) * 3 + (("dps",) * 3 if six else ()))
    equal(name + " scales", len(sensor.scales) == len(sensor.range) == k, True)

    bus.wait(5.5 * samples_ms)
    first = [value / scale for value, scale in zip(sensor.read(), sensor.scales)]
    wanted = round(first[0])
    equal(name + " one", [round(x) for x in first], [value(wanted, column) for column in range(k)])

    # Bursts of what has come: no sample twice, none missing.
    buffer = array("h", [0] * (8 * k))
    n, seen = wanted + 1, 0
    transfers = bus.transfers
    for _ in range(60):
        got = sensor.read_into(buffer)
        for sample in samples_of(sensor, buffer, got):
            if sample != tuple([value(n, column) for column in range(k)]):
                raise AssertionError("%s: sample %d is %r" % (name, n, sample))
            n += 1
        seen += got
        bus.wait(4 * samples_ms)
    equal(name + " bursts", [seen >= 230, sensor.overflow], [True, False])
    ok("%s: %d samples in %d transfers" % (name, seen, bus.transfers - transfers))

    # Left alone for too long it loses samples, and what comes afterwards is sound again.
    bus.wait((depth + 40) * samples_ms)
    sensor.read_into(buffer)
    equal(name + " overflow", sensor.overflow, True)
    sensor.clear()
    equal(name + " cleared", [sensor.overflow, sensor.read_into(buffer)], [False, 0])
    bus.wait(3.5 * samples_ms)
    got = samples_of(sensor, buffer, sensor.read_into(buffer))
    equal(name + " afterwards", [len(got) in (3, 4, 5), sensor.overflow], [True, False])
    for i, sample in enumerate(got):
        equal(name + " in step", sample, tuple([value(got[0][0] + i, column) for column in range(k)]))

    del bus.parts[part.address]
    raises(name + " pulled out", OSError, "", sensor.read)
    raises(name + " is not there", OSError, "no %s at I2C address" % type(sensor).__name__, make, bus)


def table():
    both = {"accel_g": 4, "gyro_dps": 500}
    yield "LSM9DS1", FakeLSM9DS1(), lambda bus: lsm9ds1.LSM9DS1(bus, rate_hz=119, **both), 32, 1000 / 119, True
    yield "LSM9DS1 alone", FakeLSM9DS1(), lambda bus: lsm9ds1.LSM9DS1(bus, rate_hz=50), 32, 20, False
    yield "LSM6DS3", FakeLSM6DS3(), lambda bus: lsm6ds.LSM6DS3(bus, rate_hz=104, **both), 683, 1000 / 104, True
    yield "LSM6DS3 alone", FakeLSM6DS3(0x6A), lambda bus: lsm6ds.LSM6DS3(bus, gyro_dps=None), 1366, 1000 / 104, False
    yield "LSM6DSOX", FakeLSM6DSOX(), lambda bus: lsm6ds.LSM6DSOX(bus, rate_hz=208, **both), 256, 1000 / 208, True
    yield "LSM6DSOX alone", FakeLSM6DSOX(), lambda bus: lsm6ds.LSM6DSOX(bus, gyro_dps=None), 512, 1000 / 104, False
    yield "MPU6050", FakeMPU6050(), lambda bus: mpu6050.MPU6050(bus, rate_hz=100, **both), 85, 10, True
    yield "MPU6500", FakeMPU6050(0x70), lambda bus: mpu6050.MPU6050(bus, rate_hz=200, **both), 42, 5, True
    yield "BMI270", FakeBMI270(content), lambda bus: bmi270.BMI270(bus, config=CONFIG, **both), 170, 10, True
    yield "ADXL345", FakeADXL345(), lambda bus: adxl345.ADXL345(bus, rate_hz=100), 32, 10, False
    yield "LIS3DH", FakeLIS3DH(), lambda bus: lis3dh.LIS3DH(bus, rate_hz=100), 32, 10, False


for row in table():
    check_part(*row)

# Samples that go between the part being asked and being read, of which it tells nothing afterwards.
bus = Bus(FakeLSM9DS1())
fifo_sensor.ticks_us = lambda: int(1000 * bus.ms)
sensor = lsm9ds1.LSM9DS1(bus, rate_hz=952)
buffer = array("h", [0] * 96)
bus.wait(20)
equal("in time", [sensor.read_into(buffer) in (19, 20), sensor.overflow], [True, False])
bus.wait(20)
bus.lag_ms = 15
sensor.read_into(buffer)
equal("too late", [sensor.overflow, buffer[3] - buffer[0]], [True, 1])

# What its units are worth: one g, and half of full scale of the gyroscope.
for sensor, raw, real in (
    (lsm9ds1.LSM9DS1(Bus(FakeLSM9DS1()), accel_g=4), 8197, 1.0),
    (lsm6ds.LSM6DS3(Bus(FakeLSM6DS3()), accel_g=8), 4098, 1.0),
    (mpu6050.MPU6050(Bus(FakeMPU6050()), accel_g=2), 16384, 1.0),
    (adxl345.ADXL345(Bus(FakeADXL345()), accel_g=16), 256, 1.0),
    (lis3dh.LIS3DH(Bus(FakeLIS3DH()), accel_g=2), 16000, 1.0),
    (bmi270.BMI270(Bus(FakeBMI270(content)), accel_g=16, config=CONFIG), 2048, 1.0),
):
    equal(sensor.name + " in g", abs(raw * sensor.scales[0] - real) < 1e-3, True)
equal("in degrees", abs(16384 * mpu6050.MPU6050(Bus(FakeMPU6050()), gyro_dps=500).scales[3] - 250) < 1e-3, True)

# A part that falls silent is named.
silent = lis3dh.LIS3DH(Bus(FakeLIS3DH()), rate_hz=400)
silent.stop()
silent.clear()
raises("silent", OSError, "the LIS3DH gave no sample for 110 ms", silent.read)

# find() goes by the identity, and takes the nearest of what there is.
found = sensors.find(Bus(FakeLSM6DSOX()))
equal("found", (found.name, found.rate_hz, found.range), ("LSM6DSOX", 104, (4, 4, 4, 500, 500, 500)))
found = sensors.find(Bus(FakeMPU6050(0x71)), rate_hz=110, accel_g=3.5, gyro_dps=None)
equal("nearest", (found.name, found.rate_hz, found.range), ("MPU9250", 100, (4, 4, 4)))
found = sensors.find(Bus(FakeLSM9DS1()), rate_hz=60, gyro_dps=None)
equal("rates without a gyroscope", (found.name, found.rate_hz), ("LSM9DS1", 50))
found = sensors.find(Bus(FakeADXL345()))
equal("no gyroscope", (found.name, found.columns), ("ADXL345", ("ax", "ay", "az")))
raises("nothing", OSError, "on it: nothing", sensors.find, Bus())
stranger = FakeLSM9DS1()
stranger.registers[0x0F] = 0x3D
raises("another part", OSError, "on it: 0x6b", sensors.find, Bus(stranger))
raises("another identity", OSError, "identity is 0x3d, that of an LSM9DS1 is 0x68", lsm9ds1.LSM9DS1, Bus(stranger))
raises("a rate it lacks", ValueError, "rate_hz: got 60, has 12.5, 26", lsm6ds.LSM6DS3, Bus(FakeLSM6DS3()), rate_hz=60)

# Bosch's configuration: missing, of another size, refused.
bus = Bus(FakeBMI270(content))
raises("no configuration", type(OSError(2, "")), "as the file none.bin", bmi270.BMI270, bus, config="none.bin")
raises("another size", OSError, "Bosch's configuration of a BMI270 has 8192", bmi270.BMI270, bus, config=SHORT)
content[8191] ^= 1
other = Bus(FakeBMI270(content))
raises("refused", OSError, "the BMI270 refuses", bmi270.BMI270, other, config=CONFIG)
os.remove(CONFIG)
os.remove(SHORT)
