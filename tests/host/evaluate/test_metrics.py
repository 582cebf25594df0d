# SPDX-License-Identifier: MIT
"""midge evaluate, midge convert --calibrate and midge.tools: figures, files that people have, and their mistakes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from midge import api as tools
from midge.cli.main import main
from midge.errors import UserError
from midge.evaluate.metrics import area_under_curve, score
from midge.samples.datasets import Dataset, check_calibration, check_range, read_dataset
from tests.support import ROOT
from tests.support.command import midge
from tests.support.quant_models import autoencoder, samples, small_cnn


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A float model, its int8 twin, and samples labelled by the float one."""
    place = tmp_path_factory.mktemp("evaluate")
    (place / "net.tflite").write_bytes(small_cnn())
    x = samples(200)
    y = tools.convert(small_cnn()).run(x).reshape(200, 3).argmax(axis=1)
    np.savez(place / "data.npz", x=x, y=y)
    np.save(place / "cal.npy", x[:64])
    tools.convert(small_cnn(), calibrate=x[:64], labels=["a", "b", "c"], name="net").save(place / "net.midge")
    return place


# Figures


def test_classification_figures() -> None:
    scores = np.eye(3, dtype=np.float32)[[0, 0, 1, 1, 2, 0]]
    data = Dataset([np.zeros((6, 4), np.float32)], np.array([0, 0, 1, 0, 2, 1]))
    found = score([scores], data, ["p", "q", "r"])
    assert found.task == "classify" and found.accuracy == pytest.approx(4 / 6)
    assert found.confusion == [[2, 1, 0], [1, 1, 0], [0, 0, 1]]
    assert [(c.name, c.samples) for c in found.classes] == [("p", 3), ("q", 2), ("r", 1)]
    assert found.classes[0].precision == pytest.approx(2 / 3) and found.classes[1].recall == 0.5
    one_hot = Dataset(data.inputs, np.eye(3)[[0, 0, 1, 0, 2, 1]])
    assert score([scores], one_hot, task="classify").confusion == found.confusion
    named = Dataset(data.inputs, np.array(["p", "p", "q", "p", "r", "q"]))
    assert score([scores], named, ["p", "q", "r"]).confusion == found.confusion


def test_regression_and_anomaly_figures() -> None:
    data = Dataset([np.zeros((4, 2), np.float32)], np.array([0.5, 1.5, 2.5, 4.0]))
    found = score([np.array([[0.5], [1.0], [3.0], [4.0]], np.float32)], data)
    assert found.task == "regress" and found.mean_absolute_error == 0.25
    assert found.root_mean_square_error == pytest.approx(np.sqrt(0.125))
    x = np.zeros((4, 3), np.float32)
    outputs = np.array([[0.1] * 3, [0.4] * 3, [0.3] * 3, [0.9] * 3], np.float32)
    anomalous = score([outputs], Dataset([x], np.array([0, 0, 1, 1])))
    assert anomalous.task == "anomaly" and anomalous.auc == 0.75


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=60))
def test_auc_is_that_of_scikit_learn(pairs: list[tuple[int, bool]]) -> None:
    from sklearn.metrics import roc_auc_score

    scores, truth = np.array([p[0] for p in pairs], float), np.array([p[1] for p in pairs], int)
    if 0 < truth.sum() < len(truth):
        assert area_under_curve(scores, truth) == pytest.approx(roc_auc_score(truth, scores))


# From Python


def test_tools_run_evaluate_save_and_report(folder: Path, tmp_path: Path) -> None:
    x, y = samples(200), np.load(folder / "data.npz")["y"]
    model = tools.convert(folder / "net.tflite", calibrate=x[:64], labels=["a", "b", "c"])
    assert model.run(x).shape == (200, 1, 3) and model.labels == ["a", "b", "c"]
    assert model.report is not None and model.report.sqnr_db > 25 and "dB" in repr(model)
    found = model.evaluate(x, y)
    assert found.accuracy is not None and found.accuracy > 0.95 and found.samples_a_minute > 2000
    assert model.evaluate(folder / "data.npz").confusion == found.confusion
    model.save(tmp_path / "n.midge")
    assert (tmp_path / "n.midge").read_bytes() == model.blob
    from midge import load

    one = load(str(tmp_path / "n.midge"))(x[0].reshape(-1).tolist())  # the board's own way in
    np.testing.assert_array_equal(np.array(one.scores, np.float32), model.run(x[:1]).reshape(-1))
    with pytest.raises(UserError, match="3 labels for 200 samples"):
        model.evaluate(x, y[:3])
    with pytest.raises(UserError, match="choose another place"):
        model.save(tmp_path / "no" / "such.midge")


