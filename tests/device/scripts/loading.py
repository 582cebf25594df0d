# SPDX-License-Identifier: MIT
"""A model comes from a path, from bytes or from a memoryview at any address, and is described the same."""

import os

import midge
from check import equal, ok, raises
from tiny import classifier, pair

DATA = classifier()
X = [[1, 0, 0], [2, 0, 0], [3, 0, 0], [2.5, 0, 0]]

PATH = "loading-test.midge"
with open(PATH, "wb") as f:
    f.write(DATA)
model = midge.load(PATH)
equal("path", (model(X).label, model.info()["weights"]), ("south", "ram"))
os.remove(PATH)
try:
    midge.load(PATH)
except OSError as error:
    equal("missing file", (error.errno, PATH in str(error)), (2, True))

equal("bytes", midge.load(DATA)(X).label, "south")
equal("bytearray", midge.load(bytearray(DATA))(X).label, "south")
equal("memoryview", midge.load(memoryview(DATA))(X).label, "south")
for offset in (1, 2, 3):
    for source in (DATA, pair()):
        shifted = memoryview(bytes(offset) + source + b"behind")[offset:]
        m = midge.load(shifted)
        if source is DATA:
            equal("offset %d" % offset, m(X).label, "south")
        else:
            equal("offset %d, pair" % offset, m([1, -1], [0.5, 1, 2]).outputs, [[1, -1], [0.5, 1, 2]])

try:
    os.listdir("/rom").index("tiny.midge")
except (OSError, ValueError, AttributeError):
    ok("rom (none here)")
else:
    rom = midge.load("/rom/tiny.midge")
    equal("rom", (rom(X).label, rom.info()["weights"]), ("south", "flash"))

raises("no buffer", TypeError, "", midge.load, 5)

equal("labels", model.labels, ["north", "east", "south", "west"])
equal("inputs", [tuple(t) for t in model.inputs], [("imu", "int8", (1, 4, 3), 0.5, 2)])
equal("outputs", [tuple(t) for t in model.outputs], [("scores", "int8", (1, 4), 0.5, 2)])
info = model.info()
equal("sizes", (info["name"], info["file_bytes"], info["arena_bytes"], info["ops"]), ("tiny", len(DATA), 48, 2))
equal("metadata", info["metadata"], {"made by": "tiny.py"})
equal("no metadata", midge.load(pair()).info()["metadata"], {})
WANTED = """\
Model 'tiny'
  input    imu     int8 [1, 4, 3]  scale 0.5, zero_point 2
  output   scores  int8 [1, 4]     scale 0.5, zero_point 2
  labels   north, east, south, west
  file     704 B in RAM
  arena    48 B
  ops      2"""
equal("repr", repr(model), WANTED)
repr(midge.load(pair()))
ok("repr without name and labels")
