# SPDX-License-Identifier: MIT
"""The search for the cheapest quantisation that is good enough."""

from __future__ import annotations

import pytest

from midge.convert.pipeline import convert_graph
from midge.errors import UserError
from midge.importers import read_model
from midge.quantize import Options, Quantizer, quantize
from midge.quantize.search import Budget, search
from tests.support.quant_models import outputs, samples, small_cnn


def test_search_takes_the_cheapest_that_is_good_enough() -> None:
    x = samples()

    def run(budget: Budget, options: Options | None = None) -> tuple[list[dict[str, object]], float]:
        quantizer = Quantizer(read_model(small_cnn(uneven=500.0)), [x])
        base = options or Options("minmax", equalize=False)
        done, _ = search(quantizer, base, budget, lambda g: convert_graph(g, [], "t", 0))
        return done.report.tried, done.report.sqnr_db

    tried, _ = run(Budget(min_sqnr=5.0))
    assert [t["step"] for t in tried] == ["int8"]
    tried, level = run(Budget(min_sqnr=45.0))
    assert len(tried) > 1 and tried[-1]["chosen"] and level >= 45.0
    narrow = int(tried[0]["arena_bytes"])  # type: ignore[call-overload]
    tried, _ = run(Budget(max_arena=narrow))
    assert next(t for t in tried if t["chosen"])["step"] == "int8"
    with pytest.raises(UserError, match="nothing keeps to the budget; best is .* dB"):
        run(Budget(min_sqnr=45.0, max_arena=narrow))
    with pytest.raises(UserError, match="needs labelled samples"):
        run(Budget(max_drop=1.0))


def test_wide_layers() -> None:
    x = samples()
    done = quantize(read_model(small_cnn()), [x], Options("minmax", wide=("d",)))
    dtypes = {n.name: n.outputs[0].dtype for n in done.graph.nodes if n.op != "QUANTIZE"}
    assert dtypes["d"] == dtypes["y"] == "int16" and dtypes["c"] == "int8"
    assert outputs(done.graph, x).shape == (64, 1, 3)
    with pytest.raises(UserError, match="has no layer 'nosuch'"):
        quantize(read_model(small_cnn()), [x], Options(wide=("nosuch",)))
