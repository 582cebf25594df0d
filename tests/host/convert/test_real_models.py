# SPDX-License-Identifier: MIT
"""Known accuracies hold, and the arena stays below what TensorFlow Lite Micro takes for the same model."""

import contextlib
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


# One process, which copies itself for each model: TFLM takes as long to import as to plan all of them.
REPORT = """
import os, sys
from tflite_micro import runtime
for path in sys.argv[1:]:
    print("model", path, flush=True)
    child = os.fork()
    if child == 0:
        runtime.Interpreter.from_file(path).print_allocations()
        sys.exit()
    os.waitpid(child, 0)
"""


def tflm_arenas(paths: list[Path]) -> dict[Path, int]:
    """Arena bytes that TFLM takes on this machine, for the models that it does not refuse (which ends its process)."""
    done = subprocess.run([sys.executable, "-c", REPORT, *map(str, paths)], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=True)
    parts = re.split(r"^model (.*)$", done.stdout, flags=re.M)[1:]
    assert parts[::2] == [*map(str, paths)]
    found = {path: re.search(r"Arena allocation total (\d+) bytes", said)
             for path, said in zip(paths, parts[1::2], strict=True)}
    return {path: int(total[1]) for path, total in found.items() if total}


@pytest.mark.slow
def test_arena_of_every_model_is_smaller_than_on_this_machines_tflm(shared: Path) -> None:
    pytest.importorskip("tflite_micro")
    ours = {}
    for path in sorted((shared / "models").rglob("*.tflite")):
        with contextlib.suppress(UserError):
            ours[path] = convert_model(path).plan.arena_size
    theirs = tflm_arenas([*ours])
    assert len(theirs) > 30
    assert not {path.name: (ours[path], bytes_) for path, bytes_ in theirs.items() if ours[path] > bytes_}


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
