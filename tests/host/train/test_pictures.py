# SPDX-License-Identifier: MIT
"""Training on pictures: what its parts do, a head on another network's front, and a small grid from scratch."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from midge import load
from midge.api import convert
from midge.convert.pipeline import convert_graph
from midge.core.batch import Engine
from midge.errors import UserError
from midge.evaluate.things import things_in
from midge.fileformat.read import decode
from midge.graph import Graph, Tensor
from midge.graph.builder import Builder
from midge.importers.tflite.export import tflite_bytes
from midge.quantize import quantize
from midge.samples.pictures import Size, read_pictures
from midge.samples.scenes import read_scenes
from midge.train.pictures.augment import RANDOM, Views, draw, relight, vary, warp
from midge.train.pictures.grid import choose_threshold, truth_of
from midge.train.pictures.model import Options, choose_width, integers_of, reals
from midge.train.pictures.network import Shape, float_graph, untrained
from midge.train.pictures.recipe import scale_distance, wanted_scores
from midge.train.pictures.transfer import train_on_front
from tests.support.command import midge, refusal
from tests.support.shots import write_pictures, write_scenes

RNG = np.random.default_rng(7)
PICTURES = RNG.integers(0, 256, (5, 24, 32, 3)).astype(np.uint8)


def test_a_variant_without_change_is_the_picture() -> None:
    still = np.zeros((5, RANDOM), np.float32)
    matrix, shift = draw(still, (24, 32), Views(), np)
    x = PICTURES.astype(np.float32) / 255
    np.testing.assert_allclose(warp(x, matrix, shift, np), x, atol=1e-5)
    np.testing.assert_allclose(relight(still, 0 * x, x, Views(hides=False), np), x, atol=1e-5)


def test_variants_are_mirrored_only_where_that_is_allowed() -> None:
    left = np.zeros((5, RANDOM), np.float32)
    left[:, 6:8] = -1
    x = PICTURES.astype(np.float32) / 255
    for flips, wanted in (("none", x), ("sideways", x[:, :, ::-1]), ("all", x[:, ::-1, ::-1])):
        np.testing.assert_allclose(warp(x, *draw(left, (24, 32), Views(flips=flips), np), np), wanted, atol=1e-5)


def test_every_other_variant_of_print_is_a_negative() -> None:
    u = np.zeros((5, RANDOM), np.float32)
    u[:, 15] = [-1, 1, -0.5, 0.5, 0]
    x = PICTURES.astype(np.float32) / 255
    wanted = np.where(u[:, 15, None, None, None] < 0, 1 - x, x)
    np.testing.assert_allclose(relight(u, 0 * x, x, Views(hides=False, inverts=True), np), wanted, atol=1e-5)
    np.testing.assert_allclose(relight(u, 0 * x, x, Views(hides=False), np), x, atol=1e-5)


def test_variants_are_pictures_and_differ() -> None:
    made = vary(PICTURES, np.random.default_rng(0), Views())
    assert made.dtype == np.uint8 and made.shape == PICTURES.shape and not np.array_equal(made, PICTURES)
    assert np.array_equal(made, vary(PICTURES, np.random.default_rng(0), Views()))


def test_neighbours_on_a_scale() -> None:
    labels = [f"{i / 10:.1f}" for i in range(100)]
    assert scale_distance(labels, "circle")[0, 99] == pytest.approx(0.1)
    assert scale_distance(labels, "line")[0, 99] == pytest.approx(9.9)
    wanted = wanted_scores(labels, np.array([0]), "circle")[0]
    assert wanted.argmax() == 0 and wanted[1] == pytest.approx(wanted[99])
    assert wanted.sum() == pytest.approx(1, abs=1e-5)
    with pytest.raises(UserError, match="the class 'x' is no number"):
        scale_distance(["1", "x"], "line")


def test_the_widest_network_within_a_budget() -> None:
    shape = Shape(48, 48, 1, 10, 12)
    assert choose_width(shape, Options()).width == 12 and choose_width(shape, Options(width=7)).width == 7
    small = choose_width(shape, Options(max_flash=30_000, max_arena=16_000))
    x = RNG.integers(0, 256, (2, 48, 48, 1)).astype(np.uint8)
    sizes = []
    for width in (small.width, small.width + 1):
        wider = Shape(48, 48, 1, 10, width)
        made = convert_graph(integers_of(float_graph(untrained(wider), wider, 1, "n"), x, "n"), [], "n", 0)
        sizes.append((len(made.blob), made.plan.arena_size))
    assert sizes[0][0] <= 30_000 and (sizes[1][0] > 30_000 or sizes[1][1] > 16_000)
    with pytest.raises(UserError, match="no network for 48 x 48 pixels fits into 500 B of RAM"):
        choose_width(shape, Options(max_arena=500))


def test_a_network_takes_the_bytes_of_pictures() -> None:
    shape = Shape(24, 32, 3, 4, 5, grid=True)
    graph = integers_of(float_graph(untrained(shape), shape, 1, "n"), PICTURES, "n")
    assert graph.inputs[0].scale == pytest.approx(1 / 255, rel=1e-3) and graph.inputs[0].zero_point == -128
    engine = Engine(convert_graph(graph, [], "n", 0).blob)
    (scores,) = engine.run([reals(PICTURES, engine)])
    assert scores.shape == (5, 1, 3, 4, 4) and np.allclose(scores.sum(axis=-1), 1, atol=0.02)


def front() -> Graph:
    """Two convolutions of random weights over 48 x 48 grey pixels, in integers, and a mean after them."""
    build, rng = Builder("front"), np.random.default_rng(1)
    source = x = Tensor("picture", (1, 48, 48, 1), "float32")
    for i, (before, channels) in enumerate(((1, 12), (12, 24), (24, 24))):
        weights = rng.normal(0, (2 / 9 / before) ** 0.5, (channels, 3, 3, before)).astype(np.float32)
        x = build.like("RELU", build.conv(x, weights, None, (2, 2), [(0, 1), (0, 1)]), f"layer {i}")
    out = build.reduce("MEAN", x, [1, 2], keep=False, name="mean")
    samples = rng.uniform(0, 1, (8, 1, 48, 48, 1)).astype(np.float32)
    return quantize(build.graph([source], [out]), [samples]).graph


def test_a_head_on_a_front_of_another_network(tmp_path: Path) -> None:
    """Even random convolutions tell shapes apart; the file answers as floats do, and as what was written as .tflite."""
    data = write_pictures(tmp_path / "shapes", 5)
    (tmp_path / "front.tflite").write_bytes(tflite_bytes(front(), "front"))
    out, again = tmp_path / "shapes.midge", tmp_path / "shapes.tflite"
    done = midge("train", data, "--from", tmp_path / "front.tflite", "-o", out, "--tflite", again, "--html",
                 tmp_path / "page.html", "--json")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["pictures"] == 60 and facts["left_out"] == "group" and facts["folds"] == 4
    assert facts["accuracy"]["share"] >= 0.9 and facts["float_agreement"]["share"] >= 0.95
    assert {t["layer"] for t in facts["tried"]} >= {"layer 2"} and facts["threshold"] == 0.5
    assert decode(out.read_bytes()).labels == ["bar", "cross", "disc"]
    x = read_pictures(data).values
    x = np.repeat(np.repeat(x, 2, axis=1), 2, axis=2)
    assert midge("convert", again, "-o", tmp_path / "again.midge").returncode == 0
    answers = []
    for path in (out, tmp_path / "again.midge"):
        engine = Engine(path.read_bytes())
        answers.append(engine.run([reals(x, engine)])[0])
    assert np.array_equal(*answers)
    with pytest.raises(UserError, match="training makes pictures smaller by averages of areas; leave that out"):
        train_on_front(read_pictures(data, Size(48, 48, True)), front(), "front", "layer 2",
                       Options(camera="grey,96x48,bilinear"))
    seeing = train_on_front(read_pictures(data, Size(48, 48, True)), front(), "front", "layer 2",
                            Options(camera="grey,96x48"))
    wide = np.pad(x, ((0, 0), (0, 0), (24, 24), (0, 0)), "edge")
    said = [load(seeing.blob)(picture.tobytes()).label for picture in wide]
    assert np.mean([label == p.label for label, p in zip(said, seeing.recordings, strict=True)]) > 0.9
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "data:image/png;base64," in text and "60 pictures, 48 x 48 in grey; the front of" in text
    assert "--head is of movements" in refusal("train", data, "-o", out, "--head", "dense")
    assert "takes 48 x 48 pixels in grey; leave out --size" in refusal(
        "train", data, "-o", out, "--from", tmp_path / "front.tflite", "--size", "32x32")
    mine = data / "bar" / "bar_ann_0.png"
    assert "is among what is trained on, and would be lost" in refusal("train", data, "-o", mine)
    assert mine.read_bytes().startswith(b"\x89PNG")
    assert "wanted width and height" in refusal("train", data, "-o", out, "--size", "huge")


def test_a_front_that_will_not_do(tmp_path: Path) -> None:
    found = read_pictures(write_pictures(tmp_path / "shapes", 2))
    with pytest.raises(UserError, match=r"--at takes .*layer 2"):
        train_on_front(found, front(), "front", "layer 9")
    build = Builder("floats")
    x = Tensor("picture", (1, 24, 24, 1), "float32")
    floats = build.graph([x], [build.like("RELU", x)])
    with pytest.raises(UserError, match="is of floats and does not tell what it takes pixels as; say --pixels"):
        train_on_front(found, floats, "floats")
    vector = Tensor("features", (1, 40), "float32")
    with pytest.raises(UserError, match=r"the front of a network of pictures takes \[1, height, width, 1 or 3\]"):
        train_on_front(found, Graph("v", [vector], [vector], []), "vector")


@pytest.mark.slow
def test_cells_that_a_thing_is_wanted_in() -> None:
    """A middle in a corner is in four cells; boxes are moved with their picture, and those outside are nowhere."""
    pytest.importorskip("jax")
    from midge.train.descent import load_keras
    from midge.train.pictures.grid import _wanted

    load_keras("a test")
    middles = np.array([[[0, 0, 0.3, 0.3], [0.75, -0.75, 0.2, 0.2], [0, 0, 0, 0]]], np.float32)
    kinds = np.array([[1, 2, 0]])
    for matrix, row in ((np.eye(2), 3), (np.diag([-1.0, 1.0]), 0)):
        wanted, nothing = _wanted(middles, kinds, matrix[None], np.zeros((1, 2)), (4, 4), 3)
        wanted = np.asarray(wanted)[0]
        assert np.array_equal(np.argwhere(wanted[..., 1]), [[1, 1], [1, 2], [2, 1], [2, 2]])
        assert np.argwhere(wanted[..., 2]).tolist() == [[row, 0]]
        assert not np.asarray(nothing)[0][wanted.any(axis=2)].any() and np.asarray(nothing)[0, 3, 3] > 0.5
    wanted, _ = _wanted(middles, kinds, np.eye(2)[None], np.array([[0.0, 1.5]]), (4, 4), 3)
    assert not np.asarray(wanted).any()


@pytest.mark.slow
def test_things_are_found_from_scratch(tmp_path: Path) -> None:
    """From boxes to a file whose cells, decoded as boards decode them, are where things are."""
    pytest.importorskip("jax")
    data, out, net = write_scenes(tmp_path / "scenes", 40), tmp_path / "scenes.midge", tmp_path / "net.tflite"
    assert "has no part as large as the network's 64x48" in refusal(
        "train", data, "-o", out, "--camera", "grey,32x32")
    done = midge("train", data, "-o", out, "--steps", "110", "--width", "4", "--folds", "2", "--html",
                 tmp_path / "page.html", "--json", "--camera", "grey,128x96", "--tflite", net)
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["grid"] == [6, 8] and facts["labels"] == ["background", "bar", "disc"]
    assert facts["f1"]["share"] >= 0.6 and facts["float_agreement"]["share"] >= 0.9
    others = read_scenes(write_scenes(tmp_path / "others", 30, seed=9))
    engine = Engine(convert(net).blob)
    (scores,) = engine.run([reals(others.values, engine)])
    truths = [truth_of(scene, others.labels) for scene in others.pictures]
    threshold = choose_threshold(scores.reshape(30, 6, 8, 3), truths)
    found = [things_in(grid, threshold) for grid in scores.reshape(30, 6, 8, 3)]
    assert abs(sum(map(len, found)) - sum(len(t.kinds) for t in truths)) <= 0.3 * sum(len(t.kinds) for t in truths)
    model = load(out)  # sees twice as many pixels each way
    assert model.labels == ["bar", "disc"] and decode(out.read_bytes()).metadata["camera.size"] == "128x96"
    seen = [model(picture.repeat(2, axis=0).repeat(2, axis=1).tobytes()).boxes for picture in others.values]
    best = float(decode(out.read_bytes()).metadata["picture.threshold"])
    assert [len(boxes) for boxes in seen] == [len(things_in(grid, best)) for grid in scores.reshape(30, 6, 8, 3)]
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<circle cx=" in text and "F1 of centres on pictures left out" in text
    assert "has boxes, for which a network is trained from scratch" in refusal(
        "train", data, "-o", tmp_path / "other.midge", "--from", out)
