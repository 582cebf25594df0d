# SPDX-License-Identifier: MIT
"""The ops of motion on the core that boards run: every bit as the formulas say, and near the real numbers."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midge.graph import motion
from tests.support import motion as reference

SEED = st.integers(0, 2**32 - 1)


def movement(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Columns of noise, pulses, two values, ends of the range, or one value, at any level about any offset."""
    columns = []
    for _ in range(shape[1]):
        level = int(rng.choice([1, 2, 30, 255, 256, 1000, 16000, 32767]))
        style = rng.choice(["noise", "pulse", "two", "ends", "same", "wave"])
        x = rng.normal(0, level / 3, shape[0])
        if style == "pulse":
            x = np.where(np.arange(shape[0]) == rng.integers(shape[0]), level, rng.integers(0, 2, shape[0]))
        elif style in ("two", "ends"):
            x = rng.choice([-level, level], shape[0])
        elif style == "same":
            x = np.zeros(shape[0])
        elif style == "wave":
            x = level * np.sin(np.arange(shape[0]) * rng.uniform(0, 3))
        offset = 0 if style == "ends" else rng.integers(-32768, 32768) // int(rng.choice([1, 8, 1000]))
        columns.append(np.clip(np.round(x + offset), -32768, 32767))
    return np.stack(columns, 1).astype(np.int16)


@settings(max_examples=25)
@given(SEED, st.integers(2, 200), st.integers(1, 4), st.booleans(), st.integers(0, 5), st.booleans())
def test_moments(seed: int, samples: int, axes: int, magnitude: bool, fraction: int, banded: bool) -> None:
    rng = np.random.default_rng(seed)
    x, first, band = movement(rng, (samples, axes + 2)), int(rng.integers(0, 3)), int(banded * rng.integers(0, 65536))
    options: dict[str, Any] = {"magnitude": magnitude and axes < 4, "fraction": fraction, "dead_band": band}
    made = reference.converted(x.shape, lambda build, t: motion.moments(build, t, first, axes, **options))
    (found,) = reference.answers(made, x)
    wanted = reference.moments(x[:, first : first + axes], options["magnitude"], fraction, band)
    names = motion.moment_names(axes, options["magnitude"])
    assert dict(zip(names, found, strict=True)) == dict(zip(names, wanted, strict=True))


@pytest.mark.parametrize("values", [(-32768, 32767), (-32768, -32768), (32767, 32767), (-32768, 0)])
@pytest.mark.parametrize("ones", [1, 2047, 2048, 4095])
def test_moments_of_the_most_samples_at_the_ends_of_the_range(values: tuple[int, int], ones: int) -> None:
    x = np.where(np.arange(4096)[:, None] < [[ones, 4096 - ones, 4096]], *values).astype(np.int16)
    made = reference.converted(x.shape, lambda build, t: motion.moments(build, t, fraction=5))
    assert np.array_equal(reference.answers(made, x)[0], reference.moments(x, True, 5))


@pytest.mark.parametrize("level", [3, 40, 1000, 9000])
def test_moments_are_those_of_the_textbook(level: int) -> None:
    rng = np.random.default_rng(level)
    x = np.round(np.stack([rng.normal(0, level, 200), rng.exponential(level, 200), level * np.sin(np.arange(200))], 1))
    x = (x + np.array([1000, -3000, 8000])).clip(-32768, 32767)
    made = reference.converted(x.shape, lambda build, t: motion.moments(build, t, magnitude=False, fraction=1))
    found = dict(zip(motion.moment_names(3, False), reference.answers(made, x)[0].astype(float), strict=True))
    z = (x - x.mean(0)) / x.std(0)
    for i in range(3):
        assert found[f"mean {i}"] / 2 == pytest.approx(x[:, i].mean(), abs=0.26)
        assert found[f"rms {i}"] / 2 == pytest.approx(x[:, i].std(), abs=0.26)
        assert found[f"skewness {i}"] / 1024 == pytest.approx((z[:, i] ** 3).mean(), abs=0.01)
        assert found[f"kurtosis {i}"] / 256 == pytest.approx((z[:, i] ** 4).mean(), rel=0.005, abs=0.01)
        assert found[f"crossings {i}"] == np.count_nonzero(np.diff(z[:, i] >= 0))
        for j in range(i + 1, 3):
            assert found[f"correlation {i} {j}"] / 2**14 == pytest.approx((z[:, i] * z[:, j]).mean(), abs=1e-4)


@settings(max_examples=25)
@given(SEED, st.integers(1, 12), st.integers(1, 9), st.integers(1, 3), st.sampled_from(motion.HOLDS))
def test_bands(seed: int, quarter: int, count: int, axes: int, hold: str) -> None:
    rng = np.random.default_rng(seed)
    frame, hop, first = 4 * quarter, int(rng.integers(1, 2 * 4 * quarter)), int(rng.integers(0, 2))
    x = movement(rng, (frame + int(rng.integers(0, 100)), axes + 2))
    frequencies = [float(f) for f in rng.uniform(0.5, frame / 2, count)]
    if rng.integers(2):
        frequencies = [max(1.0, float(round(f))) for f in frequencies]
    made = reference.converted(
        x.shape, lambda build, t: motion.bands(build, t, frequencies, frame, hop, first, axes, hold))
    weights, _ = motion.band_weights(frequencies, frame)
    wanted = reference.bands(x[:, first : first + axes], weights, count, frame, hop, hold)
    assert np.array_equal(reference.answers(made, x)[0], wanted)