def test_search_keeps_to_accuracy(folder: Path) -> None:
    model = tools.convert(folder / "net.tflite", calibrate=folder / "data.npz", auto=tools.Budget(max_drop=2.0))
    assert model.report is not None and model.report.tried
    assert model.evaluate(folder / "data.npz").figure[1] >= 0.98


def test_autoencoders_are_judged_by_their_error(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    base = np.linalg.qr(np.random.default_rng(0).normal(size=(8, 3)))[0]
    normal, odd = rng.normal(size=(60, 3)) @ base.T, rng.normal(size=(60, 8))
    model = tools.convert(autoencoder(), calibrate=normal.astype(np.float32))
    found = model.evaluate(np.concatenate([normal, odd]).astype(np.float32), np.repeat([0, 1], 60))
    assert found.task == "anomaly" and found.auc is not None and found.auc > 0.98


# The command line


def test_convert_and_evaluate_at_a_terminal(folder: Path, tmp_path: Path) -> None:
    target, picture = tmp_path / "n.midge", tmp_path / "noise.png"
    done = midge("convert", folder / "net.tflite", "-o", target, "--calibrate", folder / "cal.npy", "--png", picture)
    assert done.returncode == 0, done.stderr
    for word in ("SQNR", "dB", "noisiest", "to try", "next: midge evaluate"):
        assert word in done.stdout
    assert picture.read_bytes()[:4] == b"\x89PNG"
    facts = json.loads(midge("convert", folder / "net.tflite", "-o", target, "--calibrate", folder / "cal.npy",
                             "--json").stdout)["quantization"]  # fmt: skip
    assert facts["layers"][0]["op"] == "CONV_2D" and facts["worst"] in {la["name"] for la in facts["layers"]}
    matrix = tmp_path / "matrix.svg"
    done = midge("evaluate", target, folder / "data.npz", "--against", folder / "net.tflite", "--png", matrix)
    assert done.returncode == 0, done.stderr
    for word in ("accuracy", "points", "precision", "recall", "net.tflite", "200 samples"):
        assert word in done.stdout
    assert "<svg" in matrix.read_text()
    facts = json.loads(midge("evaluate", target, folder / "data.npz", "--against", folder / "net.tflite",
                             "--json").stdout)  # fmt: skip
    assert facts["against"]["accuracy"] == 1.0
    assert facts["difference"]["accuracy"] == pytest.approx(facts["accuracy"] - 1.0)
    assert np.sum(facts["confusion"]) == 200


def test_auto_prints_what_it_tried(folder: Path, tmp_path: Path) -> None:
    done = midge("convert", folder / "net.tflite", "-o", tmp_path / "n.midge", "--calibrate", folder / "data.npz",
                 "--auto", "--max-drop", "3")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "tried" in done.stdout and "points" in done.stdout and "->" in done.stdout


# Folders


def picture(path: Path, size: tuple[int, int], value: int) -> None:
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, value).save(path)


def test_a_folder_a_class(folder: Path, tmp_path: Path) -> None:
    for k, name in enumerate("abc"):
        for i in range(2):
            picture(tmp_path / name / f"{i}.png", (8, 8), 60 * k + 20 * i)
    done = midge("evaluate", folder / "net.midge", tmp_path, "--pixels", "-1..1", "--json")
    assert done.returncode == 0, done.stderr
    assert np.sum(json.loads(done.stdout)["confusion"], axis=1).tolist() == [2, 2, 2]
    model = tools.convert((folder / "net.tflite").read_bytes(), calibrate=samples())
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


# Mistakes: one line each, with the remedy


def refusal(*arguments: object) -> str:
    """What the command line says when it refuses, in this process, which is quicker."""
    with pytest.raises(SystemExit) as stop, patch.object(sys, "argv", ["midge", *map(str, arguments)]):
        main()
    said = str(stop.value.code)
    assert said.startswith("midge: ") and "\n" not in said, said
    return said


@pytest.mark.parametrize(("array", "text"), [
    (np.zeros((10, 7, 8, 1), np.float32), r"samples of shape \[7, 8, 1\] \(56 values\).*wants \[1, 8, 8, 1\]"),
    (np.array(["a", "b"]), "dtype <U1; numbers are wanted"),
    (samples() * np.float32(1e9), "values up to .*units that the network was trained on"),
    (np.where(np.arange(64).reshape(64, 1, 1, 1) == 5, np.nan, samples()), "1 of 64 samples hold NaN.*first sample 5"),
    (np.ones((20, 8, 8, 1), np.float32), "every sample is constant"),
    (np.repeat(samples(1), 20, axis=0), "all 20 samples are the same"),
    (np.zeros((0, 8, 8, 1), np.float32), "no samples in it"),
    (np.float32(3.0), "no samples in it"),
], ids=["shape", "dtype", "range", "nan", "constant", "same", "none", "scalar"])  # fmt: skip
def test_unfit_calibration_samples(array: np.ndarray, text: str, folder: Path, tmp_path: Path) -> None:
    import re

    np.save(tmp_path / "bad.npy", array)
    said = refusal("convert", folder / "net.tflite", "-o", tmp_path / "n.midge", "--calibrate", tmp_path / "bad.npy")
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


