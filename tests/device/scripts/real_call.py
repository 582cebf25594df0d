# SPDX-License-Identifier: MIT
"""Calling a model takes real values in any container and gives a Result."""

from array import array
from collections import namedtuple

import midge
from check import equal, ok, raises
from tiny import classifier, pair

model = midge.load(classifier())
r = model([[1, 7, 7], [2, 7, 7], [30.1, 7, 7], [-4, 7, 7]])
equal("scores", r.scores, [1, 2, 30, 0])
equal("answer", (r.label, r.index, r.score, r.outputs), ("south", 2, 30, [[1, 2, 30, 0]]))
equal("repr", repr(r), "<Result south 30>")
equal("best two", r.top(2), [("south", 30), ("east", 2)])
equal("all, best first", [label for label, score in r.top(9)], ["south", "east", "north", "west"])
equal("by label and position", (r["east"], r[0]), (2, 1))
r = model([0] * 9 + [8, 0, 0])
r.label = "uncertain"
equal("what is set stays", (r.score, r.index, r.label, r.answer), (8, 3, "uncertain", None))
raises("no such attribute", AttributeError, "lable", lambda: r.lable)
raises("no such label", IndexError, "no such label", lambda: r["up"])
equal("saturates", model([1e9] + [0] * 2 + [-1e9] + [0] * 8).scores, [62.5, 0, 0, 0])
equal("infinite", model([float("inf")] + [0] * 11).scores, [62.5, 0, 0, 0])
equal("NaN", model([float("nan")] + [0] * 11).scores, [0, 0, 0, 0])
equal("rounds", model([1.3] + [0] * 11).scores, [1.5, 0, 0, 0])

flat = [3, 0, 0, 2, 0, 0, 1, 0, 0, 9, 0, 0]
for typecode in "bBhHiIlLfd":
    equal("array " + typecode, model(array(typecode, flat)).scores, [3, 2, 1, 9])
equal("negative", model(array("h", [-5, 0, 0] * 4)).scores, [0, 0, 0, 0])
equal("tuple", model(tuple(flat)).label, "west")
equal("bytes are numbers", model(bytes(flat)).scores, [3, 2, 1, 9])
equal("bytearray", model(bytearray(flat)).label, "west")
equal("memoryview", model(memoryview(array("f", flat))).label, "west")
equal("part of a memoryview", model(memoryview(array("f", [9.0] + flat))[1:]).label, "west")
Sample = namedtuple("Sample", ("x", "y", "z"))
equal("namedtuples", model([Sample(i, 0, 0) for i in (4, 3, 2, 1)]).label, "north")
equal("list of arrays", model([array("f", [i, 0, 0]) for i in (4, 3, 2, 1)]).scores, [4, 3, 2, 1])
equal("booleans", model([True] * 12).scores, [1, 1, 1, 1])

text = "input 'imu': got %s values), wanted [1, 4, 3] (12 values)"
raises("too few", ValueError, text % "[11] (11", model, [0] * 11)
raises("too many", ValueError, text % "[5, 3] (15", model, [[0] * 3] * 5)
raises("array", ValueError, text % "[1, 13] (13", model, [bytes(13)])
raises("nothing", ValueError, text % "[0] (0", model, [])
raises("a number", ValueError, text % "[] (1", model, 5)
raises("string", TypeError, "convert str", model, "abcdefghijkl")
raises("None", TypeError, "convert NoneType", model, [None] * 12)
raises("inputs", ValueError, "got 2 inputs, wanted 1", model, [0] * 12, [0] * 12)
raises("no input", ValueError, "got 0 inputs, wanted 1", model)
deep = 0
for _ in range(20):
    deep = [deep]
raises("nested", ValueError, "nested too deep", model, deep)

two = midge.load(pair())
r = two([1, -1.25], [0.5, 1, 2])
equal("two inputs, two outputs", r.outputs, [[1, -1.25], [0.5, 1, 2]])
equal("no labels", (r.label, r.score), (0, 1))
raises("second input", ValueError, "input 'level': got [2] (2 values), wanted [3] (3 values)", two, [1, 2], [1, 2])
ok("real_call")
