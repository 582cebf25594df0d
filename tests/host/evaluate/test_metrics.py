# SPDX-License-Identifier: MIT
"""midge evaluate, midge convert --calibrate and midge.tools: figures, files that people have, and their mistakes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from midge.evaluate.metrics import area_under_curve, score
from midge.samples.datasets import Dataset


def test_classification_figures() -> None:
    scores = np.eye(3, dtype=np.float32)[[0, 0, 1, 1, 2, 0]]
    data = Dataset([np.zeros((6, 4), np.float32)], np.array([0, 0, 1, 0, 2, 1]))
    found = score([scores], data, ["p", "q", "r"])
    assert found.task == "classify" and found.accuracy == pytest.approx(4 / 6)
    assert found.confusion == [[2, 1, 0], [1, 1, 0], [0, 0, 1]]
    assert [(c.name, c.samples) for c in found.classes] == [("p", 3), ("q", 2), ("r", 1)]
    assert found.classes[0].precision == pytest.approx(2 / 3) and found.classes[1].recall == 0.5
    for kind in (float, int, bool):
        one_hot = Dataset(data.inputs, np.eye(3)[[0, 0, 1, 0, 2, 1]].astype(kind))
        assert score([scores], one_hot).confusion == score([scores], one_hot, task="classify").confusion \
            == found.confusion
    column = Dataset(data.inputs, np.array([[0], [0], [1], [0], [2], [1]]))
    assert score([scores], column).confusion == found.confusion
    assert score([scores], Dataset(data.inputs, np.eye(3)[[0, 0, 1, 0, 2, 1]] * 0.5)).task == "regress"
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
