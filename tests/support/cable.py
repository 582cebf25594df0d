# SPDX-License-Identifier: MIT
"""A bad cable: a pty that stands between a board's port and whoever talks to it, and does what it is told to the bytes.

Positions are counted in bytes since the cable was plugged in, each direction for itself, so that a fault falls on the
same byte in every run.
"""

from __future__ import annotations

import os
import select
import threading
import time
import tty
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field


@dataclass
class Faults:
    """What happens to one direction."""

    dropped: frozenset[int] = frozenset()
    doubled: frozenset[int] = frozenset()
    flipped: frozenset[int] = frozenset()
    noise: dict[int, bytes] = field(default_factory=dict)  # put in front of a byte

    def apply(self, data: bytes, start: int) -> bytes:
        """Return what comes through of `data`, whose first byte has the number `start`."""
        out = bytearray()
        for number, byte in enumerate(data, start):
            out += self.noise.get(number, b"")
            if number in self.dropped:
                continue
            out.append(byte ^ 1 if number in self.flipped else byte)
            if number in self.doubled:
                out.append(byte)
        return bytes(out)


class Cable:
    """Plugged in while the context is open; `port` is the end for the host.

    to_board, to_host  faults of each direction
    stall              (byte to the board, seconds): nothing passes either way for so long
    unplug             byte to the board at which the cable is pulled out
    at                 byte to the board and what is called there, as a reset of the board
    """

    def __init__(
        self,
        board_port: str,
        *,
        to_board: Faults | None = None,
        to_host: Faults | None = None,
        stall: tuple[int, float] | None = None,
        unplug: int | None = None,
        inject: Iterable[tuple[int, bytes]] = (),
    ) -> None:
        self.board_port = board_port
        self.to_board, self.to_host = to_board or Faults(), to_host or Faults()
        self.stall, self.unplug = stall, unplug
        self.inject = sorted(inject)
        self.sent = self.received = 0
        self.unplugged = threading.Event()
        self._stop = threading.Event()

    def __enter__(self) -> Cable:
        self._board = os.open(self.board_port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self._master, slave = os.openpty()
        tty.setraw(slave)
        self.port = os.ttyname(slave)
        self._slave = slave
        os.set_blocking(self._master, False)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        for fd in (self._board, *([] if self.unplugged.is_set() else [self._master, self._slave])):
            os.close(fd)

    def _run(self) -> None:
        while not self._stop.is_set():
            ready, _, _ = select.select([self._master, self._board], [], [], 0.05)
            if self._master in ready:
                self._host_says(self._read(self._master))
                if self.unplugged.is_set():
                    return
            if self._board in ready:
                data = self._read(self._board)
                self._write(self._master, self.to_host.apply(data, self.received))
                self.received += len(data)

    def _host_says(self, data: bytes) -> None:
        end = self.sent + len(data)
        if self.unplug is not None and self.unplug < end:
            self._write(self._board, self.to_board.apply(data[: max(self.unplug - self.sent, 0)], self.sent))
            os.close(self._master)
            os.close(self._slave)
            self.unplugged.set()
            return
        if self.stall is not None and self.stall[0] < end:
            time.sleep(self.stall[1])
            self.stall = None
        self._write(self._board, self.to_board.apply(data, self.sent))
        self.sent = end
        while self.inject and self.inject[0][0] < end:
            self._write(self._board, self.inject.pop(0)[1])

    def _read(self, fd: int) -> bytes:
        try:
            return os.read(fd, 4096)
        except OSError:  # the host has closed its end, and may open it again
            time.sleep(0.01)
            return b""

    def _write(self, fd: int, data: bytes) -> None:
        while data and not self._stop.is_set():
            try:
                data = data[os.write(fd, data) :]
            except BlockingIOError:
                time.sleep(0.002)
            except OSError:
                return


def spread(rng: Callable[[int], int], count: int, size: int, after: int = 0) -> frozenset[int]:
    """Return `count` places between `after` and `size` that `rng` draws."""
    return frozenset(after + rng(size - after) for _ in range(count))
