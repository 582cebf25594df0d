# SPDX-License-Identifier: MIT
"""What midge run and midge verify take as inputs: recordings of any shape that comes out even."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from midge.cli.run import run
from midge.convert.pipeline import convert_model
from midge.errors import UserError
from midge.fileformat.read import FileTensor
from midge.link.verify import vectors
from midge.samples.datasets import read_vectors

WINDOW = FileTensor("int8", (1, 4, 2), 0, 0, 8, "window", 0.5, 1)
IMAGE = FileTensor("float32", (1, 2, 4, 3), 0, 0, 96, "image", 0.0, 0)
LEVEL = FileTensor("float32", (2,), 0, 0, 8, "level", 0.0, 0)


def saved(path: Path, *arrays: np.ndarray, **named: np.ndarray) -> Path:
    if path.suffix == ".npy":
        np.save(path, arrays[0])
    else:
        np.savez(path, *arrays, **named)
    return path


@pytest.mark.parametrize(("shape", "runs"), [((8,), 1), ((4, 2), 1), ((24,), 3), ((12, 2), 3), ((3, 4, 2), 3),
                                             ((3, 1, 4, 2), 3), ((2, 8), 2)], ids=str)
def test_a_recording_is_cut_into_runs(tmp_path: Path, shape: tuple[int, ...], runs: int) -> None:
    values = np.arange(np.prod(shape), dtype=np.int16).reshape(shape)
    (found,) = read_vectors(saved(tmp_path / "x.npy", values), [WINDOW])
    assert found.shape == (runs, 1, 4, 2) and found.dtype == np.int16
    assert found.reshape(-1).tolist() == values.reshape(-1).tolist()


@pytest.mark.parametrize("shape", [(1, 4), (4,), (1, 1, 4)], ids=str)
@pytest.mark.parametrize("given", [(4,), (8,), (2, 4), (1, 4), (4, 1)], ids=str)
def test_values_in_a_row(tmp_path: Path, shape: tuple[int, ...], given: tuple[int, ...]) -> None:
    values = np.arange(np.prod(given), dtype=np.float32).reshape(given)
    row = FileTensor("float32", shape, 0, 0, 16, "row", 0.0, 0)
    (found,) = read_vectors(saved(tmp_path / "x.npy", values), [row])
    assert found.shape == (values.size // 4, *shape) and found.reshape(-1).tolist() == values.reshape(-1).tolist()


def test_tables_with_and_without_names(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    for head in ("", "x,y\n", "# x,y\n"):
        path.write_text(head + "1,2\n3,4\n5,6\n7,8.5\n")
        (found,) = read_vectors(path, [WINDOW])
        assert found.reshape(-1).tolist() == [1, 2, 3, 4, 5, 6, 7, 8.5]


def test_which_array_of_an_archive(tmp_path: Path) -> None:
    ones, twos, labels = np.ones((3, 4, 2)), np.full((2, 4, 2), 2.0), np.zeros(3)
    for arrays, first in (
        ({"only": ones}, 1), ({"a": ones, "b": twos}, 1), ({"a": ones, "x": twos}, 2), ({"y": labels, "b": twos}, 2),
        ({"a": np.zeros((5, 3)), "b": twos}, 2), ({"a": np.ones(16), "b": np.full(24, 2.0)}, 1),
    ):
        (found,) = read_vectors(saved(tmp_path / "x.npz", **arrays), [WINDOW])
        assert found.flat[0] == first, arrays
    (found,) = read_vectors(f"{saved(tmp_path / 'x.npz', a=ones, b=twos)}:b", [WINDOW])
    assert found.flat[0] == 2


def test_pictures_with_channels_first_and_values_that_are_no_numbers(tmp_path: Path) -> None:
    image = np.arange(24, dtype=np.float32).reshape(1, 3, 2, 4)
    image[0, 0, 0, 0] = np.nan
    (found,) = read_vectors(saved(tmp_path / "x.npy", image), [IMAGE])
    np.testing.assert_array_equal(found[0], np.moveaxis(image, 1, -1))


def test_several_inputs_by_name(tmp_path: Path) -> None:
    path = saved(tmp_path / "x.npz", window=np.ones((3, 4, 2)), level=np.zeros((3, 2)))
    assert [x.shape for x in read_vectors(path, [WINDOW, LEVEL])] == [(3, 1, 4, 2), (3, 2)]
    saved(path, window=np.ones((3, 4, 2)), level=np.zeros((2, 2)))
    with pytest.raises(UserError, match="3 and 2 samples for the inputs; give each the same number"):
        read_vectors(path, [WINDOW, LEVEL])
    with pytest.raises(UserError, match="the model has the inputs window, level; name the arrays so"):
        read_vectors(saved(path, np.ones(8)), [WINDOW, LEVEL])


@pytest.mark.parametrize("values", [np.zeros(7), np.zeros((0, 8)), np.array(["a"] * 8)], ids=["odd", "none", "words"])
def test_what_does_not_come_out_even(tmp_path: Path, values: np.ndarray) -> None:
    with pytest.raises(UserError, match=r"holds \d values of .*; the model wants 8 numbers per run"):
        read_vectors(saved(tmp_path / "x.npy", values), [WINDOW])


def test_run_takes_a_recording(wand_tflite: Path, tmp_path: Path) -> None:
    recording = next((wand_tflite.parent / "samples" / "wing").glob("*.csv"))
    twice = tmp_path / "twice.csv"
    twice.write_text(recording.read_text() + recording.read_text().partition("\n")[2])
    done = CliRunner().invoke(run, [str(wand_tflite), str(twice), "--json"], catch_exceptions=False)
    assert [answer["score"] for answer in json.loads(done.output)] == [pytest.approx(0.996, abs=1e-3)] * 2
    assert "2 runs, " in CliRunner().invoke(run, [str(wand_tflite), str(twice)]).output


def test_verify_takes_codes_as_they_are_and_quantises_reals(wand_tflite: Path, tmp_path: Path) -> None:
    blob = convert_model(wand_tflite).blob  # samples int8 [1, 96, 1, 3], scale 0.03125, zero point 0
    codes = np.random.default_rng(0).integers(-128, 128, (2, 96, 3)).astype(np.int8)
    path = saved(tmp_path / "x.npy", codes)
    assert vectors(blob, path, 12) == [[codes[0].tobytes()], [codes[1].tobytes()]]
    saved(path, codes.astype(np.float32) * np.float32(0.03125))
    assert vectors(blob, path, 12) == [[codes[0].tobytes()], [codes[1].tobytes()]]
    saved(path, np.full(288, 1e6))
    assert vectors(blob, path, 12) == [[b"\x7f" * 288]]
