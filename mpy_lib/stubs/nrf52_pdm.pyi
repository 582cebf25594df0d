# SPDX-License-Identifier: MIT
from typing import Any

from counted_microphone import CountedMicrophone

class PDMMicrophone(CountedMicrophone):
    def __init__(
        self,
        clk: int = 26,
        data: int = 25,
        power: int | None = 17,
        right: bool = False,
        buffer_ms: int = 256,
        gain_db: float = 20,
        mem: Any = None,
    ) -> None: ...
    def stop(self) -> None: ...
