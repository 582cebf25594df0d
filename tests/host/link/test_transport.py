# SPDX-License-Identifier: MIT
"""Ports that do not lead to a board, each with its own line. Ptys of this test's own play what is attached."""

from __future__ import annotations

import os
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
import serial
from click.testing import CliRunner

from midge.cli.main import cli
from midge.errors import UserError
from midge.link import uf2
from midge.link.transport import find_port, open_board
from midge.link.transport import ports as attached_ports
from midge.link.transport.line import Line, explain_open_error
from midge.link.transport.repl import ReplBoard

ROM_TEXT = b"ets Jul 29 2019 12:21:46\r\nrst:0x1 (POWERON_RESET),boot:0x3 (DOWNLOAD_BOOT)\r\nwaiting for download\r\n"


@contextmanager
def attached_thing(answer: Callable[[bytes], bytes]) -> Iterator[str]:
    """A pty whose other end gives `answer` to what it is told; None unplugs it."""
    master, slave = os.openpty()
    tty.setraw(slave)
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            try:
                said = answer(os.read(master, 4096))
            except OSError:
                return
            if said is None:
                os.close(slave)
                os.close(master)
                return
            if said:
                os.write(master, said)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield os.ttyname(slave)
    finally:
        stop.set()


def ports(*found: tuple[str, int | None]) -> Callable[[], list[SimpleNamespace]]:
    return lambda: [SimpleNamespace(device=d, vid=v, product="Board in FS mode", description="") for d, v in found]


def one_line(error: pytest.ExceptionInfo[UserError]) -> str:
    assert "\n" not in str(error.value)
    return str(error.value)


def test_no_board(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attached_ports.list_ports, "comports", ports(("/dev/ttyS0", None)))
    monkeypatch.setattr(uf2, "_mounts", list)
    with pytest.raises(UserError, match="no board found; plug one in, or name its port with --port"):
        find_port(None)


def test_two_boards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attached_ports.list_ports, "comports", ports(("/dev/ttyACM0", 1), ("/dev/ttyACM1", 2)))
    with pytest.raises(UserError, match="2 boards found; choose one with --port: /dev/ttyACM0, /dev/ttyACM1"):
        find_port(None)


def test_a_board_in_its_uf2_boot_loader(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "INFO_UF2.TXT").write_text("Board-ID: RPI-RP2\n")
    monkeypatch.setattr(attached_ports.list_ports, "comports", ports())
    monkeypatch.setattr(uf2, "_mounts", lambda: [tmp_path])
    with pytest.raises(UserError, match=r"is in its boot loader \(drive .*\); write firmware with midge flash"):
        find_port(None)
    shown = CliRunner().invoke(cli, ["boards"], catch_exceptions=False).output
    assert "boot loader of an RP2040" in shown and "midge flash BOARD" in shown


def test_a_board_in_its_rom_boot_loader() -> None:
    with attached_thing(lambda said: ROM_TEXT) as port, pytest.raises(UserError) as error:
        ReplBoard(port, patience_s=1)
    assert "is in its ROM boot loader; press its reset button without holding BOOT" in one_line(error)


def test_something_silent() -> None:
    with attached_thing(lambda said: b"") as port, pytest.raises(UserError) as error:
        ReplBoard(port, patience_s=1)
    assert "no MicroPython answers (it says nothing); reset the board, or put MicroPython on it" in one_line(error)


def test_something_else_that_talks() -> None:
    with attached_thing(lambda said: b"AT+ERROR\r\n") as port, pytest.raises(UserError) as error:
        ReplBoard(port, patience_s=1)
    assert "no MicroPython answers (it says '" in one_line(error) and "AT+ERROR" in one_line(error)


def test_a_modem_that_echoes_without_end() -> None:
    started = time.monotonic()
    with attached_thing(lambda said: said * 2) as port, pytest.raises(UserError) as error:
        ReplBoard(port, patience_s=1)
    one_line(error)
    assert time.monotonic() - started < 20


def old_micropython() -> Callable[[bytes], bytes]:
    """A raw REPL from before pasting came, in MicroPython 1.14: it takes typed code only."""
    line = b""

    def answer(said: bytes) -> bytes:
        nonlocal line
        out = b""
        for byte in (bytes([b]) for b in said):
            if byte == b"\x01":
                out += b"raw REPL; CTRL-B to exit\r\n>"
                line = b""
            elif byte == b"\x03":
                line = b""
            elif byte == b"\x04":
                out += b"OK" + (b"typed 42\r\n" if b"typed" in line else b"") + b"\x04\x04>"
                line = b""
            else:
                line += byte
        return out

    return answer


def test_micropython_from_before_pasting() -> None:
    with attached_thing(old_micropython()) as port, pytest.raises(UserError) as error:
        ReplBoard(port, patience_s=3)
    assert "MicroPython there is too old to take pasted code; flash 1.23 or newer (midge flash)" in one_line(error)


def small_micropython() -> Callable[[bytes], bytes]:
    """A raw REPL of a build without hashlib, as the micro:bit's firmware is one."""
    heard = b""

    def answer(said: bytes) -> bytes:
        nonlocal heard
        heard += said
        if heard.endswith(b"\x05A\x01"):
            heard = b""
            return b"R\x01\x00\x20\x01"
        if heard.endswith(b"\x01"):
            return b"raw REPL; CTRL-B to exit\r\n>"
        if heard.endswith(b"\x04"):
            heard = b""
            trace = b'Traceback (most recent call last):\r\n  File "<stdin>", line 1, in <module>\r\n'
            return b"\x04\x04" + trace + b"ImportError: no module named 'hashlib'\r\n\x04>"
        return b""

    return answer


def test_firmware_that_lacks_what_midge_asks_of_a_board() -> None:
    with attached_thing(small_micropython()) as port, pytest.raises(UserError) as error:
        ReplBoard(port, patience_s=3)
    assert "its firmware has no hashlib, as that of the micro:bit; Midge needs MicroPython 1.23" in one_line(error)


def test_a_port_that_vanishes() -> None:
    with attached_thing(lambda said: None) as port, pytest.raises(UserError) as error:  # type: ignore[arg-type, return-value]
        ReplBoard(port, patience_s=5)
    assert "vanished from this port; plug it in again and repeat the command" in one_line(error)


def test_a_busy_port() -> None:
    with attached_thing(lambda said: b"") as port:
        holding = Line(port)
        with pytest.raises(UserError) as error, open_board(port):
            pass
        holding.close()
    assert "in use by another program; close its serial monitor and try again" in one_line(error)


def test_a_port_that_is_not_there() -> None:
    with pytest.raises(UserError, match=r"/dev/ttyNIX: no such port \(.*\); plug the board in or choose another"):
        Line("/dev/ttyNIX")


def test_no_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may open everything, so the question itself is answered for another user.
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with attached_thing(lambda said: b"") as port, pytest.raises(UserError) as error:
        Line(port)
    assert "no permission to open it; run: sudo usermod -aG dialout $USER, then log in again" in one_line(error)
    windows = explain_open_error("COM3", serial.SerialException("could not open port 'COM3': Access is denied."))
    assert "no permission" in str(windows)


def test_boards_leaves_a_running_program_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = b""

    def program(said: bytes) -> bytes:
        nonlocal heard
        heard += said
        return b""

    with attached_thing(program) as port:
        shown = CliRunner().invoke(cli, ["boards", "--port", port], catch_exceptions=False).output
    assert "a program is running there" in shown and "midge boards --interrupt" in shown
    assert b"\x03" not in heard
