# SPDX-License-Identifier: MIT
"""What a network hears: the bands of a board's front end, computed by the board's own code, frame after frame."""

from __future__ import annotations

import numpy as np

from ...convert.pipeline import convert_graph
from ...core.batch import to_raw
from ...core.binding import Model
from ...graph import Quantization, Tensor, sound
from ...graph.builder import Builder

RATE_HZ, BANDS, STEP_MS = sound.RATE_HZ, sound.CHANNELS, 10
FRAME_HOP = RATE_HZ * STEP_MS // 1000  # samples from one frame to the next
FRAMES_A_SECOND = 1000 // STEP_MS
TOP = 26.0  # of the logarithms, in the units that microWakeWord's networks are trained on
_AT_ONCE = 20  # frames that one call computes
FEATURES = Quantization(np.array([TOP / 255], np.float32), np.array([-128], np.int64))


def to_pcm(x: np.ndarray) -> np.ndarray:
    """Return reals, -1 to 1, as the int16 that a microphone gives."""
    return to_raw(x, "int16", 1 / 32768, 0)


def to_reals(features: np.ndarray) -> np.ndarray:
    """Return int8 features as the float32 that networks are trained on."""
    reals: np.ndarray = (features.astype(np.float32) + np.float32(128)) * np.float32(TOP / 255)
    return reals


class FrontEnd:
    """The features of sounds, on the core that boards run."""

    def __init__(self) -> None:
        build = Builder("features")
        x = Tensor("sound", (_AT_ONCE * FRAME_HOP,), "int16")
        out = sound.features(build, x, sound.Micro(FRAME_HOP), FEATURES, "int8")
        made = convert_graph(build.graph([x], [out]), [], "features", 0)
        self._model = Model(made.blob, checksum=False)

    def run(self, pcm: np.ndarray) -> np.ndarray:
        """Return int8 [frames, BANDS] of a sound, int16 [samples], before which there was silence.

        A frame ends where the next step of 10 ms begins; the end is filled with silence to whole frames.
        """
        frames = -(-len(pcm) // FRAME_HOP)
        blocks = -(-frames // _AT_ONCE)
        whole = np.zeros((blocks, _AT_ONCE * FRAME_HOP), np.int16)
        whole.reshape(-1)[:len(pcm)] = pcm
        found = np.empty((blocks, _AT_ONCE * BANDS), np.int8)
        self._model.reset()
        for block, out in zip(whole, found, strict=True):
            self._model.run([block.view(np.uint8)], [out.view(np.uint8)])
        return found.reshape(-1, BANDS)[:frames]
