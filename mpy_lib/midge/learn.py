# SPDX-License-Identifier: MIT
"""Teach a board new classes from a few examples: a network made elsewhere, and a classifier made here.

    learner = midge.Learner("moves.midge", "/moves")     # a network that embeds, a place to keep what is taught
    for _ in range(5):
        learner.teach("wave", record())
    print(learner(record()).label)                       # "wave", or "uncertain"
    learner.save()                                       # outlives resets and power cuts

    learner = midge.Learner("words.midge", "/words")     # the same with words
    learner.teach("lumos", mic)                          # waits until it is said

    learner = midge.Learner("things.midge", "/things")   # and with pictures
    learner.teach("red brick", camera)                   # the next picture
    for answer in midge.watch(learner, camera):
        print(answer.label)

The network's output, at most 64 int8 values, is a row. Taught rows are kept, at most `most` of a class, and a ridge
regression of one-hot targets is fitted to them, in which all classes weigh the same (core/learn). What is kept of the
rows are integers, so that forgetting leaves nothing behind, and a classifier that is loaded again has the same bits.

A class is answered when its score reaches its threshold. That lies between what its rows score when the classifier
was fitted without them and what nearly all other rows score; both are exact, without another fit.
"""

from array import array
from binascii import crc32
from struct import pack, unpack_from

from . import Model, load
from .answers import bytes_of, elements
from .result import Result

PENALTY = 0.3  # of the mean variance of the rows' values
HEAVIEST = 1024  # what the rows of one class weigh together
BLEND = 0.40625  # of the way from what nearly all others score to what the class's own score: its threshold
MARGIN = 9  # numbers of a class: what its own rows score together, and the highest scores of others
MAGIC = b"MGL1"
_NOTHING = "nothing has been taught: teach(label, ...) first"


