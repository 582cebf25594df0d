# SPDX-License-Identifier: MIT
from microphone import Microphone

class CountedMicrophone(Microphone):
    overflow: bool
    def __init__(self, name: str, rate_hz: int, capacity: int, turn: int) -> None: ...
    def clear(self) -> None: ...
