# SPDX-License-Identifier: MIT
"""`midge examples`: each program comes with what it needs, or says what it does not bring."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from midge import load
from midge.cli.main import cli
from midge.errors import UserError
from midge.link.examples import Example, all_examples, find_example, write_example

# What comes with a board's MicroPython, and with Midge.
ON_A_BOARD = {"array", "machine", "math", "midge", "os", "random", "time"}


def imported(content: bytes) -> set[str]:
    nodes = list(ast.walk(ast.parse(content)))
    names = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)} | {
        name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("example", all_examples(), ids=lambda example: example.name)
def test_nothing_is_missing_that_is_not_told(example: Example) -> None:
    files = example.files()
    assert imported(files[f"{example.name}.py"]) <= ON_A_BOARD | {Path(name).stem for name in files}
    assert all(name in example.text for name in example.lacks if name.endswith(".midge"))
    assert example.does.endswith(".") and example.kind


def test_the_model_of_words_comes_with_its_example() -> None:
    files = find_example("teach_word").files()
    assert list(files) == ["microphone.py", "i2s_microphone.py", "words.midge", "teach_word.py"]
    assert files["words.midge"].startswith(b"MIDG") and find_example("teach_word").lacks == []


def test_the_pictures_of_digits_are_read_as_told() -> None:
    """Ten that are read right, then five that are not."""
    files = find_example("digits").files()
    model, pictures = load(files["digits.midge"]), np.frombuffer(files["digits.bin"], np.uint8).reshape(-1, 65)
    said = [int(model(picture[:64] / 16).label) for picture in pictures]
    right = [digit == int(picture[64]) for digit, picture in zip(said, pictures, strict=True)]
    assert said[:10] == list(range(10)) and right == [True] * 10 + [False] * 5


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "wand.midge").write_bytes(b"mine")
    with pytest.raises(UserError, match=r"wand\.midge: is there already; name another folder"):
        write_example(find_example("wand"), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["wand.midge"]


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    listed = json.loads(runner.invoke(cli, ["examples", "--json"]).stdout)
    assert {row["name"] for row in listed} == {example.name for example in all_examples()}
    said = runner.invoke(cli, ["examples", "wand"])
    assert said.exit_code == 0 and "midge examples wand --upload" in said.stdout
    assert {path.name for path in Path("wand").iterdir()} >= {"wand.py", "wand.midge", "lsm9ds1.py", "fifo_sensor.py"}
    with pytest.raises(UserError, match="no example wnad; did you mean wand"):
        runner.invoke(cli, ["examples", "wnad"], catch_exceptions=False)
    assert runner.invoke(cli, ["examples", "wand", "--to", "x", "--upload"]).exit_code == 2
