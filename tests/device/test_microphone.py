# SPDX-License-Identifier: MIT
"""The simulated microphone plays a sound in the board's time and loses what nobody takes; drivers and listen() on it.

LISTEN_SECONDS says how much the board hears with a wake word; `make test-sound` takes an hour.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable

import numpy as np
import pytest

import midge
from midge.api import convert
from midge.graph.sound import RATE_HZ
from midge.link.transport import open_board
from midge.link.verify import replay, vectors
from midge.samples.sound_files import Sound, read_sound
from tests.device.test_sensor_examples import played
from tests.support import ROOT, SHARED
from tests.support.boards import Board
from tests.support.front_end import small_network

NewBoard = Callable[..., Board]
DRIVERS = {f"lib/{name}.py": (ROOT / f"mpy_lib/drivers/{name}.py").read_bytes()
           for name in ("microphone", "i2s_microphone")}
START = """
import qemu, time
from array import array
from machine import Pin
from i2s_microphone import I2SMicrophone
qemu.skip_waits(True)
def start(**options):
    return I2SMicrophone(0, sck=Pin(1), ws=Pin(2), sd=Pin(3), **options)
"""
HOP = 480
SECONDS = float(os.environ.get("LISTEN_SECONDS", "8"))
WORDS = [SHARED / f"data/wakeword_wav/alexa_{i}.wav" for i in (1, 2, 3)]
ALEXA = SHARED / "models/microwakeword/v2_alexa.tflite", SHARED / "data/wakeword_manifests/v2_alexa.json"
ICOUNT = 5  # an instruction takes 32 ns: 31 MIPS, about what the board's 25 MHz would give


def noise(seconds: float) -> np.ndarray:
    """Return int16 noise of all levels."""
    rng = np.random.default_rng(5)
    return rng.integers(-32768, 32768, int(seconds * RATE_HZ)).astype(np.int16)


def as_sound(samples: np.ndarray) -> Sound:
    return Sound(samples.astype(np.float32)[:, None] / np.float32(32768), RATE_HZ)


def test_samples_arrive_in_order_and_scaled(new_board: NewBoard) -> None:
    kinds = [("bits=16", 1), ("bits=32", 1), ("bits=32, gain=4", 4), ("bits=16, gain=0.5", 0.5),
             ("bits=16, channel='both'", 0.5), ("bits=32, channel='both'", 0.5), ("bits=32, channel='right'", 0)]
    played = noise(0.1)
    network = convert(small_network(1), front_end="micro", name="net").blob  # its input takes hops of 10 ms
    board = new_board(mic=as_sound(played), romfs={**DRIVERS, "net.midge": network}, icount=ICOUNT)
    for options, factor in kinds:
        out = board.run(f"""{START}
import midge
core = midge.load("/rom/net.midge")._core
mic = start({options})
sound, raw = array("h", [0] * 160), array(mic.typecode, [0] * 160)
for _ in range(12):
    mic.read(raw)
    core.push(sound, raw, 0, mic.scales)
    print(list(sound))
""")
        found = np.concatenate([json.loads(line) for line in out.splitlines()])
        wanted = np.resize(played, len(found)).astype(float) * factor
        assert np.abs(found - wanted.clip(-32768, 32767)).max() <= 1, options
        assert len(set(found)) > 100 or factor == 0


def test_what_nobody_takes_is_lost_and_that_is_told(new_board: NewBoard) -> None:
    """The driver cannot see the ring: it says so by the clock, never too late, and hardly too early."""
    board = new_board(mic=as_sound(noise(1)), romfs=DRIVERS, icount=ICOUNT)
    out = board.run(f"""{START}
raw = array("h", [0] * {HOP})
mic = start(bits=16, buffer_ms=200)
for pause in (0, 30, 100, 150, 180, 190, 195, 199, 200, 201, 205, 230, 400, 3000):
    mic.clear()
    before = qemu.sound_lost()
    for _ in range(3):
        mic.read(raw)
    time.sleep_ms(pause)
    for _ in range(10):
        mic.read(raw)
    print(pause, qemu.sound_lost() - before, int(mic.overflow))
""")
    rows = [tuple(map(int, line.split())) for line in out.splitlines()]
    assert len(rows) == 14
    for pause, lost, told in rows:
        assert told or not lost, (pause, lost)
        assert not told or pause > 185, (pause, "told too early")
    assert rows[-1][1] > 16000 and rows[0][1:] == (0, 0)


def test_reading_in_time_loses_nothing(new_board: NewBoard) -> None:
    """Samples come at 16,000 a second by the board's clock: so many are taken, and they are those that were played."""
    board = new_board(mic=as_sound(noise(1)), romfs=DRIVERS, icount=ICOUNT)
    out = board.run(f"""{START}
raw = array("h", [0] * {HOP})
mic = start(bits=16)
begin = time.ticks_ms()
n = sums = 0
while n < 800:
    if mic.read_into(raw):
        n += 1
        sums = (sums * 31 + raw[0] + raw[{HOP} - 1]) % 65521
    else:
        time.sleep_ms(mic.wait_ms({HOP}))
print(time.ticks_diff(time.ticks_ms(), begin), sums, qemu.sound_lost(), int(mic.overflow))
""", timeout_s=60)
    played = np.resize(noise(1), 800 * HOP).reshape(-1, HOP).astype(int)
    sums = 0
    for hop in played:
        sums = (sums * 31 + int(hop[0]) + int(hop[-1])) % 65521
    took_ms, found, lost, overflow = map(int, out.split())
    assert (found, lost, overflow) == (sums, 0, 0)
    assert abs(took_ms - 800 * 30) <= 60


