# SPDX-License-Identifier: MIT
"""Watch a fan: learn for a while what it is like here, then light a lamp when it ails. Ctrl-C stops it.

It needs fan.midge (midge train --normal) in the current folder, and a sensor that Midge knows, with its driver and
fifo_sensor.py (from mpy_lib/drivers). What it has learned is kept in STATE; remove that after moving the sensor.
"""

from machine import Pin

import midge
from midge import sensors
from midge.anomaly import Anomaly

LAMP = 16  # change these to what you have
STATE = "fan.state"

model = midge.load("fan.midge")
trained = model.info()["metadata"]
lamp = Pin(LAMP, Pin.OUT)
imu = sensors.find(
    sensors.buses()[0],
    rate_hz=float(trained["sensor.rate_hz"]),
    accel_g=float(trained.get("sensor.range", "4").split(",")[0]),
    gyro_dps=500 if "gx" in trained["sensor.columns"] else None,
)
fan = Anomaly(model, STATE)
print("learning from %d windows" % fan.left if fan.left else "watching")
ails = None
try:
    for score in fan.stream(imu):
        if score is not None and fan.alarm is not ails:
            ails = fan.alarm
            lamp.value(ails)
            print("%s, %.1f of the threshold" % ("not normal" if ails else "normal", score))
except KeyboardInterrupt:
    imu.stop()
