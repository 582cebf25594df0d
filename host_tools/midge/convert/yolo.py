# SPDX-License-Identifier: MIT
"""Boxes from networks of the YOLO family: what they give is brought to the encodings that DETECTION decodes.

    yolo   one output whose boxes are decoded: [1, 4 + classes, n], or [1, n, 5 + classes] with how likely anything is
           there after the box. Boxes are x, y, w, h of their middles, in shares of the image or in pixels.
    yolo2  grids [1, rows, columns, anchors * (5 + classes)] of raw numbers; the likeliest class has most of softmax.
    yolo3  the same, where each class has a logistic function of its own.

Sources: Redmon and Farhadi 2017, "YOLO9000: Better, Faster, Stronger", section 2, and 2018, "YOLOv3: An Incremental
Improvement", section 2.1, for the grids.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import UserError
from ..graph import Graph, Quantization, Tensor
from ..graph.builder import Builder
from .anchors import detect, image_size, logarithms, logistic, read_anchors, real

GRIDS = ("yolo2", "yolo3")
YOLO = ("yolo", *GRIDS)
PIXELS = "pixels"  # what may follow "yolo:"


def put_yolo(
    graph: Graph, how: str, labels: list[str], title: str, threshold: float, most: int, file: str = ""
) -> tuple[Graph, list[str], int]:
    """Return a graph that gives boxes where another gives what YOLO's do, labels, and how many kinds there are.

    how: one of YOLO. file: for grids the path of anchors, float [n, 2] as (h, w) in shares of the image, those of the
    first output first; else "pixels" where boxes are in those, or "". Raises UserError.
    """
    height, width = image_size(graph, title)
    made, build = graph.copy(), Builder(graph.name)
    if how in GRIDS:
        if not file:
            raise UserError(f"{title}: --decode {how} wants the anchors, [anchors, 2] of h, w from 0 to 1, as in "
                            f"--decode {how}:anchors.npy")
        anchors = np.split(*_shared(read_anchors(Path(file), None, 2), len(made.outputs), file))
        parts = [_grid(build, t, sizes, how, title) for t, sizes in zip(made.outputs, anchors, strict=True)]
        if len({scores.shape[2] for _, scores, _ in parts}) > 1:
            raise UserError(f"{title}: gives {', '.join(map(str, graph.outputs))}, which are of several numbers of "
                            "classes; wanted grids of as many each")
        boxes, scores = (build.concatenate(some, 1) if len(some) > 1 else some[0] for some in (
            [boxes for boxes, _, _ in parts], [scores for _, scores, _ in parts]))
        places = np.concatenate([where for _, _, where in parts])
    else:
        boxes, scores = _decoded(build, graph, made.outputs, title)
        unit = (1 / height, 1 / width) if _in_pixels(made.outputs[0], file, title) else (1.0, 1.0)
        places = np.tile([0, 0, *unit], (boxes.shape[1], 1))
    things = scores.shape[2]
    if labels and len(labels) not in (things, things + 1):
        raise UserError(f"{title}: {len(labels)} labels for {things} kinds of things")
    made.outputs = detect(build, boxes, scores, places, things, most, threshold)
    made.nodes += build.nodes
    return made, labels[1:] if len(labels) == things + 1 else labels, things


def _shared(anchors: np.ndarray, outputs: int, file: str) -> tuple[np.ndarray, int]:
    """Return what numpy.split takes. Raises UserError."""
    if len(anchors) % outputs or (anchors <= 0).any():
        raise UserError(f"{file}: {len(anchors)} anchors for {outputs} grids; wanted as many for each, above 0")
    return anchors, outputs


def _decoded(build: Builder, graph: Graph, outputs: list[Tensor], title: str) -> tuple[Tensor, Tensor]:
    """Return encodings [1, n, 4] and scores [1, n, classes] of an output whose boxes are decoded. Raises UserError."""
    x = outputs[0]
    if len(outputs) != 1 or len(x.shape) != 3 or x.shape[0] != 1 or min(x.shape[1:]) < 5 or (
            x.dtype not in ("int8", "uint8", "float32")):
        raise UserError(f"{title}: gives {', '.join(map(str, graph.outputs))}; --decode yolo wants one output, [1, 4 + "
                        "classes, boxes] or [1, boxes, 5 + classes]; of grids, --decode yolo2:anchors.npy or yolo3")
    if x.shape[1] < x.shape[2]:
        x = build.transpose(x, [0, 2, 1])
        return logarithms(build, x), build.along(x, 2, 4, x.shape[2])
    if x.shape[2] < 6:
        raise UserError(f"{title}: gives {x}, boxes without classes; --decode yolo wants [1, boxes, 5 + classes]")
    return logarithms(build, x), _both(build, build.along(x, 2, 4, 5), build.along(x, 2, 5, x.shape[2]))


def _in_pixels(output: Tensor, unit: str, title: str) -> bool:
    """Tell whether boxes are in pixels: where it is said, or where integers reach beyond the picture."""
    if unit not in ("", PIXELS):
        raise UserError(f"{title}: --decode yolo:{unit}; yolo:{PIXELS} is for boxes in pixels, and yolo for shares")
    return bool(unit) or (output.dtype != "float32" and 256 * output.scale > 4)


def _both(build: Builder, first: Tensor, second: Tensor) -> Tensor:
    """Return the product of two shares, in their integers where they have some."""
    if first.dtype == "float32":
        return build.binary("MUL", first, second, "scores")
    steps = Quantization(np.array([1 / 256], np.float32), np.array([-128 if first.dtype == "int8" else 0], np.int64))
    return build.add("MUL", [first, second], second.shape, "scores", first.dtype, steps)


def _grid(
    build: Builder, x: Tensor, sizes: np.ndarray, how: str, title: str
) -> tuple[Tensor, Tensor, np.ndarray]:
    """Return encodings [1, n, 4], scores [1, n, classes] and places [n, 4] of a grid of raw numbers. Raises UserError.

    A thing's middle is a logistic function into its cell; its sides are exponentials, times those of an anchor.
    """
    each = len(sizes)
    if len(x.shape) != 4 or x.shape[0] != 1 or x.shape[3] % each or x.shape[3] // each < 6 or (
            x.dtype not in ("int8", "uint8", "float32")):
        raise UserError(f"{title}: gives {x}; --decode {how} with {each} anchors a cell wants [1, rows, columns, "
                        f"{each} * (5 + classes)]")
    _, rows, columns, channels = x.shape
    n, values = rows * columns * each, channels // each
    x = build.reshape(x, (1, n, values))
    left, top = (real(build, logistic(build, build.along(x, 2, i, i + 1))) for i in (0, 1))
    longer = np.log(sizes[:, ::-1] * (columns, rows)).astype(np.float32)  # of w, h: so that a cell is an anchor's size
    sides = build.reshape(real(build, build.along(x, 2, 2, 4)), (1, rows * columns, 2 * each))
    sides = build.reshape(build.binary("ADD", sides, build.constant(longer.reshape(1, 1, -1), "anchors")), (1, n, 2))
    wide, high = (build.along(sides, 2, i, i + 1) for i in (0, 1))
    scores = logistic(build, build.along(x, 2, 4, 5))  # that anything is there
    if how == "yolo3":
        scores = _both(build, scores, logistic(build, build.along(x, 2, 5, values)))
    elif values > 6:
        kinds = build.like("SOFTMAX", real(build, build.along(x, 2, 5, values)), "kinds", beta=1.0)
        scores = _both(build, real(build, scores), kinds)
    y, z = np.divmod(np.arange(rows * columns), columns)
    corner = np.stack([y / rows, z / columns, np.full(len(y), 1 / rows), np.full(len(y), 1 / columns)], axis=1)
    return build.concatenate([top, left, high, wide], 2), scores, np.repeat(corner, each, axis=0)
