# SPDX-License-Identifier: MIT
"""Measure how good a model is on labelled samples, computed by the core that runs on the boards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from time import perf_counter
from typing import Any

import numpy as np

from ..core.batch import Engine
from ..errors import UserError
from ..progress import Advance
from ..samples.datasets import Dataset

TASKS = ("classify", "regress", "anomaly")
_MUCH_BETTER = 0.3  # of accuracy, by another order of the classes


@dataclass
class ClassScore:
    """Of all samples called so, how many are (precision); of all that are, how many were found (recall)."""

    name: str
    samples: int
    precision: float
    recall: float


@dataclass
class Evaluation:
    """What was measured; fields that the task does not have are None or empty. Accuracies are shares, 0 to 1."""

    task: str
    samples: int
    accuracy: float | None = None
    auc: float | None = None  # area under the receiver operating characteristic
    mean_absolute_error: float | None = None
    root_mean_square_error: float | None = None
    r2: float | None = None
    classes: list[ClassScore] = field(default_factory=list)
    confusion: list[list[int]] = field(default_factory=list)  # [true][said]
    warnings: list[str] = field(default_factory=list)
    samples_per_minute: float = 0.0
    name: str = ""  # the model's

    @property
    def figure(self) -> tuple[str, float]:
        """The one number that says it: its name and value, where more is better but for errors."""
        if self.task == "anomaly":
            return "AUC", self.auc or 0.0
        if self.task == "regress":
            return "mean absolute error", self.mean_absolute_error or 0.0
        return "accuracy", self.accuracy or 0.0

    @property
    def figures(self) -> dict[str, float]:
        """All numbers that were measured, by name."""
        named = {"accuracy": self.accuracy, "AUC": self.auc, "mean absolute error": self.mean_absolute_error,
                 "root mean square error": self.root_mean_square_error, "R2": self.r2}
        return {name: value for name, value in named.items() if value is not None}

    def differences(self, other: Evaluation) -> dict[str, float]:
        """Return by how much each number that both have is above the other's."""
        theirs = other.figures
        return {name: value - theirs[name] for name, value in self.figures.items() if name in theirs}

    def facts(self) -> dict[str, Any]:
        """Return everything, for JSON."""
        return {key: value for key, value in asdict(self).items() if value not in (None, [])}


def guess_task(targets: np.ndarray, inputs: Sequence[np.ndarray], outputs: Sequence[np.ndarray]) -> str:
    """Return the task, one of TASKS, that labels and outputs of these shapes are most likely for."""
    scores = outputs[0]
    if _one_hot(targets, scores[0].size):
        return "classify"
    whole = targets.ndim == 1 and (targets.dtype.kind in "iubU" or bool(np.all(targets == np.round(targets))))
    binary = whole and targets.dtype.kind != "U" and set(np.unique(targets).tolist()) <= {0, 1}
    if binary and scores[0].size == inputs[0][0].size and scores[0].size > 2:
        return "anomaly"  # an autoencoder: how far is its output from its input?
    if whole and (scores[0].size > 1 or binary):
        return "classify"
    return "regress"


def evaluate(
    engine: Engine, data: Dataset, labels: Sequence[str] = (), task: str | None = None,
    progress: Advance | None = None,
) -> Evaluation:
    """Run all samples and compare with their targets. Raises UserError where labels do not fit the outputs.

    labels: the model's class names. task: one of TASKS; by default what targets and outputs look like. progress: told
    of samples.
    """
    if data.targets is None:
        raise UserError(f"{data.title}: holds no labels; give an .npz file with x and y, or one folder per class")
    start = perf_counter()
    outputs = engine.run(data.inputs, progress)
    seconds = max(perf_counter() - start, 1e-9)
    result = score(outputs, data, labels, task)
    result.samples_per_minute = round(60 * len(data) / seconds)
    result.name = engine.file.name
    return result


def order_doubts(result: Evaluation) -> list[str]:
    """Return whether another order of the classes would fit much better: then names and scores are in other orders."""
    confusion = np.array(result.confusion)
    if not result.confusion or len(confusion) < 2 or result.accuracy is None:
        return []
    said = confusion.argmax(axis=1)
    if len(set(said.tolist())) < len(said):  # two classes that are taken for one: no order of them
        return []
    other = float(confusion.max(axis=1).sum() / max(confusion.sum(), 1))
    if other < result.accuracy + _MUCH_BETTER:
        return []
    names = [each.name for each in result.classes]
    order = ",".join(names[true] for true in np.argsort(said))
    return [f"in another order of the classes {100 * other:.1f} % would be right: are the scores in the order {order}? "
            "Then convert the model with --labels in that order"]


def score(outputs: Sequence[np.ndarray], data: Dataset, labels: Sequence[str] = (),
          task: str | None = None) -> Evaluation:
    """Compare outputs, [samples, *shape] each, with the targets of their samples. Raises UserError, as evaluate."""
    assert data.targets is not None
    targets = data.targets
    targets = targets.reshape(-1) if targets.shape[1:] == (1,) else targets  # a column
    task = task or guess_task(targets, data.inputs, outputs)
    if task not in TASKS:
        raise UserError(f"no task '{task}'; there are {', '.join(TASKS)}")
    if task == "anomaly":
        return _anomaly(outputs[0], targets, data)
    if task == "regress":
        return _regression(outputs[0], targets, data)
    return _classification(outputs[0], targets, data, labels)


