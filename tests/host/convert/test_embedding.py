# SPDX-License-Identifier: MIT
"""A network cut at an inner layer, and a Learner taught on it here as on a board."""

from __future__ import annotations

from pathlib import Path

import midge
from tests.support import WAND_MODEL
from tests.support.command import midge as command
from tests.support.command import refusal
from tests.train.sets import wand_person


def takes(label: str, numbers: range, person: int = 150) -> list[list[float]]:
    """Return gestures of a simulated person, as the wand takes them."""
    return [take.values[:96].ravel().tolist() for take in wand_person(person, numbers) if take.label == label]


def test_a_learner_on_the_wand_s_last_layer(tmp_path: Path) -> None:
    done = command("convert", str(WAND_MODEL), "--embedding", "dense", "-o", str(tmp_path / "moves.midge"))
    assert done.returncode == 0, done.stderr
    network = midge.load(tmp_path / "moves.midge")
    row = midge.Learner(network).row
    others = [row(x) for label in ("thrust", "slope", "flick") for x in takes(label, range(5), person=151)]
    learner = midge.Learner(network, others=b"".join(others))
    assert learner.model.labels == [] and learner.model.outputs[0].shape == (1, 6)
    for label in ("wing", "circle"):
        for x in takes(label, range(5)):
            learner.teach(label, x)
    assert learner.counts() == {"wing": 5, "circle": 5}
    for label in ("wing", "circle"):
        said = [learner(x).label for x in takes(label, range(5, 15))]
        assert set(said) <= {label, "uncertain"} and said.count(label) >= 8
    assert [learner(x).label for x in takes("thrust", range(10))].count("uncertain") >= 7


def test_refusals(tmp_path: Path) -> None:
    out = str(tmp_path / "x.midge")
    said = refusal("convert", str(WAND_MODEL), "--embedding", "-o", out)
    assert "'max_pooling2d_2' has 384 values, a learner takes 64; --embedding takes a layer of at most 64" in said
    said = refusal("convert", str(WAND_MODEL), "--embedding", "nowhere", "-o", out)
    assert "no layers are named 'nowhere'; --embedding takes a layer of at most 64 values: dense" in said
    assert "an embedding has no classes" in refusal("convert", str(WAND_MODEL), "--embedding", "dense", "--labels", "a",
                                                   "-o", out)
