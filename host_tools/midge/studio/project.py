# SPDX-License-Identifier: MIT
"""A project: a folder of plain files that the page and the commands share.

    data/LABEL/*.csv    takes, as midge capture writes and midge train reads them; or *.wav, or *.jpg
    models/NAME.midge   what midge train writes
    reports/NAME.html   its report, and .json, its facts
    midge.toml          what the studio remembers: table [studio]
    .studio/            the lock of the studio that has it open, and takes that were deleted
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from ..capture.wires import check_wires
from ..errors import UserError
from ..files import write_whole
from ..graph.sight import PIXEL_UNITS
from .kinds import MOTION, SUFFIXES

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

KINDS = tuple(SUFFIXES)
_TABLE = re.compile(r"^\[studio\][^\n]*\n(?:(?!\[)[^\n]*(?:\n|\Z))*", re.MULTILINE)


@dataclass(frozen=True)
class Settings:
    """What the page asks for and keeps.

    kind: motion, sound or picture, as long as there are no takes. gyro_dps: 0 for a gyroscope that is off. board: that
    reports count for. steps: of training, 0 for as many as is usual. side: pixels of a picture. front: the network in
    models/ whose front sees, and pixels as what it takes pictures. camera: what the board's gives, and eye
    which object of the board's it is, MODULE:NAME. mic: the wires of its microphone, as capture.wires reads them.
    """

    kind: str = MOTION
    rate_hz: float = 100.0
    accel_g: float = 4.0
    gyro_dps: float = 0.0
    bus: str = ""
    person: str = ""
    seconds: float = 2.0
    count: int = 5
    model: str = "wand"
    board: str = ""
    steps: int = 0
    side: int = 96
    front: str = ""
    pixels: str = ""
    camera: str = "rgb565,160x120"
    eye: str = ""
    mic: str = ""


_LIMITS = {"rate_hz": (1, 2000), "accel_g": (1, 200), "gyro_dps": (0, 4000), "seconds": (0.1, 600),
           "count": (1, 100),
           "steps": (0, 20_000), "side": (16, 480)}
_CHOICES = {"kind": KINDS, "pixels": ("", *PIXEL_UNITS)}
_FORMS = {"camera": r"[a-z0-9]+,\d+x\d+(,whole|,\d+x\d+\+\d+\+\d+)?", "front": r"|\w[\w .-]*", "eye": r"|\w+:\w+"}
_NAME = re.compile(r"[A-Za-z][\w-]{0,30}")


def changed(settings: Settings, values: dict[str, Any]) -> Settings:
    """Return settings with some values in place of theirs, checked. Raises UserError."""
    kinds = {field.name: type(getattr(settings, field.name)) for field in fields(Settings)}
    for key, value in values.items():
        if key not in kinds:
            raise UserError(f"setting '{str(key)[:40]}': there is none of this name; wanted {', '.join(kinds)}")
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if (kinds[key] is str) != isinstance(value, str) or (kinds[key] is not str and not number):
            raise UserError(f"{key}: wanted {'a text' if kinds[key] is str else 'a number'}, not {value!r:.40}")
        low, high = _LIMITS.get(key, (0, 0))
        if number and not low <= value <= high:
            raise UserError(f"{key}: {value:g}; wanted {low:g} to {high:g}")
    typed: dict[str, Any] = {key: value if isinstance(value, str) else kinds[key](value)
                             for key, value in values.items()}
    for key, among in _CHOICES.items():
        if typed.get(key, among[0]) not in among:
            raise UserError(f"{key} '{typed[key][:40]}': wanted {', '.join(map(repr, among))}")
    for key, form in _FORMS.items():
        if key in typed and not re.fullmatch(form, typed[key][:80]):
            raise UserError(f"{key} '{typed[key][:40]}': wanted it as in '{getattr(Settings(), key)}'")
    check_wires(typed.get("mic", ""))
    found = replace(settings, **typed)
    if not _NAME.fullmatch(found.model):
        raise UserError(f"model '{found.model[:40]}': wanted a letter, then up to 30 letters, digits, - and _")
    return replace(found, person=" ".join(found.person.split())[:60], bus=found.bus[:60], board=found.board[:60])


class Project:
    """A folder that is open. Raises UserError where it is none, or cannot be written to."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.data, self.models, self.reports = (self.root / name for name in ("data", "models", "reports"))
        self.hidden = self.root / ".studio"
        try:
            for folder in (self.root, self.data, self.models, self.reports, self.hidden):
                folder.mkdir(parents=True, exist_ok=True)
            if not (ignore := self.hidden / ".gitignore").exists():
                ignore.write_text("*\n", encoding="utf-8")
        except OSError as error:
            raise UserError(f"{root}: {error.strerror}; name a folder that can be written to, or a new one") from error
        self.note = ""  # what is wrong with midge.toml
        self.settings = self._read()

    @property
    def toml(self) -> Path:
        """Where settings are."""
        return self.root / "midge.toml"

    def change(self, values: dict[str, Any]) -> None:
        """Change settings and keep them, but not over a midge.toml that is damaged. Raises UserError."""
        self.settings = changed(self.settings, values)
        if self.note:
            return
        old = self.toml.read_text(encoding="utf-8") if self.toml.exists() else ""
        rows = "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n"
                       for key, value in asdict(self.settings).items())
        table = f"[studio]  # what midge studio remembers\n{rows}"
        found = _TABLE.search(old)
        text = old[: found.start()] + table + old[found.end() :] if found else old.rstrip() + "\n\n" * bool(old) + table
        if text != old:
            write_whole(self.toml, lambda aside: aside.write_text(text, encoding="utf-8"))

    def model_file(self) -> Path:
        """Return where the model of the present name is, or will be."""
        return self.models / f"{self.settings.model}.midge"

    def report_file(self, kind: str) -> Path:
        """Return where its report is. kind: html or json."""
        return self.reports / f"{self.settings.model}.{kind}"

    def report(self) -> dict[str, Any] | None:
        """Return the facts of the last training under this name, None where there are none that can be read."""
        try:
            found = json.loads(self.report_file("json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) and "confusion" in found else None

    def _read(self) -> Settings:
        try:
            table = tomllib.loads(self.toml.read_text(encoding="utf-8")).get("studio", {})
            return changed(Settings(), table)
        except FileNotFoundError:
            return Settings()
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, UserError, AttributeError) as error:
            self.note = f"{self.toml.name}: {error}; mend or remove it. Until then nothing is written there"
            return Settings()


@contextmanager
def locked(project: Project) -> Iterator[TextIOWrapper]:
    """Keep other studios out of a project while the context is open, and give the file to say where this one is.

    Raises UserError that says where the other one is.
    """
    path = project.hidden / "lock"
    with path.open("a+", encoding="utf-8") as file:
        try:
            _lock(file)
        except OSError as error:
            file.seek(0)
            where = file.read(200).strip()
            raise UserError(f"{project.root}: is open in another studio{f' ({where})' if where else ''}; go on there, "
                            "or end it with Ctrl-C first") from error
        file.truncate(0)
        yield file
        file.truncate(0)


def _lock(file: TextIOWrapper) -> None:
    """Hold a file as long as it is open, however this process ends. Raises OSError."""
    if os.name == "nt":
        import msvcrt

        file.seek(1 << 20)  # a byte beyond what others read
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    else:
        import fcntl

        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
