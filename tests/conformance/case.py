# SPDX-License-Identifier: MIT
"""A model to compare, and what a target answers to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from midge.convert.pipeline import Conversion
from midge.errors import UserError


@dataclass
class Case:
    """A converted model with its recorded inputs and outputs, as raw bytes of each run."""

    name: str
    conversion: Conversion
    inputs: list[list[bytes]]
    expected: list[list[np.ndarray]]
    step: float = 0.0  # of quantised ONNX models, whose float outputs may be off by one step
    whole: bool = False  # a float model whose outputs were recorded to the nearest integer

    @property
    def is_float(self) -> bool:
        """Whether anything is calculated in float32, beyond the exact conversions at the ends."""
        return any(s.op.name.endswith(("_F32", "_HYBRID")) for s in self.conversion.program.steps)

    @property
    def input_sizes(self) -> list[int]:
        return [len(b) for b in self.inputs[0]]

    @property
    def output_sizes(self) -> list[int]:
        return [t.size for t in self.conversion.program.graph.outputs]


class TooLarge(UserError):
    """A model that the target's memory cannot hold; named, not counted."""


def parse_output(text: str, sizes: list[int]) -> list[list[bytes]]:
    """The printed lines of on_device.py as bytes."""
    lines = text.split()
    if not lines or lines[-1] != "done":
        raise UserError("the target stopped: " + (text.strip().splitlines() or ["no output"])[-1])
    runs, blob = [], bytearray()
    for line in lines[:-1]:
        if line != "run":
            blob += bytes.fromhex(line)
            continue
        at, outputs = 0, []
        for size in sizes:
            outputs.append(bytes(blob[at : at + size]))
            at += size
        runs.append(outputs)
        blob.clear()
    return runs
