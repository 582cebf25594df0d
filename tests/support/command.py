# SPDX-License-Identifier: MIT
"""The `midge` command: in this process, which is quick, or as one of its own, where a test is of processes."""

from __future__ import annotations

import contextlib
import io
import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from unittest.mock import patch

import pyte

from midge.cli.main import main

MIDGE = [sys.executable, "-m", "midge.cli.main"]


@dataclass(frozen=True)
class Done:
    """How a command line ended."""

    returncode: int
    stdout: str
    stderr: str


class LookedAt(io.StringIO):
    """A stream that says to be a terminal."""

    def isatty(self) -> bool:
        return True

    def taken(self) -> str:
        """Return what was written, and begin anew."""
        text = self.getvalue()
        self.seek(0)
        self.truncate()
        return text

    def screen(self, columns: int = 80) -> list[str]:
        """Return the rows that one sees now, without the empty ones below."""
        screen = pyte.Screen(columns, 24)
        screen.set_mode(pyte.modes.LNM)  # as terminals do for programs: a new line begins at its left
        pyte.Stream(screen).feed(self.getvalue())
        return "\n".join(row.rstrip() for row in screen.display).rstrip("\n").split("\n")


def midge(*arguments: object, **environment: str) -> Done:
    """Run a command line in this process; `environment` is added to the process's own meanwhile."""
    stdout, stderr = io.StringIO(), io.StringIO()
    command = patch.object(sys, "argv", ["midge", *map(str, arguments)])
    streams = contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr)
    with command, patch.dict(os.environ, environment), streams[0], streams[1]:
        try:
            main()
            code: object = 0
        except SystemExit as end:
            code = end.code or 0
            if isinstance(code, str):
                print(code, file=sys.stderr)
                code = 1
    assert isinstance(code, int)
    return Done(code, stdout.getvalue(), stderr.getvalue())


def printed(*arguments: object) -> str:
    """Return what a command line prints, which has to succeed."""
    done = midge(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refusal(*arguments: object) -> str:
    """Return the one line with which the command refuses."""
    done = midge(*arguments)
    assert done.returncode == 1 and done.stderr.startswith("midge: ") and done.stderr.count("\n") == 1, done.stderr
    return done.stderr.strip()


def processor_seconds() -> float:
    """Return what all processes that were started here and have ended computed; the kernel's part grows with load."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime


def midge_process(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a command line in a process of its own."""
    return subprocess.run([*MIDGE, *map(str, arguments)], capture_output=True, text=True, check=False)
