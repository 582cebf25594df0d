# SPDX-License-Identifier: MIT
"""TFLite_Detection_PostProcess. Formula: native_module/core/kernels/vision/detection.c."""

from __future__ import annotations

import math

import numpy as np

from ..fileformat.spec import DTYPES
from ..graph import Node, Tensor, Unsupported
from ..graph.requantization import want_quantized
from ..graph.tflite_ops import constant, required
from .program import Program
from .rules import rule

DETECTIONS_PER_CLASS = 100  # where the options say nothing


def number(node: Node, name: str, default: float | None = None) -> float:
    """Return a node's option. Raises Unsupported where it is no finite number, or absent without a default."""
    value = node.attrs.get(name, default)
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        raise Unsupported(f"no option '{name}'; export the model again")
    return value


def positive(node: Node, name: str, default: int | None = None) -> int:
    """Return a node's option as a whole number from 1 to 65535. Raises Unsupported for any other."""
    value = int(number(node, name, default))
    if not 0 < value < 1 << 16:
        raise Unsupported(f"the option {name} = {value}; 1 to 65535 can run")
    return value


def readable(tensor: Tensor) -> None:
    """Refuse a tensor that the kernel cannot read: it reads float32, and int8 or uint8 with a scale."""
    if tensor.dtype not in ("int8", "uint8", "float32"):
        raise Unsupported(f"'{tensor.name}' is {tensor.dtype}; int8, uint8 and float32 can run")
    if tensor.dtype != "float32":
        want_quantized(tensor)


@rule("CUSTOM:TFLite_Detection_PostProcess")
def detection(program: Program, node: Node) -> None:
    boxes, scores, anchors = (required(node, i) for i in range(3))
    for tensor in (boxes, scores, anchors):
        readable(tensor)
    if boxes.is_constant or scores.is_constant or len(node.outputs) != 4:
        raise Unsupported(f"{len(node.outputs)} outputs, or constant boxes; wanted 4 outputs of boxes and scores")
    if len(boxes.shape) != 3 or len(scores.shape) != 3 or boxes.shape[:2] != scores.shape[:2] or boxes.shape[0] != 1:
        raise Unsupported(f"boxes and scores of shape {list(boxes.shape)} and {list(scores.shape)}; "
                          "wanted [1, boxes, 4] and [1, boxes, classes]")
    n, classes, most = boxes.shape[1], positive(node, "num_classes"), positive(node, "max_detections")
    if boxes.shape[2] < 4 or not 0 <= scores.shape[2] - classes <= 1 or anchors.shape != (n, 4):
        raise Unsupported(f"{classes} classes from scores of shape {list(scores.shape)}, anchors of shape "
                          f"{list(anchors.shape)}")
    if positive(node, "max_classes_per_detection", 1) != 1:
        raise Unsupported("more than one class a detection; export with max_classes_per_detection=1")
    per_class = bool(node.attrs.get("use_regular_nms", 0))
    limit = most
    if per_class:
        limit = min(n, positive(node, "detections_per_class", DETECTIONS_PER_CLASS))
    overlap = number(node, "nms_iou_threshold")
    if not 0 < overlap <= 1:
        raise Unsupported(f"the option nms_iou_threshold = {overlap}; above 0 and up to 1 can run")
    for tensor, shape in zip(node.outputs, ((1, most, 4), (1, most), (1, most), (1,)), strict=True):
        tensor.shape = tensor.shape or shape  # exporters leave these shapes to the runtime
        if tensor.dtype != "float32" or tensor.elements != math.prod(shape):
            raise Unsupported(f"an output {tensor}; wanted float32{list(shape)}")
    corners = constant(node, 2, "anchors").astype(np.float32)
    if anchors.dtype != "float32":
        corners = (corners - np.float32(anchors.zero_point)) * np.float32(anchors.scale)
    program.add(node, "DETECTION", [boxes, scores], {
        "boxes": n, "box_size": boxes.shape[2], "score_size": scores.shape[2], "classes": classes,
        "limit": limit, "max_detections": most, "per_class": int(per_class),
        "box_scales": [number(node, f"{axis}_scale") for axis in "yxhw"],
        "score_threshold": number(node, "nms_score_threshold"), "overlap_threshold": overlap,
        "box_scale": boxes.scale, "box_zero_point": boxes.zero_point, "box_dtype": DTYPES[boxes.dtype],
        "score_scale": scores.scale, "score_zero_point": scores.zero_point, "score_dtype": DTYPES[scores.dtype],
    }, {"anchors_at": corners.astype("<f4").tobytes()})
