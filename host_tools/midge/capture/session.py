# SPDX-License-Identifier: MIT
"""A board whose sensor is recorded: it is found, given its driver, started, and its samples come over the REPL."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import numpy as np

from ..errors import UserError
from ..link.identity import identify, require_midge
from ..link.install import put_driver
from ..link.transport import BoardError, open_board
from ..link.transport.repl import Fault, ReplBoard
from ..progress import Stage, silent
from ..samples.take_format import Samples, Source
from .frames import Frames, LostSamples

_ATTEMPTS = 3  # at a take whose samples get lost
_SILENCE_S = 5.0  # in which a board that records prints something

_LOOK = """
import midge.sensors as S
import json
B=S.buses({bus})
P=None
for b in B:
 P=S.identify(b)
 if P:break
m=''
if P:
 try:__import__(P[0])
 except ImportError as e:m=P[0]
r=json.dumps([P,m,len(B),[sorted(x.scan()) for x in B]])
"""
_START = """
import midge.{recorder} as R
s={make}
r=R.describe(s)
"""


@dataclass(frozen=True)
class Wish:
    """What is wanted of the sensor: rates and ranges are the nearest that the part has, None for 100 a second and 4 g.

    bus     "" to look on the board's own buses, or the number of one, with its pins: 1,scl=15,sda=14
    object  instead of all that: an object of the board's with read(), as MODULE:NAME; rate_hz then says its rate
    """

    rate_hz: float | None = None
    accel_g: float | None = None
    gyro_dps: float | None = 500
    bus: str = ""
    object: str = ""


class Session:
    """A board with its sensor running; source says what it measures. capture.open_session() makes it."""

    recorder = "record"  # the module of the device package that prints the frames
    named = "--sensor", "sensor", "read()"  # the option that names an object of the board's, what it is, what it has

    def __init__(self, board: ReplBoard, wish: Wish, stage: Stage = silent) -> None:
        self.board, self.wish = board, wish
        require_midge(board)
        identity = identify(board)
        self._stage = stage
        self._make = self._find()
        self.source, self._scales = self._start(identity.machine or identity.platform)

    @property
    def port(self) -> str:
        """The board's serial port."""
        return self.board.port

    def record(self, samples: int, hear: Callable[[Samples], bool], retry: Callable[[str], bool]) -> Samples:
        """Record so many samples (0: until hear says that it is enough) and return them, float32 [samples, columns].

        hear: told of each block of samples as it comes, and of none about ten times a second; True ends the recording.
        retry: told why the recording was of no use, before it is made again; False gives up, and so does the third
        time. Raises UserError.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self.record_once(samples, hear)
            except LostSamples as lost:
                if attempt == _ATTEMPTS or not retry(str(lost)):
                    raise UserError(f"{self.board.port}: samples were lost {attempt} times ({lost}); record fewer a "
                                    "second (--rate), or try another cable") from lost
        raise AssertionError("not reached")

    def record_once(self, samples: int, hear: Callable[[Samples], bool], frames: Frames | None = None) -> Samples:
        """Do the same without another attempt. frames: what to fill, which keeps the samples before a loss.

        Raises LostSamples, and UserError.
        """
        frames = frames or Frames(len(self.source.columns), self._scales)
        nothing = np.zeros((0, frames.width), np.float32)
        lost: list[LostSamples] = []
        stopped = False

        def heard(said: bytes) -> bool:
            nonlocal stopped
            if lost:
                return True
            try:
                blocks = frames.feed(said)
            except LostSamples as error:
                lost.append(error)
                return True
            for block in blocks or [nothing]:
                stopped = hear(block) or stopped
            return stopped

        try:
            self.board.watch(f"import midge.{self.recorder} as R\nr=R.record(s,{self._asked(samples)})", heard,
                             silence_s=_SILENCE_S)
        except BoardError as error:
            if not error.text.startswith("KeyboardInterrupt"):  # ours, where the line swallowed what it was for
                raise self._explain(error) from error
        except Fault as fault:
            lost.append(LostSamples(str(fault)))
        if lost:
            self._start_again()
            raise lost[0]
        if samples and frames.count < samples and not stopped:
            raise LostSamples(f"{frames.count} of {samples} samples came")
        return frames.samples()

    def stop(self) -> None:
        """Put the sensor to sleep."""
        self.board.ask("try:s.stop()\nexcept AttributeError:pass")

    def frames(self, keep: bool = True) -> Frames:
        """Return empty frames of this sensor. keep: whether they are to hold the samples that came."""
        return Frames(len(self.source.columns), self._scales, keep)

    def _asked(self, samples: int) -> str:
        """Return what the board is asked to record, as arguments."""
        return str(samples)

    def _find(self) -> str:
        """Return the code that makes the sensor, whose driver is on the board then."""
        if self.wish.object:
            module, _, name = self.wish.object.partition(":")
            if not (module.isidentifier() and name.isidentifier()):
                option, what, _ = self.named
                raise UserError(f"{option} {self.wish.object}: wanted MODULE:NAME, such as my{what}:{what}")
            return f"getattr(__import__({module!r}),{name!r})"
        bus = _bus_arguments(self.wish.bus)
        try:
            part, missing, buses, there = json.loads(self.board.ask(_LOOK.format(bus=bus), silence_s=10))
        except BoardError as error:
            raise self._explain(error) from error
        if not buses:
            raise UserError("the board has no I2C bus on pins of its own choice; name one: --i2c 1,scl=15,sda=14")
        if part is None:
            found = "; ".join(", ".join(f"0x{address:02x}" for address in bus) or "nothing" for bus in there)
            raise UserError(f"no sensor that Midge knows on the board's I2C bus (there: {found}); check its wires, "
                            "name the bus with --i2c 1,scl=15,sda=14, or your own object with --sensor MODULE:NAME")
        if missing:
            put_driver(self.board, missing, self._stage)
        rate = self.wish.rate_hz if self.wish.rate_hz is not None else 100
        accel = self.wish.accel_g if self.wish.accel_g is not None else 4
        return f"S.find(b,{rate!r},{accel!r},{self.wish.gyro_dps!r})"

    def _start(self, machine: str) -> tuple[Source, Samples]:
        # One request: what an earlier one left on the board is gone if the line was bad and it is being asked again.
        code = _START.format(recorder=self.recorder, make=self._make)
        try:
            facts = json.loads(self.board.ask(self._look() + code, silence_s=10))
        except BoardError as error:
            raise self._explain(error) from error
        rate = facts["rate_hz"] or self.wish.rate_hz
        if not rate:
            raise UserError(f"{facts['name']}: does not tell its rate; say how many samples a second: --rate 50")
        try:
            scales = np.frombuffer(b64decode(facts["scales"]), "<f4")
            source = Source(str(facts["name"]), float(rate), tuple(facts["columns"]), tuple(facts["units"]),
                            tuple(map(float, facts["range"])), machine)
        except (TypeError, ValueError) as error:
            raise UserError(f"{facts['name']}: what it says of itself makes no sense ({error}); mend its rate_hz, "
                            "columns, units and range") from error
        return _checked(source, scales), scales

    def _look(self) -> str:
        """Return the code that goes before that which makes the sensor."""
        return "" if self.wish.object else _LOOK.format(bus=_bus_arguments(self.wish.bus))

    def _explain(self, error: BoardError) -> UserError:
        """Return what went wrong with a sensor, for people."""
        option, what, wanted = self.named
        if error.text.startswith("ImportError") and self.wish.object:
            module = self.wish.object.partition(":")[0]
            return UserError(f"the board has no {module}.py; put it there: mpremote cp FILE :")
        if error.text.startswith("AttributeError") and self.wish.object:
            return UserError(f"{option} {self.wish.object}: {error.reason}; wanted an object with {wanted}")
        if error.errno is not None or error.text.startswith(("OSError", "ValueError")):
            text = error.reason.removesuffix("; check its wires")
            return UserError(f"the {what}: {text}; check its wires, and reset the board")
        return error

    def _start_again(self) -> None:
        """Have the sensor running after the board may have been reset."""
        found, _ = self._start(self.source.board)
        if found.columns != self.source.columns or found.sensor != self.source.sensor:
            raise UserError(f"{self.board.port}: there is a {found.sensor} now, there was a {self.source.sensor}; "
                            "begin again")


@contextmanager
def open_session(port: str | None, wish: Wish, stage: Stage = silent) -> Iterator[Session]:
    """Open the board at a serial port, None for the only one there, with its sensor running. Raises UserError."""
    with open_board(port) as board:
        assert isinstance(board, ReplBoard)
        session = Session(board, wish, stage)
        try:
            yield session
        finally:
            leave(session)


def leave(session: Session) -> None:
    """Put the sensor to sleep, if it is still there."""
    with suppress(UserError):  # the board is gone, which is told already or does not matter any more
        session.stop()


def _checked(source: Source, scales: Samples) -> Source:
    """Return a source whose facts fit one another, and into a line of a file each. Raises UserError."""
    count = len(source.columns)
    names = [*source.columns, *source.units]
    if not all(isinstance(name, str) and re.fullmatch(r"[\w./%-]{1,20}", name) for name in names):
        raise UserError(f"{source.sensor}: columns and units are {names}; wanted short words without commas")
    if not count or len(source.units) != count or len(source.range) not in (0, count) or len(scales) not in (0, count):
        raise UserError(f"{source.sensor}: {count} columns, {len(source.units)} units, {len(source.range)} ranges and "
                        f"{len(scales)} scales; wanted one of each for each column")
    if not 0 < source.rate_hz < 1e5:
        raise UserError(f"{source.sensor}: rate_hz is {source.rate_hz:g}; wanted samples a second")
    return source


def _bus_arguments(text: str) -> str:
    """Return the arguments of sensors.buses() for 1 or 1,scl=15,sda=14; pins may have names. Raises UserError."""
    if not text:
        return ""
    found = re.fullmatch(r"(\d+)(?:,scl=(\w+),sda=(\w+))?", text.replace(" ", ""))
    if not found:
        raise UserError(f"--i2c {text}: wanted a bus, with its pins where it has none of its own: 1,scl=15,sda=14")
    pins = [pin if pin.isdigit() else repr(pin) for pin in found.groups()[1:] if pin is not None]
    return ",".join([found[1], *pins])
