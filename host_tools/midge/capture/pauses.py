# SPDX-License-Identifier: MIT
"""An idle class out of the pauses of long recordings, where none was recorded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ..samples.labels import is_quiet
from ..samples.take_format import read_recording_file
from ..samples.takes import UNCUT, Take, Takes, read_takes
from ..train.windows import cut_windows
from .cut import cut_pauses, cut_takes, thresholds

IDLE = "idle"
FEWEST = 3  # takes that a class is made of
MOST = 40


def read_gestures(source: str | Path, rate_hz: float | None = None, window_s: float | None = None) -> Takes:
    """Return the takes of a folder or zip file as read_takes does, with pauses as with_pauses does.

    Raises UserError as they do.
    """
    return with_pauses(read_takes(source, rate_hz), Path(source), window_s)


def with_pauses(found: Takes, folder: Path, window_s: float | None = None) -> Takes:
    """Return the takes, and with them, where no class is one of rest, pauses as takes of a class idle.

    folder: of the data set, whose uncut recordings have pauses between gestures. window_s: of what is trained; by
    default the length of the shortest class's takes. A note says what was added. Where takes are no gestures, or there
    are no such recordings of the same sensor, the takes come back as they are. Raises UserError where a recording is
    damaged.
    """
    if any(is_quiet(label) for label in found.labels) or not folder.is_dir():
        return found
    windows = cut_windows(found, window_s)
    if not windows.is_gesture:
        return found
    first = found.takes[0]
    pauses, sources = [], []
    for path in sorted(folder.glob(f"*/{UNCUT}/*.csv")):
        made = list(_pauses_of(path, first, windows.samples))
        pauses += made
        sources += [path] if made else []
    if len(pauses) < FEWEST:
        return found
    chosen = [pauses[i * len(pauses) // MOST] for i in range(MOST)] if len(pauses) > MOST else pauses
    where = f"{sources[0]}" + (f" and {len(sources) - 1} more recordings" if len(sources) > 1 else "")
    note = (f"no idle was recorded: {len(chosen)} pauses of {where} are the class idle; record rest in other positions "
            "too: midge capture --label idle --count 5")
    return replace(found, takes=[*found.takes, *chosen], notes=[*found.notes, note])


def _pauses_of(path: Path, first: Take, length: int) -> Iterator[Take]:
    """Yield the pauses of a recording as takes, where it is of the same sensor as the first take."""
    samples, source, header = read_recording_file(path)
    alike = (source.columns, source.units) == (first.columns, first.units) and abs(
        source.rate_hz / first.rate_hz - 1) < 0.03
    if not alike or not (thresholds(source.units) < float("inf")).any():
        return
    takes = cut_takes(samples, source.rate_hz, source.units, length)
    lines = len(header) + 2
    for i, pause in enumerate(cut_pauses(samples, source.rate_hz, source.units, length, takes)):
        yield Take(f"{path}#{i + 1}", IDLE, samples[pause.start:pause.end], first.rate_hz, source.columns, source.units,
                   source.range, source.sensor, source.board, source.person, source.session, lines + pause.start)
