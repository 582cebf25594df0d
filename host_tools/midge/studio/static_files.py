# SPDX-License-Identifier: MIT
"""Where the files are that browsers run: the page's own, and below page/ what it takes from others."""

from __future__ import annotations

from pathlib import Path

from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from ..resources import PACKAGE, folder, remedy

STATIC = PACKAGE / "studio" / "static"
CHARTS, CORE = "uPlot.js", "midge.wasm"


def static_files() -> list[Mount]:
    """Return the routes of what browsers run."""
    return [Mount("/static/page", StaticFiles(directory=folder("page"), check_dir=False)),
            Mount("/static", StaticFiles(directory=STATIC))]


def lacking() -> str:
    """Return what this installation lacks of the page, and what to do, in a line; "" where all is there."""
    found = [what for file, what in ((CHARTS, "uPlot, so that no curves are drawn"),
                                     (CORE, "the core for browsers, so that phones answer nothing"))
             if not (folder("page") / file).is_file()]
    return f"this installation lacks {' and '.join(found)}; to have it: {remedy('page')}" if found else ""


def can_answer(model: Path) -> bool:
    """Tell whether a model can answer in a browser."""
    return model.is_file() and (folder("page") / CORE).is_file()
