# SPDX-License-Identifier: MIT
"""midge capture --mic, from the simulated microphone's I2S words to WAV files: what was heard, whole, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from midge.capture.microphones import RATE_HZ, open_microphone
from midge.capture.sound_recorder import SoundPlan, record_on, record_sounds
from midge.samples.sound_files import Sound, read_sound
from tests.device.test_microphone import DRIVERS, ICOUNT, as_sound
from tests.support.boards import Board
from tests.support.cable import Cable
from tests.support.command import midge, refusal

NewBoard = Callable[..., Board]


def knocks() -> Sound:
    """Two seconds of a quiet room, with a sound of 0.4 s in it that tells where it is in itself."""
    sound = np.random.default_rng(0).normal(0, 8, 2 * RATE_HZ)
    count = round(0.4 * RATE_HZ)
    sound[RATE_HZ:RATE_HZ + count] += 9000 * np.hanning(count) * np.sin(np.arange(count) ** 1.5 / 200)
    return as_sound(np.round(sound))


def place_in(played: np.ndarray, heard: np.ndarray) -> int:
    """Return where a sound that is played over and over begins to be what was heard."""
    twice = np.concatenate([played, played, played])
    at = next(i for i in range(len(played)) if np.array_equal(twice[i:i + 200], heard[:200]))
    np.testing.assert_array_equal(np.resize(np.roll(played, -at), len(heard)), heard)
    return at


def pcm(path: Path) -> np.ndarray:
    sound = read_sound(path)
    assert sound.rate_hz == RATE_HZ
    return np.round(sound.mono * 32768).astype(np.int16)


class Silent:
    """A display that remembers why something was recorded again, and tells what comes."""

    def __init__(self) -> None:
        self.reasons: list[str] = []
        self.came = 0
        self.on_level: Callable[[int], None] = lambda came: None

    def level(self, block: np.ndarray, number: int, sounding: bool) -> None:
        self.came += len(block)
        self.on_level(self.came)

    def again(self, reason: str) -> None:
        self.reasons.append(reason)

    def kept(self, number: int, path: Path, samples: int) -> None:
        pass


def test_sounds_of_a_board_are_cut(new_board: NewBoard, tmp_path: Path) -> None:
    """The driver is put on the board where it is missing; files hold the very samples that the microphone heard."""
    board = new_board(mic=knocks(), icount=ICOUNT)
    out = midge("capture", "--mic", "--label", "knock", "--count", "2", "--out", tmp_path, "--port", board.port)
    assert out.returncode == 0, out.stderr
    assert "I2S microphone, 16000 samples a second" in out.stdout and out.stdout.count("knock_") == 2
    played = (knocks().values[:, 0] * 32768).astype(np.int16)
    for path in sorted((tmp_path / "knock").glob("*.wav")):
        heard = pcm(path)
        assert 0.55 < len(heard) / RATE_HZ < 0.85
        assert 0.7 * RATE_HZ <= place_in(played, heard) <= RATE_HZ


def test_a_lost_frame_is_seen(new_board: NewBoard, tmp_path: Path) -> None:
    board = new_board(mic=knocks(), romfs=DRIVERS, icount=ICOUNT)
    display = Silent()
    with Cable(board.port) as cable, open_microphone("0,sck=16,ws=17,sd=18", cable.port) as mic:
        def damage(came: int) -> None:
            if came > RATE_HZ and not display.reasons and max(cable.to_host.flipped, default=0) < cable.received:
                cable.to_host.flipped = frozenset(range(cable.received + 100, cable.received + 105))

        display.on_level = damage
        files = record_on(mic, SoundPlan("room", seconds=2.5, out=tmp_path), display)
    assert display.reasons and "a frame" in display.reasons[0] and len(files) == 2
    parts = [pcm(path) for path in files]
    assert sum(map(len, parts)) == round(2.5 * RATE_HZ)
    for part in parts:
        place_in((knocks().values[:, 0] * 32768).astype(np.int16), part)


def test_a_microphone_with_no_wire(new_board: NewBoard, tmp_path: Path) -> None:
    board = new_board(mic=as_sound(np.zeros(RATE_HZ)), romfs=DRIVERS, icount=ICOUNT)
    said = refusal("capture", "--mic", "--label", "x", "--out", tmp_path, "--port", board.port)
    assert said.startswith("midge: the microphone gives 0 all the time; check its wires")
    said = refusal("capture", "--mic", "7", "--label", "x", "--out", tmp_path, "--port", board.port)
    assert said.startswith("midge: microphone 7: wanted an I2S with its pins, as 0,sck=16")
    said = refusal("capture", "--mic", "pdm,clk=2,data=3", "--label", "x", "--out", tmp_path, "--port", board.port)
    assert "Midge has no driver of PDM microphones for it" in said
    with open_microphone("", board.port) as mic, pytest.raises(AssertionError):
        record_sounds(mic, SoundPlan("x", out=tmp_path), _Stops())


DEAD = b"""
class Dead:
    name, rate_hz, typecode, scales, overflow, timeout_ms = "dead part", 16000, "h", None, False, 100
    def clear(self):
        self.left = 20
    def wait_ms(self, n):
        return 10
    def read_into(self, buffer):
        self.left -= 1
        return len(buffer) if self.left > 0 else 0
    def stop(self):
        pass
mic = Dead()
nothing = None
class Low(Dead):
    @property
    def name(self):
        raise OSError("the microphone gives nothing but 0; check its wires")
low = Low()
"""


def test_a_microphone_that_stops(new_board: NewBoard, tmp_path: Path) -> None:
    board = new_board(romfs={"lib/dead.py": DEAD}, icount=ICOUNT)
    where = ("--label", "x", "--out", tmp_path, "--port", board.port)
    said = refusal("capture", "--mic", "dead:mic", *where)
    assert said.startswith("midge: the microphone: the dead part gave no sample for 100 ms; check its wires")
    said = refusal("capture", "--mic", "dead:low", *where)
    assert said.startswith("midge: the microphone: the microphone gives nothing but 0; check its wires, and reset")
    assert "the board has no nowhere.py" in refusal("capture", "--mic", "nowhere:mic", *where)
    assert "--mic dead:nothing: " in (said := refusal("capture", "--mic", "dead:nothing", *where))
    assert "wanted an object with read_into()" in said
    assert refusal("capture", "--mic", "x:1", *where).startswith("midge: --mic x:1: wanted MODULE:NAME, such as mymic")


class _Stops(Silent):
    """Something goes wrong on the PC while the board records: the board is left at its prompt."""

    def level(self, block: np.ndarray, number: int, sounding: bool) -> None:
        raise AssertionError("the display broke")
