# SPDX-License-Identifier: MIT
from collections.abc import Iterator
from typing import Any, Protocol, TypeAlias

from . import Model, Result, _Buffer
from .learn import Learner

class _ByRows(Protocol):
    def rows(self) -> Iterator[_Buffer | None]: ...

class _Whole(Protocol):
    def capture(self) -> _Buffer | None: ...

_Camera: TypeAlias = _ByRows | _Whole

class Watch:
    camera: _Camera
    lost: int
    skipped: int
    def __init__(self, model: Model | Learner, camera: _Camera, gate: Any) -> None: ...
    def __iter__(self) -> Watch: ...
    def __next__(self) -> Result: ...
    def see(self) -> bool: ...

def watch(model: Model | Learner, camera: _Camera, gate: Any = None) -> Watch: ...
