# SPDX-License-Identifier: MIT
"""Signatures of a .tflite file, and labels and units that are packed with it."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest
from PIL import Image

from midge import api
from midge.errors import UserError
from midge.fileformat.read import decode
from midge.graph import Graph, Quantization, Tensor
from midge.importers.tflite import importer
from midge.importers.tflite.metadata import units_in
from midge.importers.tflite.writer import FlatGraph, FlatOperator, FlatTensor, model_bytes
from midge.samples.datasets import read_dataset, read_vectors
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


class Packed:
    """A model with metadata, as the generated classes of the schema show it: a first input, normalised."""

    def __init__(self, mean: list[float], deviation: list[float], damage: int = 0) -> None:
        b = flatbuffers.Builder(256)
        vectors = [b.CreateNumpyVector(np.array(v, np.float32)) for v in (mean, deviation)]
        options = table(b, 2, {0: vectors[0], 1: vectors[1]})
        b.StartObject(2)
        b.PrependUint8Slot(0, 1, 0)
        b.PrependUOffsetTRelativeSlot(1, options, 0)
        unit = b.EndObject()
        tensor = table(b, 7, {4: listed(b, unit)})
        graph = table(b, 8, {2: listed(b, tensor)})
        b.Finish(table(b, 8, {3: listed(b, graph)}))
        self.blob = bytes(b.Output())[damage:]

    def MetadataLength(self) -> int:
        return 1

    def Metadata(self, i: int) -> Packed:
        return self

    def Buffers(self, i: int) -> Packed:
        return self

    def Buffer(self) -> int:
        return 0

    def Name(self) -> bytes:
        return b"TFLITE_METADATA"

    def DataAsNumpy(self) -> np.ndarray:
        return np.frombuffer(self.blob, np.uint8)


def table(b: Any, fields: int, values: dict[int, int]) -> int:
    b.StartObject(fields)
    for slot, value in values.items():
        b.PrependUOffsetTRelativeSlot(slot, value, 0)
    return int(b.EndObject())


def listed(b: Any, item: int) -> int:
    b.StartVector(4, 1, 4)
    b.PrependUOffsetTRelative(item)
    return int(b.EndVector())


FLOAT, QUANTISED = Tensor("x", (1, 8, 8, 3), "float32"), Tensor(
    "x", (1, 8, 8, 3), "uint8", Quantization(np.array([1 / 128], np.float32), np.array([128])))


@pytest.mark.parametrize(("mean", "deviation", "x", "units"), [
    ([127.5], [127.5], FLOAT, "-1..1"), ([127.5], [127.5], QUANTISED, "-1..1"), ([0], [255], FLOAT, "0..1"),
    ([0], [1], FLOAT, "0..255"), ([0], [1], QUANTISED, ""),  # out of its range: raw pixels are meant
    ([123.7, 116.3, 103.5], [58.4, 57.1, 57.4], FLOAT, "mean 123.7,116.3,103.5 std 58.4,57.1,57.4"),
    ([1, 2], [1], FLOAT, ""), ([1], [0], FLOAT, ""), ([float("nan")], [1], FLOAT, ""), ([], [], FLOAT, ""),
])
def test_units_of_pictures(mean: list[float], deviation: list[float], x: Tensor, units: str) -> None:
    assert units_in(Packed(mean, deviation), Graph("m", [x], [], [])) == units


def test_damaged_metadata_are_none() -> None:
    for damage in range(1, 60):
        assert units_in(Packed([0], [255], damage), Graph("m", [FLOAT], [], [])) in ("", "0..1")


def test_pictures_are_read_in_the_units_of_the_file(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        Image.new("RGB", (8, 8), (255, 0, 128)).save(tmp_path / name / "a.png")
    for read in (read_vectors, read_dataset):
        found = read(tmp_path, [FLOAT], pixels="mean 127.5,0,128 std 127.5,1,64")
        values = found[0] if isinstance(found, list) else found.inputs[0]
        np.testing.assert_allclose(np.reshape(values, (-1, 3))[0], [1, 0, 0], atol=1e-6)
        with pytest.raises(UserError, match="pixels in units of mean 1 std 0"):
            read(tmp_path, [FLOAT], pixels="mean 1 std 0")


def test_units_stay_with_the_converted_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importer, "units_in", lambda model, graph: "0..1")
    path = tmp_path / "m.midge"
    api.convert(model_bytes(graph("NEG", None, "y"))).save(path)
    assert decode(path.read_bytes()).metadata["picture.units"] == "0..1"
    assert "as 0..1" in printed("inspect", path)