def _classification(scores: np.ndarray, targets: np.ndarray, data: Dataset, labels: Sequence[str]) -> Evaluation:
    rows = scores.reshape(len(scores), -1)
    single = rows.shape[1] == 1
    count = 2 if single else rows.shape[1]
    true = _class_numbers(targets, count, data, labels)
    said = (rows[:, 0] >= 0.5).astype(np.int64) if single else rows.argmax(axis=1)
    confusion = np.zeros((count, count), np.int64)
    np.add.at(confusion, (true, said), 1)
    names = list(labels) or list(data.classes) or [str(i) for i in range(count)]
    hits = confusion.diagonal()
    called, there = confusion.sum(axis=0), confusion.sum(axis=1)
    classes = [ClassScore(names[i] if i < len(names) else str(i), int(there[i]), _share(hits[i], called[i]),
                          _share(hits[i], there[i])) for i in range(count)]
    result = Evaluation("classify", len(rows), float(hits.sum() / max(len(rows), 1)), classes=classes,
                        confusion=confusion.tolist())
    if single:
        result.auc = area_under_curve(rows[:, 0], true)
    absent = [c.name for c in classes if not c.samples]
    if absent and len(absent) < count:
        result.warnings.append(f"no samples of {', '.join(absent[:6])}{' and others' if len(absent) > 6 else ''}")
    return result


def _class_numbers(targets: np.ndarray, count: int, data: Dataset, labels: Sequence[str]) -> np.ndarray:
    if targets.ndim == 2 and targets.shape[1] == count and count > 1:  # one-hot, or shares
        return np.asarray(targets.argmax(axis=1))
    if targets.ndim > 1 and targets[0].size != 1:
        raise UserError(f"{data.title}: labels of shape {list(targets.shape[1:])} for an output of {count} scores; "
                        "give one class number per sample")
    flat = targets.reshape(-1)
    if flat.dtype.kind in "US":
        names = list(labels) or list(data.classes)
        strange = sorted(set(flat.tolist()) - set(names))
        if strange:
            raise UserError(f"{data.title}: the label '{strange[0]}' is none of the model's "
                            f"({', '.join(names) or 'it has no labels'}); convert it with --labels, or give numbers")
        return np.array([names.index(name) for name in flat.tolist()])
    numbers = flat.astype(np.int64)
    if np.any(numbers != flat) or numbers.min() < 0 or numbers.max() >= count:
        odd = flat[(numbers != flat) | (numbers < 0) | (numbers >= count)][0]
        raise UserError(f"{data.title}: the label {odd:g} does not fit an output of {count} scores; "
                        f"labels are whole numbers from 0 to {count - 1}")
    return numbers


def _one_hot(targets: np.ndarray, count: int) -> bool:
    """Tell whether each row of targets is a single 1 among zeros, one of `count`."""
    return (targets.ndim == 2 and targets.shape[1] == count > 1 and targets.dtype.kind in "iufb"
            and bool(np.all((targets == 0) | (targets == 1)) and np.all(targets.sum(axis=1) == 1)))


def _share(part: int, whole: int) -> float:
    return float(part / whole) if whole else 0.0


def _regression(found: np.ndarray, targets: np.ndarray, data: Dataset) -> Evaluation:
    if targets.dtype.kind not in "iufb":
        raise UserError(f"{data.title}: labels of dtype {targets.dtype} for a regression; give numbers")
    if targets.size != found.size:
        raise UserError(f"{data.title}: {targets[0].size} target values per sample; the output holds {found[0].size}; "
                        "give as many")
    error = found.reshape(len(found), -1).astype(np.float64) - targets.reshape(len(found), -1)
    spread = float(np.mean((targets - targets.mean()) ** 2))
    return Evaluation("regress", len(found), mean_absolute_error=float(np.abs(error).mean()),
                      root_mean_square_error=float(np.sqrt(np.mean(error**2))),
                      r2=1 - float(np.mean(error**2)) / spread if spread else None)


def _anomaly(found: np.ndarray, targets: np.ndarray, data: Dataset) -> Evaluation:
    """Measure the AUC of scores: the mean square between output and input, or the output where it is one number."""
    numbers = targets.reshape(-1)
    if len(numbers) != len(found) or numbers.dtype.kind == "U" or not set(np.unique(numbers).tolist()) <= {0, 1}:
        raise UserError(f"{data.title}: labels of an anomaly detector are 0 (normal) and 1 (anomalous), one per sample")
    if len(set(np.unique(numbers).tolist())) < 2:
        raise UserError(f"{data.title}: all {len(numbers)} samples are of one kind; an AUC needs normal and anomalous")
    rows = found.reshape(len(found), -1)
    if rows.shape[1] == 1:
        scores = rows[:, 0]
    elif rows.shape[1] == data.inputs[0][0].size:
        scores = np.mean((rows - data.inputs[0].reshape(len(rows), -1)) ** 2, axis=1)
    else:
        raise UserError(f"{data.title}: an output of {rows.shape[1]} values for an input of {data.inputs[0][0].size}; "
                        "an anomaly detector gives one score, or its input again")
    return Evaluation("anomaly", len(rows), auc=area_under_curve(scores, numbers.astype(np.int64)))


def area_under_curve(scores: np.ndarray, truth: np.ndarray) -> float:
    """Return the chance that a sample of class 1 scores above one of class 0; ties count half (Mann and Whitney)."""
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse.reshape(-1)]
    ones = int(truth.sum())
    zeros = len(truth) - ones
    if not ones or not zeros:
        return 0.5
    return float((ranks[truth == 1].sum() - ones * (ones + 1) / 2) / (ones * zeros))