@pytest.mark.parametrize("frame", [8, 16, 32, 64, 256])
def test_bands_are_the_bins_of_a_fourier_transform(frame: int) -> None:
    rng = np.random.default_rng(frame)
    x = np.round(rng.normal(0, 2000, (3 * frame, 1)) + 9000).astype(np.int16)
    bins = [*range(2, frame // 2)]  # the first one's answer to what is constant is taken away
    _, gain = motion.band_weights(bins, frame)
    found = {}
    for hold in motion.HOLDS:
        make = partial(motion.bands, frequencies=bins, frame=frame, hold=hold)
        made = reference.converted(x.shape, make)
        found[hold] = 2.0 ** (reference.answers(made, x)[0][0] / 512)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(frame) / frame)
    frames = [x[i : i + frame, 0] for i in range(0, len(x) - frame + 1, frame // 2)]
    spectra = [np.abs(np.fft.rfft(f * window)[bins]) ** 2 for f in frames]
    unit = (gain * 4 / frame) ** 2  # a bin of the transform has a quarter of the frame times the amplitude
    assert found["max"] == pytest.approx(np.max(spectra, 0) * unit, rel=0.02, abs=(3 * gain) ** 2)
    assert found["mean"] == pytest.approx(np.mean(spectra, 0) * unit, rel=0.02, abs=(3 * gain) ** 2)
    assert found["min"] == pytest.approx(np.min(spectra, 0) * unit, rel=0.02, abs=(3 * gain) ** 2)


def test_gravity_leaves_no_trace_in_bands_and_full_scale_fits() -> None:
    made = reference.converted((40, 1), lambda build, t: motion.bands(build, t, [0.5, 1, 3.3, 8], 16))
    level, wave = np.full((40, 1), -32768), np.where(np.arange(40)[:, None] % 2, -32768, 32767)
    found = reference.answers(made, level, wave)
    _, gain = motion.band_weights([0.5, 1, 3.3, 8], 16)
    assert not found[0].any()
    assert found[1][0, 3] == pytest.approx(2 * np.log2(32767 * gain) * 512, abs=2)


@pytest.mark.parametrize("frequencies, frame", [
    ([1], 9), ([1], 260), ([9], 16), ([0.1], 16), ([], 16), ([1] * 129, 16),
])
def test_bands_that_cannot_be(frequencies: list[float], frame: int) -> None:
    with pytest.raises(ValueError, match="frame"):
        motion.band_weights(frequencies, frame)


@settings(max_examples=25)
@given(SEED, st.integers(1, 90), st.integers(1, 4), st.lists(st.integers(0, 89), min_size=1, max_size=6), st.booleans())
def test_lagged(seed: int, samples: int, axes: int, lags: list[int], floored: bool) -> None:
    rng = np.random.default_rng(seed)
    x, first = movement(rng, (samples, axes + 1)), int(rng.integers(0, 2))
    lags, floor = [lag % samples for lag in lags], int(floored * rng.integers(0, 2**22))
    made = reference.converted(x.shape, lambda build, t: motion.lagged(build, t, lags, first, axes, floor))
    wanted = reference.lagged(x[:, first : first + axes], lags, floor)
    assert np.array_equal(reference.answers(made, x)[0], wanted)


@pytest.mark.parametrize("axes", [1, 16])
@pytest.mark.parametrize("ones", [1, 2048])
def test_lagged_at_the_ends_of_the_range(axes: int, ones: int) -> None:
    x = np.repeat(np.where(np.arange(4096)[:, None] < ones, -32768, 32767), axes, 1).astype(np.int16)
    made = reference.converted(x.shape, lambda build, t: motion.lagged(build, t, [0, 4095], floor=2**22 - 1))
    assert np.array_equal(reference.answers(made, x)[0], reference.lagged(x, [0, 4095], 2**22 - 1))


def test_lagged_are_shares_of_the_energy() -> None:
    t = np.arange(100)
    x = np.stack([3000 * np.sin(t / 5) + 8000, 2000 * np.sin((t - 7) / 5)], 1).round().astype(np.int16)
    made = reference.converted(x.shape, lambda build, t: motion.lagged(build, t, [0, 7]))
    d = x - x.mean(0)
    wanted = np.array([d[: 100 - lag].T @ d[lag:] for lag in (0, 7)]) / (d**2).sum()
    assert reference.answers(made, x)[0] / 2**14 == pytest.approx(wanted, abs=2e-4)


@settings(max_examples=25)
@given(SEED, st.integers(1, 40), st.sampled_from([("int8", 1 / 16), ("int16", 1 / 1024)]))
def test_standardize(seed: int, n: int, kind: tuple[str, float]) -> None:
    rng, (dtype, scale) = np.random.default_rng(seed), kind
    deviation = np.exp(rng.uniform(-3, 10, n)) * rng.choice([0, 1], n, p=[0.1, 0.9])
    centre = rng.uniform(-32768, 32767, n) / rng.choice([1, 30, 1000], n)
    x = np.clip(np.round(centre + deviation * rng.normal(0, 3, n)), -32768, 32767).astype(np.int16)
    made = reference.converted(
        x.shape, lambda build, t: motion.standardize(build, t, centre, deviation, scale, dtype))
    (y,) = reference.answers(made, x)
    assert made.program.graph.outputs[0].scale == np.float32(scale)
    with np.errstate(divide="ignore", invalid="ignore"):
        z, unit = np.where(deviation > 0, [(x - centre) / deviation, 1 / deviation], 0) / scale
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    close = np.abs(y - z.clip(low, high)) <= 0.51 + (np.abs(z) + unit) / 2**15  # a factor has 15 bits, and the offset
    assert y.dtype == dtype and close.all(), (x, centre, deviation, y, z)


@settings(max_examples=25)
@given(SEED, st.integers(1, 30), st.integers(1, 4), st.sampled_from(["none", "shared", "own"]), st.booleans())
def test_centroids(seed: int, n: int, k: int, scaling: str, root: bool) -> None:
    rng = np.random.default_rng(seed)
    level = int(rng.choice([3, 300, 32767]))
    x, centres = (rng.integers(-level, level + 1, shape).astype(np.int16) for shape in ((n,), (k, n)))
    offsets = rng.integers(-(2**31), 2**31, k) // int(rng.choice([1, 10**6]))
    shape = {"none": None, "shared": (n,), "own": (k, n)}[scaling]
    scales = None if shape is None else np.exp(rng.uniform(-9, 10, shape)) * rng.choice([0, 1], shape, p=[0.1, 0.9])
    made = reference.converted(x.shape, lambda build, t: motion.centroids(build, t, centres, scales, offsets, root))
    node = next(n for n in made.program.graph.nodes if n.op == "CENTROIDS")
    factors, shifts = (None if t is None else t.data for t in node.inputs[3:5])
    if scales is not None:
        assert factors / 2.0**shifts == pytest.approx(scales, rel=2**-14, abs=2**-17)
    (found,) = reference.answers(made, x)
    assert np.array_equal(found, reference.centroids(x, centres, factors, shifts, offsets, root))


def test_centroids_of_the_textbook() -> None:
    rng = np.random.default_rng(1)
    deviation, centres = rng.uniform(200, 900, 12), rng.uniform(-3000, 3000, (4, 12)).round()
    x = (centres[2] + deviation * rng.normal(0, 1, 12)).round().astype(np.int16)
    distance = np.sqrt((((x - centres) / deviation) ** 2).sum(1))
    for root in (True, False):
        build = partial(motion.centroids, centres=centres, scales=256 / deviation, root=root)
        made = reference.converted(x.shape, build)
        found = reference.answers(made, x)[0] / 256
        assert found == pytest.approx(distance if root else distance**2, rel=0.01)
        assert found.argmin() == 2


@pytest.mark.parametrize("scales", [np.ones(2), np.ones((3, 3)), np.full(3, -1.0), np.full(3, 40000.0)])
def test_centroids_that_cannot_be(scales: np.ndarray) -> None:
    with pytest.raises(ValueError, match="scales"):
        reference.converted((3,), lambda build, t: motion.centroids(build, t, np.zeros((2, 3)), scales))


@settings(max_examples=25)
@given(SEED, st.integers(1, 120), st.integers(1, 3), st.integers(1, 8))
def test_random_conv(seed: int, samples: int, columns: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    x, patterns = movement(rng, (samples, columns)), []
    for _ in range(count):
        padded = bool(rng.integers(2)) or samples <= 8
        dilation = int(rng.integers(1, 30 if padded else (samples - 1) // 8 + 1))
        chosen = tuple(int(c) for c in rng.permutation(columns)[: rng.integers(1, columns + 1)])
        limits = (0, *(int(v) for v in rng.integers(-3000, 3000, rng.integers(0, 4))))
        patterns += [motion.Pattern(motion.TAPS[int(rng.integers(84))], dilation, chosen, limits, padded)] * 2
    made = reference.converted(x.shape, lambda build, t: motion.random_conv(build, t, patterns))
    assert np.array_equal(reference.answers(made, x)[0], reference.random_conv(x, patterns))


@pytest.mark.parametrize("wrong", [
    motion.Pattern((0, 1, 9), 1, (0,), (0,)), motion.Pattern((0, 1, 2), 0, (0,), (0,)),
    motion.Pattern((0, 1, 2), 1, (1,), (0,)), motion.Pattern((0, 1, 2), 1, (), (0,)),
    motion.Pattern((0, 1, 2), 2, (0,), (0,)), motion.Pattern((0, 1, 2), 1 << 15, (0,), (0,), True),
])
def test_patterns_that_cannot_be(wrong: motion.Pattern) -> None:
    with pytest.raises(ValueError, match="Pattern"):
        reference.converted((16, 1), lambda build, t: motion.random_conv(build, t, [wrong]))
