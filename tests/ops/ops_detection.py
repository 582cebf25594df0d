# SPDX-License-Identifier: MIT
"""TFLite_Detection_PostProcess.

Boxes come in groups that lie far apart, so that at least one of each survives: what the suppression over all classes
leaves free in its outputs, the reference does not write.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from midge.importers.tflite.writer import FlatTensor
from tests.support.draws import choice, integer
from tests.support.op_tests import Case, op_test


@op_test("CUSTOM:TFLite_Detection_PostProcess", dtype="f32", engine="litert", tolerance=(1e-5, 1e-5))
def detection(draw: Any) -> Case:
    return case(draw, "float32")


@op_test("CUSTOM:TFLite_Detection_PostProcess", dtype="uint8", engine="litert", tolerance=(1e-5, 1e-5))
def detection_uint8(draw: Any) -> Case:
    return case(draw, "uint8")


def case(draw: Any, dtype: str) -> Case:
    groups, classes, background = integer(draw, 1, 8), integer(draw, 1, 5), integer(draw, 0, 1)
    per_class = draw(st.booleans())
    n = groups * integer(draw, 1, 6)
    most = integer(draw, 1, 12 if per_class else groups)
    rng = np.random.default_rng(integer(draw, 0, 2**32 - 1))
    anchors = np.concatenate([rng.uniform(0, 0.2, (n, 2)), rng.uniform(0.1, 0.5, (n, 2))], axis=1).astype(np.float32)
    anchors[:, 0] += np.arange(n) % groups * 2
    boxes, scores = rng.normal(0, 1, (1, n, 4)), rng.uniform(0, 1, (1, n, classes + background))
    units: dict[str, Any] = {}
    if dtype == "uint8":
        units = {"scale": 1 / 32, "zero_point": 120}
        boxes, scores = np.clip(boxes * 32 + 120, 0, 255), scores * 255
    b, s = FlatTensor("b", boxes.shape, dtype, **units), FlatTensor("s", scores.shape, dtype)
    if dtype == "uint8":
        s.scale, s.zero_point = 1 / 256, 0
    a = FlatTensor("a", data=anchors)
    if dtype == "uint8":
        a = FlatTensor("a", data=np.round(anchors * 15).astype(np.uint8), scale=1 / 15, zero_point=0)
    shapes = {"y": (1, most, 4), "c": (1, most), "p": (1, most), "n": (1,)}
    outs = [FlatTensor(name, dims, "float32") for name, dims in shapes.items()]
    options = {
        "max_detections": most, "max_classes_per_detection": 1, "num_classes": classes,
        "nms_score_threshold": choice(draw, 0.3, 0.7) if per_class else 0.0,
        "nms_iou_threshold": choice(draw, 0.1, 0.5, 0.6, 1.0),
        "y_scale": 10.0, "x_scale": 10.0, "h_scale": 5.0, "w_scale": 5.0,
    }
    if per_class:
        options |= {"use_regular_nms": True, "detections_per_class": integer(draw, 1, 20)}
    return Case("CUSTOM:TFLite_Detection_PostProcess", [b, s, a], outs, options,
                [boxes.astype(dtype), scores.astype(dtype)])
