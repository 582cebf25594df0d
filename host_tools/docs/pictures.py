# SPDX-License-Identifier: MIT
"""Make the pictures of the documents, from what Midge itself prints and draws.

    build/venv/bin/python host_tools/docs/pictures.py      rewrites host_tools/docs/pictures/

It needs `make firmware BOARD=qemu-cortex-m4` and the extras `plot` and `media`.
"""

from __future__ import annotations

import subprocess
import sys
import time
from html import escape
from pathlib import Path

import serial
from PIL import Image

from midge.api import convert
from midge.link.simulator import Simulator

ROOT = Path(__file__).resolve().parents[2]
WAND = ROOT / "host_tools/demo/wand"
PICTURES = Path(__file__).with_name("pictures")

TITLE = "MicroPython on the emulated Cortex-M4 board"
# What the README's session types, one line of Python each.
SESSION = (
    "import midge",
    "wand = midge.load('/rom/wand.midge'); wand",
    "xyz = [float(v) for row in open('/rom/wing.csv').read().split()[1:] for v in row.split(',')]",
    "answer = wand(xyz); answer",
    "answer.label, answer.score",
    "wand(xyz[:10])",
)


def board_files() -> dict[str, bytes]:
    """Return what the session's board has in its mapped flash: the wand's model, and a recording of a gesture."""
    labels = (WAND / "labels.txt").read_text(encoding="utf-8").split()
    model = convert(WAND / "wand_int8.tflite", labels=labels, name="wand", target="qemu-cortex-m4")
    return {"wand.midge": model.blob, "wing.csv": (WAND / "samples/wing/person140-0.csv").read_bytes()}


def session(lines: tuple[str, ...] = SESSION) -> str:
    """Type lines at the REPL of the emulated Cortex-M4 board and return all that a terminal shows."""
    shown = ">>> "
    with (
        Simulator("qemu-cortex-m4", romfs=board_files(), icount=5) as board,
        serial.Serial(board.port, timeout=10) as line,
    ):
        _settle(line)
        for text in lines:
            for character in text + "\r":  # as fast as the board echoes, because its buffer is small
                line.write(character.encode())
                shown += _read(line, "\n" if character == "\r" else character)
            shown += _read(line, ">>> ")
    return shown.replace("\r\n", "\n").removesuffix(">>> ").rstrip()


def _settle(line: serial.Serial) -> None:
    """Read the prompts that are left from waiting for the board, until the line is quiet."""
    line.timeout = 0.5
    while line.read(100):
        pass
    line.timeout = 10


def _read(line: serial.Serial, end: str) -> str:
    said, deadline = "", time.monotonic() + 30
    while not said.endswith(end):
        said += line.read(1).decode()
        if time.monotonic() > deadline:
            sys.exit(f"the board said {said!r}, and not {end!r}")
    return said


def terminal_svg(text: str, title: str) -> str:
    """Draw a terminal window; what was typed stands out."""
    size, leading, margin = 13, 19, 18
    lines = text.split("\n")
    width = round(0.602 * size * max(map(len, lines))) + 2 * margin
    height = leading * len(lines) + 2 * margin + 26
    rows = []
    for i, line in enumerate(lines):
        colour = "#c9d1d9"
        if line.startswith(">>> "):
            line, colour = line[4:], "#ffffff"
            rows.append((i, margin, ">>>", "#3fb950"))
        elif line.startswith(("Traceback", "  File", "ValueError")):
            colour = "#ff7b72"
        rows.append((i, margin + round(4 * 0.602 * size, 1) if colour == "#ffffff" else margin, line, colour))
    texts = "\n".join(
        f'<text xml:space="preserve" x="{x}" y="{26 + margin + leading * i + size}" fill="{colour}">'
        f"{escape(line, quote=False)}</text>"
        for i, x, line, colour in rows
    )
    dots = "".join(f'<circle cx="{20 + 18 * i}" cy="17" r="5.5" fill="{c}"/>'
                   for i, c in enumerate(("#ff5f56", "#ffbd2e", "#27c93f")))
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">
<style>text {{ font: {size}px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace }}</style>
<rect width="{width}" height="{height}" rx="9" fill="#0d1117"/>
{dots}
<text x="{width / 2}" y="21" fill="#8b949e" text-anchor="middle">{escape(title)}</text>
{texts}
</svg>
"""


def main() -> None:
    """Write the documentation's pictures and print their sizes."""
    PICTURES.mkdir(exist_ok=True)
    (PICTURES / "repl.svg").write_text(terminal_svg(session(), TITLE), encoding="utf-8")
    model = ROOT / "build/wand.midge"
    model.write_bytes(board_files()["wand.midge"])
    command = [sys.executable, "-m", "midge.cli.main", "inspect", model, "--png", PICTURES / "arena.png"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with Image.open(PICTURES / "arena.png") as image:
        image.quantize(48).save(PICTURES / "arena.png", optimize=True)
    for path in sorted(PICTURES.iterdir()):
        print(f"{path.relative_to(ROOT)}  {path.stat().st_size:,} B")


if __name__ == "__main__":
    main()
