# SPDX-License-Identifier: MIT
"""Signatures of a .tflite file, and labels that are packed with it."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from midge import api
from midge.importers.tflite.writer import FlatGraph, FlatOperator, FlatTensor, model_bytes
from tests.support.command import printed, refusal


def graph(op: str, signature: str | None, *outputs: str) -> FlatGraph:
    tensors = [FlatTensor("x", (1, 3)), *(FlatTensor(name, (1, 3)) for name in outputs)]
    return FlatGraph(tensors, [FlatOperator(op, ["x"], [name]) for name in outputs], ["x"], list(outputs),
                     signature=signature)


TWO = model_bytes([graph("NEG", "infer", "first", "second"), graph("ABS", "other", "y")])


@pytest.fixture
def two(tmp_path: Path) -> Path:
    (tmp_path / "two.tflite").write_bytes(TWO)
    return tmp_path / "two.tflite"


def test_another_signature(two: Path) -> None:
    assert api.convert(two).run([[1.0, -2, 3]])[0].reshape(-1).tolist() == [-1, 2, -3]
    assert api.convert(two, signature="other").run([[1.0, -2, 3]]).reshape(-1).tolist() == [1, 2, 3]
    said = printed("convert", two, "-o", two.with_suffix(".midge"))
    assert "the signature 'infer' alone; --signature takes another: 'other'" in " ".join(said.split())
    assert "ABS" in printed("convert", two, "-o", two.with_suffix(".midge"), "--signature", "other")


def test_signatures_that_are_not_there(two: Path, tmp_path: Path) -> None:
    assert "no signature 'nix'; it has infer, other" in refusal("convert", two, "--signature", "nix")
    alone = tmp_path / "alone.tflite"
    alone.write_bytes(model_bytes(graph("NEG", None, "y")))
    assert "no signature 'nix'; it has none" in refusal("convert", alone, "--signature", "nix")


def packed(name: str, text: bytes) -> bytes:
    out = io.BytesIO(model_bytes(graph("SOFTMAX", None, "y")))
    out.seek(0, io.SEEK_END)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(name, text)
    return out.getvalue()


@pytest.mark.parametrize(("name", "text", "labels"), [
    ("labels.txt", b"\xef\xbb\xbfidle\r\nwing\r\nring\r\n", ["idle", "wing", "ring"]), ("two.txt", b"a\nb\n", []),
    ("labels.bin", b"a\nb\nc\n", []), ("labels.txt", b"\xff\xfe\x00", []), ("labels.txt", b"x" * (2 << 20), []),
])
def test_labels(name: str, text: bytes, labels: list[str], tmp_path: Path) -> None:
    assert api.convert(packed(name, text)).labels == labels
    assert api.convert(packed(name, text), labels=["1", "2", "3"]).labels == ["1", "2", "3"]


@pytest.mark.parametrize("cut", range(1, 90, 7))
def test_a_damaged_archive_means_no_labels(cut: int) -> None:
    data = packed("labels.txt", b"a\nb\nc\n")
    assert api.convert(data[:-cut] + bytes(cut)).labels in ([], ["a", "b", "c"])
