# SPDX-License-Identifier: MIT
"""Uploads to the emulated board, on our own line and through ampy; test_bad_line.py has what may go wrong."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from midge.convert.pipeline import convert_model
from midge.link.transport import open_board
from tests.bench.models import fully_connected
from tests.support import WAND_MODEL
from tests.support.boards import Board
from tests.support.command import midge

DIGEST = "import hashlib, binascii; print(binascii.hexlify(hashlib.sha256(open({!r}, 'rb').read()).digest()).decode())"


@pytest.fixture(scope="module")
def model(wand_tflite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("upload") / "wand.midge"
    path.write_bytes(convert_model(wand_tflite).blob)
    return path


@pytest.mark.parametrize("via", ["serial", "ampy"])
def test_the_file_arrives_whole(qemu_board, model: Path, via: str) -> None:
    done = midge("upload", model, "--port", qemu_board.port, "--via", via, "--to", f"{via}.midge")
    assert done.returncode == 0, done.stderr
    assert "checked by SHA-256" in done.stdout
    assert qemu_board.run(DIGEST.format(f"{via}.midge")) == hashlib.sha256(model.read_bytes()).hexdigest()
    assert ".part" not in qemu_board.run("import os; print(os.listdir())")


def test_it_replaces_an_older_file(qemu_board, model: Path) -> None:
    qemu_board.run("f = open('old.midge', 'w'); f.write('old'); f.close()")
    assert midge("upload", model, "--port", qemu_board.port, "--to", "old.midge").returncode == 0
    assert qemu_board.run(DIGEST.format("old.midge")) == hashlib.sha256(model.read_bytes()).hexdigest()


def test_many_uploads_take_no_ram_for_good(qemu_board, model: Path, tmp_path: Path) -> None:
    other, free = tmp_path / "other.midge", list[int]()
    other.write_bytes(convert_model(WAND_MODEL, target="cortex-m4").blob)
    for i in range(12):
        assert midge("upload", (model, other)[i % 2], "--port", qemu_board.port, "--to", "w.midge").returncode == 0
        free.append(int(qemu_board.run("import gc; gc.collect(); print(gc.mem_free())")))
    assert max(free[2:]) - min(free[2:]) < 256, free


def test_what_was_uploaded_finds_its_block_of_ram(new_board: Callable[..., Board], tmp_path: Path) -> None:
    """At once, without a reset: three fifths of the heap in one piece."""
    large = tmp_path / "large.midge"
    large.write_bytes(convert_model(fully_connected(1024, 150)).blob)
    board = new_board()
    assert midge("upload", large, "--port", board.port).returncode == 0
    assert board.run("import midge; print(midge.load('large.midge').outputs[0].shape[-1])") == "150"


def test_a_folder_that_is_not_there(qemu_board, model: Path) -> None:
    done = midge("upload", model, "--port", qemu_board.port, "--to", "nowhere/wand.midge")
    assert done.returncode == 1
    assert "no such folder on the board" in done.stderr


def test_a_busy_port(qemu_board, model: Path) -> None:
    with open_board(qemu_board.port):
        done = midge("upload", model, "--port", qemu_board.port)
    assert done.returncode == 1
    assert "in use by another program" in done.stderr


def timed(command: list[object]) -> float:
    """Run a command that must succeed, and return its seconds."""
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-m", *map(str, command)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return time.monotonic() - started


def test_it_is_faster_than_ampy_and_mpremote(qemu_board, tmp_path: Path) -> None:
    """Whole commands, one after the other on the same board and with the same bytes; at need the best of two each."""
    model = tmp_path / "m.bin"
    model.write_bytes(random.Random(3).randbytes(24_000))
    port = qemu_board.port
    ours = tmp_path / "ours.py"  # `midge upload` takes models only
    ours.write_text(f"import sys\nfrom midge.link.transport import open_board\nfrom midge.link.upload import upload\n"
                    f"with open_board({port!r}) as board:\n"
                    f"    upload(board, open({str(model)!r}, 'rb').read(), sys.argv[1], lambda n: None)\n")
    best = {"ours": 1e9, "mpremote": 1e9, "ampy": 1e9}
    wanted = hashlib.sha256(model.read_bytes()).hexdigest()
    for turn in range(2):
        best["mpremote"] = min(best["mpremote"], timed(["mpremote", "connect", port, "cp", model, f":m{turn}.bin"]))
        started = time.monotonic()
        subprocess.run([sys.executable, ours, f"u{turn}.bin"], check=True, capture_output=True)
        best["ours"] = min(best["ours"], time.monotonic() - started)
        best["ampy"] = min(best["ampy"], timed(["ampy.cli", "--port", port, "put", model, f"a{turn}.bin"]))
        for name in "mua":
            assert qemu_board.run(DIGEST.format(f"{name}{turn}.bin")) == wanted
        if best["ampy"] >= 2 * best["ours"] and best["mpremote"] >= best["ours"]:
            break
    times = {name: seconds / best["ours"] for name, seconds in best.items()}
    print(f"\nmpremote takes {times['mpremote']:.1f} times as long, ampy {times['ampy']:.1f}")
    assert best["ampy"] >= 2 * best["ours"], best
    assert best["mpremote"] >= best["ours"], best