class Learner:
    """A classifier that is taught on the board.

    labels  what it was taught, in order
    """

    def __init__(self, model, path=None, others=None, classes=8, most=16):
        """Make a learner; it allocates all it will need.

        model    a Model, or the path of one, whose output 0 is int8 of at most 64 values, such as
                 `midge convert --embedding` makes
        path     where save() writes, two files: path + ".0" and path + ".1". What is there is loaded
        others   rows that are none of the classes, one after the other; they are used where they lie. By default
                 those that the model's file has
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
        known = core.metadata()
        if others is None:
            others = _shipped(self.model, known, width)
        if not 0 < most < 256 or not 0 < classes < 65 or len(others) > 256 * width:
            raise ValueError("wanted 1 to 64 classes of 1 to 255 rows, and at most 256 others")
        if len(others) % width:
            raise ValueError("others: %d B are no rows of %d" % (len(others), width))
        self._path, self._others, self._width, self._most, self._room = path, others, width, most, classes
        triangle = (width + 1) * (width + 2) // 2
        self._products, self._factor = array("i", bytes(4 * triangle)), array("f", bytes(4 * triangle))
        size = 4 * (width + 1)
        self._sums = array("i", bytes((classes + 1) * size))  # the last one: others
        self._weights, self._margins = array("f", bytes(classes * size)), array("f", bytes(4 * classes * MARGIN))
        self._scores, self._threshold = array("f", bytes(4 * classes)), array("f", bytes(4 * classes))
        self._rows, self._marks = bytearray(classes * most * width), bytearray(classes * most)
        self._kept = memoryview(self._rows)
        self._row = bytearray(width)
        self._count = bytearray(classes)  # rows of each class, which lie from the oldest on
        self.labels = []
        self._generation = 0
        self._fitted = False
        self._network = self._fingerprint(known)
        self._hearing = self._eye = None
        _, dtype, shape, _, _ = core.input(0)
        if dtype == "int16" and known.get("stream.hop") == str(elements(shape)):  # sound, hop by hop
            from .hearing import Hearing

            self._hearing = Hearing(self.model, known)
        if others:
            weight = _weight(len(others) // width)
            core.learn_add(self._products, self._sums, classes, others, weight, weight)
        if path is not None:
            self._restore()

    def teach(self, label, *x):
        """Learn that an input, given as to a Model, is of a class. Returns how many rows of the class are kept.

        Networks of sound take a microphone, which is waited for, or int16 samples, of any length; of those the loudest
        sound counts (hearing.py). Networks of pictures take a camera, as midge.watch does, or a whole picture.

        Raises ValueError where this very row has been taught, here or for another class, when there is no room for
        another class, and for sounds that are silent, clipped or of another rate; OSError where a camera gives none.
        """
        return self.add(label, bytes(self._embed(x, True)))

    def add(self, label, row):
        """Learn that a row, as row() returns it, is of a class; otherwise as teach()."""
        if len(row) != self._width:
            raise ValueError("got a row of %d values, wanted %d" % (len(row), self._width))
        rows, width, most = self._rows, self._width, self._most
        mark, marks = _mark(row), bytes(self._marks)
        same = marks.find(mark)
        while same >= 0:  # few have its mark, some of which were left behind
            k = same // most
            if same % most < self._count[k] and rows[same * width:same * width + width] == row:
                raise ValueError("the same as what '%s' was taught: record it anew" % self.labels[k])
            same = marks.find(mark, same + 1)
        label = str(label)
        k = self.labels.index(label) if label in self.labels else self._class(label)
        n = self._count[k]
        start = k * most * width
        end = start + n * width
        if n == most:
            n -= 1
            self._weigh(k, 0, 1, -_weight(most))  # the oldest goes
            end -= width
            rows[start:end] = rows[start + width:end + width]
            self._marks[k * most:k * most + n] = marks[k * most + 1:k * most + n + 1]
        rows[end:end + width] = row
        self._marks[k * most + n] = mark[0]
        weight = HEAVIEST // (n + 1)
        more = 0  # each weighs less than before, unless another made room
        if n == self._count[k]:
            self._count[k] = n + 1
            more = weight - _weight(n)
        else:
            start = end
        self._core.learn_add(self._products, self._sums, k, self._kept[start:end + width], more, weight)
        self._fitted = False
        return n + 1

    def untrain(self, label):
        """Take back the latest row of a class; the class goes with its last one. Returns how many are left.

        The classifier is then what it would be without it, but for an older row whose place it took.
        """
        k = self._find(label)
        if self._count[k] == 1:
            self.forget(label)
            return 0
        n = self._count[k] - 1
        self._weigh(k, n, n + 1, -_weight(n + 1))
        self._weigh(k, 0, n, _weight(n) - _weight(n + 1))
        self._count[k] = n
        return n

    def forget(self, label):
        """Forget a class. What the others were taught stays to the bit."""
        k = self._find(label)
        self._weigh(k, 0, self._count[k], -_weight(self._count[k]))
        last = len(self.labels) - 1
        size = self._width + 1
        for i in range(k, last):
            start = self._start(i, 0), self._start(i + 1, 0), self._start(i + 2, 0)
            self._rows[start[0]:start[1]] = self._rows[start[1]:start[2]]
            at = i * self._most
            self._marks[at:at + self._most] = self._marks[at + self._most:at + 2 * self._most]
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
        if not self.labels:  # before a microphone is waited for
            raise ValueError(_NOTHING)
        return self.answer(self._embed(x))

    def answer(self, row=None):
        """Return the Result for a row, as row() returns it, or for what rows() took; otherwise as a call."""
        if not self.labels:
            raise ValueError(_NOTHING)
        if row is None:
            row = self._row
            self._core.run(None, row)
        if not self._fitted:
            self._fit()
        n = len(self.labels)
        self._core.learn_scores(self._weights, row, self._scores, n)
        return self.judge(list(self._scores)[:n])

    def judge(self, scores):
        """Return the Result for scores, one for each label: `uncertain` where the highest is below its threshold."""
        result = Result(self, scores)
        sure = result.score >= self._threshold[result.index]
        result.label = self.label(result.index) if sure else "uncertain"  # now: what is taught may be forgotten
        return result

    def rows(self, rows):
        """Take one or more rows of a picture, as Model.rows(); answer() then tells what it is."""
        return self._core.rows(rows)

    def reset(self):
        """Forget rows of a picture that were taken, as Model.reset(). What was taught stays."""
        self._core.reset()

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
        at, end = 14, len(found)
        damaged = ValueError("%s is damaged: remove its files, or give it others (midge learner push)" % self._path)
        for k in range(n):
            if at + 2 > end:
                raise damaged
            size, count = unpack_from("<BB", found, at)
            label = str(found[at + 2:at + 2 + size], "utf-8")
            if not size or not count or at + 2 + size + count * width > end or label in self.labels:
                raise damaged
            if count > self._most:
                raise ValueError("%s has %d rows of a class, there is room for %d" % (self._path, count, self._most))
            at += 2 + size
            self.labels.append(label)
            self._rows[self._start(k, 0):self._start(k, count)] = found[at:at + count * width]
            for i in range(count):
                self._marks[k * self._most + i] = _mark(found[at:at + width])[0]
                at += width
            self._count[k] = count
            self._weigh(k, 0, count, _weight(count))
        self._generation = generation

    def _fit(self):
        core, n, others = self._core, len(self.labels), self._others
        weights, margins, factor = self._weights, self._margins, self._factor
        core.learn_fit(self._products, self._sums, PENALTY, factor, weights, margins, n)
        for k in range(n):
            kept, weight = self._kept[self._start(k, 0):self._start(k, self._count[k])], _weight(self._count[k])
            core.learn_leave_out(margins, factor, weights, kept, k, weight, n)
        if others:
            core.learn_leave_out(margins, factor, weights, others, n, _weight(len(others) // self._width), n)
        total = len(others) // self._width + sum(self._count)
        # Step by step in float32, which CPython has in arrays only: the same bits there.
        step, threshold = self._scores, self._threshold
        for k in range(n):
            above = min((total - self._count[k] + 48) // 50, MARGIN - 2)
            threshold[k] = margins[k * MARGIN] / self._count[k]
            threshold[k] = BLEND * threshold[k]
            step[0] = (1 - BLEND) * margins[k * MARGIN + 1 + above]
            threshold[k] += step[0]
        self._fitted = True

    def _embed(self, x, clean=False):
        if self._hearing:
            if len(x) != 1:
                raise ValueError("got %d inputs, wanted a sound" % len(x))
            self._hearing.hear(x[0], self._row, clean)
        else:
            if len(x) == 1 and (hasattr(x[0], "capture") or hasattr(x[0], "rows")):
                self._look(x[0])
            else:
                self.model._write(x)
            self._core.run(None, self._row)
        return self._row

    def _look(self, camera):
        """Take the next picture of a camera."""
        if self._eye is None or self._eye.camera is not camera:
            from .watcher import watch

            self._eye = watch(self.model, camera)
        if not self._eye.see():
            raise OSError("the camera gave no picture")

    def _fingerprint(self, known):
        """Return what tells networks apart: the sum of what this one gives for made-up inputs."""
        core = self._core
        core.reset()
        inputs = []
        for i in range(self.model._n_inputs):
            _, dtype, shape, _, _ = core.input(i)
            size = elements(shape) * bytes_of(dtype)
            mask = 0x3E if dtype == "float32" else 0xFF  # floats that are numbers
            if "camera.size" in known:  # row by row, for there may be no room for a picture
                size //= shape[0]
            made = bytearray(size)
            for k in range(size):
                made[k] = k * 37 & mask
            inputs.append(made)
        if "camera.size" in known:
            while core.rows(inputs[0]):
                pass
            inputs = None
        core.run(inputs, self._row)
        core.reset()
        return crc32(self._row)

    def _find(self, label):
        if str(label) not in self.labels:
            raise ValueError("'%s' was not taught; there are: %s" % (label, ", ".join(self.labels) or "none"))
        return self.labels.index(str(label))

    def _class(self, label):
        """Return the index of a class that is new."""
        if len(self.labels) == self._room:
            raise ValueError("no room for '%s': %d classes are taught; forget one, or Learner(classes=)"
                             % (label, self._room))
        if not 0 < len(label.encode()) < 256:
            raise ValueError("a label has 1 to 255 bytes")
        self.labels.append(label)
        return len(self.labels) - 1

    def _start(self, k, i):
        return (k * self._most + i) * self._width

    def _weigh(self, k, first, end, weight):
        """Add rows `first` to `end` of a class to the sums, so many times."""
        if first < end:
            rows = self._kept[self._start(k, first):self._start(k, end)]
            self._core.learn_add(self._products, self._sums, k, rows, weight, weight)
        self._fitted = False


def _mark(row):
    """Return a byte that most other rows have not."""
    return bytes((crc32(row) & 0xFF,))


def _weight(rows):
    """Return what each of so many rows of a class weighs."""
    return HEAVIEST // max(rows, 1)


def _shipped(model, known, width):
    """Return the rows of none of the classes that a model's file has: where in its data section, and how many."""
    if "learn.others" not in known:
        return b""
    at, n = [int(part) for part in known["learn.others"].split(",")]
    start, size = unpack_from("<II", model._file, 60)
    if not 0 <= at <= at + n * width <= size:
        raise ValueError("the file's others are beyond its end: convert it again")
    return memoryview(model._file)[start + at:start + at + n * width]


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
