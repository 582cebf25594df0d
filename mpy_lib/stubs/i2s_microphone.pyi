# SPDX-License-Identifier: MIT
from typing import Any

from microphone import Microphone

class I2SMicrophone(Microphone):
    def __init__(
        self,
        id: int,
        sck: Any,
        ws: Any,
        sd: Any,
        bits: int = 32,
        channel: str = "left",
        rate_hz: int = 16000,
        buffer_ms: int = 250,
        gain: float = 1,
    ) -> None: ...
    def stop(self) -> None: ...
