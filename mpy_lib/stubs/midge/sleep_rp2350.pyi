# SPDX-License-Identifier: MIT
from collections.abc import Callable
from typing import Any, NoReturn

def off(ms: int, mem: Any = None, wait: Callable[[], None] | None = None) -> NoReturn: ...
