# SPDX-License-Identifier: MIT
"""What pages are shown of a board, and of what is recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass
class Facts:
    """What pages are shown of the board."""

    found: list[dict[str, Any]] | None = None  # None before anybody looked
    source: str = ""  # board, browser or phone, "" for what is usual
    port: str = ""
    sensor: dict[str, Any] | None = None
    taking: dict[str, Any] | None = None  # the takes that are being recorded
    progress: dict[str, Any] | None = None
    put: dict[str, Any] | None = None  # the model that was put on the board
    live: dict[str, Any] | None = None
