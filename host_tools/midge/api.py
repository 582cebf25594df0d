# SPDX-License-Identifier: MIT
"""Midge from Python, on arrays: what notebooks and the commands call.

>>> from midge.api import convert
>>> model = convert("net.tflite", calibrate=x_train[:200], labels=["cat", "dog"])  # doctest: +SKIP
>>> model.evaluate(x_test, y_test).accuracy  # doctest: +SKIP
0.983
>>> model.save("net.midge")  # doctest: +SKIP

For models in files there are run, evaluate, compare, inspect, profile and power. What talks to boards is in midge.link:
survey.survey, flash.flash, install.install_at, upload.upload_model, verify.verify_model, and simulator.Simulator,
a board that QEMU emulates. Where something is unfit, they raise UserError: what was found, what is wanted, what to do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from . import load
from .capture.pauses import read_gestures
from .convert.camera import THRESHOLD, sight_of
from .convert.cut import cut
from .convert.embedding import embedding_of
from .convert.front_end import choose_front_end, put_front_end
from .convert.models import load_any
from .convert.pipeline import Conversion, check_labels, convert_graph, write_model
from .convert.scores import add_softmax, doubts_on_scores
from .convert.streaming import make_streaming
from .convert.words import read_words
from .core.batch import Engine
from .errors import UserError
from .evaluate import streams
from .evaluate.metrics import Evaluation, order_doubts, score
from .evaluate.metrics import evaluate as measure
from .fileformat.memory_map import Anatomy, dissect
from .fileformat.read import decode
from .graph import Graph
from .graph.shapes import Shapes
from .graph.sight import UNITS
from .importers import Frozen, open_source, read_model
from .importers.estimators import is_estimator, read_estimator
from .plots.notebook import html_table
from .power.budget import Budget as EnergyBudget
from .power.budget import Plan, advise, check_fits, make_budget
from .power.rates import COUNTED_ERROR, Cycles, estimate_cycles
from .profiling.estimate import Costs, choose_core, estimate
from .progress import Stage, silent
from .quantize import Options, Quantizer, Report
from .quantize.prepare import refuse_quantized
from .quantize.search import Budget, search
from .samples import takes as labelled_takes
from .samples.camera_pictures import view_of
from .samples.datasets import Dataset, check_calibration, check_range, read_dataset, read_vectors
from .samples.scenes import holds_boxes
from .targets.boards import Board, load_board
from .targets.power import Cell, board_power, boards_with_figures, find_cell, find_extra
from .train import model as training
from .train import normal
from .train.embeddings import (
    EmbeddingOfMovements,
    EmbeddingOfPictures,
    EmbeddingOfSounds,
    MotionEmbedding,
    PictureEmbedding,
    SoundEmbedding,
    train_embedding,
)
from .train.pictures.recipe import Options as PictureOptions
from .train.pictures.train import train_pictures
from .train.recipe import Options as TrainingOptions
from .train.search import search as search_movements
from .train.sounds.recipe import Options as SoundOptions
from .train.sounds.train import train_sounds
from .train.sounds.word import train_word

__all__ = ["Answer", "Budget", "ConvertedModel", "Costs", "EmbeddingOfMovements", "EmbeddingOfPictures",
           "EmbeddingOfSounds", "EnergyBudget", "Evaluation", "MotionEmbedding", "Options", "PictureEmbedding",
           "PictureOptions", "Plan", "Report", "SoundEmbedding", "SoundOptions", "TrainingOptions", "UserError",
           "compare", "convert", "cut", "evaluate", "evaluate_stream", "find_cell", "find_extra", "holds_boxes",
           "inspect", "learn_normal", "load_engine", "power", "profile", "run", "search_movements", "train",
           "train_embedding", "train_pictures", "train_sounds", "train_word"]


class ConvertedModel:
    """A converted model on this machine: the very bits that a board computes, over arrays of samples.

    conversion: the file and what it costs. report: what quantisation did, None for a model that was not quantised
    here. warnings: what is doubtful about the calibration samples. engine: what runs it.
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
        """Class names in the order of the scores; empty where it has none."""
        return self.conversion.program.graph.labels

    def run(self, *inputs: Any) -> Any:
        """Compute real outputs from real inputs.

        inputs: for each input of the model an array [samples, ...] in the units that it was trained on.
        Returns an array [samples, ...] float32, or a list of them where the model has several outputs.
        Raises UserError where shapes do not fit.
        """
        data = read_dataset([np.asarray(x) for x in inputs], self.engine.inputs)
        outputs = self.engine.run(data.inputs)
        return outputs[0] if len(outputs) == 1 else outputs

    def evaluate(self, x: Any, y: Any = None, task: str | None = None) -> Evaluation:
        """Measure accuracy and confusion matrix, or errors, or AUC, as labels and outputs suggest.

        x: samples [n, ...], a list of such arrays, or the path of a data set that holds labels. y: for each sample a
        class number, a name, real values, or 0 and 1 for an anomaly detector. task: "classify", "regress", "anomaly".
        Raises UserError where samples or labels do not fit.
        """
        data = read_dataset(x if isinstance(x, (str, Path, Dataset, tuple, list)) else np.asarray(x),
                            self.engine.inputs, self.labels, self.conversion.program.graph.metadata.get(UNITS))
        if y is not None:
            data.targets = np.asarray(y)
            if len(data.targets) != len(data):
                raise UserError(f"{len(data.targets)} labels for {len(data)} samples; give each sample one")
        return measure(self.engine, data, self.labels, task)

    def save(self, path: str | Path) -> None:
        """Write the .midge file, whole or not at all. Raises UserError."""
        write_model(self.conversion, Path(path))

    def facts(self) -> dict[str, Any]:
        """Return what it is, what it costs and what quantisation did, for JSON."""
        made, graph, (peak, layer) = self.conversion, self.conversion.program.graph, self.conversion.peak
        both = {
            name: [{"name": t.name, "dtype": t.dtype, "shape": list(t.shape), "scale": t.scale,
                    "zero_point": t.zero_point} for t in tensors]
            for name, tensors in (("inputs", graph.inputs), ("outputs", graph.outputs))
        }
        return {
            "name": graph.name, "ops": dict(Counter(step.source for step in made.program.steps)), "macs": made.macs,
            "flash_bytes": len(made.blob), "source_bytes": made.source_size, "arena_bytes": made.plan.arena_size,
            "peak_bytes": peak, "peak_layer": layer, **both, "labels": graph.labels, "removed": graph.notes,
            **({"quantization": self.report.facts()} if self.report is not None else {}),
        }

    def _repr_html_(self) -> str:
        made = self.conversion
        rows = {"flash": f"{len(self.blob):,} B", "arena": f"{made.plan.arena_size:,} B of RAM",
                "MACs": f"{made.macs:,} per inference", "labels": ", ".join(self.labels)}
        if self.report is not None:
            rows["over quantisation noise"] = f"{self.report.sqnr_db:.1f} dB"
        return html_table(made.program.graph.name, rows)

    def __repr__(self) -> str:
        quantised = "" if self.report is None else f", {self.report.sqnr_db:.1f} dB over quantisation noise"
        return (f"<Model {self.conversion.program.graph.name}: {len(self.blob):,} B of flash, "
                f"{self.conversion.plan.arena_size:,} B of arena{quantised}>")


