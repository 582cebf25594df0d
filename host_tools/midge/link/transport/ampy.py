# SPDX-License-Identifier: MIT
"""A board through Adafruit's ampy, for who has it working already. The board starts afresh with each request."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from time import monotonic
from typing import Any

import serial
from ampy.files import Files
from ampy.pyboard import Pyboard, PyboardError

from ...errors import UserError
from ...progress import Advance
from .agent import find_reply, install_line, request_line
from .connection import BoardError
from .line import Vanished, explain_open_error

_PROMPT_S = 15.0  # that a prompt may take
_BYTES_PER_S = 500  # at least, of a file that ampy sends


class _Timed:
    """ampy's serial port, until a time: ampy itself waits for ever for a byte, or for silence."""

    def __init__(self, port: serial.Serial) -> None:
        self._port, self._end = port, math.inf
        port.timeout, port.write_timeout = 10, 10

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)

    def allow(self, seconds: float) -> None:
        """Give up so many seconds from now."""
        self._end = monotonic() + seconds

    def read(self, size: int = 1) -> bytes:
        self._look_at_the_clock()
        return bytes(self._port.read(size))

    def inWaiting(self) -> int:
        self._look_at_the_clock()
        return int(self._port.in_waiting)

    def _look_at_the_clock(self) -> None:
        if monotonic() > self._end:
            raise PyboardError("it takes too long")


class AmpyBoard:
    """A board as ampy sees it: into the raw REPL and out again with each call."""

    def __init__(self, port: str):
        self.port = port
        self.retries = 0
        try:
            self._pyboard = Pyboard(port)
            self._line = self._pyboard.serial = _Timed(self._pyboard.serial)
        except (PyboardError, OSError, serial.SerialException) as error:
            raise explain_open_error(port, OSError(str(error))) from error

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except PyboardError as error:  # (message,) or ("exception", output, traceback)
            if len(error.args) == 3:
                lines = error.args[2].decode(errors="replace").strip().splitlines()
                raise BoardError((lines or ["nothing"])[-1]) from error
            raise UserError(f"{self.port}: the board does not answer at its REPL ({error}); reset it") from error
        except (OSError, serial.SerialException) as error:
            raise Vanished(self.port) from error

    def execute(self, code: str, timeout_s: float = 10) -> str:
        """Run `code` there once and return what it printed. Raises BoardError, and UserError where no REPL answers."""
        with self._errors():
            self._line.allow(_PROMPT_S)
            self._pyboard.enter_raw_repl()
            self._line.allow(3 * timeout_s)  # as ReplBoard does
            output, trace = self._pyboard.exec_raw(code, timeout=timeout_s)
            if trace:
                raise PyboardError("exception", output, trace)
            self._pyboard.exit_raw_repl()
        return bytes(output).decode(errors="replace").replace("\r\n", "\n")

    def ask(self, code: str, data: bytes = b"", *, silence_s: float = 3.0, patience_s: float | None = None) -> str:
        """Run `code` there, with `data` as d, and return what it left in r. Raises BoardError, UserError."""
        output = self.execute(install_line() + request_line(1, code, data), max(silence_s, 10))
        reply = find_reply(1, output.encode())
        if reply is None or reply.kind == "?":
            raise UserError(f"{self.port}: the line to the board is too bad for ampy; leave out --via ampy")
        if reply.kind == "!":
            raise BoardError(reply.text)
        return reply.text

    def restart(self) -> None:
        """Do nothing: every request starts the board afresh."""

    def write_file(self, path: str, data: bytes, progress: Advance) -> None:
        """Write a file on the board; progress is told its bytes at the end."""
        with self._errors():
            self._line.allow(4 * _PROMPT_S + len(data) / _BYTES_PER_S)
            Files(self._pyboard).put(path, data)
        progress(len(data))

    def close(self) -> None:
        """Close the port."""
        with contextlib.suppress(OSError, serial.SerialException):
            self._pyboard.close()
