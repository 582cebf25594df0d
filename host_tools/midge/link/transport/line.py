# SPDX-License-Identifier: MIT
"""A serial line to a board, whose failures say what to do."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import serial

from ...errors import UserError
from .ports import attached


class Line:
    """An open port, held for this program alone."""

    def __init__(self, port: str) -> None:
        self.port = port
        if port.startswith("/") and not Path(port).exists():
            raise explain_open_error(port, FileNotFoundError("No such file"))
        if port.startswith("/") and not os.access(port, os.R_OK | os.W_OK):
            raise explain_open_error(port, PermissionError("Permission denied"))
        try:
            # Some drivers never take what is written to a board that is gone.
            self._serial = serial.serial_for_url(port, 115200, timeout=0, write_timeout=5, exclusive=True)
        except (OSError, serial.SerialException, ValueError) as error:
            raise explain_open_error(port, error) from error

    def read(self, timeout_s: float) -> bytes:
        """Return what has come in, waiting at most `timeout_s` for the first byte; empty when none came."""
        with self._vanishing():
            self._serial.timeout = timeout_s
            first = bytes(self._serial.read(1))
            return first + bytes(self._serial.read(self._serial.in_waiting)) if first else b""

    def read_now(self) -> bytes:
        """Return what has come in already."""
        with self._vanishing():
            waiting = self._serial.in_waiting
            return bytes(self._serial.read(waiting)) if waiting else b""

    def write(self, data: bytes) -> None:
        """Send bytes, and do not complain where the board takes none. Raises Vanished where the port is gone."""
        # What the board does not take shows as silence, which has its own cure.
        with self._vanishing(), contextlib.suppress(serial.SerialTimeoutException):
            self._serial.write(data)

    def close(self) -> None:
        """Close the port, even one that is gone."""
        with contextlib.suppress(OSError, serial.SerialException):
            self._serial.close()

    @contextlib.contextmanager
    def _vanishing(self) -> Iterator[None]:
        try:
            yield
        except (OSError, serial.SerialException, TypeError) as error:  # TypeError: pyserial, closed while it reads
            raise Vanished(self.port) from error


class Vanished(UserError):
    """The port is gone: unplugged, or the board took its USB down."""

    def __init__(self, port: str) -> None:
        super().__init__(f"{port}: the board vanished from this port; plug it in again and repeat the command")


def explain_open_error(port: str, error: Exception) -> UserError:
    """Return why a port could not be opened, and what to do."""
    text = str(error)
    if "No such file" in text or "FileNotFoundError" in text or "could not find" in text.lower():
        found = [place.port for place in attached()]
        there = f"ports with a board: {', '.join(found)}" if found else "no board is plugged in"
        return UserError(f"{port}: no such port ({there}); plug the board in or choose another with --port")
    if "lock" in text or "busy" in text.lower() or "in use" in text:
        return UserError(f"{port}: in use by another program; close its serial monitor and try again")
    if "ermission" in text or "Access is denied" in text:
        return UserError(f"{port}: no permission to open it; run: sudo usermod -aG dialout $USER, then log in again")
    return UserError(f"{port}: could not be opened ({text}); unplug the board, plug it in and try again")
