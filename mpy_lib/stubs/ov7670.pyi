# SPDX-License-Identifier: MIT
from typing import Any

from pio_camera import PioCamera

class OV7670(PioCamera):
    def __init__(
        self,
        i2c: Any,
        d0: int,
        pclk: int,
        href: int,
        vsync: int,
        xclk: int | None,
        width: int = 320,
        height: int = 240,
        format: str = "rgb565",
        divider: int = 2,
        sm: int = 0,
        buffers: int = 2,
        mirror: str = "",
        xclk_hz: int = 12_000_000,
        address: int = 0x21,
        check: bool = True,
    ) -> None: ...
