# SPDX-License-Identifier: MIT
"""Manifests of wake words: both versions, and what others may have put into them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import midge
from midge.api import convert
from midge.convert.manifest import read_manifest
from midge.errors import UserError
from tests.support import SHARED
from tests.support.command import midge as command
from tests.support.front_end import small_network

FIRST = {"type": "micro", "wake_word": "Alexa", "author": "A", "website": "https://example.org",
         "model": "./alexa.tflite", "version": 1,
         "micro": {"probability_cutoff": 0.66, "sliding_window_average_size": 10}}
SECOND = {**FIRST, "version": 2, "trained_languages": ["en"],
          "micro": {"probability_cutoff": 0.9, "sliding_window_size": 5, "feature_step_size": 10,
                    "tensor_arena_size": 22348, "minimum_esphome_version": "2024.7.0"}}
NETWORK = SHARED / "models/microwakeword/v2_alexa.tflite"


def written(tmp_path: Path, content: Any) -> Path:
    path = tmp_path / "m.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_both_versions(tmp_path: Path) -> None:
    first = read_manifest(written(tmp_path, FIRST))
    assert (first.word, first.cutoff, first.window, first.step_ms) == ("Alexa", 0.66, 10, 20)
    second = read_manifest(written(tmp_path, SECOND))
    assert (second.cutoff, second.window, second.step_ms, second.esphome) == (0.9, 5, 10, "2024.7.0")


@pytest.mark.skipif(not NETWORK.is_file(), reason=f"no {NETWORK}; set SHARED=<dir>")
def test_the_file_says_what_the_manifest_does(tmp_path: Path) -> None:
    made = convert(NETWORK, manifest=written(tmp_path, SECOND))
    model = midge.load(made.blob)
    assert model.labels == ["Alexa"] and not made.warnings
    found = model.info()["metadata"]
    assert found.items() >= {"sensor.rate_hz": "16000", "sensor.columns": "sound", "stream.hop": "480",
                             "stream.threshold": "0.9", "stream.mean": "5", "stream.refractory_ms": "1000",
                             "author": "A", "website": "https://example.org", "esphome.minimum": "2024.7.0"}.items()
    assert convert(NETWORK, manifest=written(tmp_path, {**SECOND, "model": "nabu.tflite"})).warnings


@pytest.mark.skipif(not NETWORK.is_file(), reason=f"no {NETWORK}; set SHARED=<dir>")
def test_every_shared_manifest_can_be_read() -> None:
    paths = sorted((SHARED / "data/wakeword_manifests").glob("*.json"))
    assert len(paths) == 12
    assert {read_manifest(path).step_ms for path in paths} == {10, 20}


def changed(key: str, value: Any) -> dict[str, Any]:
    return {**SECOND, "micro": {**SECOND["micro"], key: value}}


@pytest.mark.parametrize(("content", "words"), [
    ("", "no JSON"),
    ("[" * 60_000, "no JSON (nested too deeply)"),
    ("[1, 2]", "its type is missing"),
    ("{" + " " * 70_000 + "}", "70002 B; a manifest has a few hundred"),
    ({**SECOND, "type": "kws"}, 'its type is "kws"'),
    ({**SECOND, "version": 3}, "its version is 3"),
    ({**SECOND, "version": True}, "its version is true"),
    ({**SECOND, "version": [2]}, "its version is [2]"),
    ({**SECOND, "micro": "x"}, 'its micro is "x"'),
    ({**SECOND, "wake_word": "a\u202e\n"}, "its wake_word is"),
    ({**SECOND, "wake_word": ""}, 'its wake_word is ""'),
    ({**SECOND, "wake_word": "x" * 500}, "its wake_word is"),
    ({**SECOND, "model": 5}, "its model is 5"),
    (changed("probability_cutoff", 1.5), "its probability_cutoff is 1.5, wanted 0 to 1"),
    (changed("probability_cutoff", "0.5"), 'its probability_cutoff is "0.5"'),
    (changed("probability_cutoff", True), "its probability_cutoff is true"),
    (changed("probability_cutoff", None), "its probability_cutoff is missing"),
    ('{"type": "micro", "version": 2, "micro": {"probability_cutoff": NaN, "sliding_window_size": 5}, '
     '"wake_word": "a", "model": "a"}', 'its probability_cutoff is "NaN"'),
    (changed("sliding_window_size", 0), "its sliding_window_size is 0, wanted 1 to 255"),
    (changed("sliding_window_size", 1e300), "its sliding_window_size is 1e+300"),
    (changed("sliding_window_size", 10**400), "its sliding_window_size is 1000"),
    (changed("sliding_window_size", 2.5), "its sliding_window_size is 2.5, wanted a whole number"),
    (changed("feature_step_size", 30), "its feature_step_size is 30 ms; 10 and 20 can run"),
    (changed("minimum_esphome_version", "new"), 'its minimum_esphome_version is "new"'),
])
def test_hostile_manifests_are_refused_in_one_line(content: Any, words: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        read_manifest(written(tmp_path, content))
    said = str(error.value)
    assert words in said and "\n" not in said and said.isprintable() and len(said) < 300


@pytest.mark.skipif(not NETWORK.is_file(), reason=f"no {NETWORK}; set SHARED=<dir>")
def test_what_does_not_fit(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="wants the front end micro in steps of 10 ms, --front-end micro:20 is another"):
        convert(NETWORK, manifest=written(tmp_path, SECOND), front_end="micro:20")
    with pytest.raises(UserError, match="No such file"):
        convert(NETWORK, manifest=tmp_path / "nowhere.json")
    with pytest.raises(UserError, match="gives 5 scores; a manifest describes a network that gives one"):
        convert(small_network(3), manifest=written(tmp_path, SECOND), name="net")


@pytest.mark.skipif(not NETWORK.is_file(), reason=f"no {NETWORK}; set SHARED=<dir>")
def test_the_command(tmp_path: Path) -> None:
    made = tmp_path / "alexa.midge"
    done = command("convert", NETWORK, "--manifest", written(tmp_path, {**SECOND, "model": "nabu.tflite"}), "-o", made)
    assert done.returncode == 0, done.stderr
    assert "sound int16 [480]" in done.stdout and "check that it is this network's" in done.stdout
    done = command("convert", NETWORK, "--manifest", written(tmp_path, "{}"), "-o", made)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
