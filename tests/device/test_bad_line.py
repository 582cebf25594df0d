# SPDX-License-Identifier: MIT
"""Uploads over a bad line: each ends with the new file whole, or with one clear line and the old file whole."""

from __future__ import annotations

import hashlib
import random
import time

import pytest

from midge.errors import UserError
from midge.link.transport import open_board
from midge.link.upload import Upload, upload
from tests.support.boards import Board
from tests.support.cable import Cable, Faults, spread

OLD = b"the old model"
NEW = random.Random(1).randbytes(24_000)
PATH = "kept.midge"


@pytest.fixture
def board(qemu_board: Board) -> Board:
    """The board, with an old file in place and no rest of a new one."""
    qemu_board.run(f"import os\nwith open({PATH!r}, 'wb') as f: f.write({OLD!r})\n"
                   f"if {PATH + '.part'!r} in os.listdir(): os.remove({PATH + '.part'!r})")
    return qemu_board


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def content_hash(board: Board, path: str = PATH) -> str:
    return board.run(f"import hashlib,binascii\nprint(binascii.hexlify(hashlib.sha256(open({path!r},'rb').read())"
                     ".digest()).decode())")


def send(port: str, data: bytes = NEW) -> Upload:
    with open_board(port) as opened:
        return upload(opened, data, PATH, lambda done: None)


def send_over(board: Board, **faults: object) -> Upload:
    """Upload over a bad cable and check that the file is the new one afterwards."""
    with Cable(board.port, **faults) as cable:  # type: ignore[arg-type]
        done = send(cable.port)
    assert content_hash(board) == digest(NEW)
    return done


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("fault", ["dropped", "doubled", "flipped"])
def test_bytes_lost_doubled_or_flipped_on_both_ways(board: Board, fault: str, seed: int) -> None:
    rng = random.Random(f"{fault} {seed}").randrange
    to_board = Faults(**{fault: spread(rng, 6, 40_000)})
    to_host = Faults(**{fault: spread(rng, 4, 1_500)})
    assert send_over(board, to_board=to_board, to_host=to_host).retries > 0


def test_a_stretch_of_bytes_lost(board: Board) -> None:
    """A whole piece of a request goes, so that what is left may still be a sound line of Python."""
    lost = frozenset(n for start in (900, 5_000, 9_000, 21_000) for n in range(start, start + 150))
    assert send_over(board, to_board=Faults(dropped=lost)).retries > 0


def test_a_stall_of_ten_seconds(board: Board) -> None:
    started = time.monotonic()
    send_over(board, stall=(9_000, 10.0))
    assert time.monotonic() - started > 10


@pytest.mark.parametrize("seed", range(5))
def test_unplugged_at_any_place_and_resumed(board: Board, seed: int) -> None:
    place = random.Random(seed).randrange(300, 30_000)
    with Cable(board.port, unplug=place) as cable, pytest.raises(UserError, match="vanished from this port; plug it"):
        send(cable.port)
    assert content_hash(board) == digest(OLD)
    done = send(board.port)
    assert content_hash(board) == digest(NEW)
    assert done.resumed_at + done.sent == len(NEW)
    if place > 12_000:
        assert done.resumed_at >= 2048


def test_a_part_of_another_file_is_not_continued(board: Board) -> None:
    board.run(f"with open({PATH + '.part'!r}, 'wb') as f: f.write(b'something else' * 99)")
    done = send(board.port)
    assert (done.resumed_at, done.sent) == (0, len(NEW))
    assert content_hash(board) == digest(NEW)


def test_what_is_there_is_not_sent_again(board: Board) -> None:
    assert send(board.port).sent == len(NEW)
    again = send(board.port)
    assert again.unchanged and again.sent == 0


CHATTER = """
import micropython
def chat(n):
    if n % 40 == 0:
        print('temperature', n)
    if talking:
        micropython.schedule(chat, n + 1)
talking = True
micropython.schedule(chat, 0)
"""


def test_a_board_that_prints_in_the_background(board: Board) -> None:
    board.run(CHATTER)
    try:
        with open_board(board.port) as opened:
            done = upload(opened, NEW, PATH, lambda done: None)
            assert "temperature" in opened.execute("for i in range(3000): pass")
            opened.execute("talking = False")
    finally:
        time.sleep(0.1)
    assert done.sent == len(NEW)
    assert content_hash(board) == digest(NEW)


def test_noise_in_the_midst_of_answers(board: Board) -> None:
    rng = random.Random(7)
    noise = {rng.randrange(3_000): b"I (1234) wifi: state\r\n" for _ in range(25)}
    send_over(board, to_host=Faults(noise=noise))


def test_a_board_in_an_endless_loop(board: Board) -> None:
    import os

    terminal = os.open(board.port, os.O_RDWR | os.O_NOCTTY)
    os.write(terminal, b"while True: print('busy')\r\n\r\n")
    time.sleep(0.3)
    os.close(terminal)
    assert send(board.port).sent == len(NEW)
    assert content_hash(board) == digest(NEW)


@pytest.mark.parametrize("place", [3_000, 12_345, 25_000])
@pytest.mark.parametrize("how", ["soft reboot", "hard reset"])
def test_a_board_that_resets_itself(board: Board, how: str, place: int) -> None:
    reset = b"\x03\x03\r\x02\x04" if how == "soft reboot" else b"\x03\x03\r\x02import machine;machine.reset()\r\n"
    done = send_over(board, inject=[(place, reset)])
    assert done.retries > 0


def test_a_full_file_system(board: Board) -> None:
    # Room that is gone only when the file is on its way: the check before it cannot see that.
    free = int(board.run("import os; s = os.statvfs('/flash'); print(s[1] * s[3])"))
    data = NEW * 3
    with open_board(board.port) as opened:

        class Filling:
            """The board, whose file system fills up after the first request that writes."""

            port, filled = opened.port, False

            @property
            def retries(self) -> int:
                return opened.retries

            def execute(self, code: str, timeout_s: float = 10) -> str:
                return opened.execute(code, timeout_s)

            def ask(self, code: str, data: bytes = b"", **options: float) -> str:
                if "w(2048," in code and not self.filled:
                    Filling.filled = True
                    opened.ask(f"z=bytes(4096)\nwith open('filler','wb') as q:\n for i in range({free}//4096-9):"
                               "q.write(z)", silence_s=60)
                return opened.ask(code, data, **options)  # type: ignore[arg-type]

        try:
            with pytest.raises(UserError, match="the board's file system has no room for 72,000 B; remove"):
                upload(Filling(), data, PATH, lambda done: None)
            with pytest.raises(UserError, match=r"needs 72,000 B, the board's file system has [\d,]+ B free; remove"):
                upload(opened, data, PATH, lambda done: None)
        finally:
            opened.ask("import os\nos.remove('filler')")
    assert content_hash(board) == digest(OLD)
    assert PATH + ".part" not in board.run("import os; print(os.listdir())")


def test_a_line_that_is_all_noise(board: Board) -> None:
    every_third = frozenset(range(0, 400_000, 3))
    with Cable(board.port, to_board=Faults(flipped=every_third)) as cable, pytest.raises(UserError) as error:
        send(cable.port)
    assert "\n" not in str(error.value)
    assert "the line to the board is too bad" in str(error.value) or "no MicroPython answers" in str(error.value)
    assert content_hash(board) == digest(OLD)
