# SPDX-License-Identifier: MIT
"""--decode yolo, yolo2 and yolo3: the boxes that NumPy finds in the same heads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import midge
from midge.convert.camera import put_camera, put_decoder, read_camera
from midge.convert.pipeline import convert_graph
from midge.errors import UserError
from midge.quantize import quantize
from tests.support.heads import SIDE, WIDE, YOLO_GRIDS, kept_of, yolo_network

HEADS = 170  # drawn for each of six kinds: 1,020
ANCHORS = np.array([[0.3, 0.2], [0.15, 0.4], [0.6, 0.5], [0.9, 0.3]])  # (h, w): two of each grid
THRESHOLD = 0.3


def decoded(
    how: str, outputs: list[np.ndarray], classes: int, unit: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Return corners [n, 4] and scores [n, classes] from the definitions."""
    if how in ("columns", "rows"):
        said = outputs[0].astype(float)
        said = said.reshape(4 + classes, -1).T if how == "columns" else said.reshape(-1, 5 + classes)
        x, y, w, h = (said[:, i] / unit[1 - i % 2] for i in range(4))
        shares = said[:, 4:] if how == "columns" else said[:, 4:5] * said[:, 5:]
        return np.stack([y - h / 2, x - w / 2, y + h / 2, x + w / 2], axis=1), shares
    corners, scores = [], []
    for (rows, columns), anchors, grid in zip(YOLO_GRIDS, (ANCHORS[:2], ANCHORS[2:]), outputs, strict=True):
        for i, line in enumerate(grid.astype(float).reshape(rows, columns, 2, 5 + classes)):
            for j, cell in enumerate(line):
                for (tall, wide), t in zip(anchors, cell, strict=True):
                    row, column = (i + sigmoid(t[1])) / rows, (j + sigmoid(t[0])) / columns
                    h, w = tall * np.exp(t[3]) / 2, wide * np.exp(t[2]) / 2
                    kinds = np.exp(t[5:]) / np.exp(t[5:]).sum() if how == "yolo2" else sigmoid(t[5:])
                    corners.append((row - h, column - w, row + h, column + w))
                    scores.append(sigmoid(t[4]) * kinds)
    return np.array(corners), np.array(scores)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-x)))


@pytest.fixture
def anchors(tmp_path: Path) -> Path:
    np.save(tmp_path / "anchors.npy", ANCHORS)
    return tmp_path / "anchors.npy"


@pytest.mark.parametrize(("how", "classes", "unit"), [
    ("columns", 3, 1.0), ("columns", 1, 40.0), ("rows", 2, 1.0), ("yolo2", 3, 1.0), ("yolo2", 1, 1.0),
    ("yolo3", 2, 1.0)])
def test_boxes_are_those_of_numpy(how: str, classes: int, unit: float, anchors: Path) -> None:
    """Another head is drawn where a decision of its own is closer than floats tell, 2e-6."""
    graph = yolo_network(how if how in ("columns", "rows") else "grids", classes, unit=unit)
    option = f"{how}:{anchors}" if how.startswith("yolo") else "yolo:pixels" if unit != 1 else "yolo"
    heads = midge.Model(convert_graph(graph, [], "heads", 0).blob)
    made, _ = put_decoder(graph, option, [], "finder", THRESHOLD)
    finder = midge.Model(convert_graph(made, [], "finder", 0).blob)
    rng, compared, found = np.random.default_rng(classes), 0, 0
    while compared < HEADS:
        image = rng.normal(0, 1, (SIDE, WIDE, 3)).astype(np.float32)
        outputs = [np.asarray(y) for y in heads(image).outputs]
        corners_of, shares = decoded(how, outputs, classes, (SIDE, WIDE) if unit != 1 else (1, 1))
        wanted, near = kept_of(corners_of, shares, THRESHOLD)
        corners, kinds, best, count = (np.asarray(y) for y in finder(image).outputs)
        if near < 2e-6:
            continue
        compared, found = compared + 1, found + len(wanted)
        assert int(count[0]) == len(wanted)
        for i, (kind, score, box) in enumerate(wanted):
            assert int(kinds[i]) == kind and best[i] == pytest.approx(score, abs=1e-5)
            np.testing.assert_allclose(corners[4 * i:4 * i + 4], box, rtol=3e-5, atol=3e-5)
    assert found > 2 * compared


@pytest.mark.parametrize(("how", "option"), [("columns", "yolo"), ("rows", "yolo"), ("grids", "yolo3")])
def test_integers_find_what_floats_find(how: str, option: str, anchors: Path) -> None:
    """Of networks in 8 bits whose outputs are integers, as exporters give them."""
    graph, rng = yolo_network(how, 2), np.random.default_rng(3)
    images = rng.normal(0, 1, (60, SIDE, WIDE, 3)).astype(np.float32)
    option += f":{anchors}" if how == "grids" else ""
    counts = []
    for net in (graph, quantize(graph, [images[:30, None]]).graph):
        model = midge.Model(convert_graph(put_decoder(net, option, ["cup", "cat"], "n", THRESHOLD)[0], ["cup", "cat"],
                                          "n", 0).blob)
        counts.append([len(model(image).boxes) for image in images[30:]])
    assert sum(counts[0]) > 60
    assert np.abs(np.diff(counts, axis=0)).sum() < 0.15 * sum(counts[0])


def test_boxes_are_in_the_pixels_of_a_camera() -> None:
    seen = put_camera(yolo_network("columns", 2), read_camera("rgb888,96x64"), "n", "0..1")
    made, labels = put_decoder(seen, "yolo", ["cup", "cat"], "n", 0.5)
    model = midge.Model(convert_graph(made, labels, "n", 0).blob)
    found = model(np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8).tobytes())
    assert found.boxes and {box.label for box in found.boxes} <= {"cup", "cat"}
    assert max(box.x + box.w for box in found.boxes) > 32


def test_what_cannot_be_decoded_is_refused(tmp_path: Path, anchors: Path) -> None:
    columns, grids = yolo_network("columns", 2), yolo_network("grids", 2)
    np.save(tmp_path / "three.npy", ANCHORS[:3])
    np.save(tmp_path / "four.npy", np.ones((4, 4)))
    for graph, how, words in (
        (grids, "yolo", r"wants one output, .* of grids, --decode yolo2:anchors.npy"),
        (columns, "yolo:inches", "yolo:pixels is for boxes in pixels"),
        (grids, "yolo3", "wants the anchors, .* as in --decode yolo3:anchors.npy"),
        (grids, f"yolo2:{tmp_path / 'three.npy'}", "3 anchors for 2 grids"),
        (grids, f"yolo2:{tmp_path / 'four.npy'}", r"anchors of float64 \[4, 4\]; wanted \[anchors, 2\] of h, w"),
        (columns, f"yolo2:{anchors}", r"with 4 anchors a cell wants \[1, rows, columns, 4 \* \(5 \+ classes\)\]"),
    ):
        with pytest.raises(UserError, match=words):
            put_decoder(graph, how, [], "n")
    with pytest.raises(UserError, match="3 labels for 1 kinds of things"):
        put_decoder(yolo_network("rows", 1), "yolo", ["a", "b", "c"], "n")
