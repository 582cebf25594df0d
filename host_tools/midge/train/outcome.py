# SPDX-License-Identifier: MIT
"""What training gives, whatever was trained on: the file for boards, what it is worth, and what it costs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..convert.pipeline import Conversion
from ..samples.labels import is_quiet
from ..samples.takes import Labelled
from .judgement import Judgement, Share


@dataclass(frozen=True)
class Words:
    """How a kind of model speaks of its recordings, what was left out, what agreement counts, and what it answers.

    about: what it was trained on, in a sentence. measure: what its share on recordings left out is of.
    """

    about: str
    recordings: str
    left_out: str
    rows: str
    answered: str
    made: str
    measure: str = "right"


@dataclass
class Outcome(ABC):
    """A trained model. agreement: what integers and floats answer alike; integer_right, float_right: of the same."""

    labels: list[str]  # in the order of the scores
    judgement: Judgement
    conversion: Conversion
    agreement: Share
    integer_right: Share
    float_right: Share

    @property
    @abstractmethod
    def words(self) -> Words:
        """How to speak of it."""
        ...

    @property
    @abstractmethod
    def recordings(self) -> Sequence[Labelled]:
        """What it was trained on."""
        ...

    @property
    @abstractmethod
    def notes(self) -> list[str]:
        """What is doubtful about these."""
        ...

    @property
    def quiet(self) -> list[int]:
        """The classes that are never answered."""
        return [i for i, label in enumerate(self.labels) if is_quiet(label)]

    @property
    def blob(self) -> bytes:
        """The bytes of the .midge file."""
        return self.conversion.blob

    def facts(self) -> dict[str, Any]:
        """Return everything, for JSON."""
        return {
            "labels": self.labels, **self.judgement.facts(self.labels), "float_agreement": self.agreement.facts(),
            "flash_bytes": len(self.blob), "arena_bytes": self.conversion.plan.arena_size,
            "macs": self.conversion.macs,
        }


def compare(integers: np.ndarray, floats: np.ndarray, truth: np.ndarray) -> tuple[Share, Share, Share]:
    """Return how often two rows of answers are alike, and how often each is right."""
    count = len(truth)
    return (Share(int(np.sum(integers == floats)), count, count), Share(int(np.sum(integers == truth)), count, count),
            Share(int(np.sum(floats == truth)), count, count))


def notes_of(found: Any) -> list[str]:
    """Return how recordings of a data set were left out, and what is doubtful about them."""
    return [*([f"left out by {found.grouped_by}"] if found.grouped_by else []), *found.notes]
