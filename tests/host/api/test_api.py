# SPDX-License-Identifier: MIT
"""What notebooks call: convert, run, evaluate, save."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from midge import api as tools
from midge.errors import UserError
from tests.support import ROOT
from tests.support.quant_models import autoencoder, samples


def test_tools_run_evaluate_save_and_report(small_net: Path, tmp_path: Path) -> None:
    x, y = samples(200), np.load(small_net / "data.npz")["y"]
    model = tools.convert(small_net / "net.tflite", calibrate=x[:64], labels=["a", "b", "c"])
    assert model.run(x).shape == (200, 1, 3) and model.labels == ["a", "b", "c"]
    assert model.report is not None and model.report.sqnr_db > 25 and "dB" in repr(model)
    assert "<td" in model._repr_html_() and f"{len(model.blob):,} B" in model._repr_html_()
    found = model.evaluate(x, y)
    assert found.accuracy is not None and found.accuracy > 0.95 and found.samples_per_minute > 2000
    assert model.evaluate(small_net / "data.npz").confusion == found.confusion
    model.save(tmp_path / "n.midge")
    assert (tmp_path / "n.midge").read_bytes() == model.blob
    from midge import load

    one = load(str(tmp_path / "n.midge"))(x[0].reshape(-1).tolist())  # the board's own way in
    np.testing.assert_array_equal(np.array(one.scores, np.float32), model.run(x[:1]).reshape(-1))
    with pytest.raises(UserError, match="3 labels for 200 samples"):
        model.evaluate(x, y[:3])
    with pytest.raises(UserError, match="choose another place"):
        model.save(tmp_path / "no" / "such.midge")


def test_search_keeps_to_accuracy(small_net: Path) -> None:
    model = tools.convert(small_net / "net.tflite", calibrate=small_net / "data.npz", auto=tools.Budget(max_drop=2.0))
    assert model.report is not None and model.report.tried
    assert model.evaluate(small_net / "data.npz").figure[1] >= 0.98


def test_autoencoders_are_judged_by_their_error(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    base = np.linalg.qr(np.random.default_rng(0).normal(size=(8, 3)))[0]
    normal, odd = rng.normal(size=(60, 3)) @ base.T, rng.normal(size=(60, 8))
    model = tools.convert(autoencoder(), calibrate=normal.astype(np.float32))
    found = model.evaluate(np.concatenate([normal, odd]).astype(np.float32), np.repeat([0, 1], 60))
    assert found.task == "anomaly" and found.auc is not None and found.auc > 0.98


def test_the_example_of_the_documents_runs(small_net: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "host_tools/docs/convert.md").read_text(encoding="utf-8")
    code = text.split("```python\n")[1].split("```")[0]
    (tmp_path / "float.tflite").write_bytes((small_net / "net.tflite").read_bytes())
    monkeypatch.chdir(tmp_path)
    y = np.load(small_net / "data.npz")["y"]
    names = {"x_train": samples(64), "x_test": samples(200), "y_test": y}
    exec(code, names)
    assert names["scores"].shape == (200, 1, 3) and (tmp_path / "net.midge").exists()
