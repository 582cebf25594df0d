# SPDX-License-Identifier: MIT
"""Networks that embed, for a board's Learner: of movements, sounds or pictures, whatever the samples are."""

from __future__ import annotations

from pathlib import Path

from ..progress import Stage, silent
from ..samples.pictures import Pictures, Size, holds_pictures, read_pictures
from ..samples.sounds import Clips, holds_sounds, read_sounds
from ..samples.takes import Takes, read_takes
from .embedding import EmbeddingOfMovements
from .embedding import Options as MotionEmbedding
from .embedding import train_embedding as embed_movements
from .pictures.embedding import EmbeddingOfPictures
from .pictures.embedding import Options as PictureEmbedding
from .pictures.embedding import train_embedding as embed_pictures
from .sounds.embedding import EmbeddingOfSounds
from .sounds.embedding import Options as SoundEmbedding
from .sounds.embedding import train_embedding as embed_sounds

__all__ = ["EmbeddingOfMovements", "EmbeddingOfPictures", "EmbeddingOfSounds", "MotionEmbedding", "PictureEmbedding",
           "SoundEmbedding", "train_embedding"]


def train_embedding(
    data: str | Path | Takes | Clips | Pictures, *,
    options: MotionEmbedding | SoundEmbedding | PictureEmbedding | None = None, groups: Path | None = None,
    size: Size | None = None, person: str | None = None, name: str = "model", target: str | None = None,
    stage: Stage = silent,
) -> EmbeddingOfMovements | EmbeddingOfSounds | EmbeddingOfPictures:
    """Make a network that embeds movements, words or pictures, for a board's Learner to be taught new ones.

    data: as for train, train_sounds or train_pictures; the more people, and gestures, words or things, the better.
    options: of the kind that the data are. groups, size, person, name, target, stage: as for those.

    Returns the network, with what classes that it never saw are worth when they are learned from a few examples.
    Raises UserError where data are damaged or too few.
    """
    if isinstance(data, (str, Path)):
        if holds_sounds(Path(data)):
            data = read_sounds(data, groups)
        elif holds_pictures(Path(data)):
            data = read_pictures(data, size, groups, person)
        else:
            data = read_takes(data, options.rate_hz if isinstance(options, MotionEmbedding) else None)
    if isinstance(data, Clips):
        return embed_sounds(data, options if isinstance(options, SoundEmbedding) else None, name, target, stage)
    if isinstance(data, Pictures):
        return embed_pictures(data, options if isinstance(options, PictureEmbedding) else None, name, target, stage)
    return embed_movements(data, options if isinstance(options, MotionEmbedding) else None, name, target, stage)
