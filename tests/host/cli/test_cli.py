# SPDX-License-Identifier: MIT
"""The command line as a user meets it: what it prints, where it writes, how it fails."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from midge.cli import output
from tests.support.command import MIDGE, midge, midge_process


@pytest.fixture(scope="module")
def wand(wand_tflite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("cli") / "wand.midge"
    done = midge("convert", wand_tflite, "-o", target, "--labels", wand_tflite.with_name("labels.txt"))
    assert done.returncode == 0, done.stderr
    return target


def test_convert_says_what_it_costs_and_what_is_next(wand_tflite: Path, tmp_path: Path) -> None:
    done = midge("convert", wand_tflite, "-o", tmp_path / "w.midge")
    assert done.returncode == 0
    for word in ("ops", "MACs", "flash", "arena", "live at", "next:", "midge run", "midge upload"):
        assert word in done.stdout
    assert not list(tmp_path.glob("*.part"))


def test_convert_as_json(wand_tflite: Path, tmp_path: Path) -> None:
    target = tmp_path / "w.midge"
    facts = json.loads(midge("convert", wand_tflite, "-o", target, "--json").stdout)
    assert facts["flash_bytes"] == target.stat().st_size
    assert facts["macs"] == 80_832
    assert facts["inputs"][0]["shape"] == [1, 96, 1, 3]


def test_a_target_packs_weights(wand_tflite: Path, tmp_path: Path) -> None:
    packed = tmp_path / "w.midge"
    assert midge("convert", wand_tflite, "-o", packed, "--target", "cortex-m4").returncode == 0
    done = midge("convert", wand_tflite, "-o", packed, "--target", "z80")
    assert done.returncode == 1
    assert "no target 'z80'; cores: cortex-m0" in done.stderr
    failed = midge("convert", wand_tflite, "-o", packed, "--target", "z80", "--json")
    assert failed.returncode == 1 and f"midge: {json.loads(failed.stdout)['error']}\n" == failed.stderr


def test_inspect_lists_every_layer(wand: Path) -> None:
    facts = json.loads(midge("inspect", wand, "--json").stdout)
    assert len(facts["nodes"]) == 10
    assert facts["macs"] == 80_832
    assert facts["labels"][2] == "wing"
    printed = midge("inspect", wand).stdout
    assert "DEPTHWISE_CONV_2D" in printed and "scratch" in printed


def test_run_gives_the_labels(wand: Path, wand_tflite: Path) -> None:
    for gesture in ("wing", "thrust", "idle"):
        recording = next((wand_tflite.parent / "samples" / gesture).glob("*.csv"))
        answers = json.loads(midge("run", wand, recording, "--json").stdout)
        assert [a["label"] for a in answers] == [gesture]


def test_run_of_several_samples(wand: Path, tmp_path: Path) -> None:
    samples = tmp_path / "x.npy"
    np.save(samples, np.zeros((3, 96, 3), np.float32))
    done = midge("run", wand, samples)
    assert done.returncode == 0 and "3 runs" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["convert", "nowhere.tflite"], "nowhere.tflite: No such file or directory; check the path"),
        (["convert", "{labels}"], "not a .tflite file"),
        (["convert", "{tflite}", "--labels", "a,b"], "2 labels for an output of 6 scores"),
        (["convert", "{tflite}", "-o", "/nowhere/w.midge"], "choose another place for it"),
        (["inspect", "{labels}"], "not a .midge file"),
        (["run", "{midge}", "nowhere.npy"], "No such file"),
        (["run", "{midge}", "{labels}"], "is no number; leave out columns of text"),
        (["run", "{midge}", "nowhere"], "nowhere: no such file or folder; check the path"),
        (["run", "{midge}", "{tflite}"], "samples can be .npy, .npz, .csv or a folder"),
        (["upload", "{midge}", "--port", "/dev/ttyNOWHERE"], "/dev/ttyNOWHERE: no such port"),
        (["upload", "{tflite}"], "run midge convert on it first"),
        (["upload", "{midge}"], "no board found; plug one in, or name its port with --port"),
    ],
)
def test_a_mistake_is_one_line(wand: Path, wand_tflite: Path, arguments: list[str], words: str) -> None:
    places = {"tflite": wand_tflite, "midge": wand, "labels": wand_tflite.with_name("labels.txt")}
    done = midge(*(a.format(**places) for a in arguments))
    assert done.returncode != 0
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_a_process_of_its_own(wand: Path, tmp_path: Path) -> None:
    """What goes to which stream, and the exit code."""
    done = midge_process("inspect", wand)
    assert done.returncode == 0 and "DEPTHWISE_CONV_2D" in done.stdout and not done.stderr
    done = midge_process("inspect", tmp_path / "none.midge")
    assert done.returncode == 1 and not done.stdout and done.stderr.count("\n") == 1
    done = midge_process("inspect")
    assert done.returncode == 2 and not done.stdout and "Usage: " in done.stderr


def test_a_reader_that_goes_away(wand: Path) -> None:
    """As in `midge inspect net.midge --json | head -1`: no traceback."""
    command = [*MIDGE, "inspect", str(wand), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


def test_a_wrong_number_of_values(wand: Path, tmp_path: Path) -> None:
    samples = tmp_path / "x.npy"
    np.save(samples, np.zeros((95, 3), np.float32))
    done = midge("run", wand, samples)
    assert done.returncode == 1
    assert "holds 285 values of float32 [95, 3]; the model wants 288 numbers per run" in done.stderr


def test_numbers_in_tables_are_never_cut(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    row = ("DEPTHWISE_CONV_2D", output.style("16,541,276", "bold"), "4,121,828", "a_layer_with_a_long_name")
    for width in (36, 44, 56, 100):
        monkeypatch.setenv("COLUMNS", str(width))
        output.print_table(["op", "instructions", "MACs", "layer"], [row], right=(1, 2), whole=(0,))
        shown = capsys.readouterr().out
        assert all(word in shown for word in ("DEPTHWISE_CONV_2D", "16,541,276", "4,121,828"))
        assert ("a_layer" in shown) == (width > 44)
