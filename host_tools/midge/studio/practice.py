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
REST = (80, 110)  # samples between two movements
_BLEND = 8  # samples over which one goes over into the next
OWN = "recording"  # the movement that is a file of the user's


def movements() -> list[str]:
    """Return the movements that a practice board knows, rest first."""
    names = sorted(path.name for path in (folder("wand") / "samples").iterdir() if path.is_dir())
    return sorted(names, key=lambda name: (not is_quiet(name), name))


def performance(movement: str, seed: int = 0) -> Recording:
    """Return a movement again and again with rest between, float32 [rows, 3] in g. Raises UserError."""
    if movement not in movements():
        raise UserError(f"movement '{movement[:40]}': the practice board knows {', '.join(movements())}")
    rng = np.random.default_rng([seed, len(movement), *movement.encode()])
    rests, takes = _variants("idle", rng), _variants(movement, rng)
    parts = []
    for rest, take in zip(rests, takes, strict=True):
        quiet = int(rng.integers(*REST))
        parts += [take, rest[:quiet]]
    joined = parts[0]
    weight = np.linspace(0, 1, _BLEND)[:, None]
    for part in parts[1:]:
        between = joined[-1:] * (1 - weight) + part[:1] * weight
        joined = np.concatenate([joined, between, part])
    return joined.astype(np.float32)


def _variants(movement: str, rng: np.random.Generator) -> np.ndarray:
    """Return repetitions of a movement, [REPETITIONS, samples, 3]."""
    people = [read_recording(path) for path in sorted((folder("wand") / "samples" / movement).glob("*.csv"))]
    length = min(map(len, people))
    chosen = np.stack([people[i % len(people)][:length] for i in range(REPETITIONS)])
    return augment(chosen, 1, rng, [0], typical_size(chosen))


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
