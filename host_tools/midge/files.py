# SPDX-License-Identifier: MIT
"""Write files so that nothing that a user has is lost."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from .errors import UserError


def refuse_overwriting(outputs: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Refuse an output that is one of the inputs, by whatever name, or that is another output. Raises UserError."""
    taken = [path for path in inputs if path.exists()]
    for output in outputs:
        for path in taken:
            if _is_same(output, path):
                raise UserError(f"{output}: is read from here ({path}) or written twice, and would be lost; "
                                "name another file to write")
        taken.append(output)


def _is_same(a: Path, b: Path) -> bool:
    """Tell whether two paths are one file, through links of either kind, letters' case and detours."""
    if a.exists() and b.exists():
        return a.samefile(b)
    return os.path.normcase(a.resolve()) == os.path.normcase(b.resolve())


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a file beside `path`, then rename it: the file is there whole, or as it was. Raises UserError.

    A symbolic link stays one; what it points to is replaced. Devices and pipes are written to.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        _write_to_device(path, write)
        return
    place = Path(os.path.realpath(path))
    aside = place.with_name(f".{secrets.token_hex(4)}-{place.name}")  # the suffix stays: it may name the format
    try:
        if place.is_dir():
            raise UserError(f"{path}: is a folder; name a file to write")
        os.close(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))  # no link of that name is followed
        write(aside)
        aside.replace(place)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}; choose another place for it") from error
    finally:
        aside.unlink(missing_ok=True)


def _write_to_device(path: Path, write: Callable[[Path], object]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        aside = Path(folder) / path.name
        write(aside)
        try:
            with path.open("wb") as device:
                device.write(aside.read_bytes())
        except OSError as error:
            raise UserError(f"{path}: {error.strerror or error}; choose another place for it") from error


def write_new(path: Path, content: str | bytes) -> bool:
    """Write a text or bytes as a file that was not there, whole or not at all. Return False where one is there.

    Raises OSError.
    """
    aside = path.with_name(f".{secrets.token_hex(4)}-{path.name}")
    try:
        with aside.open("xb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(aside, path)  # which fails where there is a file, as a rename does not
        except FileExistsError:
            return False
        except OSError:  # a file system without links
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
            aside.replace(path)
    except FileExistsError:
        return False
    finally:
        aside.unlink(missing_ok=True)
    return True
