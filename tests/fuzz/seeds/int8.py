# SPDX-License-Identifier: MIT
"""Seeds of int8 layers, and of those of several dtypes."""

from __future__ import annotations

from midge.graph import Graph, Node, Tensor
from tests.fuzz.seeds import (
    RELU,
    SAME,
    VALID,
    conv,
    dense,
    depthwise,
    graph,
    known,
    plain,
    pool,
    q,
    rng,
    seed,
    tensor,
)


@seed
def conv_same() -> Graph:
    x, y = tensor("x", 1, 4, 5, 3), tensor("y", 1, 2, 3, 5, scale=0.4, zero_point=-7)
    attrs = {"stride_h": 2, "stride_w": 2, "padding": SAME, "fused_activation_function": RELU}
    return graph([x], conv(x, y, (3, 3), **attrs))


@seed
def conv_dilated() -> Graph:
    x, y = tensor("x", 2, 5, 4, 2), tensor("y", 2, 3, 2, 2, scale=0.3)
    return graph([x], conv(x, y, (2, 2), dilation_h_factor=2, dilation_w_factor=2))


@seed
def conv_1x1() -> Graph:
    x, y = tensor("x", 1, 4, 3, 6), tensor("y", 1, 2, 2, 5, scale=0.3)
    return graph([x], conv(x, y, (1, 1), stride_h=2, stride_w=2))


@seed
def fully_connected() -> Graph:
    x, y = tensor("x", 2, 7), tensor("y", 2, 5, scale=0.3)
    return graph([x], dense(x, y))


@seed
def conv_int4() -> Graph:
    x, t, y = tensor("x", 1, 3, 4, 3), tensor("t", 1, 3, 4, 3, scale=0.2), tensor("y", 1, 2, 3, 5, scale=0.2)
    g = graph([x], depthwise(x, t, (2, 2), padding=SAME), conv(t, y, (2, 2)))
    for node in g.nodes:
        weights = node.inputs[1]
        assert weights is not None and weights.data is not None
        weights.data = weights.data >> 4
    return g


@seed
def depthwise_same() -> Graph:
    x, y = tensor("x", 1, 3, 4, 3), tensor("y", 1, 3, 4, 6, scale=0.3)
    return graph([x], depthwise(x, y, (3, 2), padding=SAME))


@seed
def depthwise_1x1() -> Graph:
    x, y = tensor("x", 1, 3, 2, 5), tensor("y", 1, 3, 2, 5, scale=0.2)
    return graph([x], depthwise(x, y, (1, 1)))


@seed
def max_pool() -> Graph:
    x, y = tensor("x", 1, 5, 4, 3), tensor("y", 1, 3, 2, 3)
    return graph([x], pool("MAX_POOL_2D", x, y, (2, 2), 2, SAME))


@seed
def average_pool() -> Graph:
    x, y = tensor("x", 1, 4, 5, 2), tensor("y", 1, 4, 5, 2)
    return graph([x], pool("AVERAGE_POOL_2D", x, y, (3, 3), 1, SAME))


@seed
def add_broadcast() -> Graph:
    a, b, y = tensor("a", 2, 3, 4), tensor("b", 3, 1, scale=0.1), tensor("y", 2, 3, 4, scale=0.12, zero_point=-1)
    return graph([a, b], Node("ADD", [a, b], [y], {"fused_activation_function": RELU}))


@seed
def add_constant_in_place() -> Graph:
    x, t, y = tensor("x", 3, 5), tensor("t", 3, 5), tensor("y", 3, 5, scale=0.1)
    b = known("b", rng.integers(-128, 128, (3, 5)), "int8", q(0.03))
    return graph([x], Node("ADD", [x, b], [t]), Node("ADD", [t, b], [y]))


@seed
def mul() -> Graph:
    a, b, y = tensor("a", 2, 5), tensor("b", 2, 5), tensor("y", 2, 5, scale=0.1)
    return graph([a, b], Node("MUL", [a, b], [y]))


@seed
def softmax() -> Graph:
    x, y = tensor("x", 2, 7, scale=0.1), tensor("y", 2, 7, scale=1 / 256, zero_point=-128)
    return graph([x], Node("SOFTMAX", [x], [y], {"beta": 1.0}))


@seed
def mean() -> Graph:
    x, y = tensor("x", 2, 3, 4, 2), tensor("y", 2, 2)
    return graph([x], Node("MEAN", [x, known("axes", [1, 2], "int32")], [y]))


