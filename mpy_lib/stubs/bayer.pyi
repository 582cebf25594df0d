# SPDX-License-Identifier: MIT
from collections.abc import Iterator
from typing import Any

ORDERS: tuple[str, ...]

class Bayer:
    format: str
    size: str
    def __init__(
        self, camera: Any, width: int, height: int, order: str = "bggr", format: str = "rgb565"
    ) -> None: ...
    @property
    def lost(self) -> int: ...
    def rows(self) -> Iterator[bytearray | None]: ...
