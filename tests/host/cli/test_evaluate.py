# SPDX-License-Identifier: MIT
"""midge evaluate and midge convert --calibrate: what they print, and options that do not go together."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.support.command import midge, refusal


def test_convert_and_evaluate_at_a_terminal(small_net: Path, tmp_path: Path) -> None:
    target, picture = tmp_path / "n.midge", tmp_path / "noise.png"
    calibrated = ("convert", small_net / "net.tflite", "-o", target, "--calibrate", small_net / "cal.npy")
    done = midge(*calibrated, "--png", picture)
    assert done.returncode == 0, done.stderr
    for word in ("SQNR", "dB", "noisiest", "to try", "next: midge evaluate"):
        assert word in done.stdout
    assert picture.read_bytes()[:4] == b"\x89PNG"
    facts = json.loads(midge(*calibrated, "--json").stdout)["quantization"]
    assert facts["layers"][0]["op"] == "CONV_2D" and facts["worst"] in {la["name"] for la in facts["layers"]}
    matrix = tmp_path / "matrix.svg"
    done = midge("evaluate", target, small_net / "data.npz", "--against", small_net / "net.tflite", "--png", matrix)
    assert done.returncode == 0, done.stderr
    for word in ("accuracy", "points", "precision", "recall", "net.tflite", "200 samples"):
        assert word in done.stdout
    assert "<svg" in matrix.read_text()
    facts = json.loads(midge("evaluate", target, small_net / "data.npz", "--against", small_net / "net.tflite",
                             "--json").stdout)
    assert facts["against"]["accuracy"] == 1.0
    assert facts["difference"]["accuracy"] == pytest.approx(facts["accuracy"] - 1.0)
    assert np.sum(facts["confusion"]) == 200


def test_auto_prints_what_it_tried(small_net: Path, tmp_path: Path) -> None:
    done = midge("convert", small_net / "net.tflite", "-o", tmp_path / "n.midge", "--calibrate", small_net / "data.npz",
                 "--auto", "--max-drop", "3")
    assert done.returncode == 0, done.stderr
    assert "tried" in done.stdout and "points" in done.stdout and "->" in done.stdout


def test_quantised_models_are_not_quantised_again(wand_tflite: Path, small_net: Path, tmp_path: Path) -> None:
    said = refusal("convert", wand_tflite, "-o", tmp_path / "w.midge", "--calibrate", small_net / "cal.npy")
    assert "is quantised already" in said and "without --calibrate" in said


@pytest.mark.parametrize("options", [["--auto"], ["--method", "mse"], ["--layers"], ["--max-drop", "1"]])
def test_options_that_need_samples(options: list[str], small_net: Path, tmp_path: Path) -> None:
    assert "--calibrate samples.npy" in refusal("convert", small_net / "net.tflite", "-o", tmp_path / "n", *options)
    said = refusal("convert", small_net / "net.tflite", "-o", tmp_path / "n", "--calibrate", small_net / "cal.npy",
                   "--max-flash", "5000")
    assert "add --auto" in said
