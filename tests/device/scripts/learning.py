# SPDX-License-Identifier: MIT
"""A Learner is taught, answers, and forgets to the bit."""

import midge
from check import equal, raises
from tiny import FLOAT32, classifier, column, pair

model = midge.load(classifier())  # a row: the xs of four samples


def sample(*xs):
    """What the model turns into a row."""
    return [v for x in xs for v in (x, 0, 0)]


def others():
    rows = bytearray()
    for k in range(8):
        rows += bytes([10 + 5 * k, 80 - 9 * k, 20 + 3 * k, 60 - 2 * k])
    return bytes(rows)


class Camera:
    def capture(self):
        return b"1234"


learner = midge.Learner(model)
raises("nothing taught", ValueError, "nothing has been taught", learner, sample(1, 2, 3, 4))
for k in range(5):
    equal("rows kept", learner.teach("up", sample(40 + k, 2, 1, k)), k + 1)
    learner.teach("down", sample(1, 40 - k, k, 3))
    learner.teach("round", sample(k, 1, 42, 38 - k))
equal("labels", learner.labels, ["up", "down", "round"])
equal("counts", learner.counts(), {"up": 5, "down": 5, "round": 5})
equal("answers", [learner(sample(*x)).label for x in ((41, 3, 2, 2), (2, 37, 2, 2), (2, 2, 40, 36))],
      ["up", "down", "round"])
equal("nothing like it", learner(sample(14, 14, 15, 14)).label, "uncertain")
scores = learner(sample(30, 9, 2, 2)).scores
equal("three scores", len(scores), 3)

learner.teach("left", sample(9, 9, 9, 40))
learner.forget("left")
equal("forgotten to the bit", learner(sample(30, 9, 2, 2)).scores, scores)
learner.teach("down", sample(9, 30, 1, 1))
if learner(sample(30, 9, 2, 2)).scores == scores:
    raise AssertionError("teaching changed nothing")
equal("untrained", learner.untrain("down"), 5)
equal("to the bit", learner(sample(30, 9, 2, 2)).scores, scores)
learner.forget("up")
equal("the first one forgotten", learner(sample(2, 37, 2, 2)).label, "down")
for k in range(5):
    learner.teach("up", sample(40 + k, 2, 1, k))
again = learner(sample(30, 9, 2, 2)).scores
equal("the order of classes changes no score", [again[2], again[0], again[1]], scores)

# Labels that contradict one another: of what was taught as both, neither is answered.
both = midge.Learner(model, others=others())
for k in range(10):
    both.teach(("yes", "no")[k % 2], sample(40 + k // 2, 2, 1, 10 + k % 2))
equal("contradicting", [both(sample(41, 2, 1, k)).label for k in (10, 11)], ["uncertain"] * 2)
row = both.row(sample(41, 2, 1, 12))
equal("a row", (len(row), both.add("yes", row), both.answer(row).label), (4, 6, "uncertain"))
raises("a row of another network", ValueError, "got a row of 3 values, wanted 4", both.add, "yes", b"123")

few = midge.Learner(model, classes=1, most=2, others=others())
few.teach("up", sample(40, 2, 1, 1))
few.teach("up", sample(41, 2, 1, 2))
equal("the oldest goes", few.teach("up", sample(42, 3, 1, 2)), 2)
equal("one class and others", few(sample(41, 3, 1, 2)).label, "up")
equal("an other", few(sample(10, 40, 10, 30)).label, "uncertain")
raises("no room", ValueError, "no room for 'down'", few.teach, "down", sample(1, 40, 1, 1))
raises("the same take", ValueError, "the same as what 'up'", few.teach, "up", sample(42, 3, 1, 2))
many = midge.Learner(model, classes=4, most=3, others=others())
for k in range(18):  # more than are kept
    many.teach("abc"[k % 3], sample(40 - k, 2 * k, 20 + k, k))
for gone in ("a", "b"):
    for k in range(9, 18):
        if "abc"[k % 3] in many.labels:
            raises("a twin, %s" % k, ValueError, "the same as what '%s'" % "abc"[k % 3], many.teach, "d",
                   sample(40 - k, 2 * k, 20 + k, k))
    many.forget(gone)
equal("what went may come again", many.teach("a", sample(25, 30, 35, 15)), 1)
many.teach("c", sample(32, 16, 28, 8))
many.untrain("c")
equal("and what was taken back", many.teach("a", sample(32, 16, 28, 8)), 2)
# Ten times the same take, as a stuck button gives: one is taught, nine are refused, and the head is as before.
stuck = midge.Learner(model, others=others())
stuck.teach("up", sample(40, 2, 1, 1))
before = stuck(sample(30, 9, 2, 2)).scores
for k in range(9):
    raises("the same take again", ValueError, "record it anew", stuck.teach, ("up", "down")[k % 2], sample(40, 2, 1, 1))
equal("the head is as before", (stuck.counts(), stuck(sample(30, 9, 2, 2)).scores), ({"up": 1}, before))
raises("no camera's network", ValueError, "takes no rows", stuck.teach, "up", Camera())
raises("a label unknown", ValueError, "'down' was not taught; there are: up", few.forget, "down")
equal("the last row", few.untrain("up"), 1)
equal("the class goes with it", (few.untrain("up"), few.labels), (0, []))
raises("no path", ValueError, "no path", few.save)
raises("odd others", ValueError, "no rows of 4", midge.Learner, model, others=b"12345")
raises("not int8", ValueError, "wanted a model with one output, int8", midge.Learner, midge.load(column(FLOAT32)))
raises("two outputs", ValueError, "one output", midge.Learner, midge.load(pair()))
raises("too few inputs", ValueError, "got 0 inputs, wanted 1", few.teach, "up")
