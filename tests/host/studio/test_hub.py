# SPDX-License-Identifier: MIT
"""What pages are told, from any thread, and threads that are busy with one thing at a time."""

from __future__ import annotations

import asyncio
import errno
import threading
from collections.abc import Callable

import pytest

from midge.errors import UserError
from midge.studio.hub import Hub, Stopped, Worker, stage_of


def worker() -> tuple[Worker, list[str]]:
    said: list[str] = []
    return Worker(lambda: None, said.append), said


def test_a_page_that_falls_behind_is_closed_and_others_go_on() -> None:
    async def pages() -> tuple[list[object], int]:
        hub = Hub()
        asleep, awake = hub.open(), hub.open()
        heard = 0
        for i in range(1000):
            await asyncio.to_thread(hub.tell, "samples", number=i)
            await asyncio.sleep(0)
            heard += awake.get_nowait() == {"kind": "samples", "number": i}
        return [asleep.get_nowait() for _ in range(asleep.qsize())], heard

    waiting, heard = asyncio.run(pages())
    assert heard == 1000
    assert len(waiting) == 201 and waiting[-1] is None and None not in waiting[:-1]


def test_nobody_is_told_before_there_is_a_page() -> None:
    Hub().tell("state")


def test_one_thing_at_a_time() -> None:
    busy, said = worker()
    begun = threading.Event()

    def wait(stopped: Stopped) -> None:
        begun.set()
        while not stopped():
            pass

    busy.start("waiting", wait)
    begun.wait()
    with pytest.raises(UserError, match="busy with waiting; stop that first"):
        busy.start("more", wait)
    busy.stop(10)
    assert busy.kind == "" and said == []
    busy.start("more", lambda stopped: None)
    busy.stop(10)


def fault(error: Exception) -> Callable[[Stopped], None]:
    def run(stopped: Stopped) -> None:
        raise error

    return run


@pytest.mark.parametrize(("error", "words"), [
    (UserError("the board is gone; plug it in"), "the board is gone; plug it in"),
    (OSError(errno.ENOSPC, "No space left on device", "data/x.csv"), "data/x.csv: No space left on device; mend that"),
    (ZeroDivisionError("x"), "something went wrong that should not (ZeroDivisionError); the terminal shows where"),
])
def test_why_work_ended_is_told_in_a_sentence(error: Exception, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    busy, said = worker()
    busy.start("work", fault(error))
    busy.stop(10)
    assert len(said) == 1 and said[0].startswith(words) and busy.kind == ""
    assert ("Traceback" in capsys.readouterr().err) == isinstance(error, ZeroDivisionError)


def test_work_that_is_stopped_ends_at_its_next_step_and_says_nothing() -> None:
    busy, said = worker()
    reported: list[tuple[str, int, int]] = []

    def run(stopped: Stopped) -> None:
        busy.stop()
        stage_of(lambda *facts: reported.append(facts), stopped)("uploading", 10)(5)
        raise AssertionError("it went on")

    busy.start("work", run)
    busy.stop(10)
    assert said == [] and reported == [("uploading", 0, 10)]
