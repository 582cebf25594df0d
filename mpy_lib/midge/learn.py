# SPDX-License-Identifier: MIT
"""Teach a board new classes from a few examples: a network made elsewhere, and a classifier made here.

    learner = midge.Learner("moves.midge", "/moves")     # a network that embeds, a place to keep what is taught
    for _ in range(5):
        learner.teach("wave", record())
    print(learner(record()).label)                       # "wave", or "uncertain"
    learner.save()                                       # outlives resets and power cuts

The network's output, at most 64 int8 values, is a row. Taught rows are kept, at most `most` of a class, and a ridge
regression of one-hot targets is fitted to them, in which all classes weigh the same (core/learn). What is kept of the
rows are integers, so that forgetting leaves nothing behind, and a classifier that is loaded again has the same bits.

A class is answered when its score reaches its threshold. That lies between what its rows score when the classifier
was fitted without them and what nearly all other rows score; both are exact, without another fit.
"""

from array import array
from binascii import crc32
from struct import pack, unpack_from

from . import Model, Result, load
from .answers import bytes_of, elements

PENALTY = 0.3  # of the mean variance of the rows' values
HEAVIEST = 1024  # what the rows of one class weigh together
OTHERS = 0.98  # of the rows of other classes lie below a threshold
BLEND = 0.4  # of the way from those to what the class's own score
MAGIC = b"MGL1"


