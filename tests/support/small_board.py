# SPDX-License-Identifier: MIT
"""A raw REPL played by this Python, which counts what is sent to it.

The function that Midge puts on boards runs here as it runs there, on files in a folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import termios
import threading
import tty
from collections.abc import Callable


class SmallBoard:
    """A raw REPL behind a pty.

    window   bytes that it takes before it makes room for more
    longest  source that it can compile; a longer one is a MemoryError
    """

    def __init__(self, window: int, longest: int = 1 << 20) -> None:
        self.window, self.longest = window, longest
        self.names: dict[str, object] = {}
        self.lie: Callable[[str], str | None] = lambda code: None  # what it answers instead of running code
        self.overrun = 0  # the most that ever came beyond the room that there was
        self.master, slave = os.openpty()
        tty.setraw(slave)
        self.port = os.ttyname(slave)
        threading.Thread(target=self._serve, daemon=True).start()

    def _byte(self) -> bytes:
        return os.read(self.master, 1)

    def _serve(self) -> None:
        line = b""
        with contextlib.suppress(OSError):
            while True:
                byte = self._byte()
                if byte == b"\x01" and line == b"\x05A":
                    self._paste()
                elif byte == b"\x01" or byte == b"\x04":  # at its prompt Ctrl-D restarts it
                    if byte == b"\x04":
                        self.names.clear()
                    os.write(self.master, b"raw REPL; CTRL-B to exit\r\n>")
                if byte in b"\x01\x02\x03\x04\r":
                    line = b""
                else:
                    line += byte

    def _paste(self) -> None:
        os.write(self.master, b"R\x01" + self.window.to_bytes(2, "little") + b"\x01")
        source, room, given = b"", 2 * self.window, self.window
        while (byte := self._byte()) not in b"\x03\x04":
            source += byte
            self.overrun = max(self.overrun, len(source) - room)
            given -= 1
            if not given:
                given = self.window
                # Whoever sends on without waiting has by now filled the pty far beyond the room.
                self.overrun = max(self.overrun, len(source) + self._waiting() - room)
                room += self.window
                os.write(self.master, b"\x01")
        os.write(self.master, b"\x04")
        printed, trace = io.StringIO(), b""
        try:
            if len(source) > self.longest:
                raise MemoryError
            with contextlib.redirect_stdout(printed):
                exec(source, self.names | {"_mg": self._mg} if "_mg" in self.names else self.names)
        except BaseException as error:
            trace = f"Traceback\r\n{type(error).__name__}: {error}\r\n".encode()
        os.write(self.master, printed.getvalue().encode().replace(b"\n", b"\r\n") + b"\x04" + trace + b"\x04>")

    def _mg(self, number: int, code: bytes, *more: object) -> None:
        """Answer as the agent does, or with a lie."""
        text = self.lie(code.decode())
        if text is None:
            self.names["_mg"](number, code, *more)  # type: ignore[operator]
        else:
            check = self.names["_mgc"](b"%d" % number, b"=", text.encode())  # type: ignore[operator]
            print(f"\x02{number} = {check} {text}\x03")

    def _waiting(self) -> int:
        return int.from_bytes(fcntl.ioctl(self.master, termios.FIONREAD, bytes(4)), "little")
