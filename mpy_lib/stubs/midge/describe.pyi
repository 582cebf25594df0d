# SPDX-License-Identifier: MIT
from typing import Any

from . import Model

def info(model: Model) -> dict[str, Any]: ...
def text(model: Model) -> str: ...
