# SPDX-License-Identifier: MIT
"""midge sim: an emulated board at a serial port, until Ctrl-C."""

from __future__ import annotations

import signal
from contextlib import suppress
from pathlib import Path
from types import FrameType

import click

from ..core.binding import check_file
from ..errors import UserError
from ..fileformat.read import decode, load_file
from ..link.modules import driver_files
from ..link.simulator import Simulator
from ..samples.camera_pictures import camera_bytes
from ..samples.recordings import read_recording
from ..samples.sound_files import read_sound
from ..targets.boards import load_board
from .options import complete_boards
from .output import number, print_facts, say


@click.command()
@click.option("--board", default="qemu-cortex-m4", show_default=True, shell_complete=complete_boards,
              help="A board that is emulated: qemu-...")
@click.option("--stock", is_flag=True, help="Firmware without Midge, as boards come: try midge install on it.")
@click.option("--firmware", type=click.Path(path_type=Path), help="The firmware's ELF file, if another one is wanted.")
@click.option("--sensor", type=click.Path(path_type=Path),
              help="CSV that the board's IMU plays over and over: x, y, z in g, and optionally in degrees per second.")
@click.option("--mic", type=click.Path(path_type=Path),
              help="Sound (.wav, ...) that the board's I2S microphone hears over and over, a minute at most.")
@click.option("--camera", type=click.Path(path_type=Path),
              help="A picture, or a folder of them, that a camera sees: /rom/camera.bin, as --model's camera gives it.")
@click.option("--flash", type=click.Path(path_type=Path), help="Image of /flash: read if it is there, kept at the end.")
@click.option("--romfs", type=click.Path(path_type=Path), help="Folder or ROMFS image to show under /rom.")
@click.option("--model", type=click.Path(path_type=Path), help="A .midge file to show under /rom, used in place.")
def sim(
    board: str, stock: bool, firmware: Path | None, sensor: Path | None, mic: Path | None, camera: Path | None,
    flash: Path | None, romfs: Path | None, model: Path | None,
) -> None:
    """Start an emulated board. mpremote, ampy, Thonny and midge open its port like a real one's."""
    if stock and firmware:
        raise UserError("--stock and --firmware both name the firmware; give one of them")
    if camera and not model:
        raise UserError("--camera shows pictures as a model's camera gives them; give the model with --model")
    if model and romfs:
        raise UserError("--model and --romfs both fill /rom; put the model into the folder of --romfs")
    seen = ""
    recording = read_recording(sensor) if sensor is not None else None
    sound = read_sound(mic) if mic is not None else None
    rom: Path | dict[str, bytes] | None = romfs
    if model:
        rom = {model.name: load_file(model)}
        check_file(rom[model.name], str(model))
        if camera:
            rom["camera.bin"], seen = camera_bytes(camera, decode(rom[model.name]).metadata, str(model))
            rom |= {f"lib/{name}": content for name, content in driver_files("file_camera").items()}
    simulator = Simulator(load_board(board), firmware=firmware, stock=stock, sensor=recording, mic=sound, flash=flash,
                          romfs=rom, wait=False)
    title = simulator.board.title
    signal.signal(signal.SIGTERM, _interrupt)
    report = ""
    with suppress(KeyboardInterrupt), simulator:
        say("[bold]{}[/] on [bold green]{}[/]", title, simulator.port)
        facts = [("flash", f"{flash}, kept when the board stops" if flash else "empty; --flash <file> keeps it")]
        if model is not None:
            facts.append(("/rom", f"{model.name}: midge.load(\"/rom/{model.name}\")"))
        elif romfs is not None:
            facts.append(("/rom", str(romfs)))
        if camera is not None:
            facts.append(("camera", f"/rom/camera.bin: {seen}; file_camera gives their rows"))
        if recording is not None:
            rows, columns = recording.shape
            kind = "acceleration" if columns == 3 else "acceleration and rotation"
            facts.append(("sensor", f"LSM9DS1 at I2C address 0x6b plays {number(rows)} samples of {kind}"))
        if sound is not None:
            seconds = len(sound.values) / sound.rate_hz
            facts.append(("microphone", f"on I2S, the left channel, hears {seconds:.1f} s of sound"))
        print_facts(facts)
        say("[bold]next:[/]")
        fill = "midge install --port {}" if stock else "midge upload wand.midge --port {}"
        record = [] if recording is None or stock else ["midge capture --label circle --port {}"]
        for command in ("mpremote connect {}", "ampy -p {} ls", fill, *record):
            say("  " + command, simulator.port)
        say("Ctrl-C stops the board")
        report = simulator.wait_until_it_ends()
    if report:
        raise UserError(report)
    say("{} stopped{}", title, f"; /flash is in {flash}" if flash else "")


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
