# SPDX-License-Identifier: MIT
"""What learners save, read on a PC: judged, merged, and refused where it is damaged or of another network."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import midge
from midge.convert.pipeline import convert_graph
from midge.errors import UserError
from midge.evaluate.few_shots import Examples, few_shots
from midge.graph import Quantization, Tensor
from midge.graph.builder import Builder
from midge.train.taught import Taught, load_taught, merge, newest, read_taught, report
from tests.support.command import midge as command
from tests.support.command import refusal

VALUES = 8


def network(others: np.ndarray | None = None) -> bytes:
    """A network whose rows are its inputs, int8."""
    build = Builder("rows")
    same = Quantization(np.array([1.0], np.float32), np.array([0], np.int64))
    x = Tensor("row", (1, VALUES), "int8", same)
    graph = build.graph([x], [build.add("ABS", [x], x.shape, "same", "int8", same)])
    graph.others = others
    return convert_graph(graph, [], "rows", 0).blob


def rows(axis: int, count: int, seed: int, spread: float = 6) -> np.ndarray:
    """Rows around 60 along one axis."""
    found = np.random.default_rng(seed).normal(20, spread, (count, VALUES))
    found[:, axis] += 50
    return found.clip(0, 127).astype(np.int8)


def saved(path: Path, axes: dict[str, tuple[int, int]], count: int = 4) -> Path:
    """What a learner saves that was taught rows of classes: an axis and a seed each."""
    learner = midge.Learner(midge.load(network()), str(path))
    for label, (axis, seed) in axes.items():
        for row in rows(axis, count, seed):
            learner.add(label, row.tobytes())
    learner.save()
    return path


def test_what_is_saved_is_read_and_written_alike(tmp_path: Path) -> None:
    path = saved(tmp_path / "ann", {"up": (0, 1), "größer": (1, 2)})
    found = load_taught(path)
    assert list(found.classes) == ["up", "größer"] and found.rows == 8 and found.generation == 1
    assert found.blob == (tmp_path / "ann.1").read_bytes()
    again = saved(path, {"down": (2, 3)})
    assert list(load_taught(again).classes) == ["up", "größer", "down"] and load_taught(again).generation == 2


def test_damaged_files(tmp_path: Path) -> None:
    path = saved(tmp_path / "ann", {"up": (0, 1)})
    whole = (tmp_path / "ann.1").read_bytes()
    older = saved(tmp_path / "old", {"up": (0, 2)})
    assert newest([whole[:-1], (tmp_path / "old.1").read_bytes()], "x").classes == load_taught(older).classes
    for end in range(len(whole)):
        with pytest.raises(UserError, match="not what a learner saves" if end < 4 else "cut short or damaged"):
            read_taught(whole[:end], "x")
    for at in range(len(whole)):
        with pytest.raises(UserError):
            read_taught(whole[:at] + bytes([whole[at] ^ 64]) + whole[at + 1:], "x")
    rng = np.random.default_rng(0)
    for _ in range(500):  # what has a checksum all the same
        body = bytearray(whole[:-4])
        for at in rng.integers(4, len(body), 3):
            body[at] = rng.integers(256)
        try:
            found = read_taught(bytes(body) + struct.pack("<I", zlib.crc32(body)), "x")
        except UserError:
            continue
        assert all(len(row) == found.width for own in found.classes.values() for row in own)
    with pytest.raises(UserError, match=r"no such file, and no bob.0 or bob.1"):
        load_taught(tmp_path / "bob")
    (tmp_path / "ann.1").unlink()
    with pytest.raises(UserError, match="no such file"):
        load_taught(path)


def test_heads_of_several_boards_are_merged(tmp_path: Path) -> None:
    ann = load_taught(saved(tmp_path / "ann", {"up": (0, 1), "left": (1, 2)}))
    bob = load_taught(saved(tmp_path / "bob", {"up": (0, 3), "right": (2, 4)}))
    both = merge([ann, bob])
    assert {label: len(own) for label, own in both.classes.items()} == {"up": 8, "left": 4, "right": 4}
    assert merge([ann, bob, ann]).rows == both.rows and read_taught(both.blob, "both").classes == both.classes
    few = merge([ann, bob], most=3)
    assert few.classes["up"][-1] == ann.classes["up"][-1] and bob.classes["up"][-1] in few.classes["up"]
    liar = Taught("liar", 1, ann.network, ann.width, {"down": ann.classes["up"][:1]})
    with pytest.raises(UserError, match="liar: a take of 'down' is one of 'up' in "):
        merge([ann, liar])
    with pytest.raises(UserError, match="another network than"):
        merge([ann, Taught("else", 1, ann.network + 1, ann.width, {})])


def test_a_head_is_judged_by_leaving_out(tmp_path: Path) -> None:
    others = np.random.default_rng(5).integers(0, 60, (64, VALUES)).astype(np.int8)
    good = load_taught(saved(tmp_path / "ann", {"up": (0, 1), "left": (1, 2), "right": (2, 3)}))
    found = report(good, network(others))
    assert found.right.value >= 0.8 and found.others.count == 64 and found.others.value <= 0.1
    bad = load_taught(saved(tmp_path / "bob", {"up": (0, 1), "down": (0, 2)}))
    assert report(bad, network(others)).right.value <= 0.6  # the same thing under two names
    with pytest.raises(UserError, match="another network"):
        report(Taught("x", 1, 7, VALUES, good.classes), network())
    with pytest.raises(UserError, match="nothing was taught"):
        report(Taught("x", 1, 7, VALUES, {}), network())


def test_the_command(tmp_path: Path) -> None:
    (tmp_path / "net.midge").write_bytes(network())
    ann, bob = (str(saved(tmp_path / name, {"up": (0, seed), name: (seed, seed)}))
                for name, seed in (("ann", 1), ("bob", 2)))
    both, net = str(tmp_path / "both"), str(tmp_path / "net.midge")
    done = command("learner", "merge", ann, bob, "-o", both, "--json")
    assert json.loads(done.stdout)["classes"] == {"up": 8, "ann": 4, "bob": 4}
    facts = json.loads(command("learner", "evaluate", both, net, "--json").stdout)
    assert facts["right"]["count"] == 16 and [c["name"] for c in facts["classes"]] == ["up", "ann", "bob"]
    assert "not what a learner saves" in refusal("learner", "evaluate", net, net)
    assert "no such file" in refusal("learner", "merge", str(tmp_path / "eve"), "-o", both)


def test_the_command_refuses_what_is_damaged_or_does_not_fit(tmp_path: Path) -> None:
    """Each with one line, and what was there before stays."""
    saved(tmp_path / "ann", {"up": (0, 1), "left": (1, 2)})
    whole = (tmp_path / "ann.1").read_bytes()
    ann, net, out = tmp_path / "ann.1", tmp_path / "net.midge", tmp_path / "both"
    net.write_bytes(network())
    out.write_bytes(whole)
    for name, data in {"cut": whole[:-9], "empty": b"", "longer": whole + b"x"}.items():
        (tmp_path / name).write_bytes(data)
        wanted = "not what a learner saves" if not data else "cut short or damaged"
        for asked in (["evaluate", tmp_path / name, net], ["merge", ann, tmp_path / name, "-o", out],
                      ["push", tmp_path / name, "/mine", "--port", "nowhere"]):
            assert wanted in refusal("learner", *asked)
    taught = load_taught(ann)
    (tmp_path / "other").write_bytes(replace(taught, network=taught.network ^ 1).blob)
    assert "another network" in refusal("learner", "evaluate", tmp_path / "other", net)
    assert "another network" in refusal("learner", "merge", ann, tmp_path / "other", "-o", out)
    (tmp_path / "liar").write_bytes(replace(taught, classes={"down": taught.classes["up"]}).blob)
    assert "a take of 'down' is one of 'up' in " in refusal("learner", "merge", ann, tmp_path / "liar", "-o", out)
    many = {f"class {i}": [bytes([i] * VALUES)] for i in range(64)}
    (tmp_path / "many").write_bytes(replace(taught, classes=many).blob)
    assert "66 classes in all" in refusal("learner", "merge", ann, tmp_path / "many", "-o", out)
    assert "no such file" in refusal("learner", "evaluate", ann, tmp_path / "no.midge").lower()
    assert out.read_bytes() == whole
    done = command("learner", "merge", *[ann] * 10, "-o", out, "--json")
    assert json.loads(done.stdout)["classes"] == {"up": 4, "left": 4}  # the same takes ten times count once


def examples(people: int) -> Examples:
    """Three classes by some people, two rows each."""
    parts = [(label, person, row) for axis, label in enumerate("abc") for person in range(people)
             for row in rows(axis, 2, 100 * axis + person, 9)]
    return Examples(np.stack([row for _, _, row in parts]), [label for label, _, _ in parts],
                    [str(person) for _, person, _ in parts])


def test_whoever_teaches_is_not_asked() -> None:
    others = np.random.default_rng(6).integers(0, 60, (64, VALUES)).astype(np.int8)
    model: Any = midge.load(network(others))
    found = few_shots(model, examples(8), 5, seeds=3)
    assert found is not None and found.asked == 3 * 3 * 2  # three people who taught nothing say three things twice
    assert found.closed.value >= 0.9 and found.closed.low <= found.closed.value <= found.closed.high
    assert 0 <= found.own_false.value <= 0.3 and found.open_recall.value >= 0.5
    assert few_shots(model, examples(5), 5, seeds=3) is None
