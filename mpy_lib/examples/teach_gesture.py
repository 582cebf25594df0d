# SPDX-License-Identifier: MIT
"""Teach a board gestures: make each five times, and from then on it says which one you make. Ctrl-C stops it.

It needs moves.midge (midge train --embedding) in the current folder, and a sensor that Midge knows, with its driver
and fifo_sensor.py (from mpy_lib/drivers). What it was taught is kept in KEPT.0 and KEPT.1; remove them to begin anew.
"""

from array import array

import midge
from midge import sensors

GESTURES, TAKES = ("wing", "circle"), 5  # change these to yours
KEPT = "mine"
MOVES = 0.4  # g away from where it lay: a gesture has begun
BEFORE = 0.2  # of a take, from before that

learner = midge.Learner("moves.midge", KEPT)
trained = learner.model.info()["metadata"]
samples, columns = learner.model.inputs[0].shape
imu = sensors.find(
    sensors.buses()[0],
    rate_hz=float(trained["sensor.rate_hz"]),
    accel_g=float(trained.get("sensor.range", "4").split(",")[0]),
    gyro_dps=500 if "gx" in trained["sensor.columns"] else None,
)
values = array("f", [0] * (samples * columns))


def take():
    """Wait until it lies still and then moves; return as many samples as a network sees, some from before."""
    before, filled = int(BEFORE * samples) * columns, 0
    rest = array("f", imu.read())
    while True:
        row = imu.read()
        if filled == before:  # the last ones only
            values[: before - columns] = values[columns:before]
            filled -= columns
        values[filled : filled + columns] = row
        filled += columns
        moves = max(abs(row[i] - rest[i]) for i in range(3)) > MOVES
        if moves and filled == before:
            break
        for i in range(columns):
            rest[i] = row[i] if moves else rest[i] + 0.05 * (row[i] - rest[i])
        if moves:
            filled = 0
    while filled < len(values):
        values[filled : filled + columns] = imu.read()
        filled += columns
    return values


try:
    for gesture in GESTURES:
        while learner.counts().get(gesture, 0) < TAKES:
            print("make a %s" % gesture)
            try:
                print("%d of %d" % (learner.teach(gesture, take()), TAKES))
            except ValueError as error:  # the very same again
                print(error)
    learner.save()
    print("make any")
    while True:
        answer = learner(take())
        print("%s %.2f" % (answer.label, answer.score))
except KeyboardInterrupt:
    imu.stop()
