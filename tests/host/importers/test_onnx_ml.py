# SPDX-License-Identifier: MIT
"""Classic models as ONNX-ML files: what skl2onnx writes answers on boards what scikit-learn predicts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import skl2onnx
from onnx import TensorProto, helper
from sklearn import ensemble, linear_model, neural_network, svm, tree
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, Normalizer, StandardScaler

from midge.api import ConvertedModel, convert
from midge.errors import UserError
from tests.host.importers.test_estimators import samples

CLASSIFIERS = {
    "forest": lambda: ensemble.RandomForestClassifier(10, max_depth=8, random_state=0),
    "extra trees": lambda: ensemble.ExtraTreesClassifier(5, random_state=0),
    "tree": lambda: tree.DecisionTreeClassifier(random_state=0),
    "boosting": lambda: ensemble.GradientBoostingClassifier(n_estimators=8, random_state=0),
    "logistic": lambda: make_pipeline(StandardScaler(), linear_model.LogisticRegression()),
    "normalised": lambda: make_pipeline(Normalizer(), linear_model.LogisticRegression()),
    "ridge": linear_model.RidgeClassifier,
    "svm": lambda: svm.LinearSVC(random_state=0),
    "perceptron": lambda: make_pipeline(StandardScaler(), neural_network.MLPClassifier((8,), random_state=0)),
}
REGRESSORS = {
    "forest": lambda: ensemble.RandomForestRegressor(5, max_depth=6, random_state=0),
    "boosting": lambda: ensemble.GradientBoostingRegressor(n_estimators=8, random_state=0),
    "ridge": lambda: make_pipeline(MinMaxScaler(), linear_model.Ridge()),
    "machine": lambda: svm.SVR(kernel="linear", max_iter=500),
}


def converted(fitted: Any, x: np.ndarray, folder: Path) -> ConvertedModel:
    path = folder / "classic.onnx"
    path.write_bytes(skl2onnx.to_onnx(fitted, x[:1]).SerializeToString())
    return convert(path)


def run(made: ConvertedModel, x: np.ndarray) -> np.ndarray:
    scores: np.ndarray = made.run(x.reshape(len(x), *made.engine.inputs[0].shape)).reshape(len(x), -1)
    return scores


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_classifiers_predict_as_scikit_learn_does(kind: str, classes: int, tmp_path: Path) -> None:
    x, y = samples(300, classes, 2, whole=True)
    fresh = samples(1000, classes, 3, whole=True)[0]
    fitted = CLASSIFIERS[kind]().fit(x, np.array([f"c{i}" for i in range(classes)])[y])
    made = converted(fitted, x, tmp_path)
    scores = run(made, fresh)
    assert made.labels == [f"c{i}" for i in range(classes)]
    np.testing.assert_array_equal(np.array(made.labels)[scores.argmax(axis=1)], fitted.predict(fresh))
    if hasattr(fitted, "predict_proba") and kind != "boosting":  # whose sums stay sums
        np.testing.assert_allclose(scores, fitted.predict_proba(fresh), atol=2e-5)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", REGRESSORS)
def test_regressors_predict_as_scikit_learn_does(kind: str, tmp_path: Path) -> None:
    x, _ = samples(300, 3, 4, whole=True)
    fresh = samples(500, 3, 5, whole=True)[0]
    fitted = REGRESSORS[kind]().fit(x, x[:, 0] / 500 + np.abs(x[:, 1] / 500))
    np.testing.assert_allclose(run(converted(fitted, x, tmp_path), fresh)[:, 0], fitted.predict(fresh), rtol=1e-3,
                               atol=1e-3)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_files_hold_the_operators_of_classic_models() -> None:
    x, y = samples(60, 3, 9, whole=True)
    two = y > 0
    files = [skl2onnx.to_onnx(make().fit(x, two if kind == "svm" else y), x[:1]) for kind, make in CLASSIFIERS.items()]
    files += [skl2onnx.to_onnx(make().fit(x, x[:, 0]), x[:1]) for make in REGRESSORS.values()]
    files.append(skl2onnx.to_onnx(svm.SVC(kernel="linear", probability=True).fit(x, two), x[:1]))
    found = {node.op_type for file in files for node in file.graph.node}
    wanted = ["ArrayFeatureExtractor", "LinearClassifier", "LinearRegressor", "Normalizer", "SVMClassifier",
              "SVMRegressor", "Scaler", "TreeEnsembleClassifier", "TreeEnsembleRegressor", "ZipMap"]
    assert not set(wanted) - found


def test_a_table_of_values_is_refused(tmp_path: Path) -> None:
    node = helper.make_node("LabelEncoder", ["x"], ["y"], domain="ai.onnx.ml", keys_floats=[1.0], values_floats=[2.0])
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3]) for name in ("x", "y")]
    graph = helper.make_graph([node], "table", ends[:1], ends[1:])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    onnx.save(helper.make_model(graph, opset_imports=opsets), tmp_path / "table.onnx")
    with pytest.raises(UserError, match="a table from values to others"):
        convert(tmp_path / "table.onnx")


def test_numbers_as_names_and_columns_of_many_units(tmp_path: Path) -> None:
    x, y = samples(400, 3, 6)
    fitted = make_pipeline(StandardScaler(), ensemble.RandomForestClassifier(6, random_state=0)).fit(x, y * 10)
    fresh = samples(2000, 3, 7)[0]
    made = converted(fitted, x, tmp_path)
    said = np.array(made.labels, int)[run(made, fresh).argmax(axis=1)]
    assert made.labels == ["0", "10", "20"] and np.mean(said == fitted.predict(fresh)) >= 0.998


def test_a_forest_is_small(tmp_path: Path) -> None:
    """Ten trees of depth 8 over 50 features: the same answers for every sample, in 4 kB."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 5, 400)
    x = np.round(400 * (rng.normal(size=(5, 50))[y] + 1.5 * rng.normal(size=(400, 50)))).astype(np.float32)
    fitted = ensemble.RandomForestClassifier(10, max_depth=8, random_state=0).fit(x, y)
    made = converted(fitted, x, tmp_path)
    fresh = np.round(400 * 2 * rng.normal(size=(4000, 50))).astype(np.float32)
    np.testing.assert_array_equal(run(made, fresh).argmax(axis=1), fitted.predict(fresh))
    assert len(convert(fitted).blob) <= 4_000 and len(made.blob) <= 4_200  # which quantises the features, too


