# SPDX-License-Identifier: MIT
"""Bytes from outside are hostile: a damaged .tflite file is refused in one clear message, or converts."""

import os
import random
from pathlib import Path

import pytest

from midge import tflite_writer
from midge.convert import UnsupportedModel, convert
from midge.errors import UserError

MUTATIONS = int(os.environ.get("MIDGE_MUTATIONS", "400"))


def mutate(data: bytes, rng: random.Random) -> bytes:
    """Change, cut or repeat a few bytes, mostly in the tables at the front and the back."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 8))):
        at = rng.randrange(len(out))
        kind = rng.randrange(5)
        if kind == 0:
            out[at] = rng.randrange(256)
        elif kind == 1:
            out[at] ^= 1 << rng.randrange(8)
        elif kind == 2:
            out[at : at + 4] = rng.choice((b"\0\0\0\0", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\1\0\0\0"))
        elif kind == 3 and len(out) > 64:
            del out[max(at, 32) : at + rng.randrange(1, 32)]
        else:
            out[at:at] = out[at : at + rng.randrange(1, 32)]
    return bytes(out)


def assert_clean(data: bytes, what: str) -> None:
    try:
        convert(data, name="mutant")
    except UserError as error:
        text = str(error)
        assert text, what
        assert isinstance(error, UnsupportedModel) or "\n" not in text, what


@pytest.mark.parametrize("seed", range(4))
def test_mutations_of_the_wand(wand_tflite: Path, seed: int) -> None:
    rng, data = random.Random(seed), wand_tflite.read_bytes()
    for i in range(MUTATIONS // 4):
        assert_clean(mutate(data, rng), f"seed {seed}, mutation {i}")


def test_mutations_of_real_models(shared: Path) -> None:
    files = [p for p in sorted((shared / "models").rglob("*.tflite")) if p.stat().st_size < 60_000]
    rng = random.Random(7)
    for i in range(MUTATIONS):
        assert_clean(mutate(rng.choice(files).read_bytes(), rng), f"mutation {i}")


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
        ("custom_lstm", "LSTM"),
    ],
)
def test_negative_models_are_refused_by_name(shared: Path, name: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        convert(shared / "models/negative" / f"{name}.tflite")


def test_all_unsupported_ops_are_named_at_once() -> None:
    tensors = [tflite_writer.Tensor(name, (1, 4), "int8", scale=0.5) for name in ("x", "a", "b", "y")]
    operators = [
        tflite_writer.Operator("CUSTOM:Sinh", ["x"], ["a"]),
        tflite_writer.Operator("RELU", ["a"], ["b"]),
        tflite_writer.Operator("CUSTOM:Cosh", ["b"], ["y"]),
    ]
    data = tflite_writer.model_bytes(tflite_writer.Graph(tensors, operators, ["x"], ["y"]))
    with pytest.raises(UnsupportedModel) as refusal:
        convert(data)
    assert [(op, layer) for op, layer, _ in refusal.value.items] == [("CUSTOM:Sinh", "a"), ("CUSTOM:Cosh", "y")]
    assert "CUSTOM:Sinh (1x, first 'a')" in str(refusal.value) and "CUSTOM:Cosh" in str(refusal.value)


def test_a_missing_file() -> None:
    with pytest.raises(UserError, match="No such file or directory; check the path"):
        convert("nowhere.tflite")


def test_a_foreign_file() -> None:
    with pytest.raises(UserError, match="not a .tflite file"):
        convert(b"\x89PNG\r\n\x1a\n" * 10)
