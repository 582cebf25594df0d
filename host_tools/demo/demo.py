# SPDX-License-Identifier: MIT
"""The main job, end to end: a trained .tflite becomes an answer on a board's REPL.

    make demo [BOARD=qemu-cortex-m4]

On the unix port the board's file system is a folder; on an emulated board the files go over a serial
line with ampy and the script runs at the REPL, as on a real one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
from rich.console import Console

from midge.cli.convert import print_summary
from midge.convert.pipeline import convert_model, write_model
from midge.errors import UserError
from midge.link.simulator import Simulator
from midge.samples.labels import read_labels
from midge.targets.boards import load_board

ROOT = Path(__file__).resolve().parents[2]
WAND = ROOT / "host_tools/demo/wand"
OUT = ROOT / "build/demo"
console = Console(highlight=False, soft_wrap=True)


def heading(text: str) -> None:
    console.print(f"\n[bold]== {text}[/]")


def shown(path: Path) -> Path:
    return path.relative_to(ROOT)


def make_files(target: str | None) -> Path:
    """Convert the model and lay out what goes onto the board: a folder that mirrors its file system.

    target: the board whose core the weights are packed for.
    """
    heading("a trained int8 .tflite becomes a .midge file")
    board = OUT / "board"
    shutil.rmtree(board, ignore_errors=True)
    shutil.copytree(ROOT / "mpy_lib/midge", board / "lib/midge", ignore=shutil.ignore_patterns("__pycache__"))
    (board / "samples").mkdir()
    for folder in sorted((WAND / "samples").iterdir()):
        recording = sorted(folder.glob("*.csv"))[0]
        shutil.copy(recording, board / "samples" / f"{folder.name}.csv")
    source = Path(os.path.relpath(WAND / "wand_int8.tflite"))
    model = board / "wand.midge"
    result = convert_model(source, read_labels(str(WAND / "labels.txt")), name="wand", target=target)
    write_model(result, model)
    print_summary(result, source, shown(model))
    shutil.copy(ROOT / "mpy_lib/examples/wand_recordings.py", board / "wand_recordings.py")
    return board


def run_on_unix(board: Path) -> None:
    """Run the script in MicroPython's unix port, in a folder that plays the board's file system."""
    heading("on MicroPython's unix port: import midge, load, answer")
    command = [str(ROOT / "build/firmware/unix/micropython"), "wand_recordings.py"]
    subprocess.run(command, cwd=board, env={**os.environ, "MICROPYPATH": "lib"}, check=True)


def run_on_emulator(name: str, board: Path) -> None:
    """Upload with ampy and run the script at the REPL of an emulated board."""
    row = load_board(name)
    with Simulator(row, icount=5) as simulator:  # 32 ns an instruction: times are repeatable
        heading(f"onto {row.title} over {simulator.port}, with ampy")
        ampy = [sys.executable, "-m", "ampy.cli", "--port", simulator.port]
        for name in ("lib", "lib/midge", "samples"):
            subprocess.run([*ampy, "mkdir", "--exists-okay", name], check=True)
        for path in sorted(p for p in board.rglob("*") if p.is_file()):
            target = str(path.relative_to(board))
            console.print(f"  ampy put {shown(path)} {target}")
            subprocess.run([*ampy, "put", str(path), target], check=True)
        heading(f"at the REPL of {row.title}: ampy run wand_recordings.py")
        subprocess.run([*ampy, "run", str(board / "wand_recordings.py")], check=True)


@click.command()
@click.option("--board", default="unix", help="unix, or an emulated board of ports/boards.")
def main(board: str) -> None:
    """Run the gesture wand on a board."""
    try:
        row = load_board(board)
        if row.port not in ("unix", "qemu"):
            raise UserError(f"{board} is not emulated; the demo runs on unix and qemu-cortex-m4")
        files = make_files(board if row.port == "qemu" else None)
        if row.port == "unix":
            run_on_unix(files)
        else:
            run_on_emulator(board, files)
    except UserError as error:
        sys.exit(f"demo: {error}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"demo: {' '.join(map(str, error.cmd[-3:]))} failed with exit code {error.returncode}")
    heading("next, on a real board")
    folder = shown(files)
    console.print("  make natmod ARCH=armv7emsp            [dim]# a native module for stock firmware[/]")
    console.print("  build/venv/bin/midge install            [dim]# onto the board that is plugged in[/]")
    console.print(f"  build/venv/bin/midge upload {folder}/wand.midge")
    console.print("  and at its REPL:  [green]import midge; wand = midge.load('wand.midge'); wand[/]")


if __name__ == "__main__":
    main()
