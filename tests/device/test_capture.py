# SPDX-License-Identifier: MIT
"""midge capture, from the simulated sensor's registers to files: what was measured, whole, or not at all."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from midge.capture import recorder
from midge.capture.frames import LostSamples
from midge.capture.session import Session, Wish, open_session
from midge.errors import UserError
from midge.link.transport.repl import Fault
from midge.samples.take_format import Samples, read_recording_file
from tests.support import ROOT
from tests.support.boards import Board
from tests.support.cable import Cable, Faults
from tests.support.command import MIDGE, midge, printed, refusal

NewBoard = Callable[..., Board]
ROWS = 4000
DRIVERS = {f"lib/{name}.py": (ROOT / f"mpy_lib/drivers/{name}.py").read_bytes() for name in ("lsm9ds1", "fifo_sensor")}
UNITS = np.array([0.122e-3] * 3 + [17.5e-3] * 3)


def numbered() -> Samples:
    """A recording whose first column, 7 steps of the sensor a row, tells which row it is."""
    rows = np.zeros((ROWS, 6), np.float32)
    rows[:, 0] = np.arange(ROWS) * 7 * UNITS[0]
    rows[:, 4] = np.sin(np.arange(ROWS) / 9) * 100
    return rows


def rows_of(samples: Samples) -> np.ndarray:
    """The rows of the numbered recording that samples are, which come one after the other."""
    rows = np.round(samples[:, 0] / UNITS[0] / 7).astype(int)
    assert (np.diff(rows) % ROWS == 1).all(), rows
    np.testing.assert_allclose(samples[:, 4], numbered()[rows % ROWS, 4], atol=UNITS[4])
    return rows


@pytest.fixture
def board(new_board: NewBoard) -> Board:
    return new_board(sensor=numbered(), romfs=DRIVERS)


class Silent:
    """A display that remembers why something was recorded again."""

    def __init__(self) -> None:
        self.reasons: list[str] = []
        self.on_samples: Callable[[int], None] = lambda came: None
        self.came = 0

    def waiting(self, take: int, seconds: float) -> None: ...
    def kept(self, take: int, path: Path, samples: int) -> None: ...

    def samples(self, block: Samples, share: float | None) -> None:
        self.came += len(block)
        self.on_samples(self.came)

    def again(self, reason: str) -> None:
        self.reasons.append(reason)


def take(port: str, out: Path, display: Silent, **options: object) -> list[Path]:
    plan = recorder.Plan("circle", out=out, countdown=0, **options)  # type: ignore[arg-type]
    with open_session(port, Wish()) as session:
        return recorder.record_takes(session, plan, display)


def test_takes_are_what_the_sensor_measured(board: Board, tmp_path: Path) -> None:
    out = tmp_path / "data"
    text = printed("capture", "--label", "circle", "--count", 3, "--seconds", 1, "--countdown", 0, "--person", "anna",
                   "--out", out, "--port", board.port)
    files = sorted((out / "circle").glob("*.csv"))
    assert len(files) == 3 and "LSM9DS1, 119 samples a second" in text
    for path in files:
        samples, source, header = read_recording_file(path)
        assert samples.shape == (119, 6)
        rows_of(samples)
        assert source.columns == ("ax", "ay", "az", "gx", "gy", "gz") and source.range == (4, 4, 4, 500, 500, 500)
        assert (header["midge take"], header["label"], header["person"]) == ("1", "circle", "anna")


def test_its_values_are_those_that_a_stream_sees(board: Board, tmp_path: Path) -> None:
    path = take(board.port, tmp_path, Silent(), seconds=0.3)[0]
    samples, _, _ = read_recording_file(path)
    raw = np.round(samples / UNITS).astype(np.int16)
    assert (raw.astype(np.float32) * UNITS.astype(np.float32) == samples).all()  # bit for bit


def test_a_driver_that_is_missing_is_sent(new_board: NewBoard, tmp_path: Path) -> None:
    bare = new_board(sensor=numbered())
    arguments = ("capture", "--label", "circle", "--seconds", 0.2, "--countdown", 0, "--out", tmp_path,
                 "--port", bare.port)
    printed(*arguments)
    assert bare.run("import lsm9ds1\nprint(lsm9ds1.__file__)").endswith("lib/lsm9ds1.py")
    printed(*arguments)
    assert len(list((tmp_path / "circle").glob("*.csv"))) == 2


def test_nothing_on_the_bus(new_board: NewBoard, tmp_path: Path) -> None:
    line = refusal("capture", "--label", "circle", "--out", tmp_path, "--port", new_board().port)
    assert "no sensor that Midge knows" in line and "--i2c" in line


@pytest.mark.parametrize(("options", "words"), [
    (("--i2c", "one"), "--i2c one: wanted a bus"), (("--sensor", "nosuch:thing"), "the board has no nosuch.py"),
    (("--sensor", "json:nosuch"), "wanted an object with read()"), (("--label", "a/b"), "label 'a/b': wanted 1 to 40"),
    (("--continuous", "--trigger", "motion"), "choose one"),
])
def test_options_that_make_no_sense(board: Board, tmp_path: Path, options: tuple[str, ...], words: str) -> None:
    assert words in refusal("capture", "--label", "circle", "--out", tmp_path, "--port", board.port, *options)
    assert not list(tmp_path.iterdir())


def test_any_object_with_read(new_board: NewBoard, tmp_path: Path) -> None:
    source = b"class Counter:\n    n = 0\n    def read(self):\n        self.n += 1\n        return self.n, self.n / 2\n"
    port = new_board(romfs={"lib/mine.py": source + b"counter = Counter()\n"}).port
    arguments = ("capture", "--label", "x", "--seconds", 1, "--countdown", 0, "--out", tmp_path, "--port", port,
                 "--sensor", "mine:counter")
    assert "Counter: does not tell its rate" in refusal(*arguments)
    printed(*arguments, "--rate", 20)
    samples, source_of, _ = read_recording_file(next((tmp_path / "x").glob("*.csv")))
    assert samples.shape == (20, 2)
    assert (np.diff(samples[:, 0]) == 1).all() and (samples[:, 1] * 2 == samples[:, 0]).all()
    assert (source_of.columns, source_of.units) == (("c0", "c1"), ("raw", "raw"))


@pytest.mark.parametrize(("facts", "words"), [
    ("columns=('a,b',)", "short words without commas"), ("columns=('a','b'); units=('g',)", "2 columns, 1 units"),
    ("rate_hz='fast'", "makes no sense"), ("rate_hz=-5", "rate_hz is -5"), ("units=5", "TypeError"),
])
def test_a_sensor_that_says_nonsense_of_itself(new_board: NewBoard, tmp_path: Path, facts: str, words: str) -> None:
    source = f"class Odd:\n    rate_hz=50\n    {facts}\n    def read(self): return [1]\nodd = Odd()\n".encode()
    port = new_board(romfs={"lib/odd.py": source}).port
    assert words in refusal("capture", "--label", "x", "--sensor", "odd:odd", "--out", tmp_path, "--port", port)


@pytest.mark.parametrize("kind", ["dropped", "doubled", "flipped"])
def test_a_damaged_frame_has_the_take_recorded_again(board: Board, tmp_path: Path, kind: str) -> None:
    display, faults = Silent(), Faults()
    with Cable(board.port, to_host=faults) as cable:
        def damage(came: int) -> None:
            if came and not display.reasons and max(getattr(faults, kind), default=0) < cable.received:
                setattr(faults, kind, frozenset(range(cable.received + 150, cable.received + 155)))

        display.on_samples = damage
        files = take(cable.port, tmp_path, display, seconds=1)
    samples, _, _ = read_recording_file(files[0])
    assert len(samples) == 119 and len(display.reasons) in (1, 2)
    rows_of(samples)


def test_a_start_whose_answer_arrives_damaged(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """What earlier requests left on the board is gone then: the agent is put there anew."""
    with open_session(board.port, Wish()) as session:
        repl, seen = session.board, list[bytes]()
        whole = repl._reply

        def damaged(output: bytes) -> str:
            if seen or b"rate_hz" not in output:
                return whole(output)
            seen.append(output)
            repl._agent = False
            raise Fault("answers are damaged")

        monkeypatch.setattr(repl, "_reply", damaged)
        session._start_again()
        assert seen and len(session.record_once(20, lambda block: False)) == 20


def test_samples_that_go_on_getting_lost(board: Board, tmp_path: Path) -> None:
    with Cable(board.port) as cable:
        display = Silent()

        def damage(came: int) -> None:
            if came and max(cable.to_host.flipped, default=0) < cable.received:
                cable.to_host.flipped = frozenset(range(cable.received + 100, cable.received + 105))

        display.on_samples = damage
        with pytest.raises(UserError, match="samples were lost 3 times .*record fewer a second"):
            take(cable.port, tmp_path, display, seconds=1)
    assert not list(tmp_path.rglob("*.csv"))


def test_a_board_that_is_reset_meanwhile(board: Board, tmp_path: Path) -> None:
    display = Silent()
    with Cable(board.port) as cable:
        def reset(came: int) -> None:
            if came > 30 and not display.reasons:
                display.reasons.append("told to")
                cable._write(cable._board, b"\x03\x03\x02\x04")  # Ctrl-C, the ordinary prompt, a soft reset

        display.on_samples = reset
        files = take(cable.port, tmp_path, display, seconds=1)
    assert len(display.reasons) >= 2
    rows_of(read_recording_file(files[0])[0])


def test_a_board_too_slow_for_the_rate(new_board: NewBoard, tmp_path: Path) -> None:
    port = new_board(sensor=numbered(), romfs=DRIVERS).port
    with open_session(port, Wish(rate_hz=952)) as session, pytest.raises(LostSamples, match="too slow for this rate"):
        session.board.ask("import time\nf=s._waiting\ns._waiting=lambda:(time.sleep_ms(20),f())[1]")  # FIFO: 34 ms
        session.record_once(400, lambda block: False)


def test_two_captures_on_one_port(board: Board, tmp_path: Path) -> None:
    with open_session(board.port, Wish()):
        line = refusal("capture", "--label", "circle", "--out", tmp_path, "--port", board.port)
    assert "in use by another program" in line


def test_a_full_disk_loses_no_take(board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import midge.samples.take_format as take_format

    def full(path: Path, text: str) -> bool:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(take_format, "write_new", full)
    monkeypatch.setattr(take_format.tempfile, "tempdir", str(tmp_path))
    line = refusal("capture", "--label", "circle", "--seconds", 0.5, "--countdown", 0, "--out", tmp_path / "data",
                   "--port", board.port)
    assert "No space left on device; the take is kept as" in line and "make room" in line
    kept = next(tmp_path.glob("circle-*.csv"))
    assert str(kept) in line
    rows_of(read_recording_file(kept)[0])


def bumps() -> Samples:
    """At rest but for three movements half a second long, at 2, 4 and 6 s of 238 samples."""
    rows = np.zeros((238 * 8, 3), np.float32)
    rows[:, 2] = 1
    for at in (2, 4, 6):
        rows[238 * at : 238 * at + 119, 0] = np.sin(np.arange(119) / 4)
    return rows


def test_motion_starts_a_take(new_board: NewBoard, tmp_path: Path) -> None:
    port = new_board(sensor=bumps(), romfs=DRIVERS).port
    printed("capture", "--label", "shake", "--count", 2, "--seconds", 0.8, "--trigger", "motion", "--no-gyro",
            "--rate", 238, "--out", tmp_path, "--port", port)
    files = sorted((tmp_path / "shake").glob("*.csv"))
    assert len(files) == 2
    for path in files:
        samples, source, _ = read_recording_file(path)
        still = round(0.2 * len(samples))
        assert source.columns == ("ax", "ay", "az") and len(samples) == round(0.8 * 238)
        assert np.ptp(samples[: still - 2, 0]) < 0.05 and np.ptp(samples[still:, 0]) > 1.5


def test_a_recording_is_cut_into_takes(new_board: NewBoard, tmp_path: Path) -> None:
    port = new_board(sensor=bumps(), romfs=DRIVERS).port
    printed("capture", "--label", "shake", "--continuous", "--seconds", 8, "--no-gyro", "--rate", 238,
            "--out", tmp_path, "--port", port)
    recording = next((tmp_path / "shake/uncut").glob("*.csv"))
    assert recording.read_text().startswith("# midge recording: 1\n")
    text = printed("cut-takes", recording, "--out", tmp_path, "--idle", "--seconds", 0.8)
    takes, pauses = (sorted((tmp_path / label).glob("*.csv")) for label in ("shake", "idle"))
    assert f"{len(takes)} takes and {len(pauses)} pauses" in text and len(takes) == 3 and len(pauses) >= 3
    assert all(np.ptp(read_recording_file(path)[0][:, 0]) > 1.5 for path in takes)
    assert all(np.ptp(read_recording_file(path)[0][:, 0]) < 0.2 for path in pauses)


def test_a_recording_goes_on_in_a_new_file_where_samples_were_lost(board: Board, tmp_path: Path) -> None:
    display = Silent()
    plan = recorder.Plan("walk", seconds=5, out=tmp_path)
    with Cable(board.port) as cable, open_session(cable.port, Wish()) as session:
        def damage(came: int) -> None:
            if came > 250 and not display.reasons and max(cable.to_host.flipped, default=0) < cable.received:
                cable.to_host.flipped = frozenset(range(cable.received + 100, cable.received + 105))

        display.on_samples = damage
        files = recorder.record_continuously(session, plan, display)
    assert len(files) == 2 and len(display.reasons) == 1
    parts = [read_recording_file(path)[0] for path in files]
    assert [len(rows_of(part)) > 119 for part in parts] == [True, True]
    assert sum(map(len, parts)) == 5 * 119


def test_a_recording_is_kept_when_the_board_vanishes(board: Board, tmp_path: Path) -> None:
    display = Silent()
    plan = recorder.Plan("walk", seconds=60, out=tmp_path)
    with Cable(board.port) as cable, open_session(cable.port, Wish()) as opened:
        display.on_samples = lambda came: unplug_at(200, came, opened, cable)
        with pytest.raises(UserError, match="vanished"):
            recorder.record_continuously(opened, plan, display)
    kept = read_recording_file(next((tmp_path / "walk/uncut").glob("*.csv")))[0]
    assert len(rows_of(kept)) >= 150


def unplug_at(limit: int, came: int, session: Session, cable: Cable) -> None:
    if came > limit and cable.unplug is None:
        cable.unplug = cable.sent
        session.board._line.write(b"\r")


def test_ctrl_c_ends_a_recording_and_keeps_it(board: Board, tmp_path: Path) -> None:
    command = [*MIDGE, "capture", "--label", "walk", "--continuous", "--out", str(tmp_path), "--port", board.port]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    while "columns" not in process.stdout.readline():
        pass
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0 and "midge cut-takes" in out, err
    assert len(rows_of(read_recording_file(next((tmp_path / "walk/uncut").glob("*.csv")))[0])) > 60


def test_stopping_keeps_what_is_whole(board: Board, tmp_path: Path) -> None:
    display, stop = Silent(), threading.Event()
    display.on_samples = lambda came: stop.set() if came > 150 else None
    plan = recorder.Plan("circle", count=5, seconds=1, countdown=0, out=tmp_path)
    with open_session(board.port, Wish()) as session:
        files = recorder.record_takes(session, plan, display, stop.is_set)
        assert len(files) == 1  # the second one was not whole
        stop.clear()
        display.came = 0
        assert len(recorder.record_continuously(session, plan, display, stop.is_set)) == 1
        assert display.came < 4 * 119  # it ends soon after it is told to
    assert midge("capture", "--label", "x", "--port", "/dev/nowhere", "--out", tmp_path).returncode == 1
