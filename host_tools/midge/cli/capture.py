# SPDX-License-Identifier: MIT
"""midge capture: labelled takes of a board's sensor, as files to train on."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from ..capture.picture_recorder import PicturePlan
from ..capture.recorder import Plan, record_continuously, record_takes
from ..capture.session import Session, Wish, open_session
from ..errors import UserError
from ..samples.take_format import Samples, check_label
from .capture_pictures import capture_pictures
from .capture_sound import sound_options
from .interrupt import stopped_by_ctrl_c
from .options import Command, Option, json_option, port_option
from .output import print_facts, print_json, print_next, say
from .progress import Picture, transfers
from .sparks import Trace
from .terminal import terminal

_TRACE_S = 3.0  # that a curve shows
_BAR = 24  # characters


class Screen:
    """Countdown, curves and files: on a terminal they move, elsewhere there is a line for each file."""

    def __init__(self, session: Session, plan: Plan, quiet: bool) -> None:
        self.plan, self.quiet = plan, quiet
        width = max(min(terminal.width - 16, 72), 16)
        rate = session.source.rate_hz
        self.trace = Trace(session.source.columns, width, round(_TRACE_S * rate / width))
        self.picture = Picture(quiet)
        self._title = ""

    def __enter__(self) -> Screen:
        self.picture.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.picture.__exit__()

    def waiting(self, take: int, seconds: float) -> None:
        """Show that a take begins in so many seconds, or when something moves."""
        when = f"in {seconds:.0f}" if seconds >= 0.5 else "now" if seconds else "when it moves"
        self._title = f"take {take} of {self.plan.count}  {self.plan.label}  {when}"
        self._draw("bold yellow")

    def samples(self, block: Samples, share: float | None) -> None:
        """Show the curves of what came."""
        self.trace.feed(block)
        if share is not None:
            done = round(min(share, 1) * _BAR)
            self._title = f"recording {self.plan.label}  {'━' * done}{' ' * (_BAR - done)}"
            self._draw("bold red")
        else:
            self._draw("bold yellow")

    def again(self, reason: str) -> None:
        """Say why the recording is made again."""
        if not self.quiet:
            say("[yellow]once more:[/] {}", reason)

    def kept(self, take: int, path: Path, samples: int) -> None:
        """Print the file that was written."""
        if not self.quiet:
            say("[bold green]{:3}[/]  {} samples  {}", take, samples, path)

    def _draw(self, style: str) -> None:
        self.picture.draw([self._title, *self.trace.lines()], style)


@click.command(cls=Command)
@click.option("--label", required=True, help="What is recorded: the class of these takes.")
@click.option("--count", type=click.IntRange(1), default=1, show_default=True, help="How many takes.")
@click.option("--seconds", type=click.FloatRange(0.1, 86400), help="Of each take, 1.5 by default; with --continuous of "
              "the recording, which otherwise goes on until Ctrl-C.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("data"), show_default=True,
              help="Folder of the data set; takes become OUT/LABEL/*.csv.")
@click.option("--person", default="", help="Who moves it, for validation that leaves a person out.")
@click.option("--session", "session_name", help="Name of this sitting, by default today's date.")
@click.option("--countdown", type=click.FloatRange(0), default=3, show_default=True, help="Seconds before each take.")
@click.option("--trigger", type=click.Choice(["motion"]), help="Begin each take when something moves.")
@click.option("--continuous", is_flag=True, help="One long recording, for midge cut-takes.")
@click.option("--rate", type=click.FloatRange(1, 2000), help="Samples a second, the nearest that the part has; 100.",
              cls=Option, group="Sensor")
@click.option("--accel", type=click.FloatRange(1, 200), help="Range in g; 4.", cls=Option, group="Sensor")
@click.option("--gyro", type=click.FloatRange(1, 4000), default=500, show_default=True,
              help="Range in degrees per second.", cls=Option, group="Sensor")
@click.option("--no-gyro", is_flag=True, help="Leave the gyroscope off.", cls=Option, group="Sensor")
@click.option("--i2c", "bus", default="", help="Bus of the sensor, and its pins: 1,scl=15,sda=14.", cls=Option,
              group="Sensor")
@click.option("--sensor", "own", default="", help="An object of yours on the board with read(): MODULE:NAME.",
              cls=Option, group="Sensor")
@click.option("--camera", help="Take pictures instead: file, esp32, openmv or MODULE:NAME of the board, and what it "
              "gives, ,rgb565,320x240; or pc, a video or a folder.", cls=Option, group="Camera")
@click.option("--every", type=click.FloatRange(0, 3600), default=0.5, show_default=True,
              help="Seconds from one picture to the next.", cls=Option, group="Camera")
@sound_options
@port_option
@json_option
def capture(
    label: str, count: int, seconds: float | None, out: Path, person: str, session_name: str | None, countdown: float,
    trigger: str | None, continuous: bool, rate: float | None, accel: float | None, gyro: float, no_gyro: bool,
    bus: str, own: str, camera: str | None, every: float, port: str | None, as_json: bool,
) -> None:
    """Record labelled takes of a board's sensor, each as a CSV file.

    The sensor is found on the board's I2C bus; its driver is put on the board if it is not there. A take of which
    samples were lost is recorded again. With --mic sounds are recorded, each where it is louder than the background.
    """
    check_label(label)
    session_name = session_name if session_name is not None else datetime.now().strftime("%Y-%m-%d")
    if camera:
        if continuous or trigger or seconds:
            raise UserError("--camera takes pictures one by one; leave out --continuous, --trigger and --seconds")
        with stopped_by_ctrl_c() as stopped:
            shots = PicturePlan(label, count, every, out, person, session_name, countdown)
            capture_pictures(camera, shots, port, as_json, stopped)
        return
    if continuous and trigger:
        raise UserError("--continuous and --trigger: choose one; midge cut-takes finds what moves in a recording")
    plan = Plan(label, count, seconds if seconds is not None else 0 if continuous else 1.5, out, person,
                session_name, countdown, trigger == "motion")
    wish = Wish(rate, accel, None if no_gyro else gyro, bus, own)
    with transfers(quiet=as_json) as stage, open_session(port, wish, stage) as session:
        if not as_json:
            print_facts(facts_of(session))
        with Screen(session, plan, as_json) as screen, stopped_by_ctrl_c() as stopped:
            record = record_continuously if continuous else record_takes
            files = record(session, plan, screen, stopped)
        source = session.source
    if as_json:
        print_json({"sensor": source.sensor, "rate_hz": source.rate_hz, "columns": source.columns,
                    "units": source.units, "board": source.board, "files": [str(path) for path in files]})
    elif continuous:
        print_next(*[f"midge cut-takes {path} --out {out}" for path in files[:1]])
    else:
        print_next(f"midge train {out}", "midge capture --label idle --seconds 30")


def facts_of(session: Session) -> list[tuple[str, str]]:
    """Return the board, its sensor and what it measures, for people."""
    source = session.source
    ranges = dict(zip(source.units, source.range, strict=False))
    measured = ", ".join(f"{unit} to {limit:g}" for unit, limit in ranges.items())
    return [("board", source.board), ("sensor", f"{source.sensor}, {source.rate_hz:g} samples a second"),
            ("columns", f"{','.join(source.columns)}" + (f" ({measured})" if measured else ""))]
