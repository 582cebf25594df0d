# SPDX-License-Identifier: MIT
"""Weights for Keras models of tests."""

from __future__ import annotations

from typing import Any

import numpy as np


def shaken(model: Any) -> Any:
    """Random weights everywhere, for those of a new model are often zeros and ones."""
    rng = np.random.default_rng(3)
    for w in model.weights:
        if w.dtype == "float32":
            positive = "variance" in w.path
            values = rng.uniform(0.5, 2, w.shape) if positive else rng.normal(0, 0.4, w.shape)
            w.assign(values.astype(np.float32))
    return model