def test_quantised_models_are_not_quantised_again(wand_tflite: Path, folder: Path, tmp_path: Path) -> None:
    said = refusal("convert", wand_tflite, "-o", tmp_path / "w.midge", "--calibrate", folder / "cal.npy")
    assert "is quantised already" in said and "without --calibrate" in said


@pytest.mark.parametrize("options", [["--auto"], ["--method", "mse"], ["--layers"], ["--max-drop", "1"]])
def test_options_that_need_samples(options: list[str], folder: Path, tmp_path: Path) -> None:
    assert "--calibrate samples.npy" in refusal("convert", folder / "net.tflite", "-o", tmp_path / "n", *options)
    said = refusal("convert", folder / "net.tflite", "-o", tmp_path / "n", "--calibrate", folder / "cal.npy",
                   "--max-flash", "5000")  # fmt: skip
    assert "add --auto" in said


def test_labels_that_do_not_fit(folder: Path, tmp_path: Path) -> None:
    x = samples(6)
    for y, text in (
        (np.array([0, 1, 2, 3, 0, 1]), "label 3 does not fit an output of 3 scores"),
        (np.array([0, -1, 2, 1, 0, 1]), "label -1 does not fit"),
        (np.array(["a", "b", "z", "a", "b", "c"]), "label 'z' is none of the model's"),
        (np.array([0, 1]), "2 labels for 6 samples"),
        (np.zeros((6, 5)), "5 target values a sample; the output holds 3"),
    ):
        np.savez(tmp_path / "d.npz", x=x, y=y)
        assert text in refusal("evaluate", folder / "net.midge", tmp_path / "d.npz")
    np.savez(tmp_path / "d.npz", x=x)
    assert "holds no labels; give" in refusal("evaluate", folder / "net.midge", tmp_path / "d.npz")
    np.savez(tmp_path / "d.npz", u=x, v=x)
    said = refusal("evaluate", folder / "net.midge", tmp_path / "d.npz")
    assert "which of its arrays are the samples: u, v?" in said and "d.npz:u" in said
    assert "no array 'w'" in refusal("evaluate", folder / "net.midge", f"{tmp_path / 'd.npz'}:w")


def test_unfit_folders(folder: Path, tmp_path: Path) -> None:
    picture(tmp_path / "a" / "0.png", (8, 8), 9)
    picture(tmp_path / "b" / "0.png", (9, 8), 9)
    assert "9 x 8 pixels; the network takes 8 x 8" in refusal("evaluate", folder / "net.midge", tmp_path)
    (tmp_path / "b" / "0.png").unlink()
    assert "no samples in this class's folder" in refusal("evaluate", folder / "net.midge", tmp_path)
    (tmp_path / "b" / "0.png").write_bytes(b"\x89PNG broken")
    assert "cannot be read as a sample" in refusal("evaluate", folder / "net.midge", tmp_path)
    (tmp_path / "b" / "0.png").unlink()
    (tmp_path / "b").rename(tmp_path / "bird")
    assert "'bird' is none of the model's labels (a, b, c)" in refusal("evaluate", folder / "net.midge", tmp_path)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "no samples in this folder" in refusal("evaluate", folder / "net.midge", empty)
    picture(tmp_path / "float" / "a" / "0.png", (8, 8), 9)
    said = refusal("evaluate", folder / "net.tflite", tmp_path / "float")
    assert "say --pixels 0..255, 0..1, -1..1" in said


def test_unreadable_files(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "x.npy").write_bytes(b"no array")
    assert "no numbers could be read" in refusal("evaluate", folder / "net.midge", tmp_path / "x.npy")
    assert "check the path" in refusal("evaluate", folder / "net.midge", tmp_path / "y.npy")
    assert "samples can be" in refusal("evaluate", folder / "net.midge", tmp_path / "y.mat")


def test_the_example_of_the_documents_runs(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "host_tools/docs/convert.md").read_text(encoding="utf-8")
    code = text.split("```python\n")[1].split("```")[0]
    (tmp_path / "float.tflite").write_bytes((folder / "net.tflite").read_bytes())
    monkeypatch.chdir(tmp_path)
    y = np.load(folder / "data.npz")["y"]
    names = {"x_train": samples(64), "x_test": samples(200), "y_test": y}
    exec(code, names)
    assert names["scores"].shape == (200, 1, 3) and (tmp_path / "net.midge").exists()
