# SPDX-License-Identifier: MIT
"""Run .midge models: samples in, answers out, the same on a board and on a PC.

    import midge
    wand = midge.load("wand.midge")
    print(wand(samples).label)
"""

import gc as _gc  # what begins with _ is not shown to who types midge. and Tab

try:
    import _midge
except (ImportError, ValueError) as error:  # ValueError: a native module for another core
    import sys

    if sys.implementation.name != "micropython":
        raise
    raise ImportError("no _midge for this board (%s): run midge install" % error)

__version__ = _midge.about.split(" ")[0]

# What is in modules that are imported when it is called: a board with little RAM pays for what it uses. Nothing is
# imported before, since Tab at the REPL asks for every name that the firmware knows.
_LATER = {"cascade": "gates", "duty": "rhythm", "help": "manual", "info": "describe", "Learner": "learn",
          "listen": "listener", "off": "rhythm", "Result": "result", "track": "tracker",
          "watch": "watcher"}


def __getattr__(name):
    if name not in _LATER:
        if name in "anomaly background gates sensors".split():  # noqa: SIM905  # less RAM
            return _module(name)  # from midge import sensors
        raise AttributeError(name)
    return lambda *x, **out: getattr(_module(_LATER[name]), name)(*x, **out)


def _module(name):
    return __import__(__name__ + "." + name, None, None, (name,))


def load(source, arena=None, checksum=True):
    """Load a model and check its file once, so that runs need no checks.

    source    the path of a .midge file, or its content: bytes, bytearray or memoryview, at any address, which
              must not change while the model is in use. A file on a memory-mapped file system (ROMFS) is used
              in place; any other file is read into RAM.
    arena     working memory, a bytearray of at least info()["arena_bytes"]. Models that do not run at the
              same time may share one. By default each model gets its own.
    checksum  False skips the checksum of the file, which loads faster, for files that were verified when they
              were uploaded. Everything that memory safety depends on is checked in any case.

    Raises OSError when the file does not exist, ValueError when it is not a valid .midge file or needs an op
    that this build lacks, and MemoryError when the file or the arena does not fit into RAM.
    """
    name = where = None
    if isinstance(source, str) or hasattr(source, "__fspath__"):
        name = str(source)
        source, where = _open(name)
    elif isinstance(source, bytearray):
        where = "ram"
    _gc.collect()
    try:
        return Model(source, arena, where, checksum)
    except MemoryError as error:
        if arena is not None or not hasattr(_gc, "mem_free"):
            raise
        raise MemoryError("%s%s, %d B are free" % (name + ": " if name else "", error, _gc.mem_free()))


def _open(path):
    """Return a file's bytes and where they are: "ram" if they were read into a block of RAM, None if mapped."""
    try:
        file = open(path, "rb")
    except OSError as error:
        if str(path) in str(error):
            raise
        raise OSError(error.errno, path)
    try:
        return memoryview(file), None
    except TypeError:
        pass  # a file system without memory mapping
    with file:
        size = file.seek(0, 2)
        file.seek(0)
        _gc.collect()
        try:
            data = bytearray(size)
        except MemoryError:
            raise MemoryError("%s: has %d B, %d B are free; in ROMFS it would need none" % (path, size, _gc.mem_free()))
        file.readinto(data)
    return data, "ram"


