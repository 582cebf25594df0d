# SPDX-License-Identifier: MIT
"""Classifiers that end in logits: told, and made shares of one by --softmax; names of classes, and their order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from midge import api
from midge.errors import UserError
from midge.evaluate.metrics import order_doubts, score
from midge.importers.tflite.writer import FlatGraph, FlatOperator, FlatTensor, model_bytes
from midge.samples.datasets import Dataset
from tests.support.quant_models import small_cnn

X = np.random.default_rng(4).normal(size=(80, 6)).astype(np.float32)


def dense(units: int = 3) -> bytes:
    """A classifier of one layer, as PyTorch's end: its scores have no bounds."""
    weights = np.random.default_rng(0).normal(size=(units, 6)).astype(np.float32)
    tensors = [FlatTensor("x", (1, 6)), FlatTensor("w", data=weights),
               FlatTensor("b", data=np.zeros(units, np.float32)), FlatTensor("y", (1, units))]
    return model_bytes(FlatGraph(tensors, [FlatOperator("FULLY_CONNECTED", ["x", "w", "b"], ["y"])], ["x"], ["y"]))


@pytest.mark.parametrize("calibrate", [None, X], ids=["float", "int8"])
def test_logits_are_told_and_made_shares(calibrate: np.ndarray | None) -> None:
    plain = api.convert(dense(), labels=["a", "b", "c"], calibrate=calibrate)
    assert any("logits" in warning and "--softmax" in warning for warning in plain.warnings)
    shares = api.convert(dense(), labels=["a", "b", "c"], calibrate=calibrate, softmax=True)
    assert not any("logits" in warning for warning in shares.warnings)
    logits, found = plain.run(X).reshape(-1, 3), shares.run(X).reshape(-1, 3)
    wanted = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found, wanted, atol=1e-5 if calibrate is None else 0.05)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=0.02)


def test_what_has_shares_or_one_score_takes_no_softmax() -> None:
    assert not api.convert(small_cnn(), labels=["a", "b", "c"]).warnings
    assert not api.convert(dense()).warnings  # without labels it may be a regression
    with pytest.raises(UserError, match="come from SOFTMAX, .*leave --softmax out"):
        api.convert(small_cnn(), softmax=True)
    with pytest.raises(UserError, match="one score has no softmax"):
        api.convert(dense(1), softmax=True)


def test_labels_are_the_folders_of_the_calibration_samples(tmp_path: Path) -> None:
    for name, x in zip(("no", "up", "yes"), X, strict=False):
        (tmp_path / name).mkdir()
        np.savetxt(tmp_path / name / "1.csv", x[None], delimiter=",")
    named = api.convert(dense(), calibrate=tmp_path)
    assert named.labels == ["no", "up", "yes"]
    assert any("alphabetical order: no, up, yes" in warning and "--labels" in warning for warning in named.warnings)
    assert api.convert(dense(), calibrate=tmp_path, labels=["yes", "no", "up"]).labels == ["yes", "no", "up"]
    assert api.convert(dense(4), calibrate=tmp_path).labels == []


def test_another_order_of_classes_is_seen() -> None:
    true = np.repeat([0, 1, 2], 10)
    data = Dataset([np.zeros((30, 4), np.float32)], true)
    turned = score([np.eye(3, dtype=np.float32)[(true + 1) % 3]], data, ["a", "b", "c"])
    assert turned.accuracy == 0
    assert "100.0 % would be right: are the scores in the order c,a,b?" in order_doubts(turned)[0]
    assert order_doubts(score([np.eye(3, dtype=np.float32)[true]], data, ["a", "b", "c"])) == []
    guessing = np.random.default_rng(1).random((30, 3)).astype(np.float32)
    assert order_doubts(score([guessing], data, ["a", "b", "c"])) == []
