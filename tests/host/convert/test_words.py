# SPDX-License-Identifier: MIT
"""Several wake words behind one front end, in one file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import midge
from midge.api import convert
from midge.errors import UserError
from midge.samples.sound_files import read_sound
from tests.support import SHARED

NAMES = ("v2_okay_nabu", "v2_alexa", "v1_alexa")
pytestmark = pytest.mark.skipif(not (SHARED / "models/microwakeword").is_dir(), reason="no SHARED; set SHARED=<dir>")


@pytest.fixture
def words(tmp_path: Path) -> Path:
    """Return a folder of networks and their manifests, which name them."""
    for name in NAMES:
        shutil.copy(SHARED / f"models/microwakeword/{name}.tflite", tmp_path)
        manifest = name if name.startswith("v2") else name.removeprefix("v1_")
        told = json.loads((SHARED / f"data/wakeword_manifests/{manifest}.json").read_text())
        (tmp_path / f"{name}.json").write_text(json.dumps({**told, "model": f"../elsewhere/{name}.tflite"}))
    return tmp_path


def answers(blob: bytes, sound: np.ndarray, count: int) -> np.ndarray:
    model, out, found = midge.load(blob), bytearray(count), []
    for at in range(0, len(sound) - 479, 480):
        model.run([sound[at : at + 480].tobytes()], [out])
        found.append(list(out))
    return np.array(found)


def test_each_answers_as_it_does_alone(words: Path) -> None:
    nabu, alexa = (words / f"{name}.tflite" for name in NAMES[:2])
    both = convert(nabu, manifest=nabu.with_suffix(".json"), also=[alexa.with_suffix(".json")])
    alone = [convert(path, manifest=path.with_suffix(".json")) for path in (nabu, alexa)]
    assert both.labels == ["Okay Nabu", "Alexa"] and not both.warnings
    metadata = midge.load(both.blob).info()["metadata"]
    assert (metadata["stream.threshold"], metadata["stream.mean"]) == ("0.97,0.9", "5,5")
    spoken = [read_sound(SHARED / f"data/wakeword_wav/{word}_1.wav").mono for word in ("okay_nabu", "alexa")]
    sound = np.round(np.concatenate(spoken) * 32768).astype("<i2")
    separate = np.hstack([answers(made.blob, sound, 1) for made in alone])
    assert np.array_equal(answers(both.blob, sound, 2), separate) and (separate.max(axis=0) > 230).all()
    assert both.conversion.plan.arena_size < sum(made.conversion.plan.arena_size for made in alone) - 2000


def test_words_that_do_not_go_together(words: Path) -> None:
    nabu, *_ = paths = [words / f"{name}.json" for name in NAMES]
    network = nabu.with_suffix(".tflite")
    with pytest.raises(UserError, match="steps of 20 ms, the first word has 10; convert it apart"):
        convert(network, manifest=nabu, also=paths[2:])
    with pytest.raises(UserError, match="give --manifest for the first"):
        convert(network, also=paths[1:])
    told = json.loads(paths[2].read_text())
    paths[2].write_text(json.dumps({**told, "micro": {**told["micro"], "feature_step_size": 10}}))
    with pytest.raises(UserError, match=r"v1_alexa.tflite: takes .*convert it apart"):
        convert(network, manifest=nabu, also=paths[2:])
    paths[1].with_suffix(".tflite").unlink()
    with pytest.raises(UserError, match="v2_alexa.tflite: No such file"):
        convert(network, manifest=nabu, also=paths[1:2])
