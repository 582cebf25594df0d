# SPDX-License-Identifier: MIT
"""Train on a folder of sounds."""

from __future__ import annotations

from pathlib import Path

from ...progress import Stage, silent
from ...samples.sounds import Clips, read_sounds
from . import model
from .recipe import Options


def train_sounds(
    data: str | Path | Clips, *, options: Options | None = None, groups: Path | None = None,
    name: str = "model", target: str | None = None, stage: Stage = silent,
) -> model.TrainedSounds:
    """Train a model of sounds on labelled clips, in Keras on JAX; minutes for ten words.

    data: a folder with one folder of sounds per class, or clips that were read. groups: a .csv file with the speaker or
    place of each file; by default what their names tell. options: the window, the size of the network, the seed.
    name: what the device calls it. target: a core or board to pack the weights for. stage: told of progress.

    Returns the model, which takes samples at 16 kHz, with what it is worth on clips left out, and what it costs.
    Raises UserError where clips are damaged or too few, or where Keras or JAX are missing.
    """
    clips = data if isinstance(data, Clips) else read_sounds(data, groups)
    return model.train_sounds(clips, options, name, target, stage)
