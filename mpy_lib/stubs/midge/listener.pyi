# SPDX-License-Identifier: MIT
from array import array
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypedDict

from typing_extensions import Unpack

from . import Model
from .answers import Answers

class _Microphone(Protocol):
    name: str
    rate_hz: int
    timeout_ms: int
    typecode: str
    scales: array[float] | None
    overflow: bool
    def clear(self) -> None: ...
    def wait_ms(self, n: int) -> int: ...
    def read_into(self, buffer: array[int]) -> int: ...

class _Listening(TypedDict, total=False):
    threshold: float | Sequence[float] | None
    mean: int | Sequence[int] | None
    refractory_ms: int | None
    end: float | Sequence[float] | None
    gate: Callable[[array[int]], Any] | None
    voice: Model | None

def listen(mic: _Microphone, *models: Model, **options: Unpack[_Listening]) -> Listener: ...

class Heard:
    model: Model
    label: str | int
    score: float
    event: str
    at: int
    def __init__(self, model: Model, label: str | int, score: float, event: str, at: int) -> None: ...

class Listener(Answers):
    lost: int
    def __init__(
        self,
        mic: _Microphone,
        models: Sequence[Model],
        threshold: float | Sequence[float] | None = None,
        mean: int | Sequence[int] | None = None,
        refractory_ms: int | None = None,
        end: float | Sequence[float] | None = None,
        gate: Callable[[array[int]], Any] | None = None,
        voice: Model | None = None,
    ) -> None: ...
    @property
    def samples(self) -> int: ...
    def scores(self) -> list[float]: ...
    def reset(self) -> None: ...
    def __iter__(self) -> Listener: ...
    def __next__(self) -> Heard: ...
    def __aiter__(self) -> Listener: ...
    async def __anext__(self) -> Heard: ...
