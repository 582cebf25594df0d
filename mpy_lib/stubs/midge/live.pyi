# SPDX-License-Identifier: MIT
from typing import Any

from . import Model

def live(model: Model, sensor: Any, every: bool = False) -> None: ...
