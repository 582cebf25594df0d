# SPDX-License-Identifier: MIT
from . import Model, _Buffer, _Writable
from .listener import _Microphone

HOPS: int
STEP: int
SILENT: int
FULL: int
CLIPPED: int
WAIT_S: int

class Hearing:
    def __init__(self, model: Model, known: dict[str, str]) -> None: ...
    def hear(self, source: _Buffer | _Microphone, row: _Writable, clean: bool) -> None: ...