class Learner:
    """A classifier that is taught on the board.

    labels  what it was taught, in order
    """

    def __init__(self, model, path=None, others=b"", classes=8, most=20):
        """Make a learner; it allocates all it will need.

        model    a Model, or the path of one, whose output 0 is int8 of at most 64 values, such as
                 `midge convert --embedding` makes
        path     where save() writes, two files: path + ".0" and path + ".1". What is there is loaded
        others   rows that are none of the classes, one after the other; they are used where they lie
        classes  how many there may be
        most     rows that are kept of a class; a further one takes the place of the oldest

        Raises ValueError for another output, and where `path` holds what another network made.
        """
        self.model = model if isinstance(model, Model) else load(model)
        self._core = core = self.model._core
        _, dtype, shape, _, _ = core.output(0)
        width = elements(shape)
        if dtype != "int8" or width > 64 or self.model._n_outputs != 1:
            raise ValueError("wanted a model with one output, int8 of at most 64 values, not %s %s"
                             % (dtype, list(shape)))
        if not hasattr(core, "learn_add"):
            raise ValueError("this Midge was built without learn (MIDGE_WITHOUT, OPS_FROM)")
        if not 0 < most < 256 or not 0 < classes < 65 or len(others) > 256 * width:
            raise ValueError("wanted 1 to 64 classes of 1 to 255 rows, and at most 256 others")
        if len(others) % width:
            raise ValueError("others: %d B are no rows of %d" % (len(others), width))
        self._path, self._others, self._width, self._most, self._room = path, others, width, most, classes
        triangle = (width + 1) * (width + 2) // 2
        self._products, self._factor = array("i", bytes(4 * triangle)), array("f", bytes(4 * triangle))
        size = 4 * (classes + 1) * (width + 1)  # the last one: others
        self._sums, self._weights = array("i", bytes(size)), array("f", bytes(size))
        self._scores, self._threshold = array("f", bytes(4 * classes + 4)), array("f", bytes(4 * classes))
        self._rows = bytearray(classes * most * width)
        self._row = bytearray(width)
        self._count = bytearray(classes)  # rows of each class, which lie from the oldest on
        self.labels = []
        self._generation = 0
        self._fitted = False
        self._network = self._fingerprint()
        if others:
            core.learn_add(self._products, self._sums, classes, others, _weight(len(others) // width))
        if path is not None:
            self._restore()

    def teach(self, label, *x):
        """Learn that an input, given as to a Model, is of a class. Returns how many rows of the class are kept.

        Raises ValueError where this very row has been taught, here or for another class, and when there is no room
        for another class.
        """
        row = self.row(*x)
        for k, known in enumerate(self.labels):
            if self._holds(k, row):
                raise ValueError("the same as what '%s' was taught: record it anew" % known)
        k = self._class(str(label))
        self._weigh(k, -1)
        n = self._count[k]
        if n == self._most:
            n -= 1
            self._rows[self._start(k, 0):self._start(k, n)] = self._rows[self._start(k, 1):self._start(k, n + 1)]
        self._rows[self._start(k, n):self._start(k, n + 1)] = row
        self._count[k] = n + 1
        self._weigh(k, 1)
        return n + 1

    def untrain(self, label):
        """Take back the latest row of a class; the class goes with its last one. Returns how many are left.

        The classifier is then what it would be without it, but for an older row whose place it took.
        """
        k = self._find(label)
        if self._count[k] == 1:
            self.forget(label)
            return 0
        self._weigh(k, -1)
        self._count[k] -= 1
        self._weigh(k, 1)
        return self._count[k]

    def forget(self, label):
        """Forget a class. What the others were taught stays to the bit."""
        k = self._find(label)
        self._weigh(k, -1)
        last = len(self.labels) - 1
        size = self._width + 1
        for i in range(k, last):
            start = self._start(i, 0), self._start(i + 1, 0), self._start(i + 2, 0)
            self._rows[start[0]:start[1]] = self._rows[start[1]:start[2]]
            self._count[i] = self._count[i + 1]
            self._sums[i * size:(i + 1) * size] = self._sums[(i + 1) * size:(i + 2) * size]
        for i in range(last * size, (last + 1) * size):
            self._sums[i] = 0
        self._count[last] = 0
        self.labels.pop(k)

    def __call__(self, *x):
        """Return the Result for an input, given as to a Model; its label is "uncertain" where no class is sure.

        Raises ValueError when nothing has been taught.
        """
        if not self.labels:
            raise ValueError("nothing has been taught: teach(label, ...) first")
        if not self._fitted:
            self._fit()
        self._core.learn_scores(self._weights, self._embed(x), self._scores)
        result = Result(self, [list(self._scores)[:len(self.labels)]])
        if result.score < self._threshold[result.index]:
            result.label = "uncertain"
        return result

    def row(self, *x):
        """Return what the network makes of an input, given as to a Model: bytes, of which `others` are made."""
        return bytes(self._embed(x))

    def label(self, index):
        """Return the name of a class."""
        return self.labels[index]

    def counts(self):
        """Return how many rows of each class are kept, as a dict."""
        return {label: self._count[k] for k, label in enumerate(self.labels)}

    def save(self):
        """Write what was taught to the older of the two files; a power cut leaves the other one whole."""
        if self._path is None:
            raise ValueError("this learner has no path to save to")
        generation = self._generation + 1
        head = MAGIC + pack("<IIBB", generation, self._network, self._width, len(self.labels))
        with open("%s.%d" % (self._path, generation & 1), "wb") as file:
            check = _put(file, head, 0)
            for k, label in enumerate(self.labels):
                name = label.encode()
                check = _put(file, pack("<BB", len(name), self._count[k]) + name, check)
                check = _put(file, self._rows[self._start(k, 0):self._start(k, self._count[k])], check)
            file.write(pack("<I", check))
        self._generation = generation

    def _restore(self):
        """Load the newer of the files that are whole."""
        found = None
        for slot in (0, 1):
            data = _whole("%s.%d" % (self._path, slot))
            if data and (found is None or _generation(data) > _generation(found)):
                found = data
        if found is None:
            return
        generation, network, width, n = unpack_from("<IIBB", found, 4)
        if network != self._network or width != self._width:
            raise ValueError("%s was taught on another network: give another path, or remove its files" % self._path)
        if n > self._room:
            raise ValueError("%s has %d classes, there is room for %d" % (self._path, n, self._room))
        at = 14
        for k in range(n):
            size, count = unpack_from("<BB", found, at)
            if count > self._most:
                raise ValueError("%s has %d rows of a class, there is room for %d" % (self._path, count, self._most))
            at += 2
            self.labels.append(str(found[at:at + size], "utf-8"))
            at += size
            self._rows[self._start(k, 0):self._start(k, count)] = found[at:at + count * width]
            at += count * width
            self._count[k] = count
            self._weigh(k, 1)
        self._generation = generation

    def _fit(self):
        core, n, width = self._core, len(self.labels), self._width
        core.learn_fit(self._products, self._sums, PENALTY, self._factor, self._weights)
        own, others = [], [[] for _ in range(n)]
        for k in range(n):
            scores = 0.0
            for i in range(self._count[k]):
                share = self._left_out(self._at(k, i), _weight(self._count[k]))
                scores += (self._scores[k] - share) / (1 - share)
                for other in range(n):
                    if other != k:
                        others[other].append(self._scores[other] / (1 - share))
            own.append(scores / self._count[k])
        weight = _weight(len(self._others) // width)
        for at in range(0, len(self._others), width):
            share = self._left_out(self._others[at:at + width], weight)
            for k in range(n):
                others[k].append(self._scores[k] / (1 - share))
        for k in range(n):
            others[k].sort()
            high = others[k][int(OTHERS * (len(others[k]) - 1))] if others[k] else 0.0
            self._threshold[k] = BLEND * own[k] + (1 - BLEND) * max(high, 0.0)
        self._fitted = True

    def _left_out(self, row, weight):
        """Score a taught row; return which part of its score of its own class it made itself."""
        self._core.learn_scores(self._weights, row, self._scores)
        return min(self._core.learn_leverage(self._factor, row, weight), 0.999)

    def _embed(self, x):
        self.model._write(x)
        self._core.run(None, self._row)
        return self._row

    def _fingerprint(self):
        """Return what tells networks apart: the sum of what this one gives for made-up inputs."""
        core = self._core
        core.reset()
        inputs = []
        for i in range(self.model._n_inputs):
            _, dtype, shape, _, _ = core.input(i)
            size = elements(shape) * bytes_of(dtype)
            mask = 0x3E if dtype == "float32" else 0xFF  # floats that are numbers
            inputs.append(bytearray([k * 37 & mask for k in range(size)]))
        core.run(inputs, self._row)
        core.reset()
        return crc32(self._row)

    def _find(self, label):
        if str(label) not in self.labels:
            raise ValueError("'%s' was not taught; there are: %s" % (label, ", ".join(self.labels) or "none"))
        return self.labels.index(str(label))

    def _class(self, label):
        if label in self.labels:
            return self.labels.index(label)
        if len(self.labels) == self._room:
            raise ValueError("no room for '%s': %d classes are taught; forget one, or Learner(classes=)"
                             % (label, self._room))
        if not 0 < len(label.encode()) < 256:
            raise ValueError("a label has 1 to 255 bytes")
        self.labels.append(label)
        return len(self.labels) - 1

    def _start(self, k, i):
        return (k * self._most + i) * self._width

    def _at(self, k, i):
        return self._rows[self._start(k, i):self._start(k, i + 1)]

    def _holds(self, k, row):
        taught = bytes(self._rows[self._start(k, 0):self._start(k, self._count[k])])
        at = taught.find(row)
        while at >= 0 and at % self._width:
            at = taught.find(row, at + 1)
        return at >= 0

    def _weigh(self, k, sign):
        """Add a class's rows to the sums, or take them away."""
        if self._count[k]:
            rows = self._rows[self._start(k, 0):self._start(k, self._count[k])]
            self._core.learn_add(self._products, self._sums, k, rows, sign * _weight(self._count[k]))
        self._fitted = False


def _weight(rows):
    """Return what each of so many rows of a class weighs."""
    return HEAVIEST // max(rows, 1)


def _put(file, data, check):
    file.write(data)
    return crc32(data, check)


def _generation(data):
    return unpack_from("<I", data, 4)[0]


def _whole(path):
    """Return the content of a file that save() wrote to its end, or None."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return None
    if len(data) < 18 or data[:4] != MAGIC:
        return None
    data, check = data[:-4], unpack_from("<I", data, len(data) - 4)[0]
    return data if crc32(data) == check else None
