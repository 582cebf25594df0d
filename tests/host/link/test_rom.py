# SPDX-License-Identifier: MIT
"""ROMFS images, read and written, and the code that boards run for it, on each kind of device that rom_ioctl gives."""

from __future__ import annotations

import builtins
import io
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from midge.errors import UserError
from midge.link import rom, upload
from midge.link.romfs import build_romfs, image_bytes, read_romfs
from midge.link.transport import BoardError

FILES = {"lib/a.py": b"a = 1\n", "lib/deep/b.bin": bytes(range(256)), "old.midge": b"old" * 400, "empty": b""}
ROOM = 16384


def test_what_is_built_is_read() -> None:
    image = build_romfs(FILES)
    assert read_romfs(image + b"\xff" * 100) == FILES
    assert image_bytes(image[:12]) == len(image)
    assert image_bytes(b"\xff" * 12) == image_bytes(b"") == 0


def test_images_of_mpremote_are_read(tmp_path: Path) -> None:
    made = pytest.importorskip("mpremote.romfs")
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    assert read_romfs(bytes(made.make_romfs(str(tmp_path), mpy_cross=False))) == FILES


def test_data_may_be_elsewhere() -> None:
    """A file whose content is a pointer: size, then offset from the payload's start."""
    body = b"\x05\x06\x01p\x03\x02\x03\x0a" + b"\x01\x04abcd"  # the last four bytes are padding's own
    assert read_romfs(b"\xd2\xcd\x31" + bytes([len(body)]) + body) == {"p": b"abc"}


@pytest.mark.parametrize("damage", [0x00, 0x80, 0xFF])
def test_no_byte_that_is_wrong_is_fatal(damage: int) -> None:
    """Each byte in turn: an image is read or refused, and nothing else happens."""
    image = build_romfs({"d/a": b"xyz", "b": b"123"})
    for at in range(len(image)):
        try:
            read_romfs(image[:at] + bytes([damage]) + image[at + 1 :])
        except UserError as error:
            assert "mpremote romfs deploy" in str(error)


class Flash:
    """What is erased is 0xff, and only that takes a write."""

    def __init__(self, image: bytes = b"") -> None:
        self.bytes = bytearray(image.ljust(ROOM, b"\xff"))
        self.mounted = True

    def erase(self, at: int, size: int) -> None:
        self.bytes[at : at + size] = b"\xff" * size

    def write(self, at: int, data: bytes) -> None:
        assert self.bytes[at : at + len(data)] == b"\xff" * len(data), "written twice"
        self.bytes[at : at + len(data)] = data


def whole(flash: Flash) -> Any:
    """MicroPython 1.25: everything is erased at once."""
    def ioctl(command: int, *args: Any) -> Any:
        if command == 3:
            flash.erase(0, args[1])
            return 4
        if command == 4:
            flash.write(args[1], args[2])
        return {1: 1, 2: memoryview(flash.bytes), 4: 0, 5: 0}.get(command, -22)
    return ioctl


def blocks(flash: Flash) -> Any:
    """Newer: one block after the other."""
    def ioctl(command: int, *args: Any) -> Any:
        if command == 3:
            assert args[1] % 1024 == args[2] % 1024 == 0
            flash.erase(args[1], args[2])
            return 16
        return 1024 if command == 6 else whole(flash)(command, *args)
    return ioctl


