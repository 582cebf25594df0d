# SPDX-License-Identifier: MIT
"""Seeds of the signal-processing ops."""

from __future__ import annotations

from midge.graph import Graph, Node
from tests.fuzz.seeds import graph, known, plain, rng, seed


@seed
def audio() -> Graph:
    """Samples to log-mel features, as TFLM's audio preprocessors do it."""
    x, w, a = plain("x", "int16", 1, 12), plain("w", "int16", 1, 12), plain("a", "int16", 1, 12)
    s, f, e = plain("s", "int32"), plain("f", "int16", 1, 18), plain("e", "uint32", 9)
    r = plain("r", "int16", 18)
    weights, unweights = (rng.integers(0, 4096, 8) for _ in range(2))
    bank = {"w": weights, "u": unweights, "f": [1, 3, 6], "o": [0, 2, 5], "c": [2, 3, 3]}
    sums, roots = plain("sums", "uint64", 2), plain("roots", "uint32", 2)
    rest, noise = plain("rest", "uint32", 2), plain("noise", "uint32", 2)
    gained, log = plain("gained", "uint32", 2), plain("log", "int16", 2)
    options = {"num_channels": 2, "smoothing": 409, "one_minus_smoothing": 15975, "alternate_smoothing": 983,
               "alternate_one_minus_smoothing": 15401, "min_signal_remaining": 819, "smoothing_bits": 10,
               "spectral_subtraction_bits": 14, "clamping": 0}
    return graph(
        [x],
        Node("CUSTOM:SignalWindow", [x, known("hann", rng.integers(0, 4096, 12), "int16")], [w], {"shift": 12}),
        Node("CUSTOM:SignalFftAutoScale", [w], [a, s]),
        Node("CUSTOM:SignalRfft", [a], [f], {"fft_length": 16}),
        Node("RESHAPE", [f], [r]),
        Node("CUSTOM:SignalEnergy", [r], [e], {"start_index": 1, "end_index": 8}),
        Node("CUSTOM:SignalFilterBank", [e, *(known(k, v, "int16") for k, v in bank.items())], [sums],
             {"num_channels": 2}),
        Node("CUSTOM:SignalFilterBankSquareRoot", [sums, s], [roots]),
        Node("CUSTOM:SignalFilterBankSpectralSubtraction", [roots], [rest, noise], options),
        Node("CUSTOM:SignalPCAN", [rest, noise, known("g", rng.integers(-32768, 32767, 125), "int16")], [gained],
             {"snr_shift": 6}),
        Node("CUSTOM:SignalFilterBankLog", [gained], [log], {"output_scale": 64, "input_correction_bits": 3}),
    )


@seed
def spectrum_of_8() -> Graph:
    """Twice a power of 4, so with a stage of 2; two frames."""
    x, y = plain("x", "int16", 2, 7), plain("y", "int16", 2, 18)
    return graph([x], Node("CUSTOM:SignalRfft", [x], [y], {"fft_length": 16}))


@seed
def quantised_logarithm() -> Graph:
    """What int8 networks are fed, (256 log + 333) / 666 - 128, is one step with the logarithm."""
    x, log, y = plain("x", "uint32", 5), plain("log", "int16", 5), plain("y", "int8", 5)
    wide, scaled, rounded, quotient = (plain(name, "int32", 5) for name in ("wide", "scaled", "rounded", "quotient"))
    shifted, low = plain("shifted", "int32", 5), plain("low", "int32", 5)
    return graph(
        [x],
        Node("CUSTOM:SignalFilterBankLog", [x], [log], {"output_scale": 64, "input_correction_bits": 3}),
        Node("CAST", [log], [wide]),
        Node("MUL", [wide, known("256", 256, "int32")], [scaled]),
        Node("ADD", [scaled, known("333", 333, "int32")], [rounded]),
        Node("DIV", [rounded, known("666", 666, "int32")], [quotient]),
        Node("SUB", [quotient, known("128", 128, "int32")], [shifted]),
        Node("MINIMUM", [shifted, known("127", 127, "int32")], [low]),
        Node("CAST", [low], [y]),
    )
