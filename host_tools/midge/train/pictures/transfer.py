# SPDX-License-Identifier: MIT
"""A head on the front of another network, which stays as it is and sees as it does on boards: seconds, NumPy alone.

Of several layers of the front, each averaged over 1 x 1 to 4 x 4 parts of the picture, the one is taken whose linear
head is best on pictures left out. What is judged had no say in that: for each part of the pictures, layer and penalty
are those that are best on the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from ...convert.cut import any_size, choice, named
from ...convert.pipeline import convert_graph, run_passes
from ...core.batch import Engine
from ...errors import UserError
from ...graph import Graph, Quantization, Tensor
from ...graph.builder import Builder
from ...graph.sight import PIXEL_UNITS
from ...graph.tflite_ops import VALID, Activation
from ...passes.prune import drop_unused
from ...progress import Stage, silent
from ...quantize import Options as Quantizing
from ...quantize import quantize
from ...samples.pictures import Pictures
from ..folds import deal_folds
from ..integers import add_dense
from ..ridge import Linear, Rows, balanced_weights, fit_ridge, log_softmax, standardized, temperature
from .augment import Views, vary
from .model import TrainedPictures, eye_of, finish, reals
from .recipe import Fitted, Options, targets_of

PARTS = (1, 2, 3, 4)  # into how many a picture's sides are cut, over which features are averaged
MOST_FEATURES = 1200
LAYERS = 10  # that are tried, the latest ones with some place left in them
EIGHTH = 8  # of the picture's sides, from which on layers are tried
MOST_SEEN = 2400  # pictures and variants
MOST_VARIANTS = 8
PENALTIES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
CHUNK = 64
VIEWS = Views(strength=0.5, hides=False)
_TRIED = {"CONV_2D", "ADD", "AVERAGE_POOL_2D", "MEAN", "RELU", "RELU6"}


@dataclass(frozen=True)
class _Place:
    """A layer's output, averaged over parts x parts of the picture."""

    tensor: Tensor
    parts: int

    @property
    def features(self) -> int:
        return self.parts**2 * self.tensor.shape[3]


def train_on_front(
    found: Pictures, front: Graph, title: str, layer: str = "", options: Options | None = None,
    pixels: str | None = None, name: str = "model", target: str | None = None, stage: Stage = silent,
) -> TrainedPictures:
    """Fit a head to the features that a network's front has of pictures, judge and convert both. Raises UserError.

    found: pictures of the size that the network takes. layer: where its front ends; "" for the layer that is best.
    pixels: what a network of floats takes pictures as, a key of PIXEL_UNITS.
    """
    options, start = options or Options(), perf_counter()
    if options.scale != "none":
        raise UserError("a head on a frozen front reads no scale; leave out --scale, or --from")
    eye = eye_of(options, found.pictures[0].values.shape, found.title)
    front = in_integers(front, found, title, pixels, stage)
    targets, labels = targets_of(found), found.labels
    folds = deal_folds(found.pictures, found.grouped_by, found.title, options.folds, options.seed)
    places = _places(front, layer, title)
    seen, sources = _variants(found, options)
    features = _features(front, places, seen, title, stage)
    own = np.arange(len(seen)) < len(found.pictures)
    rows = [Rows(f, targets[sources], balanced_weights(targets[sources], len(labels)), folds[sources], own, len(labels))
            for f in features]
    scores, best, tried = _choose(places, rows, stage)
    place, chosen = places[best], rows[best]
    head = fit_ridge(chosen, PENALTIES, alike=True).head
    factor = temperature(scores, targets, balanced_weights(targets, len(labels)))
    graph = _with_head(front, place, head, factor, chosen.features, name)
    left_out = np.exp(log_softmax(factor * scores))
    floats = plain_scores(head, chosen.features[own]).argmax(axis=1)
    fitted = Fitted(found, labels, left_out, floats, folds, options, perf_counter() - start, tried)
    about = f"the front of {title} up to '{place.tensor.name}', averaged over {place.parts} x {place.parts} parts"
    return finish(fitted, graph, eye, about, name, target, stage)


def input_size(front: Graph, title: str) -> tuple[int, int, int]:
    """Return height, width and channels of the pictures that a network takes. Raises UserError."""
    shape = front.inputs[0].shape if len(front.inputs) == 1 else ()
    if len(shape) != 4 or shape[0] != 1 or shape[3] not in (1, 3):
        raise UserError(f"{title}: takes {', '.join(map(str, front.inputs))}; the front of a network of pictures takes "
                        "[1, height, width, 1 or 3]")
    return shape[1], shape[2], shape[3]


