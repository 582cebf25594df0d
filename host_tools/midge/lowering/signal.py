# SPDX-License-Identifier: MIT
"""TFLM's signal-processing ops. Formulas: native_module/core/kernels/signal/spectrum.c and filter_bank.c."""

from __future__ import annotations

import math

import numpy as np

from ..graph import Node, Tensor, Unsupported
from ..graph.tflite_ops import constant, required
from .program import Program
from .rules import rule

GAIN_POINTS = 125
LOG_POINTS = 129


def option(node: Node, name: str, low: int, high: int) -> int:
    """Return an integer among a custom op's options. Raises Unsupported."""
    value = node.attrs.get(name)
    if not isinstance(value, int):
        raise Unsupported(f"no option '{name}'; export the model again")
    if not low <= value <= high:
        raise Unsupported(f"the option {name} = {value}; {low} to {high} can run")
    return value


def signals(node: Node, *dtypes: str) -> list[Tensor]:
    """Return the first inputs and then all outputs, of these dtypes. Raises Unsupported, for constants as well."""
    n_inputs = len(dtypes) - len(node.outputs)
    found = [required(node, i) for i in range(n_inputs)] + node.outputs
    for tensor, dtype in zip(found, dtypes, strict=True):
        if tensor.dtype != dtype:
            raise Unsupported(f"'{tensor.name}' is {tensor.dtype}; {dtype} can run")
        if tensor.is_constant:
            raise Unsupported(f"'{tensor.name}' is a constant; only signals that come in while running can run")
    return found


def table(node: Node, i: int, what: str, size: int | None = None) -> np.ndarray:
    """Return a constant int16 vector, at least `size` long. Raises Unsupported."""
    values = constant(node, i, what).reshape(-1)
    if required(node, i).dtype != "int16" or (size is not None and values.size < size):
        raise Unsupported(f"{values.size} {what} of {required(node, i).dtype}; wanted {size or 'some'} of int16")
    return values.astype("<i2")


def same_elements(*tensors: Tensor) -> int:
    """Return the count of elements that all have. Raises Unsupported where they differ."""
    count = tensors[0].elements
    for t in tensors:
        if t.elements != count or not count:
            raise Unsupported(f"'{t.name}' of shape {list(t.shape)} for {list(tensors[0].shape)}")
    return count


@rule("CUSTOM:SignalWindow")
def window(program: Program, node: Node) -> None:
    source, out = signals(node, "int16", "int16")
    weights = table(node, 1, "window weights")
    count = same_elements(source, out)
    if not weights.size or count % weights.size:
        raise Unsupported(f"a window of {weights.size} weights over {count} samples; wanted a multiple of these")
    program.add(node, "WINDOW", [source],
                {"count": count, "window_size": weights.size, "shift": option(node, "shift", 0, 31)},
                {"window_at": weights.tobytes()})


@rule("CUSTOM:SignalFftAutoScale")
def auto_scale(program: Program, node: Node) -> None:
    source, out, scale = signals(node, "int16", "int16", "int32")
    if scale.elements != 1:
        raise Unsupported(f"a scale of shape {list(scale.shape)}; wanted one number")
    program.add(node, "AUTO_SCALE", [source], {"count": same_elements(source, out)})


