# SPDX-License-Identifier: MIT
"""What the drivers of this folder share: an inertial sensor whose FIFO is read in bursts.

    sensor.read()             waits for the next sample and returns it: an array of floats, in sensor.units
    sensor.read_into(buffer)  takes what waits into an array("h"), as the part has it; how many samples
    sensor.overflow           True from when samples were lost, or may have been, until clear()

A value in its unit is the raw value times sensor.scales of its column. A driver gives the class what is its part's own:
_waiting(), _burst() and _restart().
"""

from array import array
from time import sleep_ms, ticks_diff, ticks_ms, ticks_us


class FifoSensor:
    """A running sensor: name, rate_hz, columns, units, range and scales say what it measures, and how."""

    overflow = False

    def __init__(self, i2c, address, name):
        self.name = name
        self._i2c = i2c
        self._address = address
        self._byte = bytearray(1)
        self._buffer = None
        self._views = ()

    def any(self):
        """Return how many samples are waiting to be read."""
        return self._waiting()

    def read(self):
        """Wait for the next sample and return it: an array with a value for each of columns, in units.

        Each call returns the same array. Raises OSError when no sample arrives in time.
        """
        raw, sample, scales = self._raw, self._sample, self.scales
        start = ticks_ms()
        while not self.read_into(raw):
            if ticks_diff(ticks_ms(), start) > self.timeout_ms:
                raise OSError("the %s gave no sample for %d ms" % (self.name, self.timeout_ms))
            sleep_ms(1)
        for i in range(len(raw)):
            sample[i] = raw[i] * scales[i]
        return sample

    def read_into(self, buffer, most=None):
        """Take the samples that are waiting, as many as `buffer` holds, without waiting; return how many.

        buffer  an array("h") for samples one after the other, each of len(columns) values. Nothing is allocated as
                long as it is the same.
        most    take no more samples than that
        """
        start = ticks_us()
        waiting = self._waiting()
        n = min(waiting, len(buffer) // len(self.columns))
        if most is not None and most < n:
            n = most
        if n:
            if buffer is not self._buffer:
                self._buffer = buffer
                self._views = [None] * (len(buffer) // len(self.columns) + 1)
            view = self._views[n]
            if view is None:
                view = self._views[n] = memoryview(buffer)[: n * len(self.columns)]
            self._burst(view, n)
            # A part tells of samples that it overwrote after it was asked only until the next one is read.
            if waiting * self._sample_us + ticks_diff(ticks_us(), start) > self._depth_us:
                self.overflow = True
        return n

    def clear(self):
        """Throw away what is waiting, and forget that there was an overflow."""
        self._restart()
        self.overflow = False

    def _measures(self, rate_hz, accel, gyro, depth):
        """Say what is measured.

        accel, gyro  (range, unit of the raw value), in g and degrees per second; None for no gyroscope
        depth        how many values the FIFO holds
        """
        kinds = [("a", "g", accel)] + ([("g", "dps", gyro)] if gyro else [])
        self.rate_hz = rate_hz
        self._sample_us = int(900_000 / rate_hz)  # at the fastest: parts are off by a few per cent
        self._depth_us = depth // (3 * len(kinds)) * self._sample_us
        self.timeout_ms = 100 + int(4000 / rate_hz)
        self.columns = tuple([kind + axis for kind, _, _ in kinds for axis in "xyz"])
        self.units = tuple([unit for _, unit, _ in kinds for _ in "xyz"])
        self.range = tuple([span for _, _, (span, _) in kinds for _ in "xyz"])
        self.scales = array("f", [scale for _, _, (_, scale) in kinds for _ in "xyz"])
        self._raw = array("h", [0] * len(self.columns))
        self._sample = array("f", [0] * len(self.columns))

    def _identify(self, register, identities):
        """Refuse what is not there, and what is another part; return its identity. Raises OSError."""
        try:
            found = self._get(register)
        except OSError as error:
            raise OSError(error.errno, "no %s at I2C address 0x%02x" % (self.name, self._address))
        if found not in identities:
            wanted = " or ".join(["0x%02x" % identity for identity in identities])
            raise OSError("identity is 0x%02x, that of an %s is %s" % (found, self.name, wanted))
        return found

    def _get(self, register):
        self._i2c.readfrom_mem_into(self._address, register, self._byte)
        return self._byte[0]

    def _set(self, register, value):
        self._byte[0] = value
        self._i2c.writeto_mem(self._address, register, self._byte)


def pick(name, wanted, choices):
    """Return (the register's number of a range or rate, its entry). Raises ValueError for what the part lacks.

    choices  the index is what the register takes; an entry is a number, or a tuple that starts with one, or None
    """
    for number, entry in enumerate(choices):
        if entry is not None and wanted == (entry[0] if isinstance(entry, tuple) else entry):
            return number, entry
    has = [str(entry[0] if isinstance(entry, tuple) else entry) for entry in choices if entry is not None]
    raise ValueError("%s: got %s, has %s" % (name, wanted, ", ".join(has)))


def gyroscope_last(samples, n):
    """Turn n samples of x, y, z of a gyroscope and then of an accelerometer round, in place."""
    for at in range(0, 6 * n, 6):
        for i in range(at, at + 3):
            rate = samples[i]
            samples[i] = samples[i + 3]
            samples[i + 3] = rate