def in_integers(front: Graph, found: Pictures, title: str, pixels: str | None, stage: Stage) -> Graph:
    """Return a network after all passes, quantised with the pictures if it is of floats. Raises UserError."""
    input_size(front, title)
    if front.inputs[0].dtype != "float32":
        if pixels is not None:
            raise UserError(f"{title}: its input is {front.inputs[0].dtype}, which takes pixels as they are; leave out "
                            "--pixels")
        return run_passes(front.copy())
    if pixels is None:
        raise UserError(f"{title}: is of floats and does not tell what it takes pixels as; say --pixels "
                        f"{', '.join(PIXEL_UNITS)}")
    divisor, minus = PIXEL_UNITS[pixels]
    ends = np.array([0, 255], np.uint8)[:, None, None, None] + np.zeros_like(found.values[:1])
    some = found.values[np.unique(np.linspace(0, len(found.pictures) - 1, 100).astype(int))]
    samples = np.concatenate([some, ends]).astype(np.float32) / np.float32(divisor) - np.float32(minus)
    return quantize(front, [samples], Quantizing(method="minmax", equalize=False), title, stage).graph


def _places(front: Graph, layer: str, title: str) -> list[_Place]:
    """Return what is tried: a layer that is named, or the latest ones, each with several numbers of parts."""
    height = input_size(front, title)[0]
    outputs = [node.outputs[0] for node in front.nodes if node.op in _TRIED]
    if layer:
        outputs = [named(front, layer, title, "--at takes " + choice(front, any_size))]
    else:
        outputs = [t for t in outputs if len(t.shape) == 4 and t.shape[1] * EIGHTH <= height][-LAYERS:]
    images = [t for t in outputs if t.dtype == "int8" and len(t.shape) == 4]
    found = [_Place(t, parts) for t in images for parts in PARTS
             if t.shape[1] % parts == 0 == t.shape[2] % parts and parts**2 * t.shape[3] <= MOST_FEATURES]
    if not found:
        what = f"'{layer}' gives no picture in int8" if layer else "has no layer that gives a picture in int8"
        raise UserError(f"{title}: {what}, whose parts could be averaged; --at takes"
                        f" {choice(front, lambda t: len(t.shape) == 4)}")
    return found


