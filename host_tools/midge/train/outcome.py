# SPDX-License-Identifier: MIT
"""What training gives, whatever was trained on: the file for boards, what it is worth, and what it costs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..convert.pipeline import Conversion
from ..samples.labels import quiet_ones
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


class Made:
    """Something that training has made for boards."""

    conversion: Conversion

    @property
    def blob(self) -> bytes:
        """The bytes of the .midge file."""
        return self.conversion.blob


@dataclass
class Embedding(Made, ABC):
    """A network that embeds. options: its seed, and how many values a row has, among others."""

    conversion: Conversion
    options: Any
    seconds: float

    @property
    @abstractmethod
    def notes(self) -> list[str]:
        """What is doubtful about the recordings."""
        ...

    @abstractmethod
    def about(self) -> dict[str, Any]:
        """Return what it was made of and what it is worth, for JSON."""
        ...

    def facts(self) -> dict[str, Any]:
        """Return everything, for JSON."""
        steps = {"steps": self.options.steps} if hasattr(self.options, "steps") else {}
        return {**self.about(), **self.conversion.cost(), "values": self.options.values, "seed": self.options.seed,
                **steps, "seconds": round(self.seconds, 3), "notes": self.notes}


@dataclass
class Outcome(Made, ABC):
    """A trained model. agreement: what integers and floats answer alike; integer_right, float_right: of the same."""

    labels: list[str]  # in the order of the scores
    judgement: Judgement
    conversion: Conversion
    agreement: Share
    integer_right: Share
    float_right: Share
    fitted: Any  # what was trained, of the kind that a model's own class says

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
    def notes(self) -> list[str]:
        """How recordings were left out, and what is doubtful about them."""
        found = self.fitted.takes
        return [*([f"left out by {found.grouped_by}"] if found.grouped_by else []), *found.notes]

    @property
    def quiet(self) -> list[int]:
        """The classes that are never answered."""
        return quiet_ones(self.labels)

    def facts(self) -> dict[str, Any]:
        """Return everything, for JSON."""
        return {
            "labels": self.labels, **self.judgement.facts(self.labels), "float_agreement": self.agreement.facts(),
            **self.conversion.cost(),
        }


def compare(integers: np.ndarray, floats: np.ndarray, truth: np.ndarray) -> tuple[Share, Share, Share]:
    """Return how often two rows of answers are alike, and how often each is right."""
    count = len(truth)
    return (Share(int(np.sum(integers == floats)), count, count), Share(int(np.sum(integers == truth)), count, count),
            Share(int(np.sum(floats == truth)), count, count))