def convert(
    model: Any,
    *,
    calibrate: Any = None,
    labels: Sequence[str] = (),
    name: str | None = None,
    target: str | None = None,
    arena_limit: int | None = None,
    shapes: Shapes = None, frozen: Frozen = None, signature: str | None = None,
    options: Options | None = None, auto: Budget | None = None, pixels: str | None = None,
    front_end: str | None = None, manifest: str | Path | None = None, also: Sequence[str | Path] = (),
    softmax: bool = False, embedding: str | None = None, stream: int | None = None,
    camera: str | None = None, decode: str | None = None, threshold: float = THRESHOLD,
    stage: Stage = silent,
) -> ConvertedModel:
    """Convert a trained model; with calibration samples, quantise it as well.

    model: a file that an importer reads, the bytes of a .tflite file, a Keras model, an ONNX ModelProto, or a fitted
        estimator of scikit-learn (see read_estimator).
    calibrate: for a float model, samples like those that it will see, in the units that it was trained on: an array
        [n, ...], a tuple of them for several inputs, or a path (.npy, .npz, .csv, a folder). 100 to 500 do well.
    labels: class names in the order of the scores; those of the samples' folders, if empty and there are some.
    name: what the device calls it. target: a core or board to pack weights for. arena_limit: bytes of RAM, at most.
    shapes: of inputs whose shapes the model leaves open: (1, 96, 96, 3) for the only one, or by name.
    frozen: inputs of an ONNX model that are to be constants, arrays by name.
    signature: which of a .tflite file's graphs, by the name under which it is published; the first by default.
    options: how to quantise, when the default, which tries what gives least noise, is not wanted.
    auto: search for the cheapest quantisation within a budget; with labels in `calibrate` it keeps to accuracy.
    pixels: the units of pictures in a folder: "0..255", "0..1" or "-1..1". stage: told of progress.
    front_end: "micro", "mfcc", "mel:bands=64" ... to let a network of sound features take samples; those to calibrate
        stay features; see convert.front_end.
    manifest: a wake word's, of microWakeWord, which says label, cut-off, window and front end. also: of further words.
    softmax: append one, for logits. embedding: end at a layer of at most 64 values, for midge.Learner: its name, or "".
    stream: rows of its window [1, time, ...] that are new in each run; it keeps what it needs of those before.
    camera: let a network of pictures take what a camera gives, "rgb565,320x240", of which it looks at the largest part
        in the middle that has its proportions, or at "...,240x240+40+0" or "...,whole"; those to calibrate stay images.
    decode: one of convert.camera.DECODERS, to find boxes in scores of at least `threshold`.
    Raises UserError: file or samples are unfit, or the budget cannot be kept.
    """
    graph, title, size = _opened(model, name, shapes, frozen, signature)
    if embedding is not None:
        graph = embedding_of(graph, embedding, labels, title)
    graph, labels, word, doubts = read_words(graph, labels or graph.labels, title, manifest, also)
    graph = add_softmax(graph, title) if softmax else graph
    front = choose_front_end(front_end, word, title, auto is not None)
    see = sight_of(camera, decode, threshold, pixels, title, auto is not None)

    def to_midge(graph: Graph, labels: Sequence[str]) -> Conversion:
        graph = graph if stream is None else make_streaming(graph, stream, title, auto is not None)
        graph = graph if front is None else put_front_end(graph, title, front)
        return convert_graph(*see(graph, labels), title, size, target, arena_limit)

    if calibrate is not None:
        _refuse_integers(graph, title)
        check_labels(graph, labels, title)
        data = read_dataset(calibrate, graph.inputs, labels, pixels or graph.metadata.get(UNITS))
        return _quantize(graph, title, labels, data, doubts, options or Options(), auto, to_midge, stage)
    if options is not None or auto is not None:
        raise UserError(f"{title}: quantisation needs samples; give --calibrate")
    return ConvertedModel(to_midge(graph, labels), warnings=[*doubts, *doubts_on_scores(graph, labels)])


