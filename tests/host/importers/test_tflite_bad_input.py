# SPDX-License-Identifier: MIT
"""Bytes from outside are hostile: a damaged .tflite file is refused in one clear message, or converts to a
file that the core accepts. HYPOTHESIS_PROFILE=long mutates 10,000 files instead of 400 and others each time."""

import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from midge.convert.pipeline import convert_model
from midge.core.binding import check_file
from midge.errors import UnsupportedModel, UserError
from midge.importers.tflite import writer as tflite_writer
from tests.support.mutation import LONG, MUTATIONS, mutate


def assert_clean(data: bytes, what: str) -> None:
    try:
        blob = convert_model(data, name="mutant").blob
    except UserError as error:
        text = str(error)
        assert text, what
        assert isinstance(error, UnsupportedModel) or "\n" not in text, what
    except Exception as error:
        raise AssertionError(what) from error
    else:
        check_file(blob, what)


@pytest.mark.parametrize("seed", range(4))
def test_mutations_of_the_wand(wand_tflite: Path, seed: int) -> None:
    rng, data = random.Random(seed), wand_tflite.read_bytes()
    for i in range(MUTATIONS // 4):
        assert_clean(mutate(data, rng), f"seed {seed}, mutation {i}")


def test_mutations_of_real_models(shared: Path) -> None:
    files = [p for p in sorted(shared.rglob("*.tflite")) if p.stat().st_size < 60_000]
    start = random.randrange(2**32) if LONG else 7
    for i in range(MUTATIONS):
        rng = random.Random(f"{start} {i}")
        path = rng.choice(files)
        assert_clean(mutate(path.read_bytes(), rng), f"{path}, mutated by Random('{start} {i}')")


def test_every_truncation_step(wand_tflite: Path) -> None:
    data = wand_tflite.read_bytes()
    for end in range(0, len(data), 97):
        assert_clean(data[:end], f"cut at {end}")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("0_subgraphs", "no graph"),
        ("empty_model", "no operators"),
        ("two_subgraphs", "no operators"),
        ("custom_sinh", "CUSTOM:Sinh"),
        ("testconv1-edgetpu", "CUSTOM:edgetpu-custom-op"),
        ("test_custom_node_with_init_data", "CUSTOM:the_custom_code"),
        ("whitespace_tokenizer_to_tensor", "CUSTOM:tftext:WhitespaceTokenizer"),
        ("model_invoking_error", "which is not there"),
    ],
)
def test_negative_models_are_refused_by_name(shared: Path, name: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        convert_model(shared / "models/negative" / f"{name}.tflite")


def test_all_unsupported_ops_are_named_at_once() -> None:
    tensors = [tflite_writer.FlatTensor(name, (1, 4), "int8", scale=0.5) for name in ("x", "a", "b", "y")]
    operators = [
        tflite_writer.FlatOperator("CUSTOM:Sinh", ["x"], ["a"]),
        tflite_writer.FlatOperator("RELU", ["a"], ["b"]),
        tflite_writer.FlatOperator("CUSTOM:Cosh", ["b"], ["y"]),
    ]
    data = tflite_writer.model_bytes(tflite_writer.FlatGraph(tensors, operators, ["x"], ["y"]))
    with pytest.raises(UnsupportedModel) as refusal:
        convert_model(data)
    assert [(op, layer) for op, layer, _ in refusal.value.items] == [("CUSTOM:Sinh", "a"), ("CUSTOM:Cosh", "y")]
    assert "CUSTOM:Sinh (1x, first 'a')" in str(refusal.value) and "CUSTOM:Cosh" in str(refusal.value)


def test_a_missing_file() -> None:
    with pytest.raises(UserError, match="No such file or directory; check the path"):
        convert_model("nowhere.tflite")


def test_a_foreign_file() -> None:
    with pytest.raises(UserError, match="not a .tflite file"):
        convert_model(b"\x89PNG\r\n\x1a\n" * 10)


def dense(**changes: object) -> bytes:
    """A layer y = x w + b, some of its tensors changed: x=dict(shape=...)."""
    tensors = {
        "x": {"shape": (1, 4), "dtype": "int8", "scale": 0.5},
        "w": {"data": np.ones((2, 4), np.int8), "scale": 0.5},
        "b": {"data": np.ones(2, np.int32), "scale": 0.25},
        "y": {"shape": (1, 2), "dtype": "int8", "scale": 0.5},
    }
    for name, change in changes.items():
        tensors[name] |= change  # type: ignore[operator]
    operator = tflite_writer.FlatOperator("FULLY_CONNECTED", ["x", "w", "b"], ["y"], {}, 4)
    made = [tflite_writer.FlatTensor(name, **fields) for name, fields in tensors.items()]  # type: ignore[arg-type]
    return tflite_writer.model_bytes(tflite_writer.FlatGraph(made, [operator], ["x"], ["y"]))


def circle() -> bytes:
    tensors = [tflite_writer.FlatTensor(name, (1, 4), "int8", scale=0.5) for name in "xab"]
    operators = [tflite_writer.FlatOperator("ADD", ["x", "b"], ["a"]), tflite_writer.FlatOperator("RELU", ["a"], ["b"])]
    return tflite_writer.model_bytes(tflite_writer.FlatGraph(tensors, operators, ["x"], ["b"]))


def empty_slice() -> bytes:
    """A slice of nothing into nothing, of which the lengths were asked."""
    ends = [tflite_writer.FlatTensor(name, (1, 4), "int8", scale=0.5) for name in "xy"]
    operators = [tflite_writer.FlatOperator("RELU", ["x"], ["y"]), tflite_writer.FlatOperator("STRIDED_SLICE", [], [])]
    return tflite_writer.model_bytes(tflite_writer.FlatGraph(ends, operators, ["x"], ["y"]))


def two_lines() -> bytes:
    """A name that would end the line of an error."""
    tensors = [tflite_writer.FlatTensor(name, (1, 4), "int8", scale=float("nan")) for name in ("x\r\nx", "y")]
    operators = [tflite_writer.FlatOperator("RELU", ["x\r\nx"], ["y"])]
    return tflite_writer.model_bytes(tflite_writer.FlatGraph(tensors, operators, ["x\r\nx"], ["y"]))


FLOATS = {"scale": None, "dtype": "float32"}


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (dense(x=FLOATS, y=FLOATS, b={"data": np.ones(2, np.float32), "scale": None},
               w={"data": np.array([[1, np.nan, 1, 1]] * 2, np.float32), "scale": None}), "'w' holds NaN or infinity"),
        (dense(w={"scale": float("nan")}), "'w' has a scale that is no positive number"),
        (dense(w={"data": b"\1\2\3", "shape": (2, 4), "dtype": "int8"}), r"'w' holds 3 bytes, its shape .* wants 8"),
        (dense(w={"data": b"\1\2\3", "shape": (2**20, 2**20), "dtype": "int8"}), "'w' holds 3 bytes"),
        (dense(x={"shape": (1, 5)}), "weights of shape"),
        (dense(x={"shape": (2, 4)}), "the model contradicts itself"),
        (empty_slice(), "STRIDED_SLICE .* has 0 inputs"),
        (two_lines(), "'x x' has a scale that is no positive number"),
        (circle(), "'a' reads b int8.*, which nothing has written"),
    ],
)
def test_models_that_make_no_sense(model: bytes, words: str) -> None:
    with pytest.raises(UserError, match=words) as refusal:
        convert_model(model)
    assert isinstance(refusal.value, UnsupportedModel) or "\n" not in str(refusal.value)


MEASURE = """
import re, sys, time
from midge.convert.pipeline import convert_model
from midge.errors import UserError
slowest = 0.0
for path in sys.argv[1:]:
    start = time.process_time()
    try:
        convert_model(path)
    except UserError:
        pass
    slowest = max(slowest, time.process_time() - start)
# Not ru_maxrss: that starts at what the process that forked this one took.
print(slowest, int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1]) / 1024)
"""


def test_converting_takes_little(shared: Path) -> None:
    """Every model of up to 350 kB, in one process: the slowest in seconds of the processor, the most memory in MB."""
    files = [str(p) for p in sorted(shared.rglob("*.tflite")) if p.stat().st_size < 350_000]
    done = subprocess.run([sys.executable, "-c", MEASURE, *files], capture_output=True, text=True, check=True)
    seconds, megabytes = map(float, done.stdout.split())
    assert seconds < 2 and megabytes < 200
