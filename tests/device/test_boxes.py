# SPDX-License-Identifier: MIT
"""Boxes by anchors, and of YOLO, on a board: the bits of the PC, and what a program sees of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import midge
from midge.convert.camera import put_decoder
from midge.convert.pipeline import convert_graph
from midge.link.transport import open_board
from midge.link.verify import replay, vectors
from tests.support.boards import Board
from tests.support.heads import network, yolo_network

NewBoard = Callable[..., Board]


@pytest.mark.parametrize("how", ["ssd", "blazeface", "yolo"])
def test_a_board_finds_the_boxes_of_the_pc_to_the_bit(new_board: NewBoard, how: str) -> None:
    classes = 3 if how == "ssd" else 1
    names = ["cup", "cat"] if how == "ssd" else ["face"]
    heads = yolo_network("columns", classes) if how == "yolo" else network(how, classes, 1)
    graph, labels = put_decoder(heads, how, names, "n", threshold=0.6)
    blob = convert_graph(graph, labels, "n", 0).blob
    image = np.random.default_rng(2).normal(0, 1, heads.inputs[0].shape[1:]).astype(np.float32)
    board = new_board(romfs={"n.midge": blob, "x.bin": image.tobytes()})
    with open_board(board.port) as link:
        result = replay(link, blob, "/rom/n.midge", vectors(blob, None, 4), lambda _: None)
    assert (result.runs, result.compared) == (4, 4 * 388) and not result.differences
    out = board.run("""
import midge
from array import array
model = midge.load("/rom/n.midge")
for box in model(array("f", open("/rom/x.bin", "rb").read())).boxes:
    print(*box)
""", timeout_s=60)
    here = midge.Model(blob)(image).boxes
    assert len(here) > 2
    assert [line.split()[0] for line in out.splitlines()] == [box.label for box in here]
    assert [[int(v) for v in line.split()[2:]] for line in out.splitlines()] == [list(box[2:]) for box in here]
