# SPDX-License-Identifier: MIT
from collections.abc import Callable, Iterator

def size_of(jpeg: bytes | bytearray | memoryview) -> tuple[int, int]: ...

class JpegCamera:
    format: str
    size: str
    lost: int
    fault: str | None
    def __init__(
        self, source: Callable[[], bytes | bytearray | memoryview | None], width: int, height: int
    ) -> None: ...
    def rows(self) -> Iterator[bytearray | memoryview | None]: ...