LISTEN = """
import midge
word = midge.load("/rom/alexa.midge")
mic = start(bits=32)
listener = midge.listen(mic, word)
before = qemu.sound_lost()
take = listener._take
def counted():
    if listener.samples >= {samples}:
        return None
    return take()
listener._take = counted
for heard in listener:
    print(heard.at, "%.6f" % heard.score, heard.label)
print(listener.samples, listener.lost, qemu.sound_lost() - before)
"""


@pytest.mark.skipif(not ALEXA[0].is_file(), reason=f"no {ALEXA[0]}; set SHARED=<dir>")
def test_a_wake_word_is_heard_and_no_sample_is_lost(new_board: NewBoard, board_name: str) -> None:
    sound = np.concatenate([read_sound(path).mono for path in WORDS])
    blob = convert(ALEXA[0], manifest=ALEXA[1], target=board_name, name="alexa").blob
    board = new_board(mic=Sound(sound[:, None], RATE_HZ), romfs={**DRIVERS, "alexa.midge": blob}, icount=ICOUNT)
    samples = int(SECONDS * RATE_HZ) // HOP * HOP
    *heard, last = board.run(START + LISTEN.format(samples=samples), timeout_s=60 + SECONDS).splitlines()
    assert tuple(map(int, last.split())) == (samples, 0, 0)
    rounds = samples / len(sound)
    assert 3 * int(rounds) - 1 <= len(heard) <= 3 * rounds + 1
    assert {line.split()[2] for line in heard} == {"Alexa"}


@pytest.mark.skipif(not ALEXA[0].is_file(), reason=f"no {ALEXA[0]}; set SHARED=<dir>")
def test_scores_are_the_pcs(new_board: NewBoard, board_name: str) -> None:
    """From samples to scores, packed for the board, the bits are the PC's."""
    sound = np.round(read_sound(WORDS[0]).mono * 32768).astype("<i2")
    sound = sound[: len(sound) // HOP * HOP]
    blob = convert(ALEXA[0], manifest=ALEXA[1], target=board_name, name="alexa").blob
    board = new_board(romfs={"alexa.midge": blob, "sound.raw": sound.tobytes()})
    out = board.run(f"""
import midge
word, sound, score = midge.load("/rom/alexa.midge"), memoryview(open("/rom/sound.raw", "rb")), bytearray(1)
for at in range(0, len(sound), {2 * HOP}):
    word.run(sound[at : at + {2 * HOP}], score)
    print(score[0])
""", timeout_s=60)
    model, score, wanted = midge.load(blob), bytearray(1), []
    for at in range(0, len(sound), HOP):
        model.run([sound[at : at + HOP].tobytes()], [score])
        wanted.append(score[0])
    assert [int(line) for line in out.split()] == wanted and max(wanted) > 230


@pytest.mark.skipif(not ALEXA[0].is_file(), reason=f"no {ALEXA[0]}; set SHARED=<dir>")
def test_the_example_of_a_wake_word(new_board: NewBoard, board_name: str) -> None:
    blob = convert(ALEXA[0], manifest=ALEXA[1], target=board_name, name="alexa").blob
    board = new_board(mic=read_sound(WORDS[0]), romfs={**DRIVERS, "word.midge": blob})
    out = played(board, "wake_word.py", 30, until="overruns")
    assert "say Alexa" in out and ", 0 overruns" in out


def claps(at_s: list[float], seconds: float, level: int = 20000) -> Sound:
    """Return claps in a quiet room: noise that dies down within 20 ms."""
    rng = np.random.default_rng(6)
    n = int(seconds * RATE_HZ)
    sound = rng.normal(0, 20, n)
    for at in at_s:
        start = int(at * RATE_HZ)
        clap = rng.normal(0, 1, 2400) * np.exp(-np.arange(2400) / 320) * level
        sound[start : start + 2400] += clap
    return as_sound(sound.clip(-32768, 32767).astype(np.int16))


def test_the_example_of_a_clap_switch(new_board: NewBoard) -> None:
    """Two pairs of claps; one clap alone, and two that are far apart, switch nothing."""
    sound = claps([1.0, 1.35, 3.0, 5.0, 6.4, 8.0, 8.4], 11)
    board = new_board(mic=sound, romfs=DRIVERS)
    out = played(board, "clap_switch.py", 30, until="lamp off")
    assert [line.strip() for line in out.splitlines() if "lamp" in line or "overrun" in line] == ["lamp on", "lamp off"]


@pytest.mark.parametrize("kind", ["mfcc:count=40", "mel:bands=40"])
def test_other_front_ends_have_the_bits_of_the_pc(new_board: NewBoard, kind: str) -> None:
    """Features of floats behind integers: run after run, which remember, on the board as here."""
    blob = convert(small_network(2), front_end=kind, name="n").blob
    with open_board(new_board(romfs={"n.midge": blob}).port) as link:
        result = replay(link, blob, "/rom/n.midge", vectors(blob, None, 6), lambda _: None)
    assert (result.runs, result.compared) == (6, 30) and not result.differences
