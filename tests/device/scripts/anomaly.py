# SPDX-License-Identifier: MIT
"""midge.anomaly learns what is normal, finds what is not, goes along with what drifts, and survives a reset."""

import os

from check import equal, ok, raises
from midge.anomaly import Anomaly, threshold

N = 12


class Features:
    """Stands for a model of midge train --normal: what it is asked for are features."""

    class Output:
        shape = (N,)

    outputs = (None, Output)
    _n_outputs = 2


class Window:
    def __init__(self, values, distance=0.5):
        self.outputs = ([distance], values)


seed = 1


def noise():
    """About normal, with a deviation of 173."""
    global seed
    total = 0
    for _ in range(6):
        seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
        total += (seed >> 16) % 245
    return total - 732


def window(shift=0):
    return Window([1000 * i + noise() + shift for i in range(N)])


def normal(fan, count, shift=0):
    """How many of so many normal windows are beyond the threshold."""
    return sum([(fan.take(window(shift)) or 0) >= 1 for _ in range(count)])


if "fan.state" in os.listdir():
    os.remove("fan.state")
fan = Anomaly(Features, "fan.state")
equal("it learns", [fan.take(window()) for _ in range(200)], [None] * 200)
equal("and is done", fan.left, 0)
equal("normal stays normal", (normal(fan, 300) <= 2, fan.alarm), (True, False))
scores = [fan.take(window(900)) for _ in range(5)]
equal("an ailing one is found", (min(scores) > 1, fan.alarm), (True, True))
before = list(fan._mean)
for _ in range(50):
    fan.take(window(900))
equal("nothing is learned from it", list(fan._mean), before)
equal("the alarm ends", (normal(fan, 5), fan.alarm), (0, False))

again = Anomaly(Features, "fan.state")
equal("a reset forgets nothing", (again.left, again._threshold == fan._threshold), (0, True))
equal("it finds as before", again.take(window(900)) > 1, True)

drift = sum([(fan.take(window(i)) or 0) >= 1 for i in range(900)])
equal("what drifts slowly is normal", drift <= 9, True)
stiff = Anomaly(Features, "fan.state", pace=0)
equal("which a stiff one calls an alarm", stiff.take(window(900)) > 1, True)

with open("fan.state", "rb") as file:
    content = bytearray(file.read())
os.rename("fan.state", "fan.state.new")
cut = Anomaly(Features, "fan.state")
equal("power that fails within save loses nothing", (cut.left, os.listdir().count("fan.state.new")), (0, 0))
with open("fan.state.new", "wb") as file:
    file.write(content)
cut = Anomaly(Features, "fan.state")
equal("two names become one", (cut.left, os.listdir().count("fan.state.new")), (0, 0))
with open("fan.state", "rb") as file:
    equal("with the same in it", file.read() == content, True)
os.remove("fan.state")
with open("fan.state.new", "wb") as file:
    file.write(content[:30])
equal("half a first file is none", Anomaly(Features, "fan.state").left, 200)
os.remove("fan.state.new")
content[20] ^= 1
with open("fan.state", "wb") as file:
    file.write(content)
raises("a damaged state", ValueError, "remove it to learn anew", Anomaly, Features, "fan.state")
os.remove("fan.state")

fan.relearn()
equal("it can learn anew", (fan.left, fan.take(window(5000))), (200, None))
told = Anomaly(Features, learn=0)
equal("or trust the file", (told.take(window()), told.take(Window([0] * N, 1.5))), (0.5, 1.5))
still = Anomaly(Features, learn=40)
equal("what never changes is learned", [still.take(Window([7] * N)) for _ in range(41)][-1], 0)
equal("and its change found", still.take(Window([9] * N)) > 1, True)
raises("a model of something else", ValueError, "midge train --normal", Anomaly, Features, learn=5)
tail = threshold([i / 100 for i in range(100)], 1000)
equal("a threshold is beyond what was seen", 0.99 < tail < 1.5, True)
ok("anomaly")
