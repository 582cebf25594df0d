# SPDX-License-Identifier: MIT
"""Midge for notebooks: what `midge convert` and `midge evaluate` do, as functions over arrays.

>>> from midge.tools import convert
>>> model = convert("net_float.tflite", calibrate=x_train[:200], labels=["idle", "wing"])  # doctest: +SKIP
>>> model.evaluate(x_test, y_test).accuracy  # doctest: +SKIP
0.983
>>> model.save("net.midge")  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .convert.models import load_any
from .convert.pipeline import Conversion, check_labels, convert_graph, write_model
from .core.batch import Engine
from .errors import UserError
from .evaluate.metrics import Evaluation, evaluate, score
from .graph import Graph
from .graph.shapes import Shapes
from .importers import Frozen, open_source, read_model
from .quantize import Options, Quantizer, Report
from .quantize.prepare import refuse_quantized
from .quantize.quantizer import Stage, silent
from .quantize.search import Budget, search
from .samples.datasets import Dataset, check_calibration, read_dataset

__all__ = ["Budget", "Evaluation", "Model", "Options", "Report", "UserError", "convert"]


class Model:
    """A converted model on this machine: the very bits that a board computes, over arrays of samples.

    conversion: the file and what it costs. report: what quantisation did, None for a model that was not quantised
    here. warnings: what is doubtful about the calibration samples.
    """

    def __init__(self, conversion: Conversion, report: Report | None = None, warnings: Sequence[str] = ()) -> None:
        self.conversion, self.report, self.warnings = conversion, report, list(warnings)
        self.engine = Engine(conversion.blob, conversion.program.graph.name)

    @property
    def blob(self) -> bytes:
        """The bytes of the .midge file."""
        return self.conversion.blob

    @property
    def labels(self) -> list[str]:
        return self.conversion.program.graph.labels

    def run(self, *inputs: Any) -> Any:
        """Real outputs of real inputs.

        inputs: for each input of the model an array [samples, ...] in the units that it was trained on.
        Returns an array [samples, ...] float32, or a list of them where the model has several outputs.
        Raises UserError where shapes do not fit.
        """
        data = read_dataset([np.asarray(x) for x in inputs], self.engine.inputs)
        outputs = self.engine.run(data.inputs)
        return outputs[0] if len(outputs) == 1 else outputs

    def evaluate(self, x: Any, y: Any = None, task: str | None = None) -> Evaluation:
        """Accuracy, confusion matrix and so on, or errors, or AUC, as labels and outputs suggest.

        x: samples [n, ...], a list of such arrays, or the path of a data set that holds labels. y: for each sample a
        class number, a name, real values, or 0 and 1 for an anomaly detector. task: "classify", "regress", "anomaly".
        """
        data = read_dataset(x if isinstance(x, (str, Path, Dataset, tuple, list)) else np.asarray(x),
                            self.engine.inputs, self.labels)  # fmt: skip
        if y is not None:
            data.targets = np.asarray(y)
            if len(data.targets) != len(data):
                raise UserError(f"{len(data.targets)} labels for {len(data)} samples; give each sample one")
        return evaluate(self.engine, data, self.labels, task)

    def save(self, path: str | Path) -> None:
        """Write the .midge file, whole or not at all. Raises UserError."""
        write_model(self.conversion, Path(path))

    def __repr__(self) -> str:
        quantised = "" if self.report is None else f", {self.report.sqnr_db:.1f} dB over quantisation noise"
        return (f"<Model {self.conversion.program.graph.name}: {len(self.blob):,} B of flash, "
                f"{self.conversion.plan.arena_size:,} B of arena{quantised}>")


def convert(
    model: str | Path | bytes,
    *,
    calibrate: Any = None,
    labels: Sequence[str] = (),
    name: str | None = None,
    target: str | None = None,
    arena_limit: int | None = None,
    shapes: Shapes = None,
    frozen: Frozen = None,
    options: Options | None = None,
    auto: Budget | None = None,
    pixels: str | None = None,
    stage: Stage = silent,
) -> Model:
    """Convert a trained model; with calibration samples, quantise it as well.

    model: a file that an importer reads, or the bytes of a .tflite file.
    calibrate: for a float model, samples like those that it will see, in the units that it was trained on: an array
        [n, ...], a tuple of them for several inputs, or a path (.npy, .npz, .csv, a folder). 100 to 500 do well.
    labels: class names in the order of the scores. name: what the device calls the model.
    target: a core or board to pack the weights for. arena_limit: bytes of RAM that it may take.
    shapes: of inputs whose shapes the model leaves open: (1, 96, 96, 3) for the only one, or by name.
    frozen: inputs of an ONNX model that are to be constants, arrays by name.
    options: how to quantise, when the default, which tries what gives least noise, is not wanted.
    auto: search for the cheapest quantisation within a budget; with labels in `calibrate` it keeps to accuracy.
    pixels: the units of pictures in a folder: "0..255", "0..1" or "-1..1". stage: told of progress.

    Raises UserError: file or samples are unfit, or the budget cannot be kept.
    """
    source = open_source(model, name)
    title, size = source.title, len(source.data)
    graph = read_model(source, name, shapes, frozen)
    if calibrate is None:
        if options is not None or auto is not None:
            raise UserError(f"{title}: quantisation needs samples; give --calibrate")
        return Model(convert_graph(graph, labels, title, size, target, arena_limit))
    refuse_quantized(graph, title)
    check_labels(graph, labels, title)
    data = read_dataset(calibrate, graph.inputs, labels, pixels)
    warnings = [*check_calibration(data), *data.notes]
    quantizer = Quantizer(graph, data.inputs, title, stage)
    chosen = options or Options()

    def to_midge(graph: Graph) -> Conversion:
        return convert_graph(graph, labels, title, size, target, arena_limit)

    if auto is None:
        quantized = quantizer.quantize(chosen)
        conversion = to_midge(quantized.graph)
    else:
        accuracy, reference = None, None
        if data.targets is not None:
            reference = _points(convert_graph(graph, labels, title, size).blob, data, labels)
            accuracy = lambda blob: _points(blob, data, labels)  # noqa: E731
        quantized, conversion = search(quantizer, chosen, auto, to_midge, accuracy, reference)
    quantized.report.warnings = warnings
    return Model(conversion, quantized.report, warnings)


def _points(blob: bytes, data: Dataset, labels: Sequence[str]) -> float:
    """Accuracy or AUC in points, or for a regression R2 in points."""
    result = score(Engine(blob).run(data.inputs), data, labels)
    if result.task == "regress":
        return 100 * (result.r2 or 0.0)
    return 100 * result.figure[1]


def load_engine(path: Path, labels: Sequence[str] = ()) -> tuple[Engine, list[str]]:
    """Return the engine of a .midge file, or of what any other model converts to, and its labels. Raises UserError."""
    engine = Engine(load_any(path, labels), str(path))
    return engine, engine.file.labels
