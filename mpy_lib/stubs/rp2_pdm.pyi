# SPDX-License-Identifier: MIT
from counted_microphone import CountedMicrophone

class PDMMicrophone(CountedMicrophone):
    def __init__(
        self, clk: int, data: int, sm: int = 0, rate_hz: int = 16000, buffer_ms: int = 64, gain: int = 8
    ) -> None: ...
    def stop(self) -> None: ...
