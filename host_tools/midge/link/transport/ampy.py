# SPDX-License-Identifier: MIT
"""A board through Adafruit's ampy, for who has it working already. The board starts afresh with each request."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import serial
from ampy.files import Files
from ampy.pyboard import Pyboard, PyboardError

from ...errors import UserError
from ...progress import Advance
from .agent import find_reply, install_line, request_line
from .connection import BoardError
from .line import Vanished, explain_open_error


class AmpyBoard:
    """A board as ampy sees it: into the raw REPL and out again with each call."""

    def __init__(self, port: str):
        self.port = port
        self.retries = 0
        try:
            self._pyboard = Pyboard(port)
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
            self._pyboard.enter_raw_repl()
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
            Files(self._pyboard).put(path, data)
        progress(len(data))

    def close(self) -> None:
        """Close the port."""
        with contextlib.suppress(OSError, serial.SerialException):
            self._pyboard.close()