def twiddles(fft_length: int) -> bytes:
    """Return the factors of the transform, then those that separate the spectra; as KISS FFT rounds them."""
    n = fft_length // 2
    phases = [-2 * math.pi * i / n for i in range(n - n // 4)]
    phases += [-math.pi * ((i + 1) / n + 0.5) for i in range(n // 2)]
    parts = [math.floor(0.5 + 32767 * f(phase)) for phase in phases for f in (math.cos, math.sin)]
    return np.array(parts, "<i2").tobytes()


@rule("CUSTOM:SignalRfft")
def rfft(program: Program, node: Node) -> None:
    source, out = signals(node, "int16", "int16")
    length = option(node, "fft_length", 4, 1 << 16)
    if length & (length - 1):
        raise Unsupported(f"a Fourier transform of length {length}; powers of two can run")
    in_length = source.shape[-1]
    if not 0 < in_length <= length or out.shape[-1] != length + 2:
        raise Unsupported(f"a Fourier transform of length {length} from {list(source.shape)} to {list(out.shape)}")
    frames = source.elements // in_length
    if out.elements != frames * (length + 2):
        raise Unsupported(f"{frames} Fourier transforms to the shape {list(out.shape)}")
    # Two products a complex half-butterfly: 3 complex multiplications for 4 numbers and log4(n) stages.
    macs = frames * round(3 * (length // 2) * math.log(length // 2, 4) + length)
    program.add(node, "RFFT", [source], {"frames": frames, "in_length": in_length, "fft_length": length},
                {"twiddles_at": twiddles(length)}, macs=macs)


@rule("CUSTOM:SignalEnergy")
def energy(program: Program, node: Node) -> None:
    source, out = signals(node, "int16", "uint32")
    bins = out.elements
    if source.elements != 2 * bins or not bins:
        raise Unsupported(f"energies of shape {list(out.shape)} from a spectrum of shape {list(source.shape)}")
    last = option(node, "end_index", 0, bins)
    program.add(node, "ENERGY", [source], {"bins": bins, "first": option(node, "start_index", 0, last), "last": last})


@rule("CUSTOM:SignalFilterBank")
def filter_bank(program: Program, node: Node) -> None:
    source, out = signals(node, "uint32", "uint64")
    channels = option(node, "num_channels", 1, 65535)
    weights, unweights = table(node, 1, "weights"), table(node, 2, "unweights")
    starts, offsets, widths = (table(node, i, "channel indices", channels + 1)[: channels + 1] for i in (3, 4, 5))
    n_weights = min(weights.size, unweights.size)
    widths = np.maximum(widths, 0)
    starts, offsets = np.where(widths, starts, 0), np.where(widths, offsets, 0)
    if out.elements != channels:
        raise Unsupported(f"{channels} channels for the shape {list(out.shape)}")
    if min(starts.min(), offsets.min()) < 0 or (starts.astype(int) + widths).max() > source.elements \
            or (offsets.astype(int) + widths).max() > n_weights:
        raise Unsupported(f"filters beyond the {source.elements} frequencies or the {n_weights} weights")
    program.add(node, "FILTER_BANK", [source],
                {"bins": source.elements, "channels": channels, "n_weights": n_weights},
                {"bank_at": np.stack([starts, offsets, widths], axis=1).astype("<u2").tobytes(),
                 "weights_at": weights[:n_weights].tobytes() + unweights[:n_weights].tobytes()},
                macs=2 * int(widths.sum()))


@rule("CUSTOM:SignalFilterBankSquareRoot")
def square_root(program: Program, node: Node) -> None:
    source, scale, out = signals(node, "uint64", "int32", "uint32")
    if scale.elements != 1:
        raise Unsupported(f"a scale of shape {list(scale.shape)}; wanted one number")
    program.add(node, "SQUARE_ROOT", [source, scale], {"count": same_elements(source, out)})


@rule("CUSTOM:SignalFilterBankSpectralSubtraction")
def spectral_subtraction(program: Program, node: Node) -> None:
    """Make the estimate of the noise, which the op returns and remembers, a state tensor."""
    source, out, noise = signals(node, "uint32", "uint32", "uint32")
    count = same_elements(source, out, noise)
    if option(node, "num_channels", 1, 1 << 31) != count:
        raise Unsupported(f"{node.attrs['num_channels']} channels for the shape {list(source.shape)}")

    def factors(name: str) -> list[int]:
        return [option(node, name, 0, 2**31 - 1), option(node, "alternate_" + name, 0, 2**31 - 1)]

    noise.is_state = True
    program.add(node, "SPECTRAL_SUBTRACTION", [source], {
        "channels": count, "smoothing": factors("smoothing"), "one_minus_smoothing": factors("one_minus_smoothing"),
        "min_signal_remaining": option(node, "min_signal_remaining", 0, 2**31 - 1),
        "smoothing_bits": option(node, "smoothing_bits", 0, 31),
        "fraction_bits": option(node, "spectral_subtraction_bits", 0, 63), "clamping": option(node, "clamping", 0, 1),
    })


@rule("CUSTOM:SignalPCAN")
def pcan(program: Program, node: Node) -> None:
    gains = table(node, 2, "gains", GAIN_POINTS)
    node.inputs = node.inputs[:2]
    source, noise, out = signals(node, "uint32", "uint32", "uint32")
    program.add(node, "PCAN", [source, noise],
                {"count": same_elements(source, noise, out), "snr_shift": option(node, "snr_shift", 0, 63)},
                {"gains_at": gains[:GAIN_POINTS].tobytes()})


@rule("CUSTOM:SignalFilterBankLog")
def filter_bank_log(program: Program, node: Node) -> None:
    source, out = signals(node, "uint32", "int16")
    points = [math.floor((math.log2(1 + i / 128) - i / 128) * 65536 + 0.5) for i in range(LOG_POINTS)]
    program.add(node, "LOG_TABLE", [source],
                {"count": same_elements(source, out), "output_scale": option(node, "output_scale", 0, 2**31 - 1),
                 "correction_bits": option(node, "input_correction_bits", 0, 31)},
                {"table_at": np.array(points, "<u2").tobytes()})
