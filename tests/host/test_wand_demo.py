# SPDX-License-Identifier: MIT
"""The gesture wand's committed model and recordings: consistent with each other and with the scripts that made them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import tflite

from tests.support import WAND
from tests.support import WAND_MODEL as MODEL
from tests.support.script import load_script

RECORDINGS = sorted(WAND.glob("samples/*/*.csv"))
make_data = load_script(WAND / "make_data.py")


def person_and_index(path: Path) -> tuple[int, int]:
    match = re.fullmatch(r"person(\d+)-(\d+)", path.stem)
    assert match, f"{path.name} does not say whose it is"
    return int(match[1]), int(match[2])


def model_tensors() -> tuple[tflite.Tensor, tflite.Tensor]:
    graph = tflite.Model.GetRootAs(MODEL.read_bytes()).Subgraphs(0)
    assert (graph.InputsLength(), graph.OutputsLength()) == (1, 1)
    return graph.Tensors(graph.Inputs(0)), graph.Tensors(graph.Outputs(0))


def test_model_takes_a_window_and_answers_with_the_labels() -> None:
    samples, scores = model_tensors()
    labels = (WAND / "labels.txt").read_text(encoding="utf-8").split()
    assert tuple(labels) == make_data.LABELS
    assert samples.ShapeAsNumpy().tolist() == [1, make_data.SAMPLES, 1, 3]
    assert scores.ShapeAsNumpy().tolist() == [1, len(labels)]
    assert samples.Type() == scores.Type() == tflite.TensorType.INT8


def test_model_input_is_the_sensors_range_in_256_steps() -> None:
    quantization = model_tensors()[0].Quantization()
    assert quantization.Scale(0) == make_data.RANGE_G / 128
    assert quantization.ZeroPoint(0) == 0


def test_people_are_disjoint() -> None:
    groups = [set(make_data.TRAIN_PEOPLE), set(make_data.VALIDATION_PEOPLE), set(make_data.TEST_PEOPLE)]
    assert len(set.union(*groups)) == sum(len(group) for group in groups)


def test_recordings_are_held_out_people_and_the_generator_makes_them_again() -> None:
    assert {path.parent.name for path in RECORDINGS} == set(make_data.LABELS)
    assert sum(path.stat().st_size for path in RECORDINGS) < 60_000
    for path in RECORDINGS:
        number, index = person_and_index(path)
        assert number in make_data.TEST_PEOPLE
        recorded = make_data.read_sample(path)
        assert recorded.shape == (make_data.SAMPLES, 3)
        made = make_data.make_window(number, path.parent.name, index)
        np.testing.assert_allclose(recorded, made, atol=0.001)  # the file keeps whole mg


@pytest.mark.parametrize("label", make_data.LABELS)
def test_simulated_windows_are_physical(label: str) -> None:
    windows = np.stack([make_data.make_window(number, label, 0) for number in make_data.VALIDATION_PEOPLE])
    length_g = np.linalg.norm(windows, axis=-1)
    assert np.abs(windows).max() <= make_data.RANGE_G
    assert 0.9 < np.median(length_g) < 1.15  # gravity is there whatever the hand does
    if label != "idle":
        assert windows.std(axis=1).max(axis=1).min() > 0.08  # each gesture moves some axis


def test_a_wand_held_level_reads_one_g_upwards() -> None:
    level = make_data.turn_into(np.array([[0.0, 0.0, 1.0]]), np.zeros((1, 3)))
    nose_down = make_data.turn_into(np.array([[0.0, 0.0, 1.0]]), np.array([[0.0, np.pi / 2, 0.0]]))
    np.testing.assert_allclose(level, [[0.0, 0.0, 1.0]], atol=1e-12)
    np.testing.assert_allclose(nose_down, [[-1.0, 0.0, 0.0]], atol=1e-12)


def test_tflm_classifies_the_recordings() -> None:
    runtime = pytest.importorskip("tflite_micro", reason="real TFLM (PyPI tflite-micro) is not installed").runtime
    interpreter = runtime.Interpreter.from_file(str(MODEL), arena_size=100_000)
    right = 0
    for path in RECORDINGS:
        steps = np.round(make_data.read_sample(path) * 128 / make_data.RANGE_G)
        interpreter.set_input(np.clip(steps, -128, 127).astype(np.int8).reshape(1, make_data.SAMPLES, 1, 3), 0)
        interpreter.invoke()
        right += make_data.LABELS[int(np.argmax(interpreter.get_output(0)))] == path.parent.name
    assert right >= 0.9 * len(RECORDINGS)
