# SPDX-License-Identifier: MIT
"""Read a model in a process of its own, whose time and memory are limited, and which may end in a crash.

Formats of others are read by the libraries of others. What a hostile file makes of these, an abort in C++ included, is
one line of the parent's. Limits on memory and processor time are those of POSIX (Linux; in part macOS); elsewhere
there is one on time.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import Any

from ..errors import UserError
from ..graph import Graph
from ..limits import Exceeded, Room
from .source import Source

# The child imports nothing before it looks where its parent does: what lies in the working directory is not run.
_PROGRAM = "import sys; sys.path[:] = {path!r}; from midge.importers.apart import serve; serve()"
_THREAD = 32 << 20  # bytes that libraries set aside for each processor's thread
_STARTING = 60  # seconds until libraries are there
_WAITING = 3  # times the processor's time: other programs run as well


def read_apart(start: Callable[[], Any], read: Callable[..., Graph], source: Source, *arguments: Any) -> Graph:
    """Return read(source, *arguments), done by a child process. Raises what it raises, and Exceeded.

    start: imports libraries, before the time counts. Both are functions of modules, which the child imports.
    """
    room = Room(source.size)
    with tempfile.TemporaryDirectory() as folder:  # a child that is killed leaves nothing behind
        try:
            done = subprocess.run(
                [sys.executable, "-c", _PROGRAM.format(path=[p for p in sys.path if p])],
                input=pickle.dumps((room, start, read, (source, *arguments))), stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, timeout=_STARTING + _WAITING * room.seconds, check=False,
                env={**os.environ, "TMPDIR": folder, "TEMP": folder},
            )
        except subprocess.TimeoutExpired:
            raise _too_slow(room) from None
    if done.returncode == -getattr(signal, "SIGXCPU", 0):
        raise _too_slow(room)
    if done.returncode != 0 or not done.stdout:
        raise Exceeded(f"the library that reads it died ({_ending(done.returncode)}): the file is damaged, or asks for "
                       f"more than {room.memory:,} B of memory")
    result = pickle.loads(done.stdout)
    if isinstance(result, Exception):
        raise result
    assert isinstance(result, Graph)
    return result


def _too_slow(room: Room) -> Exceeded:
    return Exceeded(f"reading it takes over {room.seconds} s, more than a file of {room.size:,} B may")


def _ending(code: int) -> str:
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"exit code {code}"


def serve() -> None:
    """Do in a child process what its parent asks for on stdin, and answer on what stdout was."""
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # libraries print
    room, start, read, arguments = pickle.load(sys.stdin.buffer)
    try:
        start()
        _limit(room)
        result = pickle.dumps(read(*arguments))
    except (UserError, Exceeded) as error:
        result = pickle.dumps(error)
    except MemoryError:
        result = pickle.dumps(Exceeded(f"reading it takes over {room.memory:,} B of memory"))
    except Exception as error:  # whatever libraries make of hostile bytes
        said = " ".join(str(error).split())[:200]
        result = pickle.dumps(UserError(f"{arguments[0].title}: damaged, or not understood ({type(error).__name__}: "
                                        f"{said}); export it again, or report it if it runs elsewhere"))
    answer.write(result)
    answer.flush()
    os._exit(0)  # threads of libraries may not end


def _limit(room: Room) -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + 1 + room.seconds
    memory = room.memory + _THREAD * (os.cpu_count() or 1)
    for kind, most in ((resource.RLIMIT_DATA, memory), (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