def _quantize(
    graph: Graph, title: str, labels: Sequence[str], data: Dataset, doubts: Sequence[str], options: Options,
    auto: Budget | None, to_midge: Callable[[Graph, Sequence[str]], Conversion], stage: Stage,
) -> ConvertedModel:
    """Quantise a float network with samples; where these have labels, a search keeps to the network's accuracy."""
    folders = _labels_of_folders(data, graph, labels)
    labels = folders or labels
    warnings = [*doubts, *check_calibration(data), *data.notes, *doubts_on_scores(graph, labels, bool(folders))]
    quantizer = Quantizer(graph, data.inputs, title, stage)

    def finish(graph: Graph) -> Conversion:
        return to_midge(graph, labels)

    if auto is None:
        quantized = quantizer.quantize(options)
        conversion = finish(quantized.graph)
    else:
        points = None if data.targets is None else partial(_points, data=data, labels=labels)
        reference = points(finish(graph).blob) if points else None
        quantized, conversion = search(quantizer, options, auto, finish, points, reference)
    quantized.report.warnings = warnings
    return ConvertedModel(conversion, quantized.report, warnings)


def _opened(
    model: Any, name: str | None, shapes: Shapes, frozen: Frozen, signature: str | None
) -> tuple[Graph, str, int]:
    """Return a model's graph, what errors call it, and the bytes of its file."""
    if is_estimator(model):
        return read_estimator(model, name), type(model).__name__, 0
    source = replace(open_source(model, name), signature=signature)
    return read_model(source, name, shapes, frozen), source.title, len(source.data)


def _refuse_integers(graph: Graph, title: str) -> None:
    """Refuse to quantise what holds integers already. Raises UserError."""
    if any(node.op == "TREES" for node in graph.nodes):
        raise UserError(f"{title}: trees are whole numbers already; convert it without calibrate")
    refuse_quantized(graph, title)


def _labels_of_folders(data: Dataset, graph: Graph, labels: Sequence[str]) -> list[str]:
    """Return the names of the samples' folders where no labels are given and there is a score for each."""
    fit = data.classes and graph.outputs[0].shape[-1:] == (len(data.classes),)
    return data.classes if fit and not labels else []


def _points(blob: bytes, data: Dataset, labels: Sequence[str]) -> float:
    """Return accuracy or AUC in points, or for a regression R2 in points."""
    result = score(Engine(blob).run(data.inputs), data, labels)
    if result.task == "regress":
        return 100 * (result.r2 or 0.0)
    return 100 * result.figure[1]


