# SPDX-License-Identifier: MIT
"""Pictures and boxes on the core that boards run: every bit as the formulas say."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midge.convert.pipeline import convert_graph
from midge.core.binding import Model
from midge.graph import Graph, Tensor, Unsupported, sight
from midge.graph.builder import Builder
from midge.graph.sight import FORMATS, Crop, Picture
from midge.lowering.sight import division_by
from tests.fuzz.seeds import q
from tests.support import sight as reference

SEED = st.integers(0, 2**32 - 1)


def model_of(graph: Graph) -> Model:
    return Model(convert_graph(graph, [], "sight", 0).blob)


def picture_of(rng: np.random.Generator, camera: Picture) -> np.ndarray:
    """Noise, or the ends of the range."""
    if rng.integers(3) == 0:
        return np.full(camera.shape, rng.choice([0, 255]), np.uint8)
    return rng.integers(0, 256, camera.shape, np.uint8)


def image_of(model: Model, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    model.run(None, out := bytearray(int(np.prod(shape))))
    found = np.frombuffer(out, dtype).reshape(shape)[0]
    return found if dtype == "uint8" else (found ^ np.int8(-128)).view(np.uint8)


@settings(max_examples=300)
@given(SEED, st.sampled_from(list(FORMATS)), st.sampled_from([1, 3]), st.sampled_from(["int8", "uint8"]), st.booleans())
def test_an_image_is_the_formulas_to_the_bit(seed: int, format: str, channels: int, dtype: str, bilinear: bool) -> None:
    rng = np.random.default_rng(seed)
    height, width = (int(n) for n in rng.integers(1, 9, 2))
    crop = Crop(2 * int(rng.integers(3)), int(rng.integers(3)), 2 * int(rng.integers((width + 1) // 2, 14)),
                int(rng.integers(height, 15)))
    right, below = 2 * int(rng.integers(2)), 1
    if format.startswith("bayer-"):
        crop, below = Crop(crop.left, 2 * crop.top, 2 * crop.width, 2 * crop.height), 2
    camera = Picture(format, crop.left + crop.width + right, max(2, crop.top + crop.height + below))
    shape = (1, height, width, channels)
    if sight.problem_of(camera, crop, height, width, channels, bilinear):
        return
    model, frame = model_of(reference.eye(camera, crop, shape, dtype, bilinear)), picture_of(rng, camera)
    wanted = reference.levels(frame, camera, crop, shape, bilinear)
    model.write(frame)
    assert np.array_equal(image_of(model, shape, dtype), wanted)
    at = 0
    while at < camera.height:  # the same by rows, some at a time
        count = min(int(rng.integers(1, 4)), camera.height - at)
        at += count
        assert model.rows(frame[at - count : at].tobytes()) == camera.height - at
    assert np.array_equal(image_of(model, shape, dtype), wanted)


@pytest.mark.parametrize("bilinear", [False, True])
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("width,height,channels", [(320, 240, 1), (324, 244, 1), (160, 120, 3), (640, 480, 1)])
def test_what_cameras_give_for_a_network_of_96(
    format: str, channels: int, width: int, height: int, bilinear: bool
) -> None:
    camera, shape = Picture(format, width, height), (1, 96, 96, channels)
    if camera.pitch > 1:  # as many pixels with all colours
        camera = Picture(format, 2 * width, 2 * height)
    crop = sight.largest_crop(camera, 96, 96, channels, bilinear)
    assert crop is not None and crop.width == crop.height >= 0.98 * camera.height
    model = model_of(reference.eye(camera, crop, shape, bilinear=bilinear))
    frame = np.random.default_rng(width).integers(0, 256, camera.shape, np.uint8)
    model.write(frame)
    assert np.array_equal(image_of(model, shape, "uint8"), reference.levels(frame, camera, crop, shape, bilinear))
    model.write(np.full(camera.shape, 255, np.uint8))
    assert format == "uyvy" or (image_of(model, shape, "uint8") == 255).all() or channels == 3


@pytest.mark.parametrize("pixels,outputs,parts", [
    (240, 96, (4, 4)), (120, 96, (4, 5)), (320, 96, (6, 6)), (6, 4, (4, 4)), (7, 7, (1, 1)), (9, 1, (1, 1))])
def test_parts_of_pixels(pixels: int, outputs: int, parts: tuple[int, int]) -> None:
    share, step = sight.parts_of(pixels, outputs, bilinear=(pixels, outputs) != (120, 96))
    assert (share, step) == parts and pixels * share % outputs == 0 and (pixels * share // outputs - step) % 2 == 0


def test_a_point_between_pixels_is_where_opencv_has_it() -> None:
    cv2 = pytest.importorskip("cv2")
    camera, shape = Picture("grey", 320, 240), (1, 96, 96, 1)
    model = model_of(reference.eye(camera, Crop(40, 0, 240, 240), shape, bilinear=True))
    frame = np.random.default_rng(3).integers(0, 256, camera.shape, np.uint8)
    model.write(frame)
    wanted = cv2.resize(frame[:, 40:280, 0].astype(np.float64), (96, 96), interpolation=cv2.INTER_LINEAR)
    assert np.abs(image_of(model, shape, "uint8")[..., 0] - wanted).max() <= 0.5 + 1e-3


def test_grey_is_nearly_that_of_bt_601() -> None:
    rgb = np.random.default_rng(1).integers(0, 256, (2, 1024, 3), np.uint8)
    camera = Picture("rgb888", 1024, 2)
    model = model_of(reference.eye(camera, Crop(0, 0, 1024, 2), (1, 2, 1024, 1)))
    model.write(rgb)
    found = image_of(model, (1, 2, 1024, 1), "uint8")[..., 0]
    assert np.abs(found - rgb @ [0.299, 0.587, 0.114]).max() < 2.5


def test_rows_of_the_next_picture_and_whole_ones_start_anew() -> None:
    camera, crop, shape = Picture("grey", 8, 6), Crop(0, 0, 8, 6), (1, 3, 4, 1)
    model = model_of(reference.eye(camera, crop, shape))
    frames = np.random.default_rng(2).integers(0, 256, (3, *camera.shape), np.uint8)
    for frame in frames[:2]:
        model.rows(frame[:5].tobytes())
        assert model.rows(frame[5:].tobytes()) == 0
        assert np.array_equal(image_of(model, shape, "uint8"), reference.levels(frame, camera, crop, shape))
    assert model.rows(frames[0][:2].tobytes()) == 4
    model.run(frames[2].tobytes(), out := bytearray(12))
    assert bytes(out) == reference.levels(frames[2], camera, crop, shape).tobytes()
    model.rows(frames[0][:4].tobytes())
    model.reset()
    assert model.rows(frames[1].tobytes()) == 0
    assert np.array_equal(image_of(model, shape, "uint8"), reference.levels(frames[1], camera, crop, shape))


def test_a_part_of_a_picture_does_not_run() -> None:
    model = model_of(reference.eye(Picture("grey", 8, 6), Crop(0, 0, 8, 6), (1, 3, 4, 1)))
    with pytest.raises(ValueError, match="^6 rows of the picture are missing$"):
        model.run()
    assert model.rows(bytes(16)) == 4
    with pytest.raises(ValueError, match="^4 rows of the picture are missing$"):
        model.run()
    for wrong in (b"", bytes(7), bytes(40)):
        with pytest.raises(ValueError, match=f"got {len(wrong)} bytes, wanted rows of 8 bytes, 4 at most"):
            model.rows(wrong)
    with pytest.raises(TypeError):
        model.rows(5)
    with pytest.raises(ValueError, match="got 8 bytes, wanted 48 bytes of uint8"):
        model.write(bytes(8))
    assert model.rows(bytes(32)) == 0
    model.run()
    with pytest.raises(ValueError, match="^6 rows of the picture are missing$"):  # those are used up
        model.run()


@settings(max_examples=200)
@given(st.integers(1, 1 << 22))
def test_divisions_are_exact(total: int) -> None:
    multiplier, shift = division_by(2 * total, 511 * total)
    n = np.concatenate([np.arange(0, 512) * total, np.arange(1, 512) * total - 1]).astype(np.uint64)
    n = n[n <= min(511 * total, 2**32 - 1)]
    assert np.array_equal([int(v) * multiplier >> (32 + shift) for v in n], n // np.uint64(2 * total))


def test_a_division_that_is_not_exact_is_refused() -> None:
    with pytest.raises(Unsupported, match="simpler proportions"):
        division_by(2**31 - 1, 2**40)


@cache
def finder(height: int, width: int, classes: int, threshold: float, scale: float, zero_point: int) -> Model:
    build = Builder("finder")
    x = Tensor("scores", (1, height, width, classes), "int8", q(scale, zero_point))
    return model_of(build.graph([x], sight.blobs(build, x, threshold, 8)))


def head(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    """Softmax of few or many things on a background, int8 as SOFTMAX gives it."""
    logits = rng.normal(0, rng.choice([0.5, 2, 5]), shape)
    logits[..., 0] += rng.choice([0, 2, 5, 9])
    shares = np.exp(logits) / np.exp(logits).sum(2, keepdims=True)
    return np.clip(np.round(shares * 256) - 128, -128, 127).astype(np.int8)


@pytest.mark.parametrize("shape", [(12, 12, 2), (12, 12, 4), (5, 20, 3), (1, 1, 2), (1, 7, 2)])
def test_boxes_of_random_heads_are_those_of_the_reference(shape: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(shape)
    for _ in range(400 if shape == (12, 12, 2) else 150):
        threshold = float(rng.choice([0.2, 0.5, 0.8]))
        model, scores = finder(*shape, threshold, 1 / 256, -128), head(rng, shape)
        wanted = reference.boxes(scores, 1 / 256, -128, threshold, 8)
        model.run(scores.tobytes(), out := [bytearray(w.nbytes) for w in wanted])
        for found, expected in zip(out, wanted, strict=True):
            assert np.array_equal(np.frombuffer(found, np.float32), expected.reshape(-1))


def test_boxes_at_the_ends_of_what_a_grid_can_hold() -> None:
    scores = np.full((128, 128, 2), -128, np.int8)
    scores[..., 1] = 127
    model = finder(128, 128, 2, 0.5, 1 / 256, -128)
    wanted = reference.boxes(scores, 1 / 256, -128, 0.5, 8)
    model.run(scores.tobytes(), out := [bytearray(w.nbytes) for w in wanted])
    assert np.frombuffer(out[0], np.float32)[:4].tolist() == [0, 0, 1, 1] and wanted[3] == 1
    spiral = np.zeros((128, 128), bool)  # one component as long as can be, and its opposite
    spiral[::2] = True
    spiral[1::4, -1] = spiral[3::4, 0] = True
    scores[..., 1] = np.where(spiral, 100, -100)
    wanted = reference.boxes(scores, 1 / 256, -128, 0.5, 8)
    model.run(scores.tobytes(), out)
    assert [np.frombuffer(o, np.float32).tolist() for o in out] == [w.reshape(-1).tolist() for w in wanted]
