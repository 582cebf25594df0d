# SPDX-License-Identifier: MIT
"""Known accuracies hold, and the arena stays below what TensorFlow Lite Micro takes for the same model."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import midge
from midge.convert.pipeline import convert_model
from midge.errors import UserError

# Arena bytes that TFLM with CMSIS-NN reports on a Cortex-M4 (its own AllocateTensors, -O3 build).
CORTEX_M4_ARENAS = {
    "mlperf-tiny/ad01_int8": 2_580,
    "mlperf-tiny/kws_ref_model": 22_820,
    "mlperf-tiny/vww_96_int8": 100_708,
    "tflite-micro/person_detect": 82_308,
    "tflite-micro/micro_speech_quantized": 6_836,
    "tflite-micro/hello_world_int8": 772,
}


@pytest.mark.parametrize("name", CORTEX_M4_ARENAS)
def test_arena_is_smaller_than_on_tflm(shared: Path, name: str) -> None:
    assert convert_model(shared / f"models/{name}.tflite").plan.arena_size <= CORTEX_M4_ARENAS[name]


REPORT = """
import sys
from tflite_micro import runtime
runtime.Interpreter.from_file(sys.argv[1]).print_allocations()
"""


def tflm_arena(path: Path) -> int | None:
    """Arena bytes that TFLM takes on this machine; None where it refuses the model (which ends its process)."""
    done = subprocess.run([sys.executable, "-c", REPORT, str(path)], capture_output=True, text=True, check=False)
    found = re.search(r"Arena allocation total (\d+) bytes", done.stdout + done.stderr)
    return int(found[1]) if found else None


@pytest.mark.slow
def test_arena_of_every_model_is_smaller_than_on_this_machines_tflm(shared: Path) -> None:
    pytest.importorskip("tflite_micro")
    compared = 0
    for path in sorted((shared / "models").rglob("*.tflite")):
        try:
            ours = convert_model(path).plan.arena_size
        except UserError:
            continue
        theirs = tflm_arena(path)
        if theirs is not None:
            assert ours <= theirs, path.name
            compared += 1
    assert compared > 30


def test_keyword_spotting_accuracy(shared: Path) -> None:
    data = np.load(shared / "data/ready/kws01_mfcc_1000_visible.npz")
    model = midge.load(convert_model(shared / "models/mlperf-tiny/kws_ref_model.tflite").blob)
    out = np.zeros(12, np.int8)
    right = 0
    for x, y in zip(data["x_int8_kws_ref"], data["y"], strict=True):
        model.run(np.ascontiguousarray(x), out=out)
        right += int(out.argmax()) == int(y)
    assert right / len(data["y"]) > 0.90  # 91.1 % on the whole set, of which these are a part


def test_person_detection(shared: Path) -> None:
    data = np.load(shared / "data/ready/person_96x96.npz")
    model = midge.load(convert_model(shared / "models/tflite-micro/person_detect.tflite").blob)
    out = np.zeros(2, np.int8)
    for x, person in zip(data["x_int8"], data["y_is_person"], strict=True):
        model.run(np.ascontiguousarray(x), out=out)
        assert int(out[1] > out[0]) == person
