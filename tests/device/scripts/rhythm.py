# SPDX-License-Identifier: MIT
"""duty() keeps a rhythm without drift, whatever the beats take; cascade() ends early and counts."""

import time

import midge
from check import equal, raises
from midge.gates import energy, hold, motion, network
from midge.rhythm import duty, off, sleeper
from tiny import classifier


class Clock:
    """A clock that only sleep and work move."""

    def __init__(self, stands_still=False, early=None):
        self.now, self.slept, self.still, self.early = 1000, [], stands_still, early

    def ticks(self):
        return self.now

    def sleep(self, ms):
        self.slept.append(ms)
        if self.early is not None:
            ms, self.early = self.early, None
        if self.still:
            return ms
        self.now += ms


def run(clock, every, works):
    """Return the beats and when each began, for beats that take so long."""
    rhythm = duty(every, clock.sleep, clock.ticks)
    starts = []
    for work in works:
        starts.append((next(rhythm), clock.now - 1000))
        clock.now += work
    return rhythm, starts


clock = Clock()
rhythm, starts = run(clock, 100, [10, 30, 0, 100, 10])
equal("no drift", starts, [(0, 0), (1, 100), (2, 200), (3, 300), (4, 400)])
equal("the sleeps", clock.slept, [90, 70, 100])
equal("the account", (rhythm.awake_ms, rhythm.slept_ms, rhythm.missed), (140, 260, 0))
equal("the share", abs(rhythm.share - 0.35) < 1e-6, True)
rhythm, starts = run(Clock(), 100, [10, 350, 10, 10])
equal("beats that are run over are left out", starts, [(0, 0), (1, 100), (4, 450), (5, 500)])
equal("and counted", rhythm.missed, 2)
clock = Clock(stands_still=True)
rhythm, starts = run(clock, 100, [10, 30, 10])
equal("a clock that stands still", (clock.slept, rhythm.slept_ms), ([90, 70], 160))
clock = Clock(early=20)
rhythm, starts = run(clock, 100, [10, 10, 10])
equal("woken early, then in rhythm", starts, [(0, 0), (1, 30), (2, 200)])
rhythm = duty(20, lambda ms: None)  # machine.lightsleep of some ports comes back at once
starts = []
for beat in rhythm:
    starts.append(time.ticks_ms() if hasattr(time, "ticks_ms") else int(time.monotonic() * 1000))
    if beat >= 4:
        break
equal("a sleep that is none does not hasten the beats", starts[-1] - starts[0] >= 75, True)
equal("and counts as awake", (rhythm.slept_ms, rhythm.awake_ms >= 75), (0, True))
raises("no period", ValueError, "wanted a whole number", midge.duty, 0)
raises("half a millisecond", ValueError, "0.5", midge.duty, 0.5)
equal("the public way", [next(beats) for beats in [midge.duty(100000, lambda ms: ms)] * 2], [0, 1])
equal("a sleep of this port", bool(callable(sleeper("linux"))), True)
raises("it cannot be off", OSError, "cannot be off", off, 1000)

# gates
calls = []
gates = midge.cascade(("even", lambda x: x % 2 == 0), ("half", lambda x: x // 2 or None), calls.append)
equal("through, changed, ended", [gates(x) for x in (1, 4, 0)], [None, None, None])
equal("the last was asked for", calls, [2])
equal("the shares", [(n, a, p) for n, a, p, _ in gates.shares()], [("even", 3, 2), ("half", 2, 1), ("gate 2", 1, 0)])
equal("as text", bool("half: asked 2 times (66.7 %), passed 1" in repr(gates)), True)
raises("no gates", ValueError, "no gates", midge.cascade)


class Pin:
    IRQ_RISING = 1

    def irq(self, handler, trigger):
        self.handler, self.trigger = handler, trigger


pin = Pin()
moved = motion(pin)
equal("no motion", moved(0), False)
pin.handler(pin)
equal("one motion, once", (moved(0), moved(0), pin.trigger), (True, False, 1))

quiet, loud = [1, -1] * 20, [30, -30] * 20
gate = energy(rise=3, step=1)
equal("the background is learnt", [bool(gate(x)) for x in (quiet, quiet, loud, loud, quiet)], [0, 0, 1, 1, 0])
equal("an offset is no energy", bool(gate([500 + x for x in quiet])), False)
equal("no samples", bool(gate([])), False)
gate = hold(energy(rise=3, step=1), 2)
equal("held open", [bool(gate(x)) for x in (quiet, loud, quiet, quiet, quiet)], [0, 1, 1, 1, 0])

model = midge.load(classifier())  # score k is the x of sample k
gate = network(model, 1, 0.5)
low, high = [(0, 0, 0)] * 4, [(0, 0, 0), (1, 0, 0), (0, 0, 0), (0, 0, 0)]
equal("a network as a gate", (gate(low), gate(high)), (False, True))
