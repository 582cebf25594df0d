# SPDX-License-Identifier: MIT
"""A practice board: an emulated one, whose sensor plays movements of simulated people, varied from one to the next."""

from __future__ import annotations

from pathlib import Path
from threading import Event, Thread

import numpy as np

from ..errors import UserError
from ..link.demo import EMULATED
from ..link.simulator import Simulator
from ..resources import folder
from ..samples.labels import is_quiet
from ..samples.recordings import Recording, read_recording
from ..train.augment import augment, typical_size

RATE_HZ = 50.0  # of the recordings
REPETITIONS = 12
REST = (60, 90)  # samples between two movements
_BLEND = 25  # samples over which one goes over into the next
_TREMBLE_G = 0.008  # of a hand that holds still
OWN = "recording"  # the movement that is a file of the user's


def movements() -> list[str]:
    """Return the movements that a practice board knows, rest first."""
    names = sorted(path.name for path in (folder("wand") / "samples").iterdir() if path.is_dir())
    return sorted(names, key=lambda name: (not is_quiet(name), name))


def performance(movement: str, seed: int = 0) -> Recording:
    """Return a movement again and again with rest between, float32 [rows, 3] in g. Raises UserError."""
    if movement not in movements():
        raise UserError(f"movement '{movement[:40]}': the practice board knows {', '.join(movements())}")
    rng = np.random.default_rng([seed, *movement.encode()])
    parts: list[np.ndarray] = []
    for take in _variants(movement, rng):
        if parts:
            rest = 0 if is_quiet(movement) else int(rng.integers(*REST))
            parts.append(_between(parts[-1][-1], take[0], rest, rng))
        parts.append(take)
    parts.append(_between(parts[-1][-1], parts[0][0], REST[0], rng))  # it plays over and over
    return np.concatenate(parts).astype(np.float32)


def _variants(movement: str, rng: np.random.Generator) -> np.ndarray:
    """Return repetitions of a movement by one person, [REPETITIONS, samples, 3]."""
    person = read_recording(min((folder("wand") / "samples" / movement).glob("*.csv")))
    chosen = np.repeat(person[None], REPETITIONS, axis=0)
    return augment(chosen, 1, rng, [0], typical_size(chosen))


def _between(end: np.ndarray, start: np.ndarray, rest: int, rng: np.random.Generator) -> np.ndarray:
    """Return how a hand goes from one movement to the next, [rest + _BLEND, 3]: slowly, with rest before it."""
    share = np.concatenate([np.zeros(rest), np.linspace(0, 1, _BLEND)])[:, None]
    share = share * share * (3 - 2 * share)
    return np.asarray(end + (start - end) * share + rng.normal(0, _TREMBLE_G, (rest + _BLEND, 3)))


class Practice:
    """An emulated board that runs, and what its sensor plays: rest, or a recording.

    Raises UserError where QEMU or the firmware is missing.
    """

    def __init__(self, recording: Path | None = None) -> None:
        self.movement = movements()[0] if recording is None else OWN
        sensor = performance(self.movement) if recording is None else read_recording(recording)
        self.simulator = Simulator(EMULATED, sensor=sensor)
        self._started, self._over = Event(), Event()
        self._fault: UserError | None = None
        # QEMU ends with the thread that started it; so this one lives as long as the board.
        self._keeper = Thread(target=self._keep, name="practice board", daemon=True)
        self._keeper.start()
        self._started.wait()
        if self._fault is not None:
            raise self._fault

    @property
    def port(self) -> str:
        """Its serial port."""
        return self.simulator.port

    def stop(self) -> None:
        """Stop it."""
        self._over.set()
        self._keeper.join()

    def move(self, movement: str) -> None:
        """Play another movement from now on. Raises UserError."""
        self.simulator.play(performance(movement))
        self.movement = movement

    def facts(self) -> dict[str, object]:
        """Return what a page shows of it."""
        return {"port": self.port, "title": self.simulator.board.title, "movement": self.movement,
                "movements": movements()}

    def _keep(self) -> None:
        try:
            with self.simulator:
                self._started.set()
                self._over.wait()
        except UserError as error:
            self._fault = error
        finally:
            self._started.set()
