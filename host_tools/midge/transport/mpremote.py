# SPDX-License-Identifier: MIT
"""A board through mpremote's serial transport. mpremote's API is not stable: this file is all that uses it."""

from __future__ import annotations

import contextlib
import os
from base64 import b64encode
from binascii import Error as HexError
from collections.abc import Iterator
from pathlib import Path
from struct import error as StructError

import serial
from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport

from ..errors import UserError
from . import BoardError, Progress, explain_open_error

_CHUNK = 1024  # bytes of a file in one command; the board holds a few times as much while it decodes


class MpremoteBoard:
    """A board at its raw REPL, its own program interrupted."""

    def __init__(self, port: str):
        self.port = port
        if port.startswith("/") and not Path(port).exists():
            raise explain_open_error(port, FileNotFoundError("No such file"))
        if port.startswith("/") and not os.access(port, os.R_OK | os.W_OK):
            raise explain_open_error(port, PermissionError("Permission denied"))
        try:
            # mpremote reports any failure to open as this one error and keeps the reason to itself.
            self._transport = SerialTransport(port, exclusive=True)
        except TransportError as error:
            raise explain_open_error(port, OSError("busy")) from error
        except (OSError, serial.SerialException) as error:
            raise explain_open_error(port, error) from error
        with self._errors(), _silence():
            self._transport.enter_raw_repl(soft_reset=False)

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except TransportExecError as error:
            raise BoardError((error.error_output.strip().splitlines() or ["nothing"])[-1]) from error
        except (TransportError, OSError, serial.SerialException, StructError, HexError) as error:
            raise UserError(
                f"{self.port}: the board does not answer at its REPL ({error}); reset it, or check that it runs "
                "MicroPython"
            ) from error

    def execute(self, code: str, timeout_s: float = 10) -> str:
        with self._errors():
            output, trace = self._transport.exec_raw(code, timeout=timeout_s)
            if trace:
                raise TransportExecError(output, trace.decode(errors="replace"))
        return bytes(output).decode(errors="replace").replace("\r\n", "\n")

    def write_file(self, path: str, data: bytes, progress: Progress) -> None:
        self.execute(f"from binascii import a2b_base64 as _d\n_f=open({path!r},'wb')")
        for at in range(0, len(data), _CHUNK):
            chunk = data[at : at + _CHUNK]
            self.execute(f"_f.write(_d({b64encode(chunk)!r}))")
            progress(at + len(chunk))
        self.execute("_f.close()\ndel _f,_d")

    def close(self) -> None:
        with contextlib.suppress(OSError, serial.SerialException, TransportError):
            self._transport.exit_raw_repl()
        with contextlib.suppress(OSError, serial.SerialException):
            self._transport.close()


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """mpremote prints what a silent board said; the error that follows is enough."""
    with open(os.devnull, "w") as sink, contextlib.redirect_stdout(sink):
        yield