class Model:
    """A loaded model, ready to run; load() makes it."""

    _crop = None  # what boxes are in, boxes.py
    _answers = None  # the class of what it answers, once it has
    _single = None  # 1 where one input and one output are then known to be all

    def __init__(self, file, arena=None, where=None, checksum=True):
        self._core = _midge.Model(file, arena, checksum)
        self._file = file
        self._where = where
        info = self._core.info()
        self._n_inputs = info[3]
        self._n_outputs = info[4]
        self._n_labels = info[5]

    def __call__(self, *x):
        """Run on real values, in the units that the network was trained on, and return the Result.

        x  one argument per input: a list or tuple of numbers, which may be nested, or an array (anything with
           the buffer protocol, read as numbers of its typecode), with exactly as many values as the input has

        A model of midge convert --camera takes a whole picture, the bytes that the camera gives; one of --decode
        returns boxes, see boxes.py. Raises ValueError when the number of inputs or of values is wrong.
        """
        if len(x) == self._single:  # as below, in half the time
            core = self._core
            core.write(x[0])
            core.run()
            return self._answers(self, core.read())
        self._write(x)
        return self.answer()

    def answer(self):
        """Run on what was taken before, the rows of a picture, and return the Result."""
        core = self._core
        core.run()
        if self._answers is None:
            self._answers = _module("result")._answers(self)
        result = self._answers(self, core.read())
        for i in range(len(result.outputs), self._n_outputs):
            result.outputs.append(core.read(i))
        return result

    def rows(self, rows):
        """Take one or more rows of a picture as they come from the camera; return how many are missing.

        When none is, answer() runs the network; no picture is in memory. A whole picture starts anew. Raises
        ValueError for bytes that are not rows or more of them than are missing, and for a model without a camera.
        """
        return self._core.rows(rows)

    def _write(self, x):
        if len(x) != self._n_inputs:
            raise ValueError("got %d inputs, wanted %d" % (len(x), self._n_inputs))
        for i in range(self._n_inputs):
            self._core.write(x[i], i)

    def run(self, x=None, out=None):
        """Run on raw quantised bytes, without allocating any memory.

        x    a buffer, or a list of one per input, of the input's size and dtype (bytes and bytearray fit every
             dtype); None runs on what is in the arena, which the last run may have overwritten
        out  the same for the outputs, writable; None leaves them in the arena

        Raises ValueError when a buffer's size or dtype differs from the tensor's.
        """
        self._core.run(x, out)

    def reset(self):
        """Forget earlier inputs: set every state of the model to its initial value, as after loading."""
        self._core.reset()

    def stream(self, source, hop=None, smoothing=None, threshold=None, every=False, votes=None, refractory_ms=None):
        """Slide a window over samples and yield a Result for each answer, with `for` or `async for`; see stream.py.

        source         a sensor (an object with read()), or a function that is called without arguments for the next
                       values: a number, a list, a tuple or an array, one sample or many, in the units that the network
                       was trained on. It may wait for them; None ends the stream.
        hop            how many new samples of a sensor, or values of a function (three axes are three values), the
                       window moves between two runs; by default what the model says, a tenth of a second where the
                       rate is known, or a quarter of the window
        smoothing      0 takes the scores of each window as they are; closer to 1, it takes more windows to change; by
                       default 0.5, and 0 with votes
        threshold      the smoothed score from which a label is an answer; by default what the model says, or 0.5
        every          True yields the Result of every window, labelled "uncertain" where no score reaches the
                       threshold, its .answer what would be yielded otherwise: to plot, and for networks whose outputs
                       are not scores
        votes          (k, n): a label must win k of the last n windows; by default what the model says, or (1, 1)
        refractory_ms  after an answer none follows for so long; by default what the model says, or 0

        What the model says are its metadata sensor.* and stream.*. Raises ValueError where the sensor's rate, columns,
        units or range are not those that the network was trained on, when read() returns more than a window, and when
        the model has several inputs; OSError when the sensor falls silent.
        """
        from .stream import Stream

        return Stream(self, source, hop, smoothing, threshold, every, votes, refractory_ms)

    def profile(self, *x, runs=10):
        """Time each op over some runs and return a Profile, which prints as a table; see profile.py."""
        from .profile import profile

        return profile(self, x, runs)

    def label(self, index):
        """Return the name of a class, or the index itself if the model has no name for it."""
        return self._core.label(index) if index < self._n_labels else index

    @property
    def labels(self):
        return [self._core.label(i) for i in range(self._n_labels)]

    @property
    def inputs(self):
        from .describe import tensors

        return tensors(self._core.input, self._n_inputs)

    @property
    def outputs(self):
        from .describe import tensors

        return tensors(self._core.output, self._n_outputs)

    def info(self):
        """Return the facts of the model as a dict: name, file_bytes, arena_bytes, ops, weights, metadata.

        weights says where they are: "flash", used in place, or "ram".
        """
        from .describe import facts

        return facts(self)

    def __repr__(self):
        from .describe import text

        return text(self)
