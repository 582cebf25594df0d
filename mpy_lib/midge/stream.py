# SPDX-License-Identifier: MIT
"""Answer a stream of samples: a window slides over them, and the network runs on it once per hop.

    for r in wand.stream(imu.read):
        print(r.label)

The window is one buffer of the input's size; samples are quantised as they arrive. At each hop the network
runs and its scores are smoothed: score += (1 - smoothing) * (new - score). A label is yielded when its score
is the highest, reaches `threshold`, and the label is not the one yielded last. When no score reaches the
threshold, the last label is forgotten, so that the same gesture counts again. Apart from what read()
allocates, only the results are allocated.
"""

from array import array

from . import Result


def stream(model, read, hop=None, smoothing=0.5, threshold=0.5, every=False):
    """Yield Results from a sliding window over a stream.

    read       called without arguments for the next values: a number, a list, a tuple or an array, one
               sample or many, in the units that the network was trained on. It may wait for them; None
               ends the stream.
    hop        how many new values (not samples: three axes are three values) the window moves between two
               runs; by default a quarter of the window
    smoothing  0 takes the scores of each window as they are; closer to 1, it takes more windows to change
    threshold  the smoothed score from which a label is an answer
    every      True yields the Result of every window: for networks whose outputs are not scores, and to plot

    Raises ValueError when read() returns more than a window, or the model has several inputs.
    """
    core = model._core
    if model._n_inputs != 1:
        raise ValueError("a stream feeds one input, this model has %d" % model._n_inputs)
    _, dtype, shape, _, _ = core.input(0)
    wanted = _elements(shape)
    window = bytearray(wanted * _bytes_of(dtype))
    scores = array("f", bytes(4 * _elements(core.output(0)[2])))
    if hop is None:
        hop = max(wanted // 4, 1)
    held = fresh = 0
    weight, later = 1, 1 - smoothing  # the first window has nothing to be smoothed with
    last = -1
    while True:
        values = read()
        if values is None:
            return
        pushed = core.push(window, values)
        fresh += pushed
        held = min(held + pushed, wanted)
        if held < wanted or fresh < hop:
            continue
        fresh = 0
        core.run(window)
        best = core.smooth(scores, weight, threshold)
        weight = later
        if every or (best >= 0 and best != last):
            yield Result(model, [list(scores)] + [core.read(i) for i in range(1, model._n_outputs)])
        last = best


def _bytes_of(dtype):
    bits = dtype.lstrip("abcdefghijklmnopqrstuvwxyz")  # "uint16"; a bool has none and takes a byte
    return int(bits or 8) // 8


def _elements(shape):
    n = 1
    for dim in shape:
        n *= dim
    return n
