# SPDX-License-Identifier: MIT
"""Uploads to the emulated board: through mpremote and ampy, broken half-way, and onto a board that is not ready."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from midge.convert import convert
from midge.errors import UserError
from midge.transport import open_board
from midge.upload import upload

DIGEST = "import hashlib, binascii; print(binascii.hexlify(hashlib.sha256(open({!r}, 'rb').read()).digest()).decode())"


@pytest.fixture(scope="module")
def model(wand_tflite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("upload") / "wand.midge"
    path.write_bytes(convert(wand_tflite).blob)
    return path


def midge_upload(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "midge.cli", "upload", *map(str, arguments)],
                          capture_output=True, text=True, check=False)  # fmt: skip


@pytest.mark.parametrize("via", ["mpremote", "ampy"])
def test_the_file_arrives_whole(qemu_board, model: Path, via: str) -> None:
    done = midge_upload(model, "--port", qemu_board.port, "--via", via, "--to", f"{via}.midge")
    assert done.returncode == 0, done.stderr
    assert "checked by SHA-256" in done.stdout
    assert qemu_board.run(DIGEST.format(f"{via}.midge")) == hashlib.sha256(model.read_bytes()).hexdigest()
    assert ".part" not in qemu_board.run("import os; print(os.listdir())")


def test_it_replaces_an_older_file(qemu_board, model: Path) -> None:
    qemu_board.run("f = open('old.midge', 'w'); f.write('old'); f.close()")
    assert midge_upload(model, "--port", qemu_board.port, "--to", "old.midge").returncode == 0
    assert qemu_board.run(DIGEST.format("old.midge")) == hashlib.sha256(model.read_bytes()).hexdigest()


class Broken:
    """A board whose line breaks after some bytes, or swallows one."""

    def __init__(self, board, fault: Callable[[bytes], bytes], breaks: bool):
        self.board, self.fault, self.breaks = board, fault, breaks

    def execute(self, code: str, timeout_s: float = 10) -> str:
        return self.board.execute(code, timeout_s)

    def write_file(self, path: str, data: bytes, progress) -> None:
        self.board.write_file(path, self.fault(data), progress)
        if self.breaks:
            raise UserError("the connection broke")


@pytest.mark.parametrize(
    ("fault", "breaks", "words"),
    [
        (lambda data: data[:1000], True, "the connection broke"),
        (lambda data: data[:-1], False, "arrived damaged"),
        (lambda data: data[:50] + bytes([data[50] ^ 1]) + data[51:], False, "arrived damaged"),
    ],
)
def test_a_broken_upload_leaves_the_old_model_whole(
    qemu_board, model: Path, fault: Callable[[bytes], bytes], breaks: bool, words: str
) -> None:
    qemu_board.run("f = open('kept.midge', 'w'); f.write('the old model'); f.close()")
    with open_board(qemu_board.port) as board, pytest.raises(UserError, match=words):
        upload(Broken(board, fault, breaks), model.read_bytes(), "kept.midge", lambda done: None)
    assert qemu_board.run("print(open('kept.midge').read())") == "the old model"


def test_a_folder_that_is_not_there(qemu_board, model: Path) -> None:
    done = midge_upload(model, "--port", qemu_board.port, "--to", "nowhere/wand.midge")
    assert done.returncode == 1
    assert "no such folder on the board" in done.stderr


def test_a_busy_port(qemu_board, model: Path) -> None:
    with open_board(qemu_board.port):
        done = midge_upload(model, "--port", qemu_board.port)
    assert done.returncode == 1
    assert "in use by another program" in done.stderr


def test_a_board_without_midge(qemu_board, model: Path) -> None:
    with open_board(qemu_board.port) as board:
        # The emulated firmware has the module built in; a stand-in on this side refuses it as stock firmware does.
        class Stock:
            def execute(self, code: str, timeout_s: float = 10) -> str:
                return board.execute(code.replace("_midge", "_no_such_module"), timeout_s)

        from midge.upload import require_midge

        with pytest.raises(UserError, match="the board has no _midge; put build/natmod"):
            require_midge(Stock())  # type: ignore[arg-type]
