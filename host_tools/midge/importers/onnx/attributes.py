# SPDX-License-Identifier: MIT
"""The attributes of a node: what the function that imports it does not ask for must not matter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...graph import Unsupported


class Attributes(dict[str, Any]):
    """The attributes of a node, and which of them have been asked for."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self.read: set[str] = set()

    def __getitem__(self, key: str) -> Any:
        """Return an attribute."""
        self.read.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        """Tell whether an attribute is there."""
        self.read.add(str(key))
        return super().__contains__(key)

    def get(self, key: str, default: Any = None) -> Any:
        """Return an attribute, or a default where it is not there."""
        self.read.add(key)
        return super().get(key, default)


# What may be passed over, by op ("" for any) and name: why.
HARMLESS = {
    ("", "training"): "of training",
    ("BatchNormalization", "momentum"): "of training",
    ("BatchNormalization", "is_test"): "of training",
    ("Dropout", "ratio"): "of training",
    ("Dropout", "seed"): "of training",
    ("Dropout", "is_test"): "of training",
    ("Conv", "kernel_shape"): "the shape of the weights",
    ("QLinearConv", "kernel_shape"): "the shape of the weights",
    ("ConvTranspose", "kernel_shape"): "the shape of the weights",
    ("MaxPool", "storage_order"): "of the places of maxima, which are refused",
    ("Split", "num_outputs"): "the number of outputs, all of one size",
    ("Cast", "saturate"): "of casts to float8, which are refused",
    ("QuantizeLinear", "saturate"): "of float8, which is refused",
    ("GroupNormalization", "stash_type"): "of sums in float16; here they are in float32",
    ("LayerNormalization", "stash_type"): "of sums in float16; here they are in float32",
    ("Resize", "cubic_coeff_a"): "of the mode cubic, which is refused",
    ("Resize", "exclude_outside"): "of the mode cubic, which is refused",
    ("Resize", "extrapolation_value"): "of tf_crop_and_resize, which is refused",
    ("", "noop_with_empty_axes"): "of reductions without axes, which ask for it",
    ("", "keepdims"): "of reductions over no axis, which change nothing",
    ("", "opset"): "an internal note of onnxruntime",
}


def check_all_read(op: str, opset: int, domain: str, attributes: Attributes) -> None:
    """Refuse a node with an attribute that nobody asked for, unless it is harmless or says what is so anyway.

    Raises Unsupported.
    """
    defaults = _defaults(op, opset, domain)
    for name in sorted({*attributes} - attributes.read):
        value = dict.__getitem__(attributes, name)
        if ("", name) in HARMLESS or (op, name) in HARMLESS:
            continue
        if name not in defaults or not _equal(value, defaults[name]):
            raise Unsupported(f"the attribute {name} = {str(value)[:60]}, which Midge does not know; export it without")


def _defaults(op: str, opset: int, domain: str) -> dict[str, Any]:
    """Return the values that a version of an op has where a node says nothing. Empty for ops that ONNX lacks."""
    import onnx

    try:
        schema = onnx.defs.get_schema(op, opset, "" if domain == "ai.onnx" else domain)
    except onnx.defs.SchemaError:
        return {}
    return {name: onnx.helper.get_attribute_value(attribute.default_value)
            for name, attribute in schema.attributes.items() if attribute.default_value.name}


def _equal(value: Any, default: Any) -> bool:
    default = default.decode(errors="replace") if isinstance(default, bytes) else default
    return bool(np.array_equal(np.asarray(value), np.asarray(default)))
