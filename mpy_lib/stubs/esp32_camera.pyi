# SPDX-License-Identifier: MIT
from typing import Any

class Esp32Camera:
    format: str
    size: str
    stale: int
    lost: int
    def __init__(
        self, width: int = 320, height: int = 240, format: str = "rgb565", buffers: int = 2, fresh: bool = True,
        **pins: Any,
    ) -> None: ...
    def capture(self) -> Any: ...
    def stop(self) -> None: ...
