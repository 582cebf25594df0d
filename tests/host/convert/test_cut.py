# SPDX-License-Identifier: MIT
"""Fronts of networks: what was before a layer stays as it was, in both formats."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from midge.convert.cut import cut
from midge.convert.pipeline import convert_model
from midge.core.batch import Engine
from midge.errors import UserError
from midge.importers import read_model
from midge.importers.tflite.export import tflite_bytes
from tests.support import SHARED, WAND_MODEL
from tests.support.command import midge, refusal

PERSON = SHARED / "models/tflite-micro/person_detect.tflite"


def test_a_model_that_was_written_again_is_the_same() -> None:
    graph = read_model(WAND_MODEL, "wand")
    again = convert_model(tflite_bytes(graph, "wand"), name="wand")
    assert again.blob == convert_model(WAND_MODEL, name="wand").blob


def test_a_front_gives_what_the_network_has_there(tmp_path: Path) -> None:
    front = cut(WAND_MODEL, tmp_path / "front.tflite")
    assert front.layers < front.all_layers and (tmp_path / "front.tflite").stat().st_size == front.bytes
    cut(WAND_MODEL, tmp_path / "front.midge")
    made = convert_model(tmp_path / "front.tflite")
    x = np.random.default_rng(0).normal(size=(3, *Engine(made.blob).inputs[0].shape)).astype(np.float32)
    (a,), (b,) = (Engine(blob).run([x]) for blob in (made.blob, (tmp_path / "front.midge").read_bytes()))
    assert np.array_equal(a, b) and a[0].size == int(np.prod(front.shape)) and a.std() > 0


def test_a_layer_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no layers are named 'nowhere'; --at takes \S+"):
        cut(WAND_MODEL, tmp_path / "front.tflite", "nowhere")
    with pytest.raises(UserError, match=r"front\.txt: a front is written as \.tflite, to train on, or as \.midge"):
        cut(WAND_MODEL, tmp_path / "front.txt")
    assert list(tmp_path.iterdir()) == []


def test_the_command(tmp_path: Path) -> None:
    model = tmp_path / "net.tflite"
    model.write_bytes(WAND_MODEL.read_bytes())
    done = midge("cut", model, "--json")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["file"] == str(tmp_path / "net_front.tflite") and Path(facts["file"]).stat().st_size == facts["bytes"]
    assert "would be lost" in refusal("cut", model, "-o", model)


@pytest.mark.skipif(not PERSON.exists(), reason=f"no {PERSON}; set SHARED=<dir>")
def test_a_person_detector_is_written_again_bit_for_bit() -> None:
    graph = read_model(PERSON, "person")
    assert convert_model(tflite_bytes(graph, "person"), name="person").blob == convert_model(PERSON, name="person").blob
