# SPDX-License-Identifier: MIT
"""The example programs for boards, and what each needs beside Midge: drivers, models, recordings."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

from ..errors import UserError
from ..files import write_new
from ..progress import Stage, silent
from ..resources import folder
from .demo import recordings, wand
from .identity import identify, require_midge
from .install import make_folders
from .modules import driver_files
from .transport import open_board
from .upload import Upload, upload

# What an example is about, by a word of its text; the first that is found.
_KINDS = {"microphone": "sound", "camera": "pictures", "digits": "pictures", "sensor": "movements", "wand": "movements"}
_BROUGHT: dict[str, Callable[[], bytes]] = {
    "wand.midge": wand,
    "words.midge": lambda: (folder("words") / "words.midge").read_bytes(),
    "digits.midge": lambda: (folder("digits") / "digits.midge").read_bytes(),
    "digits.bin": lambda: (folder("digits") / "digits.bin").read_bytes(),
}


@dataclass(frozen=True)
class Example:
    """A program of mpy_lib/examples."""

    name: str
    source: str

    @property
    def text(self) -> str:
        """What it does and needs, its docstring."""
        return ast.get_docstring(self._tree) or ""

    @property
    def does(self) -> str:
        """What it does, a sentence."""
        return re.split(r"(?<=\.)\s", self.text, maxsplit=1)[0]

    @property
    def kind(self) -> str:
        """What it is about: sound, pictures or movements."""
        return next(kind for word, kind in _KINDS.items() if word in self.text.lower())

    @property
    def lacks(self) -> list[str]:
        """The files that it reads and that are the user's to make."""
        return sorted(name for name in self._named if name not in _BROUGHT)

    def files(self) -> dict[str, bytes]:
        """Return the program and all that it needs and that Midge brings, as {path: content}, the program last."""
        found: dict[str, bytes] = {}
        for module in self._drivers():
            found |= driver_files(module)
        found |= {name: _BROUGHT[name]() for name in sorted(self._named) if name in _BROUGHT}
        if "samples" in self._texts:
            found |= {f"samples/{name}.csv": path.read_bytes() for name, path in recordings()}
        return found | {f"{self.name}.py": self.source.encode()}

    @cached_property
    def _tree(self) -> ast.Module:
        return ast.parse(self.source)

    @cached_property
    def _texts(self) -> set[str]:
        return {node.value for node in ast.walk(self._tree) if isinstance(node, ast.Constant)
                and isinstance(node.value, str)}

    @property
    def _named(self) -> set[str]:
        return {text for text in self._texts if re.fullmatch(r"\w+\.(midge|bin)", text)}

    def _drivers(self) -> Iterator[str]:
        """Yield the modules of drivers that it imports; where it asks Midge to find the sensor, those of all."""
        there = {path.stem for path in folder("drivers").glob("*.py")}
        for node in ast.walk(self._tree):
            if isinstance(node, ast.ImportFrom) and node.module in there:
                yield node.module
            elif isinstance(node, ast.ImportFrom) and "sensors" in [name.name for name in node.names]:
                yield from sorted(there & set(re.findall(r'"(\w+)"', _read("device", "sensors.py"))))


def _read(place: str, name: str) -> str:
    return (folder(place) / name).read_text(encoding="utf-8")


def all_examples() -> list[Example]:
    """Return all example programs, by name."""
    return [Example(path.stem, _read("examples", path.name)) for path in sorted(folder("examples").glob("*.py"))]


def find_example(name: str) -> Example:
    """Return the example of a name. Raises UserError for none, with one that is called nearly so."""
    known = {example.name: example for example in all_examples()}
    if name not in known:
        near = get_close_matches(name, known, n=1)
        raise UserError(f"no example {name}; " + (f"did you mean {near[0]}? " if near else "")
                        + "midge examples lists them")
    return known[name]


def write_example(example: Example, place: Path) -> list[Path]:
    """Write an example and what it needs into a folder, and return the files. Raises UserError where one is there."""
    files = {place / name: content for name, content in example.files().items()}
    if there := [path for path in files if path.exists()]:
        raise UserError(f"{there[0]}: is there already; name another folder, or remove it")
    try:
        for path, content in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_new(path, content)
    except OSError as error:
        raise UserError(f"{place}: {error.strerror or error}; choose another place") from error
    return list(files)


def put_example(example: Example, port: str | None, stage: Stage = silent) -> list[Upload]:
    """Put an example and what it needs into the current folder of a board; see upload. Raises UserError."""
    files = example.files()
    with open_board(port) as board:
        require_midge(board)
        make_folders(board, identify(board).folder.rstrip("/"), [name for name in files if "/" in name])
        return [upload(board, content, name, stage(name, len(content))) for name, content in files.items()]