# What is refused


SPLIT = {"nodes_treeids": [0, 0, 0], "nodes_nodeids": [0, 1, 2], "nodes_featureids": [1, 0, 0],
         "nodes_modes": ["BRANCH_LEQ", "LEAF", "LEAF"], "nodes_values": [0.25, 0.0, 0.0],
         "nodes_truenodeids": [1, 0, 0], "nodes_falsenodeids": [2, 0, 0], "target_treeids": [0, 0],
         "target_nodeids": [1, 2], "target_ids": [0, 0], "target_weights": [-1.0, 3.0], "n_targets": 1}


def ensemble_of(folder: Path, op: str = "TreeEnsembleRegressor", **changed: Any) -> ConvertedModel:
    made = helper.make_node(op, ["x"], ["y"], domain="ai.onnx.ml", **(SPLIT if "Tree" in op else {}) | changed)
    graph = helper.make_graph([made], "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21), helper.make_opsetid("ai.onnx.ml", 3)])
    path = folder / "m.onnx"
    path.write_bytes(model.SerializeToString())
    return convert(path)


@pytest.mark.parametrize(("mode", "below"), [("BRANCH_LEQ", True), ("BRANCH_LT", True), ("BRANCH_GT", False),
                                             ("BRANCH_GTE", False)])
def test_kinds_of_splits(mode: str, below: bool, tmp_path: Path) -> None:
    made = ensemble_of(tmp_path, nodes_modes=[mode, "LEAF", "LEAF"], base_values=[10.0])
    x = np.array([[0, 0.1], [0, 0.24], [0, 0.26], [0, 9]], np.float32)
    np.testing.assert_allclose(run(made, x)[:, 0], np.where((x[:, 1] < 0.25) == below, 9, 13), atol=1e-3)


# x[1] < 0.5, and where not, x[1] < 2.25: what is missing goes one way in the first and the other in the second.
CHAIN = {"nodes_treeids": [0] * 5, "nodes_nodeids": [0, 1, 2, 3, 4], "nodes_featureids": [1, 0, 1, 0, 0],
         "nodes_modes": ["BRANCH_LT", "LEAF", "BRANCH_LT", "LEAF", "LEAF"], "nodes_values": [0.5, 0.0, 2.25, 0.0, 0.0],
         "nodes_truenodeids": [1, 0, 3, 0, 0], "nodes_falsenodeids": [2, 0, 4, 0, 0], "target_treeids": [0, 0, 0],
         "target_nodeids": [1, 3, 4], "target_ids": [0, 0, 0], "target_weights": [-1.0, 3.0, 8.0]}


@pytest.mark.parametrize("mode", ["BRANCH_LT", "BRANCH_LEQ", "BRANCH_GT", "BRANCH_GTE"])
@pytest.mark.parametrize("tracks", [(0, 1), (1, 0), (1, 1)])
def test_missing_values_go_where_the_trees_say(mode: str, tracks: tuple[int, int], tmp_path: Path) -> None:
    made = ensemble_of(tmp_path, **CHAIN | {
        "nodes_modes": [mode, "LEAF", mode, "LEAF", "LEAF"],
        "nodes_missing_value_tracks_true": [tracks[0], 0, tracks[1], 0, 0]})
    theirs = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    for value in (0.0, 1.0, 3.0, np.nan):
        x = np.array([[np.nan, value]], np.float32)
        ours = made.engine.run([x.reshape(1, *made.engine.inputs[0].shape)])[0]  # model.run refuses NaN
        np.testing.assert_allclose(ours.reshape(-1), theirs.run(None, {"x": x})[0].reshape(-1), atol=1e-3)


@pytest.mark.parametrize(("changed", "words"), [
    ({"nodes_truenodeids": [0, 0, 0]}, "nodes that make no tree"),
    ({"nodes_truenodeids": [2, 0, 0]}, "nodes that make no tree"),
    ({"nodes_truenodeids": [7, 0, 0]}, "a split without a child"),
    ({"nodes_featureids": [2, 0, 0]}, "a split of feature 2 of 2"),
    ({"nodes_featureids": [-1, 0, 0]}, "a split of feature -1 of 2"),
    ({"nodes_values": [float("nan"), 0.0, 0.0]}, "a split without a child or a limit"),
    ({"nodes_values": [0.25]}, "nodes with something missing"),
    ({"nodes_modes": ["BRANCH_EQ", "LEAF", "LEAF"]}, "nodes of mode BRANCH_EQ"),
    ({"nodes_missing_value_tracks_true": [1]}, "nodes with something missing"),
    ({"target_nodeids": [1, 9]}, "a weight of node 9 of tree 0"),
    ({"target_ids": [0, 5]}, "output 5, that makes no sense"),
    ({"n_targets": -1}, "3 nodes for -1 outputs"),
    ({"n_targets": 1 << 40}, "outputs, which no board has room for"),
    ({"post_transform": "PROBIT"}, "post_transform PROBIT; NONE can run"),
    ({"aggregate_function": "MAX"}, "aggregate_function MAX; SUM, AVERAGE"),
])
def test_trees_that_make_no_sense(changed: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=words):
        ensemble_of(tmp_path, **changed)


@pytest.mark.parametrize(("op", "attributes", "words"), [
    ("LinearRegressor", {"coefficients": [1.0, 2.0, 3.0]}, "3 coefficients for 2 features"),
    ("Scaler", {"offset": [1.0, 2.0, 3.0], "scale": [1.0]}, "3 values of offset for 2 features"),
    ("Normalizer", {"norm": "MAX"}, "norm MAX; L1, L2 can run"),
    ("LinearClassifier", {"coefficients": [1.0, 2.0]}, "names no classes"),
    ("SVMRegressor", {"kernel_type": "RBF"}, "kernel_type RBF; LINEAR can run"),
    ("SVMRegressor", {"kernel_type": "LINEAR", "coefficients": [1.0], "rho": [0.0], "support_vectors": [1.0]},
     "1 values of support vectors"),
    ("Imputer", {"imputed_value_floats": [0.0]}, "no such op of ai.onnx.ml"),
])
def test_what_cannot_run(op: str, attributes: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=words):
        ensemble_of(tmp_path, op, **attributes)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_machines_that_cannot_run(tmp_path: Path) -> None:
    x, y = samples(80, 3, 8, whole=True)
    with pytest.raises(UserError, match="3 classes, each against each; fit a LinearSVC"):
        converted(svm.SVC(kernel="linear", max_iter=50).fit(x, y), x, tmp_path)


def test_a_name_without_scores(tmp_path: Path) -> None:
    x, y = samples(80, 3, 9, whole=True)
    model = skl2onnx.to_onnx(tree.DecisionTreeClassifier().fit(x, y), x[:1])
    del model.graph.output[1]
    path = tmp_path / "name.onnx"
    path.write_bytes(onnx.ModelProto.SerializeToString(model))
    with pytest.raises(UserError, match="gives the name of a class and no scores"):
        convert(path)
