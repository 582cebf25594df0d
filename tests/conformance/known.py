# SPDX-License-Identifier: MIT
"""What earlier runs found out, so that those of small models alone need not convert large ones to leave them out."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from tests.conformance.case import Case
from tests.support import ROOT

PLACE = ROOT / "build/tests/conformance.json"


def _state(path: Path) -> str:
    status = path.stat()
    return f"{path.resolve()} {status.st_mtime_ns} {status.st_size}"


def _sources() -> str:
    """Whatever a conversion may depend on, in short."""
    files = [
        *(ROOT / "host_tools/midge").rglob("*.py"),
        *(ROOT / "host_tools/midge").glob("*/*.toml"),
        ROOT / "native_module/ops.def",
        Path(__file__).with_name("case.py"),
    ]
    return hashlib.sha256("\n".join(map(_state, sorted(files))).encode()).hexdigest()


class Known:
    """MACs of models in plain files, None for those that calculate floats; forgotten with any change of a source."""

    def __init__(self) -> None:
        self._sources = _sources()
        self._macs: dict[str, int | None] = {}
        try:
            kept = json.loads(PLACE.read_text())
            self._macs = kept["macs"] if kept["sources"] == self._sources else {}
        except (OSError, ValueError, KeyError):
            pass

    def is_larger(self, model: Path, most_macs: int) -> bool:
        """Whether it is known to calculate floats, or more than so much."""
        macs = self._macs.get(_state(model), 0)
        return macs is None or macs > most_macs

    def note(self, model: Path, case: Case) -> None:
        """Remember a plain conversion."""
        self._macs[_state(model)] = None if case.is_float else case.conversion.macs

    def keep(self) -> None:
        """Write it for later runs; of those that run at once the last one's counts."""
        PLACE.parent.mkdir(parents=True, exist_ok=True)
        own = PLACE.with_suffix(f".{os.getpid()}")
        own.write_text(json.dumps({"sources": self._sources, "macs": self._macs}))
        own.replace(PLACE)
