# SPDX-License-Identifier: MIT
"""Networks of sound features behind a front end, samples to answers: against pymicro-features and then TFLM."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import midge
from midge.api import convert
from midge.errors import UserError
from midge.graph.sound import CHANNELS, FRAME, LOG_UNIT, RATE_HZ
from midge.importers.tflite.writer import FlatGraph, FlatOperator, FlatTensor, model_bytes
from tests.support import SHARED
from tests.support.front_end import SCALE, front_end, small_network
from tests.support.oracle import tflm_in_steps
from tests.support.sounds import sounds

pymicro = pytest.importorskip("pymicro_features")
pytest.importorskip("tflite_micro")
MODELS = sorted((SHARED / "models/microwakeword").glob("*.tflite"))
SECONDS = 5
RAM = {"v2_alexa": 8000, "v2_okay_nabu": 8000, "v1_alexa": 16000}  # and of wider networks 8,704 B


def heard(seed: int) -> np.ndarray:
    """Return sound of every kind, int16; that library takes the magnitude of -32768 for less than any other's."""
    return np.maximum(np.concatenate(list(sounds(SECONDS, seed))), -32767)


def rows_of(sound: np.ndarray, step_ms: int, scale: float, zero_point: int) -> np.ndarray:
    """Return the features of a sound after silence, int8 [rows, CHANNELS]: one row for each step of new samples.

    That library knows steps of 10 ms; for others TFLM's ops make the features.
    """
    hop = RATE_HZ * step_ms // 1000
    after_silence = np.concatenate([np.zeros(FRAME - hop, np.int16), sound])
    frames = [after_silence[at : at + FRAME][None] for at in range(0, len(after_silence) - FRAME + 1, hop)]
    if step_ms == 10:
        front = pymicro.MicroFrontend()
        parts = [after_silence[: FRAME - hop], *(frame[0, FRAME - hop :] for frame in frames)]
        made = [front.process_samples(part[at : at + hop].tobytes()).features
                for part in parts for at in range(0, len(part), hop)]
        real = np.array([features for features in made if features], np.float32)
    else:
        real = np.array(tflm_in_steps(front_end(quantised=False), frames), np.float32) * np.float32(LOG_UNIT)
    assert len(real) == len(frames)
    return (np.floor(real / np.float32(scale) + 0.5) + zero_point).clip(-128, 127).astype(np.int8)


def answers(blob: bytes, sound: np.ndarray) -> list[bytes]:
    """Run a model over a sound, hop by hop."""
    model = midge.load(blob)
    (tensor,) = model.inputs
    assert tensor.dtype == "int16" and tensor.scale == 0
    size, found = tensor.shape[0], []
    out = bytearray(int(np.prod(model.outputs[0].shape)))
    for at in range(0, len(sound) - size + 1, size):
        model.run([sound[at : at + size].tobytes()], [out])
        found.append(bytes(out))
    return found


@pytest.mark.skipif(not MODELS, reason=f"no {SHARED}/models/microwakeword; set SHARED=<dir>")
@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_wake_words_answer_as_tflm_after_the_c_front_end(path: Path) -> None:
    second = path.stem.startswith("v2")
    made = convert(path, front_end="micro" if second else "micro:20", target="cortex-m4")
    assert "LOG_TABLE_I8" in {step.op.name for step in made.conversion.program.steps}
    assert made.conversion.plan.arena_size <= RAM.get(path.stem, 8704)
    sound, (x,) = heard(31), midge.load(convert(path).blob).inputs
    rows = rows_of(sound, 10 if second else 20, x.scale, x.zero_point)
    steps = rows[: len(rows) // x.shape[1] * x.shape[1]].reshape(-1, *x.shape)
    wanted = [answer.tobytes() for answer in tflm_in_steps(path.read_bytes(), steps)]
    assert answers(made.blob, sound) == wanted


@pytest.mark.parametrize("step_ms", [10, 20])
def test_a_window_moves_on_by_a_tenth_of_a_second(step_ms: int) -> None:
    rows, new, sound = 23, 100 // step_ms, heard(32)
    made = convert(small_network(rows), front_end="micro" if step_ms == 10 else "micro:20", name="window")
    assert made.conversion.program.graph.metadata["stream.hop"] == "1600"
    features = np.concatenate([np.full((rows, CHANNELS), -128, np.int8), rows_of(sound, step_ms, SCALE, -128)])
    windows = [features[at + new : at + new + rows][None] for at in range(0, SECONDS * 10 * new, new)]
    wanted = [answer.tobytes() for answer in tflm_in_steps(small_network(rows), windows)]
    assert answers(made.blob, sound) == wanted and len(set(wanted)) > SECONDS


def test_a_reset_is_silence() -> None:
    model, sound = midge.load(convert(small_network(3), front_end="micro", name="net").blob), heard(33)
    runs = []
    for _ in range(2):
        runs.append([])
        for at in range(0, 9600, 480):
            out = bytearray(5)
            model.run([sound[at : at + 480].tobytes()], [out])
            runs[-1].append(out)
        model.reset()
    assert runs[0] == runs[1] and len({bytes(out) for out in runs[0]}) > 3


@pytest.mark.parametrize(("shape", "kind", "words"), [
    ((1, 3, 39), "micro", "takes [1, 3, 39]; this front end gives rows of 40 features; name one that fits (micro, "),
    ((1, 3, 40), "mfc", "no front end 'mfc'; wanted micro, micro:20, or mfcc or mel with settings, as in mel:bands=64"),
    ((1, 3, 40), "micro:15", "no front end 'micro:15'"),
    ((1, 3, 40), "mfcc:", "no front end 'mfcc:'"),
    ((1, 3, 40), "mel:band=40", "no setting 'band'; there are: window, step, fft, bands"),
    ((1, 3, 40), "mel:bands=4e9", "bands is '4e9', wanted a number"),
    ((1, 3, 40), "mel:bands=40.5", "bands is '40.5', wanted a number"),
    ((1, 3, 40), "mel:step=10.01", "step is '10.01', wanted a number of ms that are whole samples at 16 kHz"),
    ((1, 3, 40), "mel:scale=bark", "scale is 'bark', wanted slaney or htk"),
    ((1, 3, 40), "mel:step=40", "steps, frames, spectra of 640, 512, 512: wanted in rising order"),
    ((1, 3, 40), "mel:fft=600", "a spectrum of 600 samples: wanted 64 to 2048, a power of two"),
    ((1, 3, 40), "mel:high=9000", "bands from 0 to 9000 Hz: wanted 0 to 8000"),
    ((1, 3, 40), "mfcc:count=41", "40 bands, 41 coefficients: wanted 2 to 128, and no more than bands"),
    ((1, 3, 40), "mel:floor=0", "a floor of 0: wanted 1e-12 to 1"),
])
def test_networks_that_a_front_end_does_not_fit(shape: tuple[int, ...], kind: str, words: str) -> None:
    x = FlatTensor("x", shape, "int8", scale=SCALE, zero_point=-128)
    y = FlatTensor("y", shape, "int8", scale=SCALE, zero_point=-128)
    network = model_bytes(FlatGraph([x, y], [FlatOperator("RELU", ["x"], ["y"], {})], ["x"], ["y"]))
    with pytest.raises(UserError, match=re.escape(words)):
        convert(network, front_end=kind, name="net")
