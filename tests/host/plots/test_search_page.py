# SPDX-License-Identifier: MIT
"""What a search found, as a part of the report's page."""

from __future__ import annotations

from midge.plots.search_page import search_section
from midge.train.judgement import Share
from midge.train.recipe import Options
from midge.train.search import Point, Search


def test_every_way_is_drawn_and_listed() -> None:
    points = [Point(Options(head=head), 1.0, Share(9, 10, 10), {"a": right, "b": 1.0}, 4000, 900, 7000, cost)
              for head, right, cost in (("ridge", 0.8, 50_000), ("dense", 0.8, 60_000), ("cnn", 1.0, 300_000))]
    text = search_section(Search(points, points[0], 0.875, {"ridge, moments, 9.00 s": "takes are <short>"}))
    assert text.count("<circle") == 3 and text.count("<tr") == 4
    assert "cnn, auto, 1.00 s: 100.0%, 300,000 instructions" in text
    assert "<b>cnn</b>" in text and "<b>dense</b>" not in text  # the front
    assert "87.5% right" in text and "takes are &lt;short&gt;" in text
