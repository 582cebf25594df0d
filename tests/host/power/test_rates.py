# SPDX-License-Identifier: MIT
"""Cycles from rates: the fit, its honest error, and cores that stand in for others."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest

from midge.convert.models import load_any
from midge.errors import UserError
from midge.fileformat.read import decode
from midge.power import rates
from midge.power.rates import UNKNOWN, estimate_cycles, features, fit, stray, table_text
from midge.targets.boards import load_board
from midge.targets.cores import read_toml
from midge.targets.power import TARGETS
from tests.bench.models import MODELS
from tests.bench.rates import COUNTED, COUNTS, count_one, fitted, text_of


def counted(rng: np.random.Generator, op: str, nodes: int, a: float, b: float) -> list[dict[str, object]]:
    found = []
    for _ in range(nodes):
        x = [float(rng.integers(100, 10_000)), float(rng.integers(10, 1000)), float(rng.integers(10, 1000)), 1.0]
        found.append({"op": op, "features": x, "cycles": a * x[0] + b * x[2] + 500})
    return found


def test_a_fit_finds_what_made_the_counts() -> None:
    nodes = counted(np.random.default_rng(3), "CONV_2D", 40, 1.5, 12)
    assert fit(nodes)["CONV_2D"] == pytest.approx([1.5, 0, 12, 500], rel=1e-3, abs=1e-2)


def test_no_factor_is_negative() -> None:
    nodes = counted(np.random.default_rng(3), "ADD", 30, 0.5, -0.4)
    assert min(fit(nodes)["ADD"]) >= 0


def test_errors_are_those_of_models_that_the_fit_has_not_seen() -> None:
    rng = np.random.default_rng(4)
    same = [counted(rng, "CONV_2D", 6, 1.5, 12) for _ in range(6)]
    assert stray(same).most < 1e-6
    odd = counted(rng, "CONV_2D", 6, 15, 120)  # ten times as much: seen or not, it cannot be guessed
    assert stray([*same, odd]).most > stray(same).most
    assert stray([*same, counted(rng, "OTHER", 6, 30, 1)]).most > 0.1


def test_the_table_is_what_the_fit_writes() -> None:
    nodes = counted(np.random.default_rng(5), "CONV_2D", 20, 1.5, 12)
    text = table_text({"cortex-m4": (fit(nodes), stray([nodes, nodes]), 2)})
    assert "[cortex-m4]\nmodels = 2\n" in text and re.search(r"CONV_2D = \[1\.5, \S+, 12, 500\]", text)


def test_the_table_of_the_repository_is_what_its_counts_give() -> None:
    rows = json.loads(COUNTS.read_text(encoding="utf-8"))
    assert text_of(rows) == COUNTS.read_text(encoding="utf-8")
    read, made = read_toml(TARGETS / "rates.toml"), fitted(rows)
    assert list(read) == list(made)
    for core, (factors, errors, models) in made.items():
        assert read[core]["models"] == models
        assert (read[core]["median"], read[core]["most"]) == pytest.approx((errors.median, errors.most), abs=1e-3)
        for op, row in factors.items():
            assert read[core][op] == pytest.approx(row, rel=1e-2, abs=1e-3), (core, op)


@pytest.mark.emulator
@pytest.mark.parametrize("core", COUNTED)
@pytest.mark.parametrize("model", ["wand", "add 16x16x16", "float conv 1x1 24x24x8 to 16"])
def test_the_counts_of_the_repository_are_those_of_today(model: str, core: str) -> None:
    rows = {(row["core"], row["model"]): row["nodes"] for row in json.loads(COUNTS.read_text(encoding="utf-8"))}
    counted, today = rows[core, model], count_one(MODELS[model](), core)
    assert [n["op"] for n in counted] == [n["op"] for n in today]
    assert sum(n["cycles"] for n in counted) == pytest.approx(sum(n["cycles"] for n in today), rel=0.03), (
        "python -m tests.bench.rates MODELS..., then --write")


def test_the_table_of_the_repository_says_how_far_it_strays() -> None:
    table = read_toml(TARGETS / "rates.toml")
    assert {"cortex-m4", "cortex-m0plus", "rv32"} <= set(table)
    for core, row in table.items():
        assert row["models"] >= 40 and math.expm1(row["median"]) < 0.2 and row["median"] < row["most"] < 0.8, core
        assert UNKNOWN in row


def test_a_core_stands_in_for_another_with_the_same_kernels(wand_tflite: Path) -> None:
    file = decode(load_any(wand_tflite, target="cortex-m33"))
    m4 = estimate_cycles(file, load_board("ADAFRUIT_ITSYBITSY_M4_EXPRESS"))
    m33 = estimate_cycles(file, load_board("RPI_PICO2"))
    lines = -(-file.data_size // 8)
    assert m33.value - 56 * lines == pytest.approx(0.834 * m4.value, rel=0.1)
    with pytest.raises(UserError, match="no cycles are known for ESP32"):
        estimate_cycles(file, load_board("ESP32_GENERIC"))


def test_an_op_that_was_never_counted_widens_the_interval(
    monkeypatch: pytest.MonkeyPatch, wand_tflite: Path
) -> None:
    file, board = decode(load_any(wand_tflite, target="cortex-m4")), load_board("NUCLEO_F446RE")
    known = estimate_cycles(file, board)
    table = {core: {op: row for op, row in rows.items() if op != "CONV_2D"}
             for core, rows in read_toml(TARGETS / "rates.toml").items()}
    monkeypatch.setattr(rates, "_table", lambda: table)
    unknown = estimate_cycles(file, board)
    assert known.guessed == () and unknown.guessed == ("CONV_2D",)
    assert unknown.error > known.error > 0


def test_features_are_macs_and_values(wand_tflite: Path) -> None:
    file = decode(load_any(wand_tflite))
    node = file.nodes[0]
    x = features(file, node)
    assert x[0] == node.macs and x[3] == 1
    assert x[2] == math.prod(file.tensors[node.outputs[0]].shape)
