# SPDX-License-Identifier: MIT
"""The whole audio front end, frame by frame, its noise estimate with it: against TFLM, and the C library before it.

SOUND_SECONDS says how much is heard; `make test-sound` takes an hour.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import pytest

import midge
from midge.convert.pipeline import convert_model
from midge.graph.sound import FRAME, RATE_HZ
from tests.support.front_end import HOP, front_end
from tests.support.sounds import sounds

runtime = pytest.importorskip("tflite_micro.python.tflite_micro.runtime")
pymicro = pytest.importorskip("pymicro_features")

SECONDS = float(os.environ.get("SOUND_SECONDS", "24"))


def frames(seed: int, least: int = -32768) -> Iterator[np.ndarray]:
    """Yield the overlapping frames of a sound, int16 [480] each, 10 ms after the one before."""
    rest = np.zeros(0, np.int16)
    for stretch in sounds(SECONDS, seed):
        rest = np.concatenate([rest, np.maximum(stretch, least)])
        for at in range(0, len(rest) - FRAME + 1, HOP):
            yield rest[at : at + FRAME]
        rest = rest[max(0, (len(rest) - FRAME) // HOP + 1) * HOP :]


@pytest.mark.parametrize("quantised", [False, True], ids=["int16", "int8"])
def test_features_are_tflms(quantised: bool) -> None:
    model = front_end(quantised)
    theirs, conversion = runtime.Interpreter.from_bytes(model), convert_model(model)
    ours = midge.load(conversion.blob)
    names = [step.op.name for step in conversion.program.steps]
    assert names[-1] == ("LOG_TABLE_I8" if quantised else "LOG_TABLE"), "the quantiser is part of the logarithm"
    seen: set[int] = set()
    for heard, frame in enumerate(frames(seed=14)):
        theirs.set_input(frame[None], 0)
        theirs.invoke()
        wanted = theirs.get_output(0)
        found = bytearray(wanted.nbytes)
        ours.run([frame.tobytes()], [found])
        assert found == wanted.tobytes(), f"frame {heard}"
        seen.update(wanted.tolist())
    assert heard == (round(SECONDS * RATE_HZ) - FRAME) // HOP
    assert len(seen) > 60, "sounds of many levels"


def test_features_are_those_of_the_c_library() -> None:
    """pymicro-features is TensorFlow's microfrontend, which has no ops and no tables in common with TFLM's.

    It takes the magnitude of -32768 for less than any other's, where TFLM's op forgets what was before it: so the
    sounds end at -32767.
    """
    theirs, ours = pymicro.MicroFrontend(), midge.load(convert_model(front_end(False)).blob)
    start = True
    for heard, frame in enumerate(frames(seed=16, least=-32767)):
        fed = [frame[:HOP], frame[HOP : 2 * HOP], frame[2 * HOP :]] if start else [frame[2 * HOP :]]
        *early, last = [theirs.process_samples(part.tobytes()).features for part in fed]
        assert not any(early)
        start = False
        found = bytearray(2 * len(last))
        ours.run([frame.tobytes()], [found])
        wanted = np.round(np.array(last) * 25.6)  # that library's scale of the logarithm in floats
        assert np.array_equal(np.frombuffer(found, np.int16), wanted), f"frame {heard}"
