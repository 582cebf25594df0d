# SPDX-License-Identifier: MIT
"""A board through Adafruit's ampy, for who has it working already."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import serial
from ampy.files import Files
from ampy.pyboard import Pyboard, PyboardError

from ..errors import UserError
from . import BoardError, Progress, explain_open_error


class AmpyBoard:
    """A board as ampy sees it: into the raw REPL and out again with each call."""

    def __init__(self, port: str):
        self.port = port
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
            raise UserError(f"{self.port}: the connection broke ({error}); check the cable and try again") from error

    def execute(self, code: str, timeout_s: float = 10) -> str:
        with self._errors():
            self._pyboard.enter_raw_repl()
            output, trace = self._pyboard.exec_raw(code, timeout=timeout_s)
            if trace:
                raise PyboardError("exception", output, trace)
            self._pyboard.exit_raw_repl()
        return bytes(output).decode(errors="replace").replace("\r\n", "\n")

    def write_file(self, path: str, data: bytes, progress: Progress) -> None:
        with self._errors():
            Files(self._pyboard).put(path, data)
        progress(len(data))

    def close(self) -> None:
        with contextlib.suppress(OSError, serial.SerialException):
            self._pyboard.close()