@seed
def transpose() -> Graph:
    x, y = tensor("x", 2, 3, 4), tensor("y", 4, 2, 3)
    return graph([x], Node("TRANSPOSE", [x, known("order", [2, 0, 1], "int32")], [y]))


@seed
def pad() -> Graph:
    x, y = tensor("x", 2, 3, 2), tensor("y", 4, 3, 5)
    return graph([x], Node("PAD", [x, known("paddings", [[1, 1], [0, 0], [2, 1]], "int32")], [y]))


@seed
def pad_int16() -> Graph:
    x, y = tensor("x", 3, 2, dtype="int16", zero_point=0), tensor("y", 4, 3, dtype="int16", zero_point=0)
    return graph([x], Node("PAD", [x, known("paddings", [[1, 0], [0, 1]], "int32")], [y]))


@seed
def reverse_float() -> Graph:
    x, y = tensor("x", 5, 3, dtype="float32"), tensor("y", 3, 3, dtype="float32")
    bounds = (known(name, value, "int32") for name, value in (("b", [4, 0]), ("e", [-6, 3]), ("s", [-2, 1])))
    masks = dict.fromkeys(("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"), 0)
    return graph([x], Node("STRIDED_SLICE", [x, *bounds], [y], masks))


@seed
def concatenation() -> Graph:
    a, b, y = tensor("a", 2, 3), tensor("b", 2, 2), tensor("y", 2, 5)
    return graph([a, b], Node("CONCATENATION", [a, b], [y], {"axis": 1}))


@seed
def logistic() -> Graph:
    x, y = tensor("x", 9), tensor("y", 9, scale=1 / 256, zero_point=-128)
    return graph([x], Node("LOGISTIC", [x], [y]))


@seed
def quantize_dequantize() -> Graph:
    x, t, y = tensor("x", 3, 2, dtype="float32"), tensor("t", 3, 2), tensor("y", 3, 2, dtype="float32")
    return graph([x], Node("QUANTIZE", [x], [t]), Node("DEQUANTIZE", [t], [y]))


@seed
def arithmetic_and_cast() -> Graph:
    x, a, b = plain("x", "int16", 3, 2), plain("a", "int32", 3, 2), plain("b", "int32", 3, 2)
    c, r, y = plain("c", "int32", 3, 2), plain("r", "float32", 3, 2), plain("y", "int8", 3, 2)
    return graph([x], Node("CAST", [x], [a]), Node("MUL", [a, known("seven", 7, "int32")], [b]),
                 Node("DIV", [b, known("by", [3, -1], "int32")], [c]), Node("CAST", [c], [r]),
                 Node("CAST", [r], [y]))


@seed
def detection() -> Graph:
    boxes, scores = tensor("boxes", 1, 3, 4, dtype="uint8"), tensor("scores", 1, 3, 3, dtype="uint8")
    anchors = known("anchors", rng.uniform(0.1, 1, (3, 4)), "float32")
    outs = [plain("y", "float32", 1, 2, 4), plain("c", "float32", 1, 2), plain("p", "float32", 1, 2),
            plain("n", "float32", 1)]
    options = {"max_detections": 2, "num_classes": 2, "max_classes_per_detection": 1, "use_regular_nms": 1,
               "nms_score_threshold": 0.1, "nms_iou_threshold": 0.5, "y_scale": 10.0, "x_scale": 10.0,
               "h_scale": 5.0, "w_scale": 5.0}
    return graph([boxes, scores], Node("CUSTOM:TFLite_Detection_PostProcess", [boxes, scores, anchors], outs, options))


@seed
def compare_select() -> Graph:
    """MAP's functions, quantised and plain, with a broadcast operand; a where a < b, else a - b."""
    a, b, c = tensor("a", 2, 3, scale=0.04), tensor("b", 3), tensor("c", 2, 3, dtype="bool")
    d, y = tensor("d", 2, 3), tensor("y", 2, 3)
    return graph([a, b], Node("LESS", [a, b], [c]), Node("SUB", [a, b], [d]), Node("SELECT_V2", [c, a, d], [y]))


@seed
def int32_quotient() -> Graph:
    a, b, y = (Tensor(name, (4,), "int32") for name in "aby")
    return graph([a, b], Node("FLOOR_MOD", [a, b], [y]))


@seed
def quantized_quotient() -> Graph:
    a, b, y = tensor("a", 4), tensor("b", 4), tensor("y", 4)
    return graph([a, b], Node("DIV", [a, b], [y]))


