# SPDX-License-Identifier: MIT
"""Examples that tell sounds, on an emulated board that hears what their networks were not trained on.

Cries are babies', of ESC-10; machines and their rattle are simulated. The networks are trained here, in a minute.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

from midge.samples.sound_files import Sound, read_sound, resample
from midge.samples.sounds import Clip, Clips
from midge.train.sounds.recipe import Options
from midge.train.sounds.train import train_sounds
from tests.device.test_microphone import DRIVERS, RATE_HZ
from tests.device.test_sensor_examples import EXAMPLES, played
from tests.support import SHARED
from tests.support.boards import Board
from tests.support.machines import rattling, running

NewBoard = Callable[..., Board]
ESC10 = SHARED / "data/esc10"
OPTIONS = Options(steps=100, width=24, folds=2, variants=4, window_s=0.8)
pytestmark = [pytest.mark.slow, pytest.mark.emulator]


def esc10(fold: int, label: str) -> list[np.ndarray]:
    """Return the sounds of a fold and of a class, such as Baby_cry, at 16 kHz."""
    found = []
    for path in sorted(ESC10.glob(f"*{label}/{fold}-*")):
        sound = read_sound(path)
        found.append(resample(sound.mono, sound.rate_hz, RATE_HZ))
    return found


def clips(sounds: dict[str, list[np.ndarray]]) -> Clips:
    """Return sounds by class as what is trained on."""
    return Clips([Clip(f"{label} {i}", label, x.astype(np.float32), RATE_HZ) for label, some in sounds.items()
                  for i, x in enumerate(some)], "sounds")


@pytest.mark.skipif(not ESC10.is_dir(), reason=f"no {ESC10}; set SHARED=<dir>")
def test_a_cry_is_told_and_its_end(new_board: NewBoard, board_name: str) -> None:
    """Two folds teach. Of the third, a dog, a clock and a fire are not told; a baby is, and when it is quiet again."""
    others = ("Dog_bark", "Clock_tick", "Rooster", "Fire_crackling", "Person_sneeze", "Chainsaw")
    taught = clips({"cry": [x for fold in (2, 3) for x in esc10(fold, "Baby_cry")],
                    "background": [x for fold in (2, 3) for label in others for x in esc10(fold, label)[:3]]})
    blob = train_sounds(taught, options=OPTIONS, name="sound", target=board_name).blob
    quiet = np.random.default_rng(4).normal(0, 0.001, 2 * RATE_HZ)
    before = [*(esc10(1, label)[0] for label in ("Dog_bark", "Clock_tick", "Fire_crackling")), quiet]
    cry = esc10(1, "Baby_cry")[0]
    heard = np.concatenate([*before, cry, quiet, quiet]).clip(-1, 1)
    board = new_board(mic=Sound(heard.astype(np.float32)[:, None], RATE_HZ), romfs={**DRIVERS, "sound.midge": blob})
    text = (EXAMPLES / "cry_alarm.py").read_text().replace('print("%s began"', 'print(heard.at, "%s began"')
    out = played(board, "cry_alarm.py", 60, until="ended", text=text)
    began = re.search(r"(\d+) cry began\s+cry ended after (\d+\.\d) s", out)
    assert began is not None, out
    start = sum(map(len, before)) / RATE_HZ
    assert start < int(began[1]) / RATE_HZ < start + len(cry) / RATE_HZ and float(began[2]) < 7, out


def test_a_rattle_calls_for_service(new_board: NewBoard, board_name: str) -> None:
    """Simulated machines teach; of another one, what rattles for long calls, and not before."""
    rng = np.random.default_rng(7)
    taught = clips({label: [sound(rng, 4) for _ in range(10)] for label, sound in (("rattle", rattling),
                                                                                  ("background", running))})
    blob = train_sounds(taught, options=OPTIONS, name="sound", target=board_name).blob
    heard = np.concatenate([running(rng, 8), rattling(rng, 6), running(rng, 6)]).clip(-1, 1)
    board = new_board(mic=Sound(heard.astype(np.float32)[:, None], RATE_HZ), romfs={**DRIVERS, "sound.midge": blob})
    text = (EXAMPLES / "machine_rattle.py").read_text().replace("TOO_MUCH_S = 600, 60", "TOO_MUCH_S = 600, 2")
    text = text.replace("            began = now\n", "            began = now\n            print('at', now)\n")
    out = played(board, "machine_rattle.py", 60, until="service, please", text=text)
    at, lasted = map(float, re.findall(r"at (\d+\.\d+)\s+rattle for (\d+\.\d) s", out)[-1])
    assert 8 < at < 11 and 3 < lasted < 8, out
