# SPDX-License-Identifier: MIT
"""Boards that answer what was not asked, say nothing or never stop: each command ends, soon and in one line."""

from __future__ import annotations

import os
import pty
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from midge.errors import UserError
from midge.link import rom
from midge.link.identity import identify
from midge.link.install import install_at
from midge.link.transport import open_board
from midge.link.upload import upload
from midge.link.verify import verify_model
from tests.support import WAND_MODEL
from tests.support.command import midge
from tests.support.small_board import SmallBoard

LIES = ["", "0", "-1", "9" * 5000, "[", "[" * 100_000, "{}", "[0, 0]", '["micropython", [1, 25, 0]]', "1 2 3", "é", "-"]
SOON_S = 30


def is_refused(act: Callable[[], object]) -> bool:
    """Whether it ends in a UserError, which comes soon and is one line; other exceptions fail the test."""
    started, said = time.monotonic(), ""
    try:
        act()
    except UserError as error:
        said = str(error)
    assert "\n" not in said and len(said) < 400 and time.monotonic() - started < SOON_S
    return bool(said)


def identified(port: str) -> None:
    with open_board(port) as board:
        identify(board)


DATA = os.urandom(9_000)


def uploaded(port: str, path: str) -> None:
    with open_board(port) as board:
        upload(board, DATA, path, lambda done: None)


def in_rom(port: str) -> None:
    with open_board(port) as board:
        rom.write(board, {"a.midge": bytes(4_000)})


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from midge.api import convert

    path = tmp_path_factory.mktemp("wand") / "wand.midge"
    convert(WAND_MODEL).save(path)
    return path


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie[:20] or "nothing")
def test_every_answer_is_a_lie(lie: str, tmp_path: Path, model: Path) -> None:
    small = SmallBoard(128)
    small.lie = lambda code: lie
    assert is_refused(lambda: identified(small.port))
    assert is_refused(lambda: uploaded(small.port, str(tmp_path / "m.midge")))
    assert is_refused(lambda: in_rom(small.port))
    assert is_refused(lambda: install_at(small.port))
    assert is_refused(lambda: verify_model(model, port=small.port))


@pytest.mark.parametrize("lie", ["0", "-1", "9" * 15, "9" * 5000, "x"], ids=lambda lie: lie[:20])
@pytest.mark.parametrize("asked", ["r=w(", "r=v(", "r=h(", "r=o(", "r=e("])
def test_one_answer_is_a_lie(asked: str, lie: str, tmp_path: Path) -> None:
    """It is found out, or the file is whole all the same."""
    small = SmallBoard(128)
    small.lie = lambda code: lie if asked in code and "def " not in code else None
    there = tmp_path / "m.midge"
    assert is_refused(lambda: uploaded(small.port, str(there))) or there.read_bytes() == DATA


@contextmanager
def port_of(say: bytes) -> Iterator[str]:
    """A port where something says the same again and again, or nothing, whatever it is told."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    ended = threading.Event()

    def talk() -> None:
        os.set_blocking(master, False)
        while not ended.is_set():
            with suppress(BlockingIOError):
                os.read(master, 4096)
            with suppress(BlockingIOError):
                if say:
                    os.write(master, say)
            time.sleep(0.002)

    thread = threading.Thread(target=talk, daemon=True)
    thread.start()
    try:
        yield os.ttyname(slave)
    finally:
        ended.set()
        thread.join()
        os.close(master)
        os.close(slave)


@pytest.mark.parametrize("via", ["serial", "ampy"])
@pytest.mark.parametrize("say", [b"", b"x" * 64, b">>> ", b"raw REPL; CTRL-B to exit\r\n>", b"OK\x04\x04>"],
                         ids=["silent", "floods", "prompts", "raw prompts", "agrees"])
def test_what_is_no_board(say: bytes, via: str, model: Path) -> None:
    started = time.monotonic()
    with port_of(say) as port:
        done = midge("upload", model, "--port", port, "--via", via)
    assert done.returncode == 1 and len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert time.monotonic() - started < SOON_S