@seed
def extremes() -> Graph:
    x, m = tensor("x", 2, 3, 4), tensor("m", 2, 4)
    i, v = Tensor("i", (2,), "int32"), tensor("v", 2, 2)
    k = Tensor("k", (2, 2), "int32")
    g = graph([x], Node("REDUCE_MAX", [x, known("axes", [1], "int32")], [m]),
              Node("ARG_MAX", [m, known("axis", 1, "int32")], [i]),
              Node("TOPK_V2", [m, known("count", 2, "int32")], [v, k]))
    g.outputs = [i, v, k]
    return g


@seed
def gather() -> Graph:
    x, i, y = tensor("x", 2, 3, 4), Tensor("i", (2, 2), "int32"), tensor("y", 2, 2, 4)
    return graph([x, i], Node("GATHER", [x, i], [y], {"axis": 1, "batch_dims": 1}))


@seed
def cumsum_l2() -> Graph:
    x, s, y = tensor("x", 2, 5), tensor("s", 2, 5, scale=0.2), tensor("y", 2, 5, scale=1 / 128, zero_point=0)
    return graph([x], Node("CUMSUM", [x, known("axis", 1, "int32")], [s]), Node("L2_NORMALIZATION", [s], [y]))


@seed
def bilinear() -> Graph:
    x, y = tensor("x", 1, 2, 3, 2), tensor("y", 1, 5, 4, 2)
    return graph([x], Node("RESIZE_BILINEAR", [x, known("size", [5, 4], "int32")], [y], {"half_pixel_centers": True}))


@seed
def bilinear_legacy() -> Graph:
    x, y = tensor("x", 1, 2, 3, 2), tensor("y", 1, 5, 4, 2)
    return graph([x], Node("RESIZE_BILINEAR", [x, known("size", [5, 4], "int32")], [y],
                           {"half_pixel_centers": True, "legacy_uint8": True}))


@seed
def matmul() -> Graph:
    a, b, y = tensor("a", 2, 2, 3), tensor("b", 3, 4), tensor("y", 2, 2, 4)
    return graph([a, b], Node("BATCH_MATMUL", [a, b], [y], {"adj_x": False, "adj_y": False}))


@seed
def dense_of_activations() -> Graph:
    a, b, y = tensor("a", 2, 3), tensor("b", 4, 3), tensor("y", 2, 4)
    return graph([a, b], Node("FULLY_CONNECTED", [a, b, known("bias", [1, 2, 3, 4], "int32")], [y]))


@seed
def legacy_pool() -> Graph:
    """uint8 at the ends, weights with a zero point, halves rounded up."""
    x, t, y = (tensor(name, 1, n, n, 2, dtype="uint8", zero_point=100) for name, n in (("x", 3), ("t", 3), ("y", 2)))
    weights = known("weights", rng.integers(0, 256, (2, 2, 2, 2)), "uint8", q(0.01, 60))
    pooled = pool("AVERAGE_POOL_2D", t, y, (2, 2), 1, VALID)
    return graph([x], Node("CONV_2D", [x, weights], [t], {"padding": SAME, "stride_h": 1, "stride_w": 1}), pooled)


@seed
def network() -> Graph:
    """Everything that a small classifier has, in one file with labels."""
    x, t = tensor("x", 1, 6, 6, 2), tensor("t", 1, 6, 6, 4, scale=0.3)
    u, v = tensor("u", 1, 3, 3, 4, scale=0.3), tensor("v", 1, 3, 3, 4, scale=0.3)
    w, m = tensor("w", 1, 3, 3, 4, scale=0.4), tensor("m", 1, 4, scale=0.4)
    s, y = tensor("s", 1, 3, scale=0.2), tensor("y", 1, 3, scale=1 / 256, zero_point=-128)
    g = graph([x], conv(x, t, (3, 3), padding=SAME), depthwise(t, u, (3, 3), stride_h=2, stride_w=2, padding=SAME),
              pool("MAX_POOL_2D", u, v, (2, 2), 1, SAME), Node("ADD", [u, v], [w]),
              Node("MEAN", [w, known("axes", [1, 2], "int32")], [m]), dense(m, s),
              Node("SOFTMAX", [s], [y], {"beta": 1.0}))
    g.labels, g.metadata = ["idle", "circle", "wave"], {"source": "tests/fuzz"}
    return g
