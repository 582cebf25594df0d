# SPDX-License-Identifier: MIT
"""Programs that call Midge from the depth of a recursion, or hand it what is the model's own, get an exception."""

import sys
from array import array

import midge
from check import equal, ok, raises
from tiny import classifier, pair

DEVICE = sys.implementation.name == "micropython"


def dive(call):
    call()
    dive(call)


def deep(name, call):
    """Wherever the stack ends, in Python or in a call of Midge's: RuntimeError, and all goes on."""
    if DEVICE:
        raises(name, RuntimeError, "recursion", dive, call)
    else:  # CPython counts calls, and wraps what ends them
        call()
        ok(name)


file = bytearray(classifier())
model = midge.load(file)
raw, scores, window, x = model._core, array("f", [0] * 4), bytearray(12), [[5, 0, 0]] * 4
deep("deep run", lambda: raw.run())
deep("deep write", lambda: raw.write(x))
deep("deep push", lambda: raw.push(window, [1, 2, 3]))
deep("deep read", lambda: raw.read())
deep("deep smooth", lambda: raw.smooth(scores, 0.5, 0))
deep("deep answer", lambda: model(x))
deep("deep load", lambda: midge.load(file))
equal("after all that", model(x).score, 5)

out = memoryview(file)[-4:]
raises("out is the file", ValueError, "overlaps the file", raw.run, None, out)
raises("the window is the file", ValueError, "overlaps the file", raw.push, memoryview(file)[:12], [1])
equal("the file is whole", midge.load(file)(x).score, 5)


class Resizing:
    """A number that takes away, while it is read, what it is read into and from."""

    def __init__(self, then):
        self.then = then

    def __float__(self):
        self.then()
        return 1.0

    __int__ = __float__


def resized(name, call):
    if DEVICE:  # CPython looks at all numbers first, and does not let buffers be resized meanwhile
        raises(name, TypeError, "", call)
    else:
        ok(name)


arena = bytearray(64)
other = midge.load(classifier(), arena)._core
numbers = [0] * 11
numbers.insert(0, Resizing(numbers.clear))
resized("a list shrinks", lambda: other.write(numbers))
resized("the arena moves", lambda: other.write([Resizing(lambda: arena.extend(bytes(1000)))] + [0] * 11))
scales = array("f", [1])
resized("scales move", lambda: other.push(window, [Resizing(lambda: scales.extend(scales))], 0, scales))
resized("an index", lambda: other.write([0] * 12, Resizing(lambda: arena.extend(bytes(1000)))))
equal("scores as ever", midge.load(pair())([1, 2], [0, 1, 2]).outputs, [[1, 2], [0, 1, 2]])

if DEVICE:  # CPython lets no bytearray grow behind a view
    file = bytearray(classifier())
    model = midge.load(memoryview(file))
    file.extend(bytes(2000))  # moves; what lay there is overwritten
    rubbish = [bytearray(b"\xff" * 300) for _ in range(8)]
    try:
        model.run([0] * 12)
    except Exception as error:  # or any answer
        rubbish.append(error)
equal("a file that moved behind a view", midge.load(classifier())(x).score, 5)
