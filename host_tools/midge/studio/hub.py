# SPDX-License-Identifier: MIT
"""Tell every page that is open what goes on, from any thread; and threads that are busy with one thing at a time."""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Callable
from threading import Event, Lock, Thread
from time import monotonic
from typing import Any

from ..errors import UserError
from ..progress import Advance, Stage

_WAITING = 200  # messages that a page may be behind
_OFTEN_S = 0.1  # between two tellings of progress

Stopped = Callable[[], bool]


class Stop(Exception):
    """Ends work that was asked to stop, from within."""


class Hub:
    """Pages, each with the messages that it has not had yet; None as a message closes one that is too far behind."""

    def __init__(self) -> None:
        self._pages: set[asyncio.Queue[dict[str, Any] | None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self) -> asyncio.Queue[dict[str, Any] | None]:
        """Return the messages of a new page; called in the server's loop."""
        self._loop = asyncio.get_running_loop()
        queue: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._pages.add(queue)
        return queue

    def close(self, queue: asyncio.Queue[dict[str, Any] | None]) -> None:
        """Forget a page."""
        self._pages.discard(queue)

    def tell(self, kind: str, **facts: Any) -> None:
        """Send a message to all pages."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._put, {"kind": kind, **facts})

    def _put(self, message: dict[str, Any]) -> None:
        for queue in list(self._pages):
            if queue.qsize() < _WAITING:
                queue.put_nowait(message)
            elif queue.qsize() == _WAITING:
                queue.put_nowait(None)  # it comes back for the state as it is then


class Worker:
    """A thread for one thing at a time. kind: what it is busy with, "" for nothing.

    changed: called when it begins and ends. failed: told why it ended where that is for people to mend.
    """

    def __init__(self, changed: Callable[[], None], failed: Callable[[str], None]) -> None:
        self.kind = ""
        self._changed, self._failed = changed, failed
        self._stop = Event()
        self._lock = Lock()
        self._thread: Thread | None = None

    def start(self, kind: str, run: Callable[[Stopped], None]) -> None:
        """Begin. Raises UserError where it is busy."""
        with self._lock:
            if self.kind:
                raise UserError(f"busy with {self.kind}; stop that first, or wait until it is done")
            self.kind = kind
            self._stop = Event()
            self._thread = Thread(target=self._run, args=(run, self._stop), name=f"studio {kind}", daemon=True)
        self._changed()
        self._thread.start()

    @property
    def ending(self) -> bool:
        """Whether it has been asked to end."""
        return self._stop.is_set()

    def stop(self, wait_s: float = 0.0) -> None:
        """Ask it to end, and wait so long for that."""
        self._stop.set()
        thread = self._thread
        if thread is not None and wait_s:
            thread.join(wait_s)

    def _run(self, run: Callable[[Stopped], None], stop: Event) -> None:
        said = ""
        try:
            run(stop.is_set)
        except Stop:
            pass
        except UserError as error:
            said = str(error)
        except OSError as error:
            said = f"{error.filename or 'the system'}: {error.strerror or error}; mend that, and try again"
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            said = f"something went wrong that should not ({type(error).__name__}); the terminal shows where"
        self.kind = ""
        if said:
            self._failed(said)
        self._changed()


def stage_of(report: Callable[[str, int, int], None], stopped: Stopped = lambda: False) -> Stage:
    """Return a stage that reports what goes on, how much is done and of how much; it raises Stop once stopped."""

    def stage(what: str, count: int) -> Advance:
        done, told = 0, 0.0
        report(what, 0, count)

        def advance(more: int) -> None:
            nonlocal done, told
            done += more
            if stopped():
                raise Stop
            if monotonic() - told > _OFTEN_S or done >= count:
                told = monotonic()
                report(what, done, count)

        return advance

    return stage
