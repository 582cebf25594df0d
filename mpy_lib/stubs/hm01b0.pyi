# SPDX-License-Identifier: MIT
from typing import Any

from pio_camera import PioCamera

class HM01B0(PioCamera):
    def __init__(
        self,
        i2c: Any,
        d0: int,
        pclk: int,
        href: int,
        vsync: int,
        xclk: int | None = None,
        width: int = 320,
        height: int = 240,
        bits: int = 8,
        divider: int = 4,
        sm: int = 0,
        buffers: int = 2,
        mirror: str = "",
        xclk_hz: int = 12_000_000,
        address: int = 0x24,
        check: bool = True,
        format: str = "grey",
    ) -> None: ...
    def stop(self) -> None: ...
