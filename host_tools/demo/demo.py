# SPDX-License-Identifier: MIT
"""The main job, end to end, where there is no board at all: a trained .tflite answers in MicroPython's unix port.

    make demo

A folder plays the board's file system. `midge demo` does it on boards, plugged in or emulated.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from midge.cli.convert import print_summary
from midge.cli.output import say
from midge.convert.pipeline import convert_model, write_model
from midge.errors import UserError
from midge.samples.labels import read_labels

ROOT = Path(__file__).resolve().parents[2]
WAND = ROOT / "host_tools/demo/wand"
OUT = ROOT / "build/demo"


def heading(text: str) -> None:
    say("\n[bold]== {}[/]", text)


def shown(path: Path) -> Path:
    return path.relative_to(ROOT)


def make_files() -> Path:
    """Convert the model and lay out what goes onto the board: a folder that mirrors its file system."""
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
    result = convert_model(source, read_labels(str(WAND / "labels.txt")), name="wand")
    write_model(result, model)
    print_summary(result, source, shown(model))
    shutil.copy(ROOT / "mpy_lib/examples/wand_recordings.py", board / "wand_recordings.py")
    return board


def run_on_unix(board: Path) -> None:
    """Run the script in MicroPython's unix port, in a folder that plays the board's file system."""
    heading("on MicroPython's unix port: import midge, load, answer")
    command = [str(ROOT / "build/firmware/unix/micropython"), "wand_recordings.py"]
    subprocess.run(command, cwd=board, env={**os.environ, "MICROPYPATH": "lib"}, check=True)


def main() -> None:
    """Run the gesture wand in MicroPython's unix port."""
    try:
        files = make_files()
        run_on_unix(files)
    except UserError as error:
        sys.exit(f"demo: {error}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"demo: {' '.join(map(str, error.cmd[-3:]))} failed with exit code {error.returncode}")
    heading("next, on a board")
    say("  build/venv/bin/midge demo               [dim]# the same on the board that is plugged in[/]")
    say("  build/venv/bin/midge upload {}/wand.midge", shown(files))
    say("  and at its REPL:  [green]import midge; wand = midge.load('wand.midge'); wand[/]")


if __name__ == "__main__":
    main()
