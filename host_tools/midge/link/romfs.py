# SPDX-License-Identifier: MIT
"""Build and read ROMFS images, MicroPython's read-only file system that is used where it is in flash.

The format is described in MicroPython's extmod/vfs_rom.c: nested records of kind, length, payload. Numbers are
big-endian groups of seven bits and may carry leading zeros, so every length here takes four bytes and an image
is written in one pass. Each file's data starts aligned, so that a model in it needs no copy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ..errors import UserError

HEADER_BYTES = 12  # in which the image says how long it is
MAGIC = b"\xd2\xcd\x31"
_FILE_SYSTEM, _PADDING, _DATA, _POINTER, _DIRECTORY, _FILE = 0x14A6B1, 1, 2, 3, 4, 5
_MOST_FOLDERS = 16  # within one another
_LENGTH_BYTES = 4

Tree = dict[str, "bytes | Tree"]


def _number(value: int, width: int = 1) -> bytes:
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F | 0x80)
    groups += [0x80] * (width - len(groups))
    return bytes(reversed(groups))


class _Writer:
    def __init__(self, align: int) -> None:
        self.out = bytearray()
        self.align = align

    def open(self, kind: int) -> int:
        self.out += _number(kind) + bytes(_LENGTH_BYTES)
        return len(self.out)

    def close(self, start: int) -> None:
        self.out[start - _LENGTH_BYTES : start] = _number(len(self.out) - start, _LENGTH_BYTES)

    def pad(self, size: int) -> None:
        """Append a padding record of `size` bytes in all, two at least."""
        self.out += _number(_PADDING) + _number(size - 2) + bytes(size - 2)

    def data(self, content: bytes) -> None:
        gap = -(len(self.out) + 1 + _LENGTH_BYTES) % self.align
        if gap:
            self.pad(gap if gap > 1 else gap + self.align)
        start = self.open(_DATA)
        self.out += content
        self.close(start)

    def entries(self, tree: Tree) -> None:
        for name, node in sorted(tree.items()):
            start = self.open(_DIRECTORY if isinstance(node, dict) else _FILE)
            encoded = name.encode()
            self.out += _number(len(encoded)) + encoded
            if isinstance(node, dict):
                self.entries(node)
            else:
                self.data(node)
            self.close(start)


def _tree(files: Mapping[str, bytes]) -> Tree:
    root: Tree = {}
    for path, content in files.items():
        *folders, name = path.strip("/").split("/")
        node = root
        for folder in folders:
            child = node.setdefault(folder, {})
            if not isinstance(child, dict):
                raise ValueError(f"{path}: {folder} is a file")
            node = child
        node[name] = content
    return root


def build_romfs(files: Mapping[str, bytes] | Path, align: int = 16) -> bytes:
    """Return the image of `files`: a mapping of path to content, or a folder with everything below it.

    `align` is the boundary in bytes, 64 at most, on which each file's data starts when the image itself starts on one.

    >>> build_romfs({"lib/greeting.txt": b"hello"}).index(b"hello") % 16
    0
    """
    if not 1 <= align <= 64:
        raise ValueError(f"align must be 1 to 64 bytes, got {align}")
    if isinstance(files, Path):
        files = {path.relative_to(files).as_posix(): path.read_bytes() for path in files.rglob("*") if path.is_file()}
    writer = _Writer(align)
    start = writer.open(_FILE_SYSTEM)
    writer.entries(_tree(files))
    if len(writer.out) % 2:  # the format wants an even size
        writer.pad(3)
    writer.close(start)
    return bytes(writer.out)


def image_bytes(header: bytes) -> int:
    """Return how long an image is, from its first HEADER_BYTES; 0 where there is none."""
    if not header.startswith(MAGIC):
        return 0
    length, start = _read_number(header, len(MAGIC), len(header))
    return start + length


def read_romfs(image: bytes) -> dict[str, bytes]:
    """Return the files of an image, as build_romfs takes them. Raises UserError for one that is damaged.

    >>> read_romfs(build_romfs({"lib/greeting.txt": b"hello"}))
    {'lib/greeting.txt': b'hello'}
    """
    size = image_bytes(image[:HEADER_BYTES])
    if not 0 < size <= len(image):
        raise UserError(f"ROMFS: no whole image, {size} B of it in {len(image)}; write it anew: mpremote romfs deploy")
    start = size - _read_number(image, len(MAGIC), size)[0]
    return dict(_files(image, start, size, start, "", 0))


def _files(image: bytes, at: int, end: int, base: int, folder: str, depth: int) -> Iterator[tuple[str, bytes]]:
    """Give the files below a record's payload from `at` to `end`; pointers count from `base`."""
    if depth > _MOST_FOLDERS:
        raise UserError(f"ROMFS: folders within folders, {folder} the last; write it anew: mpremote romfs deploy")
    for kind, start, after in _records(image, at, end):
        if kind not in (_DIRECTORY, _FILE):
            continue
        length, start = _read_number(image, start, after)
        if length > after - start:
            raise _damaged(start)
        name = folder + image[start : start + length].decode(errors="replace")
        if kind == _DIRECTORY:
            yield from _files(image, start + length, after, base, name + "/", depth + 1)
        else:
            yield name, _content(image, start + length, after, base)


def _content(image: bytes, at: int, end: int, base: int) -> bytes:
    for kind, start, after in _records(image, at, end):
        if kind == _DATA:
            return image[start:after]
        if kind == _POINTER:
            size, start = _read_number(image, start, after)
            offset, _ = _read_number(image, start, after)
            if base + offset + size > len(image):
                raise _damaged(start)
            return image[base + offset : base + offset + size]
    return b""


def _records(image: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Give the records of a payload: kind, start and end of what each holds."""
    while at < end:
        kind, start = _read_number(image, at, end)
        length, start = _read_number(image, start, end)
        if kind == 0 or length > end - start:
            raise _damaged(at)
        yield kind, start, start + length
        at = start + length


def _read_number(image: bytes, at: int, end: int) -> tuple[int, int]:
    """Return a number, and where the next byte is."""
    value = 0
    while at < end:
        value = value << 7 | image[at] & 0x7F
        at += 1
        if not image[at - 1] & 0x80 or value > 0xFFFFFFFF:
            return value, at
    raise _damaged(at)


def _damaged(at: int) -> UserError:
    return UserError(f"ROMFS: damaged at byte {at}; write it anew: mpremote romfs deploy")