def load_engine(path: str | Path, labels: Sequence[str] = ()) -> tuple[Engine, list[str]]:
    """Return what runs a .midge file, or what any other model converts to, and its labels. Raises UserError."""
    engine = Engine(load_any(path, labels), str(path))
    return engine, engine.file.labels


def evaluate(
    model: str | Path, data: str | Path, *, labels: Sequence[str] = (), task: str | None = None,
    pixels: str | None = None, stage: Stage = silent,
) -> Evaluation:
    """Measure how good a model is on labelled samples, computed by the core that runs on the boards.

    model: a .midge file, or one that an importer reads. data: an .npz file with x and y, or a folder with one folder
    per class. labels: class names, where the model has none. task: "classify", "regress" or "anomaly"; by default
    what labels and outputs look like. pixels: the units of pictures. stage: told of progress.

    Raises UserError where model, samples and labels do not fit together.
    """
    engine, own = load_engine(model)
    return _evaluate(engine, data, own or labels, task, pixels, stage)


def _evaluate(
    engine: Engine, data: str | Path, labels: Sequence[str], task: str | None, pixels: str | None, stage: Stage
) -> Evaluation:
    told = engine.file.metadata
    samples = read_dataset(data, engine.inputs, labels, pixels or told.get(UNITS), view_of(told))
    progress = stage(f"running {Path(engine.title).name}", len(samples))
    result = measure(engine, samples, labels, task, progress)
    result.warnings = [*samples.notes, *check_range(samples, engine.inputs), *result.warnings, *order_doubts(result)]
    return result


