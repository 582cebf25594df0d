# SPDX-License-Identifier: MIT
"""Answers from a stream of samples: a window slides over them, and the network looks at it once per hop.

    for r in wand.stream(imu.read):
        print(r.label)

The window is one buffer of the input's size, quantised as samples come in. At each hop the network runs
and its scores are smoothed, score += (1 - smoothing) * (new - score). A label is yielded when it leads
with at least `threshold` and is not the one yielded last; when no score reaches the threshold the memory
of the last one is cleared, so that the same gesture counts again. Beyond what read() makes, nothing is
allocated but the results.
"""

from array import array

from . import Result


def stream(model, read, hop=None, smoothing=0.5, threshold=0.5, every=False):
    """Yield Results from the windows of a stream.

    read       called without arguments for the next values: a number, a list, a tuple or an array, one
               sample or many, in the units that the network was trained on. It waits for them; None ends
               the stream.
    hop        how many new values (not samples: three axes are three values) go by between two looks at
               the window; by default a quarter of it
    smoothing  0 takes each window as it is; towards 1 it takes longer to be convinced
    threshold  the smoothed score that is an answer
    every      True yields every window's Result: for networks that give no scores, and to plot

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
    weight, later = 1, 1 - smoothing  # there is nothing to smooth the first window with
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
