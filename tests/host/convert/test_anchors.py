# SPDX-License-Identifier: MIT
"""--decode ssd and blazeface: the boxes that NumPy finds in the same heads, from anchors that the layers tell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import midge
from midge.api import convert
from midge.convert.anchors import Layer, centres, ssd_anchors
from midge.convert.camera import put_decoder
from midge.convert.pipeline import convert_graph
from midge.errors import UserError
from midge.importers.tflite.export import tflite_bytes
from tests.support import SHARED
from tests.support.heads import SIDE, anchors_of, boxes_of, network

FACE = SHARED / "models/litert/blazeface_mlkit_v1.tflite"
HEADS = 125  # drawn for each of eight kinds: 1,000


@pytest.mark.parametrize("how", ["ssd", "blazeface"])
@pytest.mark.parametrize(("classes", "values", "sigmoid"), [(1, 4, False), (2, 6, False), (4, 4, True), (1, 16, False)])
def test_boxes_are_those_of_numpy(how: str, classes: int, values: int, sigmoid: bool) -> None:
    """Another head is drawn where a decision of its own is closer than floats tell, 2e-6."""
    graph = network(how, classes, classes, values)
    threshold = 0.6
    background = how == "ssd" and classes > 1
    heads = midge.Model(convert_graph(graph, [], "heads", 0).blob)
    decoded, labels = put_decoder(network(how, classes, classes, values, sigmoid), how, [], "heads", threshold)
    finder = midge.Model(convert_graph(decoded, labels, "finder", 0).blob)
    rng = np.random.default_rng(classes)
    compared = found = 0
    while compared < HEADS:
        image = rng.normal(0, 1, (SIDE, SIDE, 3)).astype(np.float32)
        encodings, scores = (np.asarray(y) for y in heads(image).outputs)
        wanted, near = boxes_of(how, encodings.reshape(-1, values), scores.reshape(-1, classes), threshold,
                                background=background)
        corners, kinds, best, count = (np.asarray(y) for y in finder(image).outputs)
        if near < 2e-6:
            continue
        compared += 1
        found += len(wanted)
        assert int(count[0]) == len(wanted)
        for i, (kind, score, box) in enumerate(wanted):
            assert int(kinds[i]) == kind and best[i] == pytest.approx(score, abs=1e-5)
            np.testing.assert_allclose(corners[4 * i : 4 * i + 4], box, rtol=2e-5, atol=2e-5)
    assert found > 2 * compared


def test_anchors_are_those_of_the_definitions() -> None:
    np.testing.assert_allclose(ssd_anchors([Layer(6, 6, 3), Layer(4, 4, 6)], 32, 32, ""), anchors_of("ssd"), atol=1e-12)
    np.testing.assert_allclose(centres([Layer(4, 4, 2), Layer(2, 2, 6)]), anchors_of("blazeface"))
    mobilenet = [Layer(n, n, 3 if n == 19 else 6) for n in (19, 10, 5, 3, 2, 1)]
    assert len(ssd_anchors(mobilenet, 300, 300, "")) == 1917
    with pytest.raises(UserError, match="4 anchors a cell of 6 x 6 are not SSD's 3 and 6; give them as a file"):
        ssd_anchors([Layer(9, 9, 3), Layer(6, 6, 4)], 32, 32, "net")
    wide = ssd_anchors([Layer(7, 4, 3)], 224, 128, "")
    np.testing.assert_allclose(wide[0, 2:] * (224, 128), (12.8, 12.8))  # the first is a square of a tenth of the width


@pytest.mark.skipif(not FACE.exists(), reason=f"no {SHARED}; set SHARED=<dir>")
def test_a_real_detector_of_faces_behind_a_camera() -> None:
    made = convert(FACE, camera="rgb888,128x224", pixels="0..1", decode="ssd", labels=["face"], threshold=0.02)
    model = midge.Model(made.blob)
    picture = np.random.default_rng(0).integers(0, 256, (224, 128, 3), dtype=np.uint8).tobytes()
    found = model(picture)
    assert all(box.label == "face" for box in found.boxes)
    assert made.conversion.program.graph.metadata["boxes.classes"] == "1"
    raw = midge.Model(convert(FACE, camera="rgb888,128x224", pixels="0..1").blob)(picture).outputs
    best = 1 / (1 + np.exp(-np.max(np.asarray(raw[1]))))
    assert (found.score == pytest.approx(best, abs=1e-5)) if best >= 0.02 else not found.boxes


def test_integers_find_what_floats_find(tmp_path: Path) -> None:
    for how in ("ssd", "blazeface"):
        path = tmp_path / f"{how}.tflite"
        path.write_bytes(tflite_bytes(network(how, 1, 3), how))
        rng = np.random.default_rng(1)
        samples = rng.normal(0, 1, (40, SIDE, SIDE, 3)).astype(np.float32)
        np.save(tmp_path / "x.npy", samples)
        real = midge.Model(convert(path, decode=how).blob)
        whole = midge.Model(convert(path, decode=how, calibrate=tmp_path / "x.npy").blob)
        pairs = [(len(real(x).boxes), len(whole(x).boxes)) for x in samples]
        assert np.mean([abs(a - b) for a, b in pairs]) < 0.15 * np.mean([a for a, _ in pairs])


def test_labels_may_have_the_background() -> None:
    for labels, wanted in ((["nothing", "cup", "cat"], ["cup", "cat"]), (["cup", "cat"], ["cup", "cat"])):
        assert put_decoder(network("ssd", 3, 0), "ssd", labels, "n")[1] == wanted
    assert put_decoder(network("blazeface", 1, 0), "blazeface", ["face"], "n")[1] == ["face"]


def test_anchors_from_a_file(tmp_path: Path) -> None:
    graph = network("ssd", 1, 5)
    anchors = anchors_of("ssd")
    np.save(tmp_path / "own.npy", anchors)
    np.save(tmp_path / "other.npy", anchors[::-1])
    image = np.random.default_rng(0).normal(0, 1, (SIDE, SIDE, 3)).astype(np.float32)
    told, own, other = (
        np.asarray(midge.Model(convert_graph(put_decoder(graph, how, [], "n")[0], [], "n", 0).blob)(image).outputs[0])
        for how in ("ssd", f"ssd:{tmp_path / 'own.npy'}", f"ssd:{tmp_path / 'other.npy'}"))
    np.testing.assert_array_equal(told, own)
    assert not np.allclose(own, other)
    (tmp_path / "text.npy").write_text("no array")
    np.save(tmp_path / "few.npy", anchors[:3])
    for name, words in (("text.npy", "no array of anchors"), ("none.npy", "no array of anchors"),
                        ("few.npy", r"anchors of float64 \[3, 4\]; wanted \[204, 4\]")):
        with pytest.raises(UserError, match=words):
            put_decoder(graph, f"ssd:{tmp_path / name}", [], "n")


def test_what_cannot_be_decoded_is_refused() -> None:
    graph = network("ssd", 1, 0)
    one, apart = graph.copy(), graph.copy()
    one.outputs = one.outputs[:1]
    apart.nodes[-2].op = "EXP"  # of what puts the boxes together
    for wrong, how, words in (
        (one, "ssd", "want two outputs"),
        (graph, "detr", "no decoder 'detr'; there are: fomo, ssd, blazeface, yolo, yolo2, yolo3"),
        (graph, "fomo:a.npy", "no decoder 'fomo'"), (apart, "ssd", "where the 204 anchors are cannot be told"),
    ):
        with pytest.raises(UserError, match=words):
            put_decoder(wrong, how, [], "net")
    with pytest.raises(UserError, match="a threshold of 2; above 0 and below 1"):
        put_decoder(graph, "ssd", [], "net", threshold=2)
