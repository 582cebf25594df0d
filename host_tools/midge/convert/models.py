# SPDX-License-Identifier: MIT
"""Open a model of any kind: the one way in which commands read a file that may be trained or converted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..core.binding import check_file
from ..importers import open_source
from .pipeline import convert_model


def load_any(path: str | Path, labels: Sequence[str] = (), target: str | None = None) -> bytes:
    """Return the bytes of a .midge file, or of what any other model converts to; the file is read once.

    labels, target: for a model that is converted, see convert_model. Raises UserError.
    """
    source = open_source(path)
    if not source.is_midge:
        return convert_model(source, labels, target=target).blob
    check_file(source.data, source.title)
    return source.data
