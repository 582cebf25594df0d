# SPDX-License-Identifier: MIT
"""The examples that look at pictures, unchanged, on a board whose camera shows what they are about."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import cycle, islice

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

import midge
from midge.api import ConvertedModel, convert
from tests.device.test_camera import DRIVER
from tests.device.test_sensor_examples import played
from tests.support.boards import Board
from tests.support.onnx_models import make, node
from tests.support.shots import made_picture, made_shape

NewBoard = Callable[..., Board]
HANDS = {"rock": "disc", "paper": "cross", "scissors": "bar"}  # which made shape stands for which hand
TALL, WIDE, ROLLS = 32, 20, 5  # of the meter
COUNTER = (60, 160)
CELL = 8  # pixels
SCENE = (48, 64)


def linear(x: np.ndarray, targets: np.ndarray, sharp: float, **options: object) -> ConvertedModel:
    """Return a linear network, fitted in closed form. x: uint8 [n, height, width]; targets: class numbers [n]."""
    rows, wanted = x.reshape(len(x), -1) / 255, np.eye(targets.max() + 1)[targets]
    mean = rows.mean(axis=0)
    rows, wanted = rows - mean, wanted - wanted.mean(axis=0)
    kernel = sharp * np.linalg.solve(rows.T @ rows + 2 * np.eye(rows.shape[1]), rows.T @ wanted)
    constants = {"w": np.float32(kernel), "b": np.float32(-mean @ kernel), "shape": np.array([1, -1], np.int64)}
    nodes = [node("Reshape", "x shape", "flat"), node("Gemm", "flat w b", "scores"), node("Softmax", "scores")]
    return convert(make(nodes, {"x": (1, *x.shape[1:], 1)}, constants), calibrate=np.float32(x[:200, ..., None] / 255),
                   camera=f"grey,{x.shape[2]}x{x.shape[1]}", **options)


def on_board(new_board: NewBoard, model: str, blob: bytes, pictures: np.ndarray) -> Board:
    """Return a board with a model and what its camera sees, uint8 [n, height, width]; waits take it no time."""
    board = new_board(romfs={**DRIVER, model: blob, "camera.bin": pictures.tobytes()})
    board.run("import qemu\nqemu.skip_waits(True)")
    return board


def hands() -> ConvertedModel:
    """A network that tells the hands of four makers."""
    rng, labels = np.random.default_rng(3), list(HANDS)
    x = np.stack([made_picture(HANDS[hand], maker, rng) for hand in labels for maker in range(4) for _ in range(150)])
    return linear(x, np.repeat(np.arange(3), 600), 12, labels=labels, name="hands")


def test_the_board_plays_rock_paper_scissors(new_board: NewBoard) -> None:
    """A hand counts once it stays, what changes all the time does not, and the winner follows from both hands."""
    rng, shown = np.random.default_rng(4), ["paper", "rock", None, "scissors", "rock"]
    games = [[hand] * 2 if hand else islice(cycle(HANDS), 13) for hand in shown]
    seen = np.stack([made_picture(HANDS[hand], 3, rng) for game in games for hand in game])
    out = played(on_board(new_board, "hands.midge", hands().blob, seen), "rock_paper_scissors.py", 60, until="won:")
    said = re.findall(r"(?:you (\w+), the board (\w+): (you|the board|nobody)|no hand)\r?$", out, re.MULTILINE)
    assert [yours or None for yours, _, _ in said] == shown, out
    beats = {("rock", "scissors"), ("scissors", "paper"), ("paper", "rock")}
    for yours, mine, winner in said:
        if yours:
            assert winner == ("nobody" if yours == mine else "you" if (yours, mine) in beats else "the board")


def roll(value: float, rng: np.random.Generator) -> np.ndarray:
    """Return what a roll shows, uint8 [TALL, WIDE]: 3.5 is half a 3 above half a 4."""
    strip = Image.new("L", (WIDE, 12 * TALL), 40)
    draw, font = ImageDraw.Draw(strip), ImageFont.load_default(26)
    for i in range(12):
        draw.text((WIDE / 2, (i + 0.5) * TALL), str((i - 1) % 10), 230, font, anchor="mm")
    top = round((value + 1) * TALL + rng.uniform(-0.5, 0.5))
    seen = np.asarray(strip, np.float64)[top:top + TALL]
    return np.asarray(np.clip(seen + rng.normal(0, 6, seen.shape), 0, 255), np.uint8)


def counter(reading: float, rng: np.random.Generator) -> np.ndarray:
    """Return the picture of a meter, whose rolls turn on while the next one goes from 9 to 0."""
    picture, part = np.full(COUNTER, 90, np.uint8), reading % 1
    for place in range(ROLLS):
        value = int(reading) // 10**place % 10 + part
        part = max(value - 9, 0)
        left = 10 + 28 * (ROLLS - 1 - place)
        picture[8:8 + TALL, left:left + WIDE] = roll(value, rng)
    return picture


def test_a_meter_is_read_while_it_turns(new_board: NewBoard) -> None:
    """What turns back or on by too much is told apart, and believed if the next picture goes on from it."""
    rng, values = np.random.default_rng(5), np.arange(100)
    x = np.stack([roll(value / 10, rng) for value in values for _ in range(6)])
    model = linear(x, np.repeat(values, 6), 40, labels=[f"{value / 10:.1f}" for value in values], name="roll")
    readings = [12345.4, 12999.5, 13000.4, 9876.3, 13009.7, 93009.8, 13010.2, 60000.3, 60001.1]
    board = on_board(new_board, "roll.midge", model.blob, np.stack([counter(r, rng) for r in readings]))
    out = played(board, "meter_reader.py", 60, until="6000.1")
    told = re.findall(r"(\d+\.\d|\[.*\] cannot follow \d+\.\d)\r?\n", out)
    assert [line for line in told if "cannot" not in line] == [
        "1234.5", "1299.9", "1300.0", "1300.9", "1301.0", "6000.1"], out
    assert len(told) == len(readings) and all(told[i].endswith(before) for i, before in (
        (3, "follow 1300.0"), (5, "follow 1300.9"), (7, "follow 1301.0"))), out


def cells() -> ConvertedModel:
    """A network that tells by how dark cells are what is in them: nothing, a bar, or a disc."""
    paper, ink = 200 / 255, 50 / 255
    dark = np.full((1, CELL, CELL), -1 / CELL**2 / (paper - ink))  # from 0, paper, to 1
    steep, bars, discs = 30, 0.25, 0.7  # from which darkness something is a bar, and a disc
    constants = {"w": np.float32([0 * dark, steep * dark, 2 * steep * dark]),
                 "b": np.float32([0, -bars, -bars - discs]) * np.float32(steep)
                 + np.float32([0, 1, 2]) * np.float32(steep * paper / (paper - ink))}
    nodes = [node("Transpose", "x", "planes", perm=[0, 3, 1, 2]), node("Conv", "planes w b", "c", strides=[CELL, CELL]),
             node("Transpose", "c", "scores", perm=[0, 2, 3, 1]), node("Softmax", "scores", axis=-1)]
    scenes = np.stack([scene({}, np.random.default_rng(i)) for i in range(20)] + [np.zeros(SCENE, np.uint8)])
    return convert(make(nodes, {"x": (1, *SCENE, 1)}, constants), calibrate=np.float32(scenes[..., None] / 255),
                   labels=["background", "red", "white"], camera=f"grey,{SCENE[1]}x{SCENE[0]}", decode="fomo")


def scene(things: dict[tuple[int, int], str], rng: np.random.Generator) -> np.ndarray:
    """Return a picture of things by the cell that they are in, uint8 SCENE."""
    pixels = rng.normal(200, 6, SCENE)
    for (row, column), kind in things.items():
        pixels[made_shape(kind, 6, ((row + 0.5) * CELL, (column + 0.5) * CELL), 0, SCENE)] = 50
    return np.asarray(np.clip(pixels, 0, 255), np.uint8)


def test_cells_are_counted_place_by_place(new_board: NewBoard) -> None:
    """What is in one picture of three alone is not counted, and the sums are of all places."""
    rng = np.random.default_rng(6)
    first = {(1, 1): "bar", (1, 5): "bar", (4, 3): "disc"}
    second = {(0, 0): "disc", (2, 4): "bar", (4, 1): "bar", (5, 6): "bar"}
    seen = [first, {**first, (4, 6): "disc"}, first, second, {}, second]
    board = on_board(new_board, "cells.midge", cells().blob, np.stack([scene(things, rng) for things in seen]))
    out = played(board, "cell_counter.py", 60, until="white:")
    assert "place 1: 2 red, 1 white" in out and "place 2: 3 red, 1 white" in out, out
    assert "red: 5 in all, 2.5 a place" in out


def test_answers_are_smoothed_from_picture_to_picture() -> None:
    """Scores follow by halves; what a gate holds back, and restart(), end that; boxes are refused."""
    rng, model = np.random.default_rng(7), midge.load(hands().blob)
    pictures = [made_picture(HANDS[hand], 1, rng).tobytes() for hand in ("rock", "rock", "paper", "paper")]

    class Camera:
        def __init__(self) -> None:
            self.left = list(pictures)

        def capture(self) -> bytes | None:
            return self.left.pop(0) if self.left else None

    plain = [answer.scores for answer in midge.watch(model, Camera())]
    smooth = [answer.scores for answer in midge.watch(model, Camera(), smoothing=0.5)]
    wanted = plain[0]
    for scores, seen in zip(smooth, plain, strict=True):
        wanted = [old + 0.5 * (new - old) for old, new in zip(wanted, seen, strict=True)]
        assert scores == pytest.approx(wanted)
    eye = midge.watch(model, Camera(), smoothing=0.5)
    next(eye), next(eye)
    eye.restart()
    assert next(eye).scores == plain[2]
    seen = iter([True, False, True, True])
    gated = midge.watch(model, Camera(), lambda picture: next(seen), 0.5)
    assert [answer.scores for answer in gated][:2] == [plain[0], plain[2]] and gated.skipped == 1
    with pytest.raises(ValueError, match="smoothing is 1, wanted 0 or more, less than 1"):
        midge.watch(model, Camera(), smoothing=1)
    with pytest.raises(ValueError, match="boxes are not smoothed"):
        midge.watch(midge.load(cells().blob), Camera(), smoothing=0.5)