class Partition(bytearray):
    """A block device, as on the ESP32, of which a memoryview can be made."""

    flash: Flash

    def ioctl(self, command: int, block: int) -> int:
        if command == 6:
            self.flash.erase(block * 4096, 4096)
            self[:] = self.flash.bytes
        return {4: ROOM // 4096, 5: 4096}.get(command, 0)

    def writeblocks(self, block: int, data: bytes, offset: int) -> None:
        self.flash.write(block * 4096 + offset, data)
        self[:] = self.flash.bytes


def partition(flash: Flash) -> Any:
    device = Partition(flash.bytes)
    device.flash = flash
    return lambda command, *args: {1: 1, 2: device}.get(command, -22)


class Here:
    """A board that is this Python: names stay from request to request, until it starts afresh."""

    port, retries = "here", 0

    def __init__(self, flash: Flash, kind: Any, stop_at: int | None = None) -> None:
        self.flash, self.ioctl, self.stop_at, self.requests = flash, kind(flash), stop_at, 0
        self.restart()

    def restart(self) -> None:
        self.names: dict[str, Any] = {"open": self.open}

    def open(self, path: str, mode: str) -> io.BytesIO:
        if not path.startswith("/rom/"):
            return builtins.open(path, mode)  # type: ignore[return-value]
        files = read_romfs(bytes(self.flash.bytes))
        if path[5:] not in files:
            raise OSError(2)
        return io.BytesIO(files[path[5:]])

    def ask(self, code: str, data: bytes = b"", **_: float) -> str:
        if "rs(" in code and "def " not in code:
            self.requests += 1
            if self.requests == self.stop_at:
                raise BoardError("unplugged")
        self.names |= {"d": data, "r": ""}
        try:
            exec(code, self.names)
            if "rs(" in code and "def " not in code:
                exec(code, self.names)  # a request may arrive twice
        except Exception as error:
            raise BoardError(repr(error)) from error
        return str(self.names["r"])


@pytest.fixture(params=[whole, blocks, partition])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    def make(flash: Flash) -> Any:
        ioctl = request.param(flash)
        monkeypatch.setitem(sys.modules, "vfs", SimpleNamespace(rom_ioctl=ioctl, umount=lambda path: None))
        return ioctl
    return make


def test_a_file_comes_beside_those_that_are_there(kind: Any, tmp_path: Path) -> None:
    flash = Flash(build_romfs(FILES))
    board = Here(flash, kind)
    done = rom.write(board, {"new.midge": b"n" * 3000}, keep=tmp_path / "kept")  # type: ignore[arg-type]
    assert read_romfs(bytes(flash.bytes)) == {**FILES, "new.midge": b"n" * 3000}
    assert done.path == "/rom/new.midge" and done.beside == sorted(FILES) and not done.unchanged
    again = rom.write(board, {"new.midge": b"n" * 3000}, keep=tmp_path / "kept")  # type: ignore[arg-type]
    assert again.unchanged and board.requests and not (tmp_path / "kept").exists()
    rom.write(board, {"old.midge": b"new"}, keep=tmp_path / "kept")  # type: ignore[arg-type]
    assert read_romfs(bytes(flash.bytes))["old.midge"] == b"new"


@pytest.mark.parametrize("stop_at", [1, 2, 3])
def test_a_break_leaves_no_half_image_and_is_told(kind: Any, stop_at: int, tmp_path: Path) -> None:
    flash, kept = Flash(build_romfs(FILES)), tmp_path / "kept"
    with pytest.raises(UserError, match=r"/rom is not whole on the board now \(unplugged\); what was there is in "):
        rom.write(Here(flash, kind, stop_at), {"new.midge": b"n" * 3000}, keep=kept)  # type: ignore[arg-type]
    assert image_bytes(bytes(flash.bytes[:12])) == 0  # nothing that could be taken for a file system
    assert read_romfs(kept.read_bytes()) == FILES
    rom.write(Here(flash, kind), {"new.midge": b"n" * 3000})  # type: ignore[arg-type]
    assert list(read_romfs(bytes(flash.bytes))) == ["new.midge"]


def test_what_does_not_fit_changes_nothing(kind: Any) -> None:
    flash = Flash(build_romfs(FILES))
    before = bytes(flash.bytes)
    with pytest.raises(UserError, match=r"/rom/new.midge: 16,000 B and 1,462 B of other files there do not fit"):
        rom.write(Here(flash, kind), {"new.midge": b"n" * 16000})  # type: ignore[arg-type]
    assert flash.bytes == before


def test_the_functions_of_uploads_and_of_romfs_share_no_name() -> None:
    """Both are in the same board's names at once."""
    def made(source: str) -> set[str]:
        return set(compile(source, "board", "exec").co_names) - {"vfs", "binascii", "hashlib", "os"}
    assert not made(rom._ON_BOARD) & made(upload._ON_BOARD)
