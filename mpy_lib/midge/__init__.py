# SPDX-License-Identifier: MIT
"""Run a .midge model: samples in, answer out. The same on a board and on a PC.

    import midge
    wand = midge.load("wand.midge")
    print(wand(samples).label)
"""

import gc
import sys
from collections import namedtuple

try:
    import _midge
except (ImportError, ValueError) as error:  # ValueError: a native module for another core
    if sys.implementation.name != "micropython":
        raise
    raise ImportError("no _midge for this board (%s): run midge install, or flash firmware with Midge" % error)

__version__ = _midge.about.split(" ")[0]

# dtype: "int8" and so on; real = scale * (quantised - zero_point), scale 0 for plain numbers
Tensor = namedtuple("Tensor", ("name", "dtype", "shape", "scale", "zero_point"))


def load(source, arena=None, checksum=True):
    """Load a model and check it.

    source    path of a .midge file, or its content: bytes, bytearray or memoryview, at any address, which
              must stay as it is while the model is in use. A file on a mapped file system (ROMFS) is used
              where it lies; any other is read into RAM.
    arena     working memory, a bytearray of at least info()["arena_bytes"]. Models that do not run at the
              same time may share one. By default each model gets its own.
    checksum  False to leave out the sum over all bytes, for a file that was checked when it was uploaded:
              it loads faster. What memory safety rests on is checked in any case.

    Raises OSError when there is no such file, ValueError when it is no sound .midge file, and MemoryError
    when the file or the arena does not fit into RAM.
    """
    name = where = None
    if isinstance(source, str) or hasattr(source, "__fspath__"):
        name = str(source)
        source, where = _open(name)
    elif isinstance(source, bytearray):
        where = "ram"
    gc.collect()
    try:
        return Model(source, arena, where, checksum)
    except MemoryError as error:
        if arena is not None or not hasattr(gc, "mem_free"):
            raise
        raise MemoryError("%s%s, %d B are free" % (name + ": " if name else "", error, gc.mem_free()))


def _open(path):
    """Return a file's bytes and where they are: mapped flash, or one block of RAM that they were read into."""
    try:
        file = open(path, "rb")
    except OSError as error:
        if str(path) in str(error):
            raise
        raise OSError(error.errno, path)
    try:
        return memoryview(file), None
    except TypeError:
        pass  # an ordinary file system
    with file:
        size = file.seek(0, 2)
        file.seek(0)
        gc.collect()
        try:
            data = bytearray(size)
        except MemoryError:
            raise MemoryError("%s: has %d B, %d B are free; in ROMFS it would need none" % (path, size, gc.mem_free()))
        file.readinto(data)
    return data, "ram"


def info():
    """Return what this Midge is as a dict: version, format, simd, ops.

    format is the version of the .midge files that it reads, simd the instruction set that its kernels are written
    for, and ops the families of ops that are built in, such as ("int8", "f32").
    """
    version, format, simd, *ops = _midge.about.split(" ")
    return {"version": version, "format": int(format), "simd": simd, "ops": tuple(ops)}


class Result:
    """What a model said: .label, .score and .scores of its first output, and all .outputs as lists of floats.

    The label is that of the highest score; without labels it is the score's index.
    """

    def __init__(self, model, outputs):
        scores = outputs[0]
        best = 0
        for i, score in enumerate(scores):
            if score > scores[best]:
                best = i
        self.index = best
        self.label = model.label(best)
        self.score = scores[best]
        self.scores = scores
        self.outputs = outputs

    def __repr__(self):
        return "<Result %s %.4g>" % (self.label, self.score)


class Model:
    """A loaded model; see load()."""

    def __init__(self, file, arena=None, where=None, checksum=True):
        self._core = _midge.Model(file, arena, checksum)
        self._where = where
        info = self._core.info()
        self._n_inputs = info[3]
        self._n_outputs = info[4]
        self._n_labels = info[5]

    def __call__(self, *x):
        """Return the Result for real values, in the units that the network was trained on.

        x  for each input a list, tuple or nested lists of numbers, or an array of them (anything with the
           buffer protocol, read as the numbers of its typecode), in the input's order and number

        Raises ValueError when the number of inputs or of values is not the model's.
        """
        core = self._core
        if len(x) != self._n_inputs:
            raise ValueError("got %d inputs, wanted %d" % (len(x), self._n_inputs))
        for i in range(self._n_inputs):
            core.write(x[i], i)
        core.run()
        return Result(self, [core.read(i) for i in range(self._n_outputs)])

    def run(self, x=None, out=None):
        """Run on raw quantised bytes; allocates nothing.

        x    a buffer, or one per input, of the input's dtype and size (bytes and bytearray always will
             do); None runs on what is in the arena, which the last run may have overwritten
        out  likewise for the outputs; None leaves them in the arena

        Raises ValueError when a buffer's size or dtype is not the tensor's.
        """
        self._core.run(x, out)

    def reset(self):
        """Forget what came before: every state of the model takes its initial value again, as after loading."""
        self._core.reset()

    def stream(self, read, hop=None, smoothing=0.5, threshold=0.5, every=False):
        """Yield a Result whenever a sliding window over samples shows something new; see stream.py."""
        from .stream import stream

        return stream(self, read, hop, smoothing, threshold, every)

    def profile(self, *x, runs=10):
        """Return the time that each op takes, as a table when printed; see profile.py."""
        from .profile import profile

        return profile(self, x, runs)

    def label(self, index):
        """Return the name of a class, or the index itself where the model has no name for it."""
        return self._core.label(index) if index < self._n_labels else index

    @property
    def labels(self):
        return [self._core.label(i) for i in range(self._n_labels)]

    @property
    def inputs(self):
        return [Tensor(*self._core.input(i)) for i in range(self._n_inputs)]

    @property
    def outputs(self):
        return [Tensor(*self._core.output(i)) for i in range(self._n_outputs)]

    def info(self):
        """Return what there is to know as a dict: name, file_bytes, arena_bytes, ops, weights, metadata.

        weights says where they are: "flash", used in place, or "ram".
        """
        from .describe import info

        return info(self)

    def __repr__(self):
        from .describe import text

        return text(self)
