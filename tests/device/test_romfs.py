# SPDX-License-Identifier: MIT
"""midge upload --romfs on an emulated board, whose firmware has vfs.rom_ioctl as MicroPython 1.25 has it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from midge.convert.pipeline import convert_model
from midge.link.romfs import read_romfs
from midge.link.transport import open_board
from tests.support.boards import ROMFS, Board
from tests.support.command import midge


@pytest.fixture(scope="module")
def wand(wand_tflite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("romfs") / "wand.midge"
    path.write_bytes(convert_model(wand_tflite).blob)
    return path


def test_a_model_goes_into_rom_beside_what_is_there(new_board: Callable[..., Board], wand: Path) -> None:
    board = new_board(romfs=ROMFS)
    done = midge("upload", wand, "--port", board.port, "--romfs")
    assert done.returncode == 0, done.stderr
    assert "-> /rom/wand.midge on the board: " in done.stdout and "beside lib/from_rom.py, model.bin" in done.stdout
    assert board.run("import from_rom; print(from_rom.ANSWER, len(open('/rom/model.bin', 'rb').read()))") == "42 1024"
    free = int(board.run("import gc, midge; gc.collect(); print(gc.mem_free())", fresh=True))
    said = board.run("m = midge.load('/rom/wand.midge'); gc.collect(); print(m.info()['weights'], gc.mem_free())")
    where, left = said.split()
    assert where == "flash"
    assert free - int(left) < 5_000  # the arena of 2.5 kB, and none of the 6.8 kB of weights
    assert "there already" in midge("upload", wand, "--port", board.port, "--romfs").stdout
    verified = midge("verify", wand, "--port", board.port, "--on", "/rom/wand.midge", "--runs", "4", "--json")
    assert json.loads(verified.stdout)["on_board"] and json.loads(verified.stdout)["differences"] == []


def test_verify_on_another_file(new_board: Callable[..., Board], wand: Path) -> None:
    board = new_board(romfs={"wand.midge": b"another"})
    for place, what in (("/rom/none.midge", "no such file"), ("/rom/wand.midge", "another file, of 7 B")):
        done = midge("verify", wand, "--port", board.port, "--on", place)
        assert done.returncode == 1 and f"{place}: {what} on the board; upload" in done.stderr


def test_an_empty_rom_takes_a_path_and_the_image_is_as_the_tools_read_it(
    new_board: Callable[..., Board], wand: Path
) -> None:
    board = new_board()
    done = midge("upload", wand, "--port", board.port, "--romfs", "--to", "/rom/models/w.midge", "--json")
    facts = json.loads(done.stdout)
    assert facts["path"] == "/rom/models/w.midge" and facts["beside"] == [] and not facts["unchanged"]
    with open_board(board.port) as opened:
        opened.ask("import vfs")
        image = bytes.fromhex(opened.ask(f"r=bytes(vfs.rom_ioctl(2,0)[:{facts['image']}]).hex()", silence_s=20))
    assert read_romfs(image) == {"models/w.midge": wand.read_bytes()}


@pytest.mark.parametrize("to", ["/rom/", "/rom/../x"])
def test_paths_that_are_none(to: str, wand: Path) -> None:
    done = midge("upload", wand, "--port", "nowhere", "--romfs", "--to", to)
    assert done.returncode == 1 and f"--to {to}: no path of a file in ROMFS" in done.stderr


WRITTEN_ANEW = """
import midge, vfs
rom, file = vfs.rom_ioctl(2, 0), open('/rom/wand.midge', 'rb').read()
at = bytes(rom[:2 * len(file)]).find(file)
m, x, y = midge.load('/rom/wand.midge'), bytes(288), bytearray(6)
vfs.rom_ioctl(3, 0, at + len(file))
for byte in b'\\0\\x7f\\xff':
    vfs.rom_ioctl(4, 0, at, bytes([byte]) * len(file))
    assert bytes(rom[at:at + len(file)]) == bytes([byte]) * len(file)
    try:
        m.run(x, out=y)
    except Exception:  # or any answer
        pass
print('it goes on')
"""


def test_a_rom_that_is_written_anew_under_a_loaded_model(new_board: Callable[..., Board], wand: Path) -> None:
    board = new_board(romfs={"wand.midge": wand.read_bytes()})
    assert board.run(WRITTEN_ANEW) == "it goes on"
    assert board.run("print(6 * 7)") == "42"
