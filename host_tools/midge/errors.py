# SPDX-License-Identifier: MIT
"""The one kind of failure that is the user's to mend."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from unicodedata import category

_CONTROLS = ("Cc", "Cf", "Cs", "Zl", "Zp")  # of Unicode: controls, formats such as of direction, halves, line ends
_JOINERS = "\u200c\u200d"  # of letters and of emoji


def visible(text: str, keep: str = "") -> str:
    """Return text in which control characters stand as escapes, but for those in `keep`.

    What files, boards and names of files bring may hold commands to a terminal.
    """
    return "".join(c if c in keep or c in _JOINERS or category(c) not in _CONTROLS else ascii(c)[1:-1] for c in text)


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return "; did you mean X?" for the name most like a mistyped one, upper and lower case alike, or nothing.

    A part will do, such as the nucleo of nucleo_f446re, where no whole name is like it.
    """
    names = {name.lower(): name for name in known}
    parts = {part: name for name in names for part in re.split("[-_]", name)}
    close = get_close_matches(word.lower(), names, n=1) or [
        parts[part] for part in get_close_matches(word.lower(), parts, n=1, cutoff=0.8)]
    return f"; did you mean {names[close[0]]}?" if close else ""


class UserError(Exception):
    """What was found, what was wanted, what to do: one line at the command line, exit code 1."""


class UnsupportedModel(UserError):
    """A sound model that uses ops or dtypes which no device op can run. `items` lists every one."""

    def __init__(self, name: str, items: list[tuple[str, str, str]]):
        self.name, self.items = name, items
        reasons: dict[tuple[str, str], list[str]] = {}
        for op, layer, reason in items:
            reasons.setdefault((op, reason), []).append(layer)
        lines = [
            f"  {op} ({len(layers)}x, first '{layers[0]}'): {reason}" for (op, reason), layers in reasons.items()
        ]
        super().__init__(f"{name}: {len(items)} of its operators cannot run\n" + "\n".join(lines))

    def __reduce__(self) -> tuple[type[UnsupportedModel], tuple[str, list[tuple[str, str, str]]]]:
        """Let it be sent from process to process."""
        return type(self), (self.name, self.items)
