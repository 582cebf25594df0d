# SPDX-License-Identifier: MIT
"""Estimate a model's cycles on a core without an emulator, from rates of its ops that were fitted to counted models.

A node takes  a * MACs + b * values read + c * values written + d  cycles; the factors are those of its op on a core
(targets/rates.toml).
An op that no counted model had takes what ops take in the middle, and the estimate says so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from ..errors import UserError
from ..fileformat.read import File, FileNode
from ..fileformat.spec import DATA
from ..profiling.estimate import stall_cycles
from ..targets.boards import Board
from ..targets.cores import EmulatedCore, cores, read_toml
from ..targets.power import TARGETS
from .uncertain import NORMAL_90

TABLE = TARGETS / "rates.toml"
UNKNOWN = "UNKNOWN"  # the row for ops that were not counted
# Where instructions are counted, what is left is how many cycles they take: flash, buses, what cores.toml leaves out.
COUNTED_ERROR = 0.1
GUESS_ERROR = 1.0  # of the logarithm, of an op that no counted model had: a factor of five either way

Rates = dict[str, list[float]]


@dataclass(frozen=True)
class Stray:
    """How far estimates are from what is counted, of models that the fit has not seen; logarithms of ratios."""

    median: float
    most: float  # of nine in ten


@dataclass(frozen=True)
class Cycles:
    """Cycles of one run. error: the standard deviation of the logarithm of the true number."""

    value: float
    error: float
    counted: bool  # instructions under QEMU, not rates
    guessed: tuple[str, ...] = ()  # ops without a rate


def features(file: File, node: FileNode) -> list[float]:
    """Return what a node's cycles are thought to follow: its MACs, the values it reads and writes, and one."""
    def values(tensors: Sequence[int]) -> float:
        return float(sum(math.prod(file.tensors[t].shape) for t in tensors if file.tensors[t].place != DATA))

    return [float(node.macs), values(node.inputs), values(node.outputs), 1.0]


def fit(nodes: Sequence[Mapping[str, Any]]) -> Rates:
    """Fit the rates of each op to counted nodes: rows of op, features, cycles."""
    rates: Rates = {}
    for op in sorted({node["op"] for node in nodes}):
        own = [node for node in nodes if node["op"] == op]
        rates[op] = _non_negative(np.array([n["features"] for n in own]), np.array([n["cycles"] for n in own], float))
    middle = [float(np.median([row[i] for row in rates.values()])) for i in range(4)]
    return {**rates, UNKNOWN: middle}


def _non_negative(x: np.ndarray, y: np.ndarray) -> list[float]:
    """Return non-negative factors of least error, relative to the root of what was counted, so that neither the large
    nodes nor the small ones alone decide. Columns whose factor would be negative are left out in turn.
    """
    weight = 1 / np.sqrt(np.maximum(y, 1))
    kept = [i for i in range(x.shape[1]) if x[:, i].any()]
    while kept:
        found = np.linalg.lstsq(x[:, kept] * weight[:, None], y * weight, rcond=None)[0]
        if (found >= 0).all():
            factors = np.zeros(x.shape[1])
            factors[kept] = found
            return [float(f) for f in factors]
        kept.pop(int(np.argmin(found * x[:, kept].mean(axis=0))))
    return [0.0, 0.0, float(np.median(y))]


def stray(models: Sequence[Sequence[Mapping[str, Any]]]) -> Stray:
    """Leave each counted model out, estimate it from the others, and return how far that is from its count."""
    errors = []
    for i, left_out in enumerate(models):
        rates = fit([node for j, model in enumerate(models) if j != i for node in model])
        estimated = sum(_cycles(node["op"], node["features"], rates) for node in left_out)
        errors.append(abs(math.log(max(estimated, 1) / max(sum(n["cycles"] for n in left_out), 1))))
    return Stray(float(np.median(errors)), float(np.quantile(errors, 0.9)))


def _cycles(op: str, x: Sequence[float], rates: Rates) -> float:
    return float(np.dot(rates.get(op, rates[UNKNOWN]), x))


def table_text(fitted: Mapping[str, tuple[Rates, Stray, int]]) -> str:
    """Return the text of rates.toml."""
    lines = [
        "# SPDX-License-Identifier: MIT",
        "# What ops take on a core: cycles per MAC, per value read, per value written, and per node. Fitted by",
        "# tests/bench/rates.py to instructions counted under QEMU, times what cores.toml says they take.",
        "# median and most: how far models were off that the fit had not seen, as logarithms of ratios (`most`: nine",
        "# in ten). UNKNOWN is for ops that no counted model had.",
    ]
    for core, (rates, errors, models) in fitted.items():
        lines += ["", f"[{core}]", f"models = {models}", f"median = {errors.median:.3f}", f"most = {errors.most:.3f}"]
        lines += [f"{op} = [{', '.join(f'{factor:.4g}' for factor in row)}]" for op, row in rates.items()]
    return "\n".join(lines) + "\n"


@cache
def _table() -> dict[str, Any]:
    return read_toml(TABLE)


def _stand_in(core: str) -> str | None:
    """Return a core with rates that runs the same kernels, whose cycles only have to be scaled."""
    known = cores().get(core)
    if not isinstance(known, EmulatedCore):
        return None
    return next((name for name in _table() if cores()[name].simd == known.simd), None)


def estimate_cycles(file: File, board: Board) -> Cycles:
    """Estimate the cycles of a run of a .midge file on a board. Raises UserError for a core without rates."""
    core = board.core
    own = core if core in _table() else _stand_in(core)
    if own is None:
        raise UserError(f"no cycles are known for {cores()[core].title}; cores with rates: {', '.join(_table())}")
    row = _table()[own]
    scale = 1.0
    if own != core:
        mine, other = cores()[core], cores()[own]
        assert isinstance(mine, EmulatedCore)
        assert isinstance(other, EmulatedCore)
        scale = mine.cycles.scale / other.cycles.scale
    nodes = [(node.op.name, scale * _cycles(node.op.name, features(file, node), row)) for node in file.nodes]
    value = sum(cycles for _, cycles in nodes) + stall_cycles(board, 0, file.data_size)
    guesses = sum(cycles for op, cycles in nodes if op not in row)
    error = math.hypot(row["most"] / NORMAL_90, GUESS_ERROR * guesses / max(value, 1))
    return Cycles(value, error, False, tuple(sorted({op for op, _ in nodes if op not in row})))
