# SPDX-License-Identifier: MIT
"""A practice board: an emulated one, whose sensor plays movements of simulated people, varied from one to the next.

Its microphone and its camera have what a project has recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Event, Thread

import numpy as np

from ..core.binding import check_file
from ..errors import UserError
from ..fileformat.read import decode, load_file
from ..link.demo import EMULATED
from ..link.simulator import Simulator
from ..resources import folder
from ..samples.camera_pictures import read_as_camera, view_of
from ..samples.labels import is_quiet
from ..samples.recordings import Recording, read_recording
from ..samples.sound_files import Sound, read_sound, resample
from ..train.augment import augment, typical_size

CAMERA = "camera.bin"  # on the board: what its camera sees
SEEN = 8  # pictures
SOUND_HZ, MOST_SOUND_S, PAUSE_S = 16_000, 60.0, 1.2
FAINT = 0.0005  # of full scale: noise of a quiet room
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


def room(takes: Sequence[Path]) -> Sound:
    """Return sounds one after the other, in faint noise, with pauses between, as long as a microphone holds them."""
    rng = np.random.default_rng(len(takes))
    parts = [np.zeros(round(PAUSE_S * SOUND_HZ), np.float32)]
    left = round(MOST_SOUND_S * SOUND_HZ) - len(parts[0])
    for path in takes:
        sound = read_sound(path)
        mono = resample(sound.mono, sound.rate_hz, SOUND_HZ)
        if len(mono) + len(parts[0]) > left:
            break
        parts += [mono, parts[0]]
        left -= len(mono) + len(parts[0])
    values = np.concatenate(parts)
    return Sound((values + rng.normal(0, FAINT, len(values)).astype(np.float32))[:, None], SOUND_HZ)


def pictures(takes: Sequence[Path], model: Path) -> tuple[bytes, list[Path]]:
    """Return what the camera of a model gives of some pictures, one after the other, and which. Raises UserError."""
    blob = load_file(model)
    check_file(blob, model.name)
    view = view_of(decode(blob).metadata)
    if view is None:
        raise UserError(f"{model.name}: has no camera; train it again on this page")
    return b"".join(read_as_camera(path, view).tobytes() for path in takes), list(takes)


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

    def hear(self, label: str, takes: Sequence[Path]) -> None:
        """Have its microphone hear takes of a label over and over, with pauses between them. Raises UserError."""
        self.simulator.hear(room(takes))
        self.movement = label

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
