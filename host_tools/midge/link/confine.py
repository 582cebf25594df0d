# SPDX-License-Identifier: MIT
"""Keep a program that is started from this user's files, by Linux's Landlock (5.13 and later).

An emulated board reaches the host through semihosting, which QEMU needs for the end of a run and the time, but which
opens files and runs commands as well: a script on the board asks with two bytes of machine code. So QEMU may read what
it is made of and the firmware, use terminals, run nothing, and write nowhere else.
Source: the kernel's userspace-api/landlock.rst; numbers of uapi/linux/landlock.h.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same for all architectures
_VERSION, _PATH_BENEATH, _PR_SET_NO_NEW_PRIVS = 1, 1, 38
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _TRUNCATE = (1 << bit for bit in (0, 1, 2, 3, 14))
_FIRST_VERSION = (1 << 13) - 1  # the rights that are held from the first version on
_DEVICES = ("/dev/ptmx", "/dev/pts", "/dev/null", "/dev/zero", "/dev/urandom")
_SYSTEM = ("/usr/lib", "/usr/lib64", "/usr/share", "/lib", "/lib64", "/etc/ld.so.cache", "/nix/store")


def confined(program: str, files: Iterable[Path], memory: int) -> Callable[[], None]:
    """Return what a child does before it becomes `program`, after which it reads `files` and little else.

    memory: the open file that it may write, by a number that the child keeps. Does nothing where the system has no
    Landlock.
    """
    if not has_landlock():
        return lambda: None
    libc = ctypes.CDLL(None)
    handled = _FIRST_VERSION | (_TRUNCATE if _version() >= 3 else 0)
    real = Path(program).resolve()
    own = [real.parent.parent / name for name in ("lib", "lib64", "libexec", "share")]
    rules = {real: _EXECUTE | _READ_FILE, **{path.resolve(): _READ_FILE for path in files}}
    rules |= dict.fromkeys((Path(f"/dev/fd/{memory}"), *map(Path, _DEVICES)), _READ_FILE | _WRITE_FILE)
    for folder in (*own, *map(Path, _SYSTEM)):
        rules[folder.resolve()] = _READ_FILE | _READ_DIR | _EXECUTE  # the loader of programs is among them

    def confine() -> None:
        ruleset = libc.syscall(_CREATE_RULESET, struct.pack("<Q", handled), 8, 0)
        for path, rights in rules.items():
            with suppress(OSError):  # what is not there
                _allow(libc, ruleset, path, rights)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if libc.syscall(_RESTRICT_SELF, ruleset, 0) != 0:
            os._exit(126)  # rather none than an open one
        os.close(ruleset)

    return confine


def has_landlock() -> bool:
    """Tell whether this system can confine programs."""
    return sys.platform == "linux" and _version() >= 1


def _version() -> int:
    return int(ctypes.CDLL(None).syscall(_CREATE_RULESET, None, 0, _VERSION))


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path, rights: int) -> None:
    """Add a rule for a file, or for a folder and what is in it. Raises OSError where there is none."""
    fd = os.open(path, os.O_PATH | os.O_CLOEXEC)  # type: ignore[attr-defined,unused-ignore]
    try:
        rights &= ~_READ_DIR if not path.is_dir() else ~0
        libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("<Qi", rights, fd), 0)
    finally:
        os.close(fd)
