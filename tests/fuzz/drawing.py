# SPDX-License-Identifier: MIT
"""Draw networks step by step, compare Midge's answers with their own library's, and make small what goes wrong.

A network has to answer as its library does, or be refused with an UnsupportedModel. What does neither is drawn again
without each of its steps that the trouble does not need, kept as build/fuzz/<kind>-<seed>-<number>.<suffix>, and named
with its seed; --first draws the network of a number again.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import warnings
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from midge import api
from midge.errors import UnsupportedModel

FOUND = Path("build/fuzz")
SAMPLES = 3
RELATIVE, ABSOLUTE = 1e-3, 1e-4
NEARLY, MAGNIFIED = np.float32(1 + 1e-6), 30  # roundings may do so many times what so small a change does
REFUSED = "refused "  # begins what is said of networks that need not be compared


class Drawn(ABC):
    """A network as it is drawn. Its name, seed and number, says all of it; `without` names steps that are left out."""

    kind: ClassVar[str]
    suffix: ClassVar[str]
    most: ClassVar[int] = 9  # steps

    def __init__(self, name: str, without: frozenset[int] = frozenset()) -> None:
        self.name = name
        self._draw_from(name)
        self.begin()
        self.steps = [step for step in range(self.rng.randint(2, self.most)) if step not in without]
        for step in self.steps:
            self._draw_from(f"{name} {step}")
            self.step()
        self._draw_from(f"{name} feeds")

    def _draw_from(self, name: str) -> None:
        self.rng = random.Random(name)
        self.numbers = np.random.default_rng(self.rng.randrange(2**32))

    def choose(self, *options: Any) -> Any:
        """Return one of the options."""
        return self.rng.choice(options)

    @abstractmethod
    def begin(self) -> None:
        """Draw the inputs."""

    @abstractmethod
    def step(self) -> None:
        """Draw a step, or leave it out where the library does not take it."""

    @abstractmethod
    def __str__(self) -> str:
        """Name its steps."""

    @abstractmethod
    def keep(self, path: Path) -> None:
        """Write it as a file."""

    @abstractmethod
    def compare(self) -> str:
        """Return what is wrong with Midge's answers, "" for nothing, REFUSED and who did where its library did."""

    def problem(self) -> str:
        """Compare; a refusal by name is REFUSED and why, and an exception is a problem."""
        try:
            return self.compare()
        except UnsupportedModel as refusal:
            return f"{REFUSED}{refusal.items[0][0]}: {refusal.items[0][2]}"
        except Exception as error:  # none may come
            return f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"


def feeds(numbers: np.random.Generator, *shape: int) -> np.ndarray:
    """Return samples for an input of a shape, its batch of one included."""
    return numbers.normal(size=(SAMPLES, *shape)).astype(np.float32)


def difference(got: np.ndarray, wanted: np.ndarray, near: np.ndarray) -> str:
    """Return how far answers are off, "" for near enough. near: the library's answers to inputs times NEARLY."""
    if got.size != wanted.size:
        return f"{got.size} values instead of {wanted.size}"
    fine = np.isfinite(wanted) & np.isfinite(near)
    off = abs(got.reshape(wanted.shape) - wanted)[fine]
    largest = max(1, abs(wanted[fine]).max(initial=0))
    bound = RELATIVE * abs(wanted) + ABSOLUTE * largest + MAGNIFIED * abs(near - wanted)
    return "" if (off <= bound[fine]).all() else f"up to {off.max():.3g} off"


def onnx_answers(made: api.ConvertedModel, feeds: np.ndarray) -> np.ndarray:
    """Return Midge's answers in ONNX's order of axes. feeds: [samples, *shape] of the one input."""
    got = made.engine.run([np.stack([_turned(made, x) for x in feeds])])[0]
    layout = made.conversion.program.graph.layouts.get(made.engine.outputs[0].name)
    if layout is not None:  # channels last
        got = got.reshape(len(got), *made.engine.outputs[0].shape).transpose(0, *(1 + i for i in np.argsort(layout)))
    return got.reshape(len(got), -1)


def _turned(made: api.ConvertedModel, x: np.ndarray) -> np.ndarray:
    """Return a sample in the order of the model's axes."""
    layout = made.conversion.program.graph.layouts.get(made.engine.inputs[0].name)
    return (x if layout is None else x.transpose(layout)).reshape(made.engine.inputs[0].shape)


def smallest(draw: Callable[[frozenset[int]], Drawn]) -> tuple[Drawn, str]:
    """Return a network that still has a problem and no step too many, and the problem."""
    without: frozenset[int] = frozenset()
    least = draw(without)
    problem = least.problem()
    for step in reversed(least.steps):
        trial = draw(without | {step})
        said = trial.problem()
        if said and not said.startswith(REFUSED):
            without, least, problem = without | {step}, trial, said
    return least, problem


def main(source: type[Drawn], each: int) -> None:
    """Run it; the exit code is 1 where it found something. each: networks, unless the command says how many."""
    parser = argparse.ArgumentParser(description=f"Compare drawn {source.kind}s with their library's answers.")
    parser.add_argument("--each", type=int, default=each, help=f"{source.kind}s")
    parser.add_argument("--seconds", type=float, default=0, help="of a processor's time, instead of a number")
    parser.add_argument("--seed", default="0")
    parser.add_argument("--first", type=int, default=1, help="the number of the first")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    refused, found, drawn = Counter[str](), list[str](), 0
    while time.process_time() < options.seconds if options.seconds else drawn < options.each:
        name = f"{options.seed} {options.first + drawn}"
        drawn += 1
        problem = source(name).problem()
        if problem.startswith(REFUSED):
            refused[problem[len(REFUSED) : 100]] += 1
        elif problem:
            least, why = smallest(lambda without, name=name: source(name, without))  # type: ignore[misc]
            FOUND.mkdir(parents=True, exist_ok=True)
            kept = FOUND / f"{source.kind}-{name.replace(' ', '-')}.{source.suffix}"
            least.keep(kept)
            found.append(f"{kept}: {why}: {least}")
            print(found[-1], flush=True)
    print("\n".join(f"refused {count} times: {why}" for why, count in refused.most_common(8)))
    print(f"{drawn} {source.kind}s, {sum(refused.values())} refused: {len(found) or 'nothing'} found")
    sys.exit(bool(found))
