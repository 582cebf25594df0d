# SPDX-License-Identifier: MIT
"""What an untrusted model's file may take of this machine: bytes, operators and time, which grow with its size.

A small file may ask for gigabytes, by constants made of constants, or for hours. Code that makes something of a file
counts it here. Commands besides read the formats of others in a process of its own (importers/apart.py); a user who
trusts a file lifts all of it with `midge --trust`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

MOST_OPERATORS = 10_000  # the largest networks for boards have some hundreds
MOST_UNPACKED = 1 << 30  # bytes of an archive's files
MOST_ACTIVATION = 1 << 30  # bytes of one value; no board has so many

_trusted: ContextVar[bool] = ContextVar("trusted", default=False)
_apart: ContextVar[bool] = ContextVar("apart", default=False)


class Exceeded(Exception):
    """A file asks for more than one of its size may."""

    def __str__(self) -> str:
        return f"{super().__str__()}; if you trust it, lift the limits: midge --trust COMMAND ..."


@contextmanager
def limits(trusted: bool = False, apart: bool = False) -> Iterator[None]:
    """Lift the limits for files that are trusted; else, with `apart`, have loaders of others run in a child process."""
    before = _trusted.set(trusted), _apart.set(apart and not trusted)
    try:
        yield
    finally:
        _trusted.reset(before[0])
        _apart.reset(before[1])


def reads_apart() -> bool:
    """Tell whether the formats of others are to be read in a child process."""
    return _apart.get()


@dataclass
class Room:
    """What a file of `size` bytes may still be made into. The bounds leave room for weights that are widened and moved.

    >>> Room(1000).spend(10**9)
    Traceback (most recent call last):
    midge.limits.Exceeded: constants of 1,000,000,000 B from a file of 1,000 B; ...
    """

    size: int
    spent: int = 0

    @property
    def bytes(self) -> int:
        """Return how many bytes of constants may be made of it."""
        return (32 << 20) + 16 * self.size

    @property
    def memory(self) -> int:
        """Return how many bytes a process that reads it may take, its libraries included."""
        return (1 << 30) + 16 * self.size

    @property
    def seconds(self) -> int:
        """Return the time that reading may take of a processor."""
        return 10 + self.size // 100_000

    def spend(self, count: float) -> None:
        """Note bytes that are about to be made. Raises Exceeded where they are too many."""
        self.spent += int(min(count, 1 << 62))
        if self.spent > self.bytes and not _trusted.get():
            raise Exceeded(f"constants of {self.spent:,} B from a file of {self.size:,} B")


def check_unpacked(size: int) -> None:
    """Raise Exceeded where an archive unpacks to more than anything for a board takes."""
    if size > MOST_UNPACKED and not _trusted.get():
        raise Exceeded(f"{size:,} B unpacked")


def check_operators(count: int) -> None:
    """Raise Exceeded where a graph has more operators than any network for a board."""
    if count > MOST_OPERATORS and not _trusted.get():
        raise Exceeded(f"{count:,} operators; {MOST_OPERATORS:,} may be in an untrusted file")


def check_activation(name: str, size: int) -> None:
    """Raise Exceeded for a value that no board can hold."""
    if size > MOST_ACTIVATION and not _trusted.get():
        raise Exceeded(f"'{name}' takes {size:,} B of RAM, which no board has; make the model's inputs smaller")
