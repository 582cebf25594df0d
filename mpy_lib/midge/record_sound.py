# SPDX-License-Identifier: MIT
"""Print what a microphone hears in frames, for `midge capture --mic` at the other end of the REPL.

Frames are those of record.py, of 240 samples: at 16 kHz 44 kB a second go over the line.
"""

import json
import struct
from array import array
from binascii import b2a_base64
from time import sleep_ms, ticks_diff, ticks_ms

import midge
from micropython import const

from .record import frame

_LOST = const(1)
_IN_A_FRAME = const(240)


def describe(mic):
    """Return what a microphone is as a line of JSON, as record.describe does of a sensor."""
    return json.dumps({
        "name": mic.name,
        "rate_hz": mic.rate_hz,
        "columns": ["sound"],
        "units": ["share"],
        "range": [1],
        "scales": b2a_base64(bytes(array("f", [1 / 32768]))).decode().strip(),
    })


def record(mic, samples, hop):
    """Print frames until there have been so many samples (0: until Ctrl-C) or some were lost; return how many.

    hop: a .midge file whose input is an int16 of 240 samples, by which they are scaled as models hear them. Raises
    OSError when the microphone gives no sample in time.
    """
    core = midge.load(hop)._core
    sound = array("h", [0] * _IN_A_FRAME)
    raw = array(mic.typecode, sound)
    n, heard = 0, ticks_ms()
    mic.clear()
    try:
        while not samples or n < samples:
            if mic.overflow:
                frame("f", struct.pack("<IBB", n, 0, _LOST))
                break
            if mic.read_into(raw):
                core.push(sound, raw, 0, mic.scales)
                frame("f", struct.pack("<IBB", n, _IN_A_FRAME, 0) + bytes(sound))
                n, heard = n + _IN_A_FRAME, ticks_ms()
            elif ticks_diff(ticks_ms(), heard) > mic.timeout_ms:
                raise OSError("the %s gave no sample for %d ms" % (mic.name, mic.timeout_ms))
            else:
                sleep_ms(mic.wait_ms(_IN_A_FRAME))
    except KeyboardInterrupt:
        pass
    return n
