# SPDX-License-Identifier: MIT
"""A steady rhythm with sleep between the beats, as deep as the board's port really sleeps.

    for beat in midge.duty(10_000):
        print(model(imu.read()).label)

What a beat takes is subtracted from the sleep, so the rhythm does not drift. A beat that takes longer than the period
leaves out the beats that it ran over, and counts them.
"""

import sys
import time


def duty(every_ms, sleep=None, ticks=None):
    """Return beats every so many milliseconds, a Duty, for a for loop; the board sleeps between them.

    sleep  called with milliseconds, in place of the deepest sleep of this port that keeps the program
    ticks  called for the milliseconds of a clock, in place of the board's
    """
    return Duty(every_ms, sleep or sleeper(), ticks or _ticks)


def sleeper(platform=None):
    """Return a function that sleeps for so many milliseconds, the deepest of this port that keeps the program.

    rp2, esp32, pyboard (STM32)   machine.lightsleep, which stops the clocks and comes back by the timer
    nrf52                         sleep_nrf52.sleep: machine.lightsleep there only waits for the next event
    others                        time.sleep_ms

    Where the port's clock stands still meanwhile, the function returns the milliseconds that passed. What wakes a
    board earlier, an interrupt, brings the next beat earlier; those after it keep to the rhythm. A sleep that comes
    back at once is none, and the board waits awake instead: machine.lightsleep of rp2 does that on a Pico W, and
    where network was imported (github.com/micropython/micropython issue 17204).
    """
    platform = platform or sys.platform
    if platform in ("rp2", "esp32", "pyboard"):
        import machine

        if platform == "pyboard":
            return lambda ms: machine.lightsleep(ms) or ms  # its clock stands still in the meantime
        return machine.lightsleep
    if platform.startswith("nrf52"):
        from .sleep_nrf52 import sleep

        return sleep
    if hasattr(time, "sleep_ms"):
        return time.sleep_ms
    return lambda ms: time.sleep(ms / 1000)


def off(ms):
    """Switch the board off for `ms` milliseconds; it then starts anew, as after a reset.

    Raises OSError on boards that cannot wake themselves.
    """
    ms = _whole(ms)
    if sys.platform == "rp2":
        if "RP2350" not in sys.implementation._machine:
            raise OSError("an RP2040 cannot wake itself from being off: sleep_rp2040.dormant wakes by a pin")
        from .sleep_rp2350 import off

        return off(ms)
    if sys.platform in ("esp32", "pyboard"):
        import machine

        return machine.deepsleep(ms)
    raise OSError("%s cannot be off for a time; midge.duty sleeps" % sys.platform)


def _whole(ms):
    if not isinstance(ms, int) or ms < 1:
        raise ValueError("got %r, wanted a whole number of milliseconds, 1 or more" % (ms,))
    return ms


def _ticks():
    """Return milliseconds from an arbitrary start; they wrap where the port's do."""
    return time.ticks_ms() if hasattr(time, "ticks_ms") else int(time.monotonic() * 1000)


def _diff(later, earlier):
    return time.ticks_diff(later, earlier) if hasattr(time, "ticks_diff") else later - earlier


class Duty:
    """The beats of a rhythm. Each is its own number; .awake_ms, .slept_ms and .missed tell what became of the time."""

    def __init__(self, every_ms, sleep, ticks):
        self.every_ms = _whole(every_ms)
        self._sleep = sleep
        self._ticks = ticks
        self._beat = -1
        self._last = 0  # when the clock was looked at last
        self._left = 0  # until the next beat
        self.awake_ms = self.slept_ms = self.missed = 0

    def __iter__(self):
        return self

    def __next__(self):
        now = self._ticks()
        if self._beat >= 0:
            worked = _diff(now, self._last)
            self.awake_ms += worked
            self._left -= worked
            if self._left > 0:
                now = self._rest(now)
            while self._left <= -self.every_ms:
                self._left += self.every_ms
                self.missed += 1
                self._beat += 1
        self._last = now
        self._left += self.every_ms
        self._beat += 1
        return self._beat

    def _rest(self, now):
        """Sleep until the next beat is due, and return the time."""
        left = self._left
        passed = self._sleep(left)
        later = self._ticks()
        if passed is None:
            passed = _diff(later, now)
        if passed < 2 < left:
            sleeper("")(left - passed)
            later = self._ticks()
            passed = _diff(later, now)
            self.awake_ms += passed
        else:
            self.slept_ms += passed
        self._left -= passed
        return later

    @property
    def share(self):
        """The part of the time that was spent awake, 0 to 1."""
        return self.awake_ms / max(self.awake_ms + self.slept_ms, 1)

    def __repr__(self):
        return "<Duty every %d ms, awake %.1f %%, %d missed>" % (self.every_ms, 100 * self.share, self.missed)
