# SPDX-License-Identifier: MIT
"""Boxes from networks with anchors: SSD's heads, and BlazeFace's, of which MediaPipe's palms and bodies are kin.

Such a network says for each anchor, a box that it does not choose itself, how far the thing's box is from it, and how
likely a thing is there. Where the anchors are follows from the layers that the heads look at. What is done with them is
the device op of TensorFlow Lite's own detectors, DETECTION, so a board gives the bits of the PC.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import UserError
from ..graph import Graph, Node, Quantization, Tensor
from ..graph.builder import Builder

HEADS = ("ssd", "blazeface")
OVERLAP = 0.3  # of two boxes of one thing, intersection over union
_ENCODING = (10.0, 10.0, 5.0, 5.0)  # of SSD: by what its encodings were multiplied for training, y, x, h, w
_SCALES = (0.2, 0.95)  # of SSD's anchors, in the first layer and the last
_RATIOS = (1.0, 2.0, 0.5, 3.0, 1 / 3)
_LEAST = 1e-6  # of a side, in pixels
_THROUGH = ("RESHAPE", "LOGISTIC", "SOFTMAX", "DEQUANTIZE", "QUANTIZE")


@dataclass(frozen=True)
class Layer:
    """Cells of a layer that a head looks at, and how many anchors each has."""

    rows: int
    columns: int
    each: int


def put_anchors(
    graph: Graph, how: str, labels: list[str], title: str, threshold: float, most: int, file: str = ""
) -> tuple[Graph, list[str], int]:
    """Return a graph that gives boxes where another gives encodings and scores, labels, and how many kinds there are.

    how: one of HEADS. labels: of the things, or of the background first. file: the path of anchors, float [n, 4] as
    (y, x, h, w) in shares of the image, where they are not those of the method. Raises UserError.
    """
    encodings, scores = _heads(graph, title)
    n, columns = encodings.shape[1], scores.shape[2]
    layers = [] if file else layers_of(graph, encodings)
    if not file and sum(x.rows * x.columns * x.each for x in layers) != n:
        raise UserError(f"{title}: where the {n} anchors are cannot be told from its layers; give them as a file, "
                        f"float [{n}, 4] of y, x, h, w from 0 to 1: --decode {how}:anchors.npy")
    height, width = image_size(graph, title)
    anchors = read_anchors(Path(file), n) if file else \
        centres(layers) if how == "blazeface" else ssd_anchors(layers, height, width, title)
    background = columns > 1 and (how == "ssd" or len(labels) == columns)
    things = columns - background
    made = graph.copy()
    boxes, classes = (made.outputs[graph.outputs.index(t)] for t in (encodings, scores))
    build = Builder(graph.name)
    if _is_raw(graph, scores):
        classes = logistic(build, classes)
    if how == "blazeface":
        boxes = logarithms(build, boxes)
        if not file:
            anchors = np.concatenate([anchors[:, :2], np.broadcast_to([1 / height, 1 / width], (n, 2))], axis=1)
    made.outputs = detect(build, boxes, classes, anchors, things, most, threshold,
                          _ENCODING if how == "ssd" else (1.0, 1.0, 1.0, 1.0))
    made.nodes += build.nodes
    return made, labels[1:] if background and len(labels) == columns else labels, things


def detect(
    build: Builder, boxes: Tensor, scores: Tensor, anchors: np.ndarray, things: int, most: int, threshold: float,
    scales: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0),
) -> list[Tensor]:
    """Add what finds the best boxes of encodings [1, n, 4 or more] and scores [1, n, classes]; return its outputs.

    anchors: [n, 4] as (y, x, h, w). scales: by what encodings are divided.
    """
    shapes = {"boxes": (1, most, 4), "classes": (1, most), "scores": (1, most), "count": (1,)}
    found = [Tensor(build.unique(name), shape, "float32") for name, shape in shapes.items()]
    build.nodes.append(Node(
        "CUSTOM:TFLite_Detection_PostProcess", [boxes, scores, build.constant(anchors.astype(np.float32), "anchors")],
        found, {
            "num_classes": things, "max_detections": most, "max_classes_per_detection": 1, "use_regular_nms": 0,
            "nms_iou_threshold": OVERLAP, "nms_score_threshold": threshold,
            **dict(zip(("y_scale", "x_scale", "h_scale", "w_scale"), scales, strict=True)),
        }))
    return found


def read_anchors(path: Path, n: int | None, values: int = 4) -> np.ndarray:
    """Return anchors from a .npy file, float [n, values], n None for any number. Raises UserError."""
    try:
        anchors = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"{path}: no array of anchors ({error}); save one with numpy.save") from error
    wanted = f"[{'anchors' if n is None else n}, {values}] of {'y, x, h, w' if values == 4 else 'h, w'}"
    if anchors.ndim != 2 or not len(anchors) or anchors.shape != (len(anchors) if n is None else n, values) or (
            anchors.dtype.kind not in "fiu" or not np.isfinite(anchors).all()):
        raise UserError(f"{path}: anchors of {anchors.dtype} {list(anchors.shape)}; wanted {wanted}")
    return np.asarray(anchors, np.float64)


def layers_of(graph: Graph, tensor: Tensor) -> list[Layer]:
    """Return the layers that a head's output is put together from, none where that cannot be told."""
    producers = {id(out): node for node in graph.nodes for out in node.outputs}
    size = tensor.shape[2]

    def of(t: Tensor) -> list[Layer]:
        if len(t.shape) == 4 and t.shape[0] == 1 and t.shape[3] % size == 0:
            return [Layer(t.shape[1], t.shape[2], t.shape[3] // size)]
        node = producers.get(id(t))
        if node is None or node.op not in (*_THROUGH, "CONCATENATION"):
            return []
        parts = [of(x) for x in node.inputs if x is not None] if node.op == "CONCATENATION" else \
            [of(x) for x in node.inputs[:1] if x is not None]
        return [layer for part in parts for layer in part] if all(parts) else []

    return of(tensor)


def centres(layers: list[Layer]) -> np.ndarray:
    """Return anchors that are points, the middles of cells: float64 [n, 4] as (y, x, 1, 1), as BlazeFace has them."""
    points = []
    for layer in layers:
        y, x = np.meshgrid((np.arange(layer.rows) + 0.5) / layer.rows, (np.arange(layer.columns) + 0.5) / layer.columns,
                           indexing="ij")
        one = np.stack([y.ravel(), x.ravel()], axis=1)
        points.append(np.repeat(one, layer.each, axis=0))
    middle = np.concatenate(points)
    return np.concatenate([middle, np.ones_like(middle)], axis=1)


def ssd_anchors(layers: list[Layer], height: int, width: int, title: str) -> np.ndarray:
    """Return the anchors of TensorFlow's Object Detection API, float64 [n, 4] as (y, x, h, w) in shares of the image.

    Source: Liu et al. 2016, "SSD: Single Shot MultiBox Detector", section 2.2, with three boxes in the first layer, and
    one of the mean scale added in the others. Raises UserError where layers have other numbers of anchors.
    """
    n = len(layers)
    scales = [_SCALES[0] + (_SCALES[1] - _SCALES[0]) * i / max(n - 1, 1) for i in range(n)] + [1.0]
    short = min(height, width)
    anchors = []
    for i, layer in enumerate(layers):
        if layer.each == 3 and i == 0:
            kinds = [(0.1, 1.0), (scales[0], 2.0), (scales[0], 0.5)]
        elif layer.each == len(_RATIOS) + 1:
            kinds = [(scales[i], ratio) for ratio in _RATIOS] + [(math.sqrt(scales[i] * scales[i + 1]), 1.0)]
        else:
            raise UserError(f"{title}: {layer.each} anchors a cell of {layer.columns} x {layer.rows} are not SSD's 3 "
                            "and 6; give them as a file, --decode ssd:anchors.npy")
        sizes = np.array([(scale / math.sqrt(ratio) * short / height, scale * math.sqrt(ratio) * short / width)
                          for scale, ratio in kinds])
        middle = centres([Layer(layer.rows, layer.columns, 1)])[:, :2]
        anchors.append(np.hstack([np.repeat(middle, len(kinds), axis=0), np.tile(sizes, (len(middle), 1))]))
    return np.concatenate(anchors)


def _heads(graph: Graph, title: str) -> tuple[Tensor, Tensor]:
    """Return what gives encodings, [1, n, 4 or more], and what gives scores, [1, n, classes]."""
    outputs = graph.outputs
    if len(outputs) == 2 and all(len(t.shape) == 3 and t.shape[0] == 1 for t in outputs) \
            and outputs[0].shape[1] == outputs[1].shape[1]:
        named = [t for t in outputs if any(word in t.name.lower() for word in ("box", "regress", "loc"))]
        boxes = named[0] if len(named) == 1 else max(outputs, key=lambda t: t.shape[2])
        scores = outputs[1 - outputs.index(boxes)]
        if boxes.shape[2] >= 4 and all(t.dtype in ("int8", "uint8", "float32") for t in outputs):
            return boxes, scores
    raise UserError(f"{title}: gives {', '.join(map(str, outputs))}; --decode ssd and blazeface want two outputs, "
                    "[1, anchors, 4 or more] of boxes and [1, anchors, classes] of scores")


def image_size(graph: Graph, title: str) -> tuple[int, int]:
    """Return height and width of what the network looks at, behind a camera where there is one."""
    for node in graph.nodes:
        if node.op == "IMAGE":
            return node.outputs[0].shape[-3], node.outputs[0].shape[-2]
    if len(graph.inputs) != 1 or len(graph.inputs[0].shape) != 4:
        raise UserError(f"{title}: takes {', '.join(map(str, graph.inputs))}; --decode wants one image")
    return graph.inputs[0].shape[1], graph.inputs[0].shape[2]


def _is_raw(graph: Graph, scores: Tensor) -> bool:
    """Tell whether scores are logits: they come from no function to 0 to 1."""
    producers = {id(out): node for node in graph.nodes for out in node.outputs}
    node = producers.get(id(scores))
    while node is not None and node.op in ("RESHAPE", "DEQUANTIZE", "QUANTIZE", "CONCATENATION"):
        node = producers.get(id(node.inputs[0]))
    return node is None or node.op not in ("LOGISTIC", "SOFTMAX")


def real(build: Builder, x: Tensor) -> Tensor:
    """Return a tensor as floats."""
    return x if x.dtype == "float32" else build.add("DEQUANTIZE", [x], x.shape, x.name)


def logistic(build: Builder, x: Tensor) -> Tensor:
    """Return shares of logits, in integers where they are."""
    if x.dtype == "float32":
        return build.like("LOGISTIC", x, "scores")
    steps = Quantization(np.array([1 / 256], np.float32), np.array([-128 if x.dtype == "int8" else 0], np.int64))
    return build.add("LOGISTIC", [x], x.shape, "scores", x.dtype, steps)


def logarithms(build: Builder, boxes: Tensor) -> Tensor:
    """Return boxes (y, x, log h, log w) of boxes (x, y, w, h, ...) in pixels: DETECTION takes the exponential."""
    x, y, w, h = (real(build, build.along(boxes, 2, i, i + 1)) for i in range(4))
    least = build.scalar(_LEAST)
    h, w = (build.like("LOG", build.binary("MAXIMUM", side, least)) for side in (h, w))
    return build.concatenate([y, x, h, w], 2)
