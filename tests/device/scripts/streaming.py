# SPDX-License-Identifier: MIT
"""stream() slides a window over samples and yields what is new."""

from array import array

import midge
from check import equal, raises
from tiny import BOOL, FLOAT32, INT16, UINT16, classifier, column, pair

model = midge.load(classifier())  # the window: four samples of three; score k is the x of sample k


def source(samples):
    """A read function that gives the samples and then None."""
    samples = iter(samples)
    return lambda: next(samples, None)


def walk(xs):
    return source([(x, 0, 0) for x in xs])


every = [r.scores for r in model.stream(walk(range(1, 8)), hop=3, smoothing=0, every=True)]
equal("every window", every, [[1, 2, 3, 4], [2, 3, 4, 5], [3, 4, 5, 6], [4, 5, 6, 7]])
every = [r.scores for r in model.stream(walk(range(1, 8)), hop=6, smoothing=0, every=True)]
equal("hop", every, [[1, 2, 3, 4], [3, 4, 5, 6]])
equal("default hop", len(list(model.stream(walk(range(8)), every=True))), 5)
every = [r.scores[0] for r in model.stream(walk([8, 0, 0, 0, 0, 0]), smoothing=0.5, every=True)]
equal("smoothing", every, [8, 4, 2])
equal("too short", list(model.stream(walk(range(3)))), [])

# The same answer again is no news, until no score has reached the threshold in between.
xs = [9, 0, 0, 0] + [0, 0, 0, 0] + [0, 9, 0, 0, 0, 0, 0]
labels = [r.label for r in model.stream(walk(xs), hop=3, smoothing=0, threshold=5)]
equal("once each", labels, ["north", "west", "south", "east", "north"])
xs = [9, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0]
labels = [r.label for r in model.stream(walk(xs), hop=12, smoothing=0, threshold=5)]
equal("same again", labels, ["north", "north"])
labels = [r.label for r in model.stream(walk([9, 0, 0, 0] * 3), hop=12, smoothing=0.9, threshold=5)]
equal("lasting", labels, ["north"])

chunks = [array("h", [1, 0, 0, 2, 0, 0]), [], [[3, 0, 0], [4, 0, 0], [5, 0, 0]]]
every = [r.scores for r in model.stream(source(chunks), smoothing=0, every=True)]
equal("chunks", every, [[2, 3, 4, 5]])
numbers = [r.scores for r in model.stream(source(range(12)), smoothing=0, every=True)]
equal("single numbers", numbers, [[0, 3, 6, 9]])

# The window is of the input's bytes, whatever its dtype.
kinds = ("int16", INT16, 32767), ("uint16", UINT16, 65535), ("float32", FLOAT32, 0.5), ("bool", BOOL, 1)
for name, dtype, largest in kinds:
    xs = [largest, 0, largest, 0, 0]
    every = [r.scores for r in midge.load(column(dtype)).stream(walk(xs), hop=3, smoothing=0, every=True)]
    equal(name, every, [xs[:4], xs[1:]])

raises("too much", ValueError, "wanted at most [1, 4, 3]", next, model.stream(source([[0] * 13])))
for hop in (0, -1, 1.5):
    raises("hop %r" % hop, ValueError, "hop is %r, wanted a whole number" % hop, model.stream, source([]), hop=hop)
for smoothing in (-0.1, 1, 2):
    raises("smoothing %r" % smoothing, ValueError, "wanted 0 or more", model.stream, source([]), smoothing=smoothing)
raises("two inputs", ValueError, "one input", midge.load(pair()).stream, source([]))
