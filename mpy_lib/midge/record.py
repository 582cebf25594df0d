# SPDX-License-Identifier: MIT
"""Print the samples of a sensor in frames, for `midge capture` at the other end of the REPL.

A frame is STX "f", base64, ETX. Its bytes: u32 the number of its first sample, u8 how many samples it holds, u8 flags,
the samples, one after the other, and the CRC-32 of all before it, all little-endian. Flags: 1, samples were lost before
this frame, because nobody took them from the sensor in time; 2, values are float32 and not int16.
"""

import json
import struct
from array import array
from binascii import b2a_base64, crc32
from time import sleep_ms, ticks_diff, ticks_ms

from micropython import const

_LOST = const(1)
_FLOATS = const(2)
_IN_A_FRAME = const(16)


def describe(sensor):
    """Return what a sensor measures as a line of JSON; any object with read() is one.

    name, rate_hz (0 where it does not tell), columns, units and range (numbers; none where it does not tell), and
    scales, the base64 of an array of f that its int16 values are multiplied by; "" for one that gives real values.
    """
    columns = getattr(sensor, "columns", None)
    if columns is None:
        columns = ["c%d" % i for i in range(len(sensor.read()))]
    bursts = hasattr(sensor, "read_into")
    return json.dumps({
        "name": getattr(sensor, "name", type(sensor).__name__),
        "rate_hz": getattr(sensor, "rate_hz", 0),
        "columns": list(columns),
        "units": list(getattr(sensor, "units", ["raw"] * len(columns))),
        "range": list(getattr(sensor, "range", [])),
        "scales": b2a_base64(bytes(sensor.scales)).decode().strip() if bursts else "",
    })


def record(sensor, samples=0):
    """Print frames until there have been so many samples (0: until Ctrl-C) or some were lost; return how many.

    Raises OSError when the sensor gives no sample in time.
    """
    frames = _bursts(sensor, samples) if hasattr(sensor, "read_into") else _one_by_one(sensor, samples)
    n = 0
    try:
        for printed in frames:
            n = printed
    except KeyboardInterrupt:
        pass
    return n


def _bursts(sensor, samples):
    """Yield how many samples have been printed."""
    width = len(sensor.columns)
    buffer = array("h", [0] * (_IN_A_FRAME * width))
    wait_ms = max(int(4000 / sensor.rate_hz), 1)
    n, heard = 0, ticks_ms()
    sensor.clear()
    while not samples or n < samples:
        most = min(_IN_A_FRAME, samples - n) if samples else _IN_A_FRAME
        got = sensor.read_into(buffer, most)
        if sensor.overflow:
            frame("f", struct.pack("<IBB", n, 0, _LOST))
            return
        if got:
            frame("f", struct.pack("<IBB", n, got, 0) + bytes(memoryview(buffer)[: got * width]))
            n, heard = n + got, ticks_ms()
            yield n
        elif ticks_diff(ticks_ms(), heard) > sensor.timeout_ms:
            raise OSError("the %s gave no sample for %d ms" % (sensor.name, sensor.timeout_ms))
        else:
            sleep_ms(wait_ms)


def _one_by_one(sensor, samples):
    n = 0
    while not samples or n < samples:
        values = array("f", sensor.read())
        frame("f", struct.pack("<IBB", n, 1, _FLOATS) + bytes(values))
        n += 1
        yield n


def frame(kind, body):
    """Print a frame: STX, a letter, base64 of body and its CRC-32, ETX."""
    body += struct.pack("<I", crc32(body) & 0xFFFFFFFF)
    print("\x02" + kind + b2a_base64(body).decode().strip() + "\x03")
