# SPDX-License-Identifier: MIT
"""Text and tables as spreadsheets and editors of all countries write them."""

from __future__ import annotations

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from pathlib import Path

from ..errors import UserError


def read_text(path: Path) -> str:
    """Return a file's text: UTF-8 or, where its first bytes say so, UTF-16; without the mark. Raises UserError."""
    try:
        data = path.read_bytes()
        utf16 = data.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
        return data.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not text in UTF-8 (byte {error.start} is {data[error.start]:#x}); save it as UTF-8") \
            from error
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}; check the path") from error


class Splitter:
    """Cuts lines of a table into fields, by what stands between the numbers of `lines`."""

    def __init__(self, lines: list[str]) -> None:
        self.delimiter, self.decimal_comma = None, False
        for delimiter in (";", "\t", ","):
            if all(delimiter in line for line in lines) or (delimiter == "," and any("," in line for line in lines)):
                self.delimiter = delimiter
                self.decimal_comma = delimiter != "," and any("," in line for line in lines)
                break

    def __call__(self, line: str) -> list[str]:
        """Return the fields of a line, without quotes."""
        fields = line.strip(" \r\n").split(self.delimiter)
        if len(fields) > 1 and not fields[-1].strip():
            fields.pop()  # a delimiter at the end of each line
        fields = [f.strip().strip('"') for f in fields]
        return [f.replace(",", ".") for f in fields] if self.decimal_comma else fields


def number(text: str) -> float | None:
    """Return the number that a field holds, None where it is none."""
    try:
        return float(text)
    except ValueError:
        return None