def _variants(found: Pictures, options: Options) -> tuple[np.ndarray, np.ndarray]:
    """Return the pictures and variants of them, and of each the picture that it shows."""
    x, rng = found.values, np.random.default_rng([options.seed, 5])
    count = int(np.clip(MOST_SEEN // len(x) - 1, 0, MOST_VARIANTS))
    views = Views(VIEWS.strength, options.flips, VIEWS.hides)
    seen = [x, *(vary(x[i:i + CHUNK], rng, views) for _ in range(count) for i in range(0, len(x), CHUNK))]
    return np.concatenate(seen), np.tile(np.arange(len(x)), count + 1)


def _features(
    front: Graph, places: Sequence[_Place], seen: np.ndarray, title: str, stage: Stage
) -> list[np.ndarray]:
    """Return what each place has of pictures, as the core that boards run computes it: float64 [n, features]."""
    ends, twins = front.copied()
    tensors = list({id(place.tensor): place.tensor for place in places}.values())
    ends.outputs, ends.labels = [twins[id(t)] for t in tensors], []
    engine = Engine(convert_graph(drop_unused(ends), [], title, 0).blob, title)
    advance = stage("what the front sees", len(seen))
    found: list[list[np.ndarray]] = [[] for _ in places]
    for i in range(0, len(seen), CHUNK):
        outputs = dict(zip(map(id, tensors), engine.run([reals(seen[i:i + CHUNK], engine)], advance), strict=True))
        for rows, place in zip(found, places, strict=True):
            rows.append(_averaged(outputs[id(place.tensor)].reshape(-1, *place.tensor.shape[1:]), place.parts))
    return [np.concatenate(rows).astype(np.float64) for rows in found]


def _averaged(x: np.ndarray, parts: int) -> np.ndarray:
    n, h, w, channels = x.shape
    cut = x.reshape(n, parts, h // parts, parts, w // parts, channels)
    return np.asarray(cut.mean(axis=(2, 4)).reshape(n, -1))


def _choose(
    places: Sequence[_Place], rows: Sequence[Rows], stage: Stage
) -> tuple[np.ndarray, int, list[dict[str, object]]]:
    """Return the scores of pictures left out [pictures, classes], the best place, and how all of them did."""
    folds = rows[0].folds[rows[0].own]
    count, right = int(folds.max()) + 1, np.zeros((len(places), int(folds.max()) + 1))
    errors, wanted = np.zeros_like(right), rows[0].one_hot()[rows[0].own]
    advance = stage("trying layers", len(places))
    for k, some in enumerate(rows):
        scores = _left_out(some.features[some.own], wanted, folds)
        for fold in range(count):
            inside = folds == fold
            errors[k, fold] = ((scores[inside] - wanted[inside]) ** 2).sum()
            right[k, fold] = (scores[inside].argmax(axis=1) == wanted[inside].argmax(axis=1)).sum()
        advance(1)
    everywhere = errors.sum(axis=1)
    best_without = [int(np.argmin(everywhere - errors[:, fold])) for fold in range(count)]
    fits = {k: fit_ridge(rows[k], PENALTIES, alike=True).left_out[rows[k].own] for k in set(best_without)}
    found = np.zeros_like(wanted)
    for fold, k in enumerate(best_without):
        found[folds == fold] = fits[k][folds == fold]
    tried: list[dict[str, object]] = [
        {"layer": place.tensor.name, "parts": place.parts, "accuracy": round(float(r.sum()) / len(folds), 4)}
        for place, r in zip(places, right, strict=True)]
    return found, int(np.argmin(everywhere)), tried


def _left_out(features: np.ndarray, wanted: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """Return the scores of rows left out [rows, classes] by ridge fits to the pictures themselves.

    They are solved for rows instead of features, of which there are more. The penalty is the best one on the others.
    """
    count = int(folds.max()) + 1
    scores, errors = np.zeros((len(PENALTIES), *wanted.shape)), np.zeros((len(PENALTIES), count))
    for fold in range(count):
        out = folds == fold
        centre, prior = features[~out].mean(axis=0), wanted[~out].mean(axis=0)
        known = features[~out] - centre
        products, level = known @ known.T, max(float((known**2).mean()), 1e-12)
        for k, penalty in enumerate(PENALTIES):
            ridge = products + penalty * level * len(known) * np.eye(len(known))
            scores[k, out] = (features[out] - centre) @ (known.T @ np.linalg.solve(ridge, wanted[~out] - prior)) + prior
            errors[k, fold] = ((scores[k, out] - wanted[out]) ** 2).sum()
    best = [int(np.argmin(errors.sum(axis=1) - errors[:, fold])) for fold in range(count)]
    return np.asarray(scores[np.array(best)[folds], np.arange(len(wanted))])


def plain_scores(head: Linear, features: np.ndarray) -> np.ndarray:
    """Return a head's scores [n, classes]."""
    return np.asarray(standardized(features, head.centre, head.deviation) @ head.weights + head.bias)


def _with_head(front: Graph, place: _Place, head: Linear, factor: float, seen: np.ndarray, name: str) -> Graph:
    """Return the front up to a place, with the head in integers and softmax after it. seen: rows of features."""
    graph, twins = front.copied()
    build, x = Builder(name), twins[id(place.tensor)]
    build.nodes = graph.nodes
    kernel = (x.shape[1] // place.parts, x.shape[2] // place.parts)
    if kernel != (1, 1):
        x = build.add("AVERAGE_POOL_2D", [x], (1, place.parts, place.parts, x.shape[3]), "parts", x.dtype,
                      x.quantization, padding=VALID, filter_height=kernel[0], filter_width=kernel[1],
                      stride_h=kernel[0], stride_w=kernel[1], fused_activation_function=Activation.NONE)
    x = build.reshape(x, (1, place.features), "features")
    scale = factor * np.where(head.deviation > 0, 1 / np.maximum(head.deviation, 1e-12), 0)
    bias = factor * (head.bias - (head.centre / np.maximum(head.deviation, 1e-12)) @ head.weights)
    logits = add_dense(build, x, head.weights * scale[:, None], bias, factor * plain_scores(head, seen))
    shares = Quantization(np.array([1 / 256], np.float32), np.array([-128], np.int64))
    scores = build.add("SOFTMAX", [logits], logits.shape, "scores", "int8", shares, beta=1.0)
    return drop_unused(build.graph(graph.inputs, [scores]))
