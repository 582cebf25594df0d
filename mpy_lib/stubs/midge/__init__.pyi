# SPDX-License-Identifier: MIT
# Types of the device package, for editors and mypy; the package itself carries none, because they would cost flash.
# tests/host/test_stubs.py compares the two.
from array import array
from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any, Protocol, TypeAlias

from .describe import Tensor, info as info
from .gates import cascade as cascade
from .learn import Learner as Learner
from .listener import listen as listen
from .manual import help as help
from .profile import Profile
from .result import Result as Result
from .rhythm import duty as duty, off as off
from .stream import Stream
from .tracker import track as track
from .watcher import watch as watch

_Buffer: TypeAlias = bytes | bytearray | memoryview | array[int] | array[float]
_Writable: TypeAlias = bytearray | memoryview | array[int] | array[float]
_Values: TypeAlias = float | _Buffer | Sequence[_Values]

class _Sensor(Protocol):
    def read(self) -> _Values | None: ...

__version__: str

def load(
    source: str | PathLike[str] | bytes | bytearray | memoryview,
    arena: bytearray | memoryview | None = None,
    checksum: bool = True,
) -> Model: ...


class Model:
    def __init__(
        self,
        file: bytes | bytearray | memoryview,
        arena: bytearray | memoryview | None = None,
        where: str | None = None,
        checksum: bool = True,
    ) -> None: ...
    def __call__(self, *x: _Values) -> Result: ...
    def answer(self) -> Result: ...
    def rows(self, rows: _Buffer) -> int: ...
    def run(
        self, x: _Buffer | Sequence[_Buffer] | None = None, out: _Writable | Sequence[_Writable] | None = None
    ) -> None: ...
    def reset(self) -> None: ...
    def stream(
        self,
        source: _Sensor | Callable[[], _Values | None],
        hop: int | None = None,
        smoothing: float | None = None,
        threshold: float | None = None,
        every: bool = False,
        votes: tuple[int, int] | None = None,
        refractory_ms: int | None = None,
    ) -> Stream: ...
    def profile(self, *x: _Values, runs: int = 10) -> Profile: ...
    def label(self, index: int) -> str | int: ...
    @property
    def labels(self) -> list[str]: ...
    @property
    def inputs(self) -> list[Tensor]: ...
    @property
    def outputs(self) -> list[Tensor]: ...
    def info(self) -> dict[str, Any]: ...