def evaluate_stream(
    model: str | Path, sounds: str | Path, events: str | Path, *, tolerance_s: float = streams.TOLERANCE_S,
    stage: Stage = silent,
) -> streams.StreamEvaluation:
    """Measure what a model finds in sound that goes on, and how often an hour it hears what is not there.

    model: a .midge file that takes samples of sound. sounds: a file, or a folder whose files are joined. events: a
    .csv file with file, start, end and label of what is to be heard. tolerance_s: so long after its end it may be
    answered. stage: told of progress. Raises UserError where they do not fit together.
    """
    ear = streams.Ear(load_any(model), str(model))
    pcm, places = streams.read_stream(Path(sounds), ear.rate_hz)
    known = streams.read_events(Path(events), places, ear.labels)
    return streams.evaluate_stream(ear, pcm, known, stage("listening", len(pcm) // ear.hop), tolerance_s)


def compare(
    model: str | Path, against: str | Path, data: str | Path, *, task: str | None = None, pixels: str | None = None,
    stage: Stage = silent,
) -> tuple[Evaluation, Evaluation]:
    """Measure two models on the same samples: a quantised one and, as `against`, the float one. See evaluate."""
    engine, labels = load_engine(model)
    mine = _evaluate(engine, data, labels, task, pixels, stage)
    return mine, evaluate(against, data, labels=labels, task=task or mine.task, pixels=pixels, stage=stage)


@dataclass(frozen=True)
class Answer:
    """What a model says about one sample. label: the name of the best class, or its number where it has no name."""

    label: str | int | None  # None where a model that finds things found none
    score: float
    scores: list[float]
    microseconds: float  # on this machine
    boxes: list[dict[str, Any]] | None = None  # of things: label, score, x, y, w, h, in pixels of the camera

    def facts(self) -> dict[str, Any]:
        """Return all of it, for JSON."""
        return asdict(self)


def run(model: str | Path, samples: str | Path, doubts: list[str] | None = None) -> tuple[list[Answer], list[str]]:
    """Return a model's answers, one per run, and the names of its scores, which may be empty.

    model: a .midge file, or one that an importer reads. samples: a file of real values in the units that the network
    was trained on; a recording is cut into as many runs as it holds. For a model with a camera, pictures: a file, or a
    folder of them. doubts: a list that is given what is doubtful about the samples. Raises UserError where they do not
    fit.
    """
    blob = load_any(model)
    file = decode(blob)
    view, inputs = view_of(file.metadata), [file.tensors[i] for i in file.inputs]
    columns = read_vectors(samples, inputs, view, file.metadata.get(UNITS))
    if doubts is not None and view is None:
        doubts += check_range(Dataset(columns), inputs)
    device_model = load(blob)
    answers = []
    for sample in zip(*(np.asarray(x, np.uint8 if view else np.float32) for x in columns), strict=True):
        start = perf_counter()
        result = device_model(*(x.reshape(-1) for x in sample))
        seconds = perf_counter() - start
        boxes = [box._asdict() for box in result.boxes] if hasattr(result, "boxes") else None
        scores = list(result.scores) if boxes is None else [box["score"] for box in boxes]
        answers.append(Answer(result.label, result.score, scores, seconds * 1e6, boxes))
    return answers, file.labels


def inspect(model: str | Path) -> Anatomy:
    """Return a model's nodes, what each costs, and how the arena is used over time.

    model: a .midge file, or one that an importer reads. Raises UserError.
    """
    return dissect(decode(load_any(model)))


def profile(model: str | Path, *, target: str | None = None, board: str | None = None) -> Costs:
    """Count the instructions of each node under QEMU, and estimate the time on boards.

    model: a .midge file, which is run as it is, or another, which is packed for the core. target, board: the core, or
    a board that has it. Raises UserError, also where compiler or QEMU are missing.
    """
    core = choose_core(target, board)
    return estimate(load_any(model, target=core.name), core)


def power(
    model: str | Path, board: str, plan: Plan, cell: Cell | None = None, *, count: bool = False
) -> EnergyBudget:
    """Estimate what a model takes in energy on a board, with intervals, and what would help most.

    model: a .midge file, or another, which is packed for the board's core. plan: how often it runs, and with what
    sensor and radio (find_extra). cell: the battery whose days are asked for (find_cell). count: count the model's
    instructions under QEMU instead of estimating its cycles from what its ops took in other models. Raises UserError
    for what has no figures or cannot be.
    """
    row = load_board(board)
    figures = board_power(row.name)
    made = _energy(model, row, plan, cell, count)
    elsewhere = []
    for name in boards_with_figures():
        if name != row.name:
            with suppress(UserError):  # what cannot be there is no advice
                elsewhere.append(_energy(model, load_board(name), plan, None, False))
    return advise(made, lambda other, fewer: make_budget(fewer, row, figures, other), elsewhere)


def _energy(model: str | Path, board: Board, plan: Plan, cell: Cell | None, count: bool) -> EnergyBudget:
    """Return the budget of a model on a board, without advice."""
    blob = load_any(model, target=board.core)
    file = decode(blob)
    check_fits(file, board)
    if count:
        seconds = {b.name: s for b, s in estimate(blob, choose_core(None, board.name)).seconds()}
        cycles = Cycles(seconds[board.name] * board.clock_hz, COUNTED_ERROR, True)
    else:
        cycles = estimate_cycles(file, board)
    return make_budget(cycles, board, board_power(board.name), plan, cell)


def train(
    data: str | Path | labelled_takes.Takes, *, options: TrainingOptions | None = None, name: str = "model",
    target: str | None = None, stage: Stage = silent, background: str | Path | None = None,
) -> training.Trained:
    """Train a model of movements on labelled takes, with NumPy alone; seconds for a gesture wand.

    data: a folder with one folder of takes per class, a zip file that Edge Impulse exported, or takes that were read.
    options: the head, the length of the window, the seed. name: what the device calls it. target: a core or board to
    pack the weights for. stage: told of progress. background: a folder of recordings in which there is no gesture.

    Returns the model, what it is worth on takes that were left out, and what it costs; its `blob` is the .midge file.
    Raises UserError where takes are damaged, too few, or of different kinds: the file, the line and the remedy.

    >>> wand = train("data/")  # doctest: +SKIP
    >>> wand.judgement.accuracy.value  # doctest: +SKIP
    0.983
    """
    options = options or TrainingOptions()
    takes = data if isinstance(data, labelled_takes.Takes) else read_gestures(data, options.rate_hz, options.window_s)
    others = None if background is None else labelled_takes.read_background(background, takes, options.rate_hz)
    return training.train(takes, options, name, target, stage, others)


def learn_normal(
    data: str | Path | labelled_takes.Takes, *, window_s: float | None = None, rate_hz: float | None = None,
    seed: int = 0, name: str = "model",
) -> normal.Normal:
    """Learn what is normal for a machine from recordings of nothing else, and tell what a window is like.

    data: a folder of takes, or takes that were read. window_s: seconds that it looks at, 128 samples by default.
    rate_hz: samples a second, for files that do not tell. name: what the device calls it.

    Returns the model; its `blob` is the .midge file, which gives the distance from what is normal, in thresholds, and
    the features from which midge.anomaly learns on the board. Raises UserError where takes are damaged or too few.

    >>> fan = learn_normal("normal/")  # doctest: +SKIP
    """
    takes = data if isinstance(data, labelled_takes.Takes) else labelled_takes.read_normal(data, rate_hz)
    return normal.learn_normal(takes, window_s, seed, name)
