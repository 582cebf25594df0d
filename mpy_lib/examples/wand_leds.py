# SPDX-License-Identifier: MIT
"""A wand that lights a lamp for each gesture: the last one stays lit. Ctrl-C stops it.

It needs wand.midge in the current folder, and a sensor that Midge knows, with its driver and fifo_sensor.py (from
mpy_lib/drivers). LEDS says which pin has the lamp of which gesture; gestures without one are printed only.
"""

from machine import Pin

import midge
from midge import sensors

LEDS = {"circle": 16, "wing": 17, "slope": 18, "thrust": 19, "flick": 20}  # change these to your pins

wand = midge.load("wand.midge")
trained = wand.info()["metadata"]
lamps = {label: Pin(pin, Pin.OUT) for label, pin in LEDS.items() if label in wand.labels}
imu = sensors.find(
    sensors.buses()[0],
    rate_hz=float(trained.get("sensor.rate_hz", 50)),  # the demo's wand, which does not say, was trained on these
    accel_g=float(trained.get("sensor.range", "4").split(",")[0]),
    gyro_dps=500 if "gx" in trained.get("sensor.columns", "ax") else None,
)
print("wave the %s" % imu.name)
try:
    for answer in wand.stream(imu):
        for label, lamp in lamps.items():
            lamp.value(label == answer.label)
        print("%-8s %.2f" % (answer.label, answer.score))
except KeyboardInterrupt:
    imu.stop()
