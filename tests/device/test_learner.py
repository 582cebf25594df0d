# SPDX-License-Identifier: MIT
"""A board that is taught a word by strangers' voices, and what it was taught on the way to the PC and back."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import midge
from midge.samples.sound_files import Sound
from midge.train.sounds.features import to_pcm
from midge.train.taught import load_taught
from tests.bench import teaching
from tests.device.test_microphone import DRIVERS, ICOUNT, as_sound
from tests.device.test_sensor_examples import gestures_network, played
from tests.support import ROOT, SHARED
from tests.support.boards import Board
from tests.support.command import midge as command
from tests.train.sets import wand_person
from tests.train.words import clip_of

NewBoard = Callable[..., Board]
SAME = """
from array import array
from binascii import crc32
learner = midge.Learner(midge.load(file, checksum=False), others=rows[:4096])
for i in range(20):
    learner.add("c%d" % (i % 4), rows[4096 + 32 * i:4128 + 32 * i])
scores = array("f", learner.answer(rows[4736:4768]).scores)
print(crc32(bytes(learner._weights)), crc32(bytes(learner._threshold)), crc32(bytes(scores)))
"""
WORDS = ROOT / "host_tools/demo/words/words.midge"
CROWD = SHARED / "data/wakeword_picovoice"


def said(word: str, first: int, count: int) -> list[np.ndarray]:
    """Return takes of a word, each by another person, int16."""
    clips = [clip_of(path, word, "") for path in sorted((CROWD / word).iterdir())[first:first + count]]
    return [to_pcm(clip.values) for clip in clips if clip is not None]


def one_after_the_other(takes: list[np.ndarray]) -> Sound:
    """Return sounds with a second of a quiet room before and after each."""
    rng = np.random.default_rng(1)
    room = [rng.normal(0, 12, 16000).round().astype(np.int16) for _ in range(len(takes) + 1)]
    return as_sound(np.concatenate([room[0], *(part for take, quiet in zip(takes, room[1:], strict=True)
                                               for part in (take, quiet))]))


@pytest.mark.skipif(not CROWD.is_dir(), reason=f"no {CROWD}; set SHARED=<dir>")
def test_the_example_of_a_word(new_board: NewBoard) -> None:
    """Five people say a word that the network never heard; then a sixth, and others say something else."""
    words = [*said("smart_mirror", 0, 5), *said("smart_mirror", 8, 1), *said("snowboy", 0, 2)]
    board = new_board(mic=one_after_the_other(words), icount=ICOUNT,
                      romfs=DRIVERS | {"words.midge": WORDS.read_bytes()})
    board.run("import os\nos.chdir('/flash')\n"
              "with open('words.midge', 'wb') as f: f.write(open('/rom/words.midge', 'rb').read())")
    out = played(board, "teach_word.py", 120, until="uncertain", folder="/flash")
    lines = [line.strip() for line in out.splitlines()]
    assert [line for line in lines if line.endswith(" of 5")] == [f"{n} of 5" for n in range(1, 6)], out
    answers = [line.split()[0] for line in lines[lines.index("listening") + 1:] if line]
    assert answers[:1] == ["lumos"] and "uncertain" in answers, out


def test_a_head_has_the_same_bits_on_a_board_and_on_the_pc(new_board: NewBoard) -> None:
    """Weights, thresholds and scores, after the same rows."""
    made = teaching.files()
    board = new_board(romfs={name: made[name] for name in made})
    there = board.run("import midge\nfile, rows = '/rom/row.midge', open('/rom/rows.bin', 'rb').read()\n" + SAME)
    here = io.StringIO()
    with redirect_stdout(here):
        exec(SAME, {"midge": midge, "file": made["row.midge"], "rows": made["rows.bin"]})
    assert there == here.getvalue().strip() and len(there.split()) == 3


def test_from_a_board_to_the_pc_and_back(new_board: NewBoard, tmp_path: Path) -> None:
    network = gestures_network()
    (tmp_path / "net.midge").write_bytes(network)
    board = new_board(romfs={"net.midge": network})
    takes = {label: [take.values for take in wand_person(150, range(4)) if take.label == label]
             for label in ("wing", "circle")}
    learner = midge.Learner(midge.load(network))
    rows = {label: [learner.row(x) for x in own] for label, own in takes.items()}
    board.run(f"import midge\nlearner = midge.Learner('/rom/net.midge', '/flash/ann')\n"
              f"for label, rows in {rows!r}.items():\n    for row in rows: learner.add(label, row)\nlearner.save()")
    ann, port = str(tmp_path / "ann"), board.port
    done = command("learner", "pull", "/flash/ann", "-o", ann, "--port", port, "--json")
    assert json.loads(done.stdout)["classes"] == {"wing": 4, "circle": 4}, done.stderr
    assert load_taught(Path(ann)).classes == rows
    facts = json.loads(command("learner", "evaluate", ann, str(tmp_path / "net.midge"), "--json").stdout)
    assert facts["right"]["count"] == 8 and facts["right"]["right"] >= 6
    bob = midge.Learner(midge.load(network), str(tmp_path / "bob"))
    for take in wand_person(151, range(3)):
        if take.label in ("wing", "thrust"):
            bob.teach(take.label, take.values)
    bob.save()
    both = str(tmp_path / "both")
    command("learner", "merge", ann, str(tmp_path / "bob"), "-o", both)
    assert command("learner", "push", both, "/flash/ann", "--port", port).returncode == 0
    counts = board.run("import midge\nlearner = midge.Learner('/rom/net.midge', '/flash/ann')\n"
                       "print(sorted(learner.counts().items()))", fresh=True)
    assert counts == str([("circle", 4), ("thrust", 3), ("wing", 7)])
    done = command("learner", "pull", "/flash/eve", "-o", ann, "--port", port)
    assert done.returncode and "neither is on the board" in done.stderr


def test_a_board_keeps_its_head_where_another_cannot_be_put(new_board: NewBoard, tmp_path: Path) -> None:
    """A head of another network, one that is cut short, a full flash, and more classes than there is room for."""
    network = gestures_network()
    learner = midge.Learner(midge.load(network), str(tmp_path / "ann"))
    for take in wand_person(150, range(3)):
        if take.label in ("wing", "circle"):
            learner.teach(take.label, take.values)
    learner.save()
    ann = load_taught(tmp_path / "ann")
    board = new_board(romfs={"net.midge": network})
    port, path = board.port, "/flash/ann"
    assert command("learner", "push", tmp_path / "ann", path, "--port", port).returncode == 0
    (tmp_path / "other").write_bytes(replace(ann, network=ann.network ^ 1).blob)
    (tmp_path / "cut").write_bytes(ann.blob[:-5])
    many = {f"class {i}": [bytes([i] * ann.width)] * 2 for i in range(60)}
    (tmp_path / "many").write_bytes(replace(ann, classes=many).blob)
    board.run("import os\nfree = os.statvfs('/flash')\nwith open('/flash/filler', 'wb') as f:\n"
              "    for i in range(free[3] - 2): f.write(bytes(free[0]))")
    for name, why in (("other", "another network"), ("cut", "cut short or damaged"), ("many", "free")):
        done = command("learner", "push", tmp_path / name, path, "--port", port)
        assert done.returncode == 1 and why in done.stderr and done.stderr.count("\n") == 1, done.stderr
        board.run("pass", fresh=True)
        done = command("learner", "pull", path, "-o", tmp_path / "back", "--port", port)
        assert load_taught(tmp_path / "back").classes == ann.classes, done.stderr
    board.run("import os\nos.remove('/flash/filler')")
    assert command("learner", "push", tmp_path / "many", path, "--port", port).returncode == 0
    said = board.run("import midge\ntry: midge.Learner('/rom/net.midge', '/flash/ann')\n"
                     "except ValueError as e: print(e)", fresh=True)
    assert said == "/flash/ann has 60 classes, there is room for 8"
    board.run("for i in (0, 1):\n    with open('/flash/ann.%d' % i, 'wb') as f: f.write(b'MGL1')")
    done = command("learner", "pull", path, "-o", tmp_path / "back", "--port", port)
    assert done.returncode == 1 and "cut short or damaged" in done.stderr
