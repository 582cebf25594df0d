# SPDX-License-Identifier: MIT
"""Files and folders of samples that people have, and their mistakes: one line each, with the remedy."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from midge import api as tools
from midge.samples.datasets import Dataset, check_calibration, check_range, read_dataset
from tests.support.command import midge, refusal
from tests.support.quant_models import autoencoder, samples, small_cnn


def picture(path: Path, size: tuple[int, int], value: int) -> None:
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, value).save(path)


def test_a_folder_a_class(small_net: Path, tmp_path: Path) -> None:
    for k, name in enumerate("abc"):
        for i in range(2):
            picture(tmp_path / name / f"{i}.png", (8, 8), 60 * k + 20 * i)
    done = midge("evaluate", small_net / "net.midge", tmp_path, "--pixels", "-1..1", "--json")
    assert done.returncode == 0, done.stderr
    assert np.sum(json.loads(done.stdout)["confusion"], axis=1).tolist() == [2, 2, 2]
    model = tools.convert((small_net / "net.tflite").read_bytes(), calibrate=samples())
    data = read_dataset(tmp_path, model.engine.inputs, ["a", "b", "c"], "0..1")
    assert data.inputs[0].shape == (6, 1, 8, 8, 1) and data.inputs[0][3].max() == np.float32(80 / 255)
    assert data.targets is not None and data.targets.tolist() == [0, 0, 1, 1, 2, 2]
    (tmp_path / "c" / "9.csv").write_text("v\n" + "\n".join("0.25" for _ in range(64)))
    assert len(read_dataset(tmp_path, model.engine.inputs, [], "0..1")) == 7


def test_sound_and_tables(tmp_path: Path) -> None:
    import soundfile

    model = tools.convert(autoencoder(), calibrate=samples().reshape(-1, 8))
    for name in ("hum", "click"):
        (tmp_path / name).mkdir()
        soundfile.write(tmp_path / name / "0.wav", np.linspace(-0.5, 0.5, 8), 16000, subtype="FLOAT")
    data = read_dataset(tmp_path, model.engine.inputs)
    np.testing.assert_allclose(data.inputs[0][0].reshape(-1), np.linspace(-0.5, 0.5, 8), atol=1e-6)
    assert data.classes == ["click", "hum"]


@pytest.mark.parametrize(("array", "text"), [
    (np.zeros((10, 7, 8, 1), np.float32), r"samples of shape \[7, 8, 1\] \(56 values\).*wants \[1, 8, 8, 1\]"),
    (np.array(["a", "b"]), "dtype <U1; numbers are wanted"),
    (samples() * np.float32(1e9), "values up to .*units that the network was trained on"),
    (np.where(np.arange(64).reshape(64, 1, 1, 1) == 5, np.nan, samples()), "1 of 64 samples hold NaN.*first sample 5"),
    (np.ones((20, 8, 8, 1), np.float32), "every sample is constant"),
    (np.repeat(samples(1), 20, axis=0), "all 20 samples are the same"),
    (np.zeros((0, 8, 8, 1), np.float32), "no samples in it"),
    (np.float32(3.0), "no samples in it"),
], ids=["shape", "dtype", "range", "nan", "constant", "same", "none", "scalar"])
def test_unfit_calibration_samples(array: np.ndarray, text: str, small_net: Path, tmp_path: Path) -> None:
    import re

    np.save(tmp_path / "bad.npy", array)
    said = refusal("convert", small_net / "net.tflite", "-o", tmp_path / "n.midge", "--calibrate", tmp_path / "bad.npy")
    assert re.search(text, said), said
    assert not (tmp_path / "n.midge").exists()


def test_doubtful_samples_are_noted() -> None:
    few = check_calibration(Dataset([samples(4)]))
    assert "only 4 calibration samples" in few[0]
    x = samples(20)
    x[3] = 1.0
    assert "1 of 20 samples are constant, first sample 3" in check_calibration(Dataset([x]))[0]
    model = tools.convert(small_cnn(), calibrate=samples())
    assert "lie outside of" in check_range(Dataset([100 * samples()]), model.engine.inputs)[0]
    assert "a small part of" in check_range(Dataset([samples() / 500]), model.engine.inputs)[0]
    assert check_range(Dataset([samples()]), model.engine.inputs) == []
    odd = np.where(np.arange(64).reshape(64, 1, 1, 1) == 5, np.nan, samples())
    assert check_range(Dataset([odd]), model.engine.inputs)[0].startswith("64 of 4096 values are NaN or infinite")


def test_run_tells_what_is_doubtful(small_net: Path, tmp_path: Path) -> None:
    quantised = tmp_path / "q.midge"
    quantised.write_bytes(tools.convert(small_cnn(), calibrate=samples()).blob)
    for net, values, text in (
        (quantised, 100 * samples(4), "lie outside of"), (quantised, samples(4) * np.nan, "are NaN"),
        (small_net / "net.midge", samples(4) * np.inf, "NaN or infinite"), (quantised, samples(4), ""),
    ):
        np.save(tmp_path / "x.npy", values)
        done = midge("run", net, tmp_path / "x.npy")
        assert done.returncode == 0 and (text in done.stdout if text else "note" not in done.stdout), done.stdout
        assert len(json.loads(midge("run", net, tmp_path / "x.npy", "--json").stdout)) == 4


def test_labels_that_do_not_fit(small_net: Path, tmp_path: Path) -> None:
    x = samples(6)
    for y, text in (
        (np.array([0, 1, 2, 3, 0, 1]), "label 3 does not fit an output of 3 scores"),
        (np.array([0, -1, 2, 1, 0, 1]), "label -1 does not fit"),
        (np.array(["a", "b", "z", "a", "b", "c"]), "label 'z' is none of the model's"),
        (np.array([0, 1]), "2 labels for 6 samples"),
        (np.zeros((6, 5)), "5 target values per sample; the output holds 3"),
    ):
        np.savez(tmp_path / "d.npz", x=x, y=y)
        assert text in refusal("evaluate", small_net / "net.midge", tmp_path / "d.npz")
    np.savez(tmp_path / "d.npz", x=x)
    assert "holds no labels; give" in refusal("evaluate", small_net / "net.midge", tmp_path / "d.npz")
    np.savez(tmp_path / "d.npz", u=x, v=x)
    said = refusal("evaluate", small_net / "net.midge", tmp_path / "d.npz")
    assert "which of its arrays are the samples: u, v?" in said and "d.npz:u" in said
    assert "no array 'w'" in refusal("evaluate", small_net / "net.midge", f"{tmp_path / 'd.npz'}:w")


def test_unfit_folders(small_net: Path, tmp_path: Path) -> None:
    picture(tmp_path / "a" / "0.png", (8, 8), 9)
    picture(tmp_path / "b" / "0.png", (9, 8), 9)
    assert "9 x 8 pixels; the network takes 8 x 8" in refusal("evaluate", small_net / "net.midge", tmp_path)
    (tmp_path / "b" / "0.png").unlink()
    assert "no samples in this class's folder" in refusal("evaluate", small_net / "net.midge", tmp_path)
    (tmp_path / "b" / "0.png").write_bytes(b"\x89PNG broken")
    assert "is no picture" in refusal("evaluate", small_net / "net.midge", tmp_path)
    (tmp_path / "b" / "0.png").unlink()
    (tmp_path / "b").rename(tmp_path / "bird")
    assert "'bird' is none of the model's labels (a, b, c)" in refusal("evaluate", small_net / "net.midge", tmp_path)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "no samples in this folder" in refusal("evaluate", small_net / "net.midge", empty)
    picture(tmp_path / "float" / "a" / "0.png", (8, 8), 9)
    said = refusal("evaluate", small_net / "net.tflite", tmp_path / "float")
    assert "say --pixels 0..255, 0..1, -1..1" in said


def test_unreadable_files(small_net: Path, tmp_path: Path) -> None:
    (tmp_path / "x.npy").write_bytes(b"no array")
    assert "no numbers could be read" in refusal("evaluate", small_net / "net.midge", tmp_path / "x.npy")
    assert "check the path" in refusal("evaluate", small_net / "net.midge", tmp_path / "y.npy")
    (tmp_path / "y.mat").write_bytes(b"of another program")
    assert "samples can be" in refusal("evaluate", small_net / "net.midge", tmp_path / "y.mat")
