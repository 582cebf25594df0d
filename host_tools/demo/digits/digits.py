# SPDX-License-Identifier: MIT
"""From nothing to a board in a minute: train a network on handwritten digits, make it int8, measure it, run it.

    make example

Trained by Keras on JAX, quantised by Midge, evaluated by the core that runs on boards, and then run at the REPL of an
emulated Cortex-M4 board, whose answers must be those of the PC. Every command that is printed is the one that was run.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np

from midge.api import load_engine
from midge.cli.output import say
from midge.errors import UserError
from midge.link.simulator import Simulator
from midge.link.transport import open_board
from midge.link.upload import upload

ROOT = Path(__file__).resolve().parents[3]
OUT = ROOT / "build/example"
BOARD = "qemu-cortex-m4"
LOWEST_ACCURACY, MOST_LOST = 0.97, 0.01  # of the float network, and by quantising


def heading(text: str) -> None:
    say("\n[bold]== {}[/]", text)


def midge(*arguments: str) -> None:
    """Show a command of Midge's and run it."""
    say("[bold green]$[/] midge {}", " ".join(arguments))
    sys.stdout.flush()
    subprocess.run([sys.executable, "-m", "midge.cli.main", *arguments], cwd=OUT, check=True)


def choose(said: np.ndarray, truth: np.ndarray) -> list[int]:
    """The first of each digit that is read right, then five that are not, or as many as there are."""
    right = [int(np.flatnonzero((truth == digit) & (said == digit))[0]) for digit in range(10)]
    return [*right, *(int(i) for i in np.flatnonzero(said != truth)[:5])]


def run_on_board(records: bytes) -> str:
    """Upload what the script needs and run it at the REPL; returns what it printed."""
    package = {f"lib/midge/{p.name}": p.read_bytes() for p in (ROOT / "mpy_lib/midge").glob("*.py")}
    with Simulator(BOARD, romfs=package, icount=5) as simulator:  # 32 ns an instruction: times are repeatable
        heading(f"on {simulator.board.title}, over {simulator.port}")
        with open_board(simulator.port) as board:
            for name, data in (("digits.midge", (OUT / "digits.midge").read_bytes()), ("digits.bin", records)):
                upload(board, data, name, lambda done: None)
                say("  uploaded {}, {:,} B, checked by SHA-256", name, len(data))
            return board.execute((ROOT / "mpy_lib/examples/digits.py").read_text(encoding="utf-8"), timeout_s=60)


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    heading("a small network learns to read 1,797 handwritten digits: Keras on JAX, scikit-learn's pictures")
    sys.stdout.flush()
    subprocess.run([sys.executable, str(Path(__file__).with_name("train.py")), str(OUT)], check=True)

    heading("float32 becomes int8: 300 of the training digits show which values occur")
    midge("convert", "digits.keras", "--calibrate", "samples.npy", "--labels", "0,1,2,3,4,5,6,7,8,9", "--target", BOARD)

    heading("what did that cost? The held-out digits, float against int8")
    midge("evaluate", "digits.midge", "held_out.npz", "--against", "digits.keras")
    held_out = np.load(OUT / "held_out.npz")
    x, y = held_out["x"], held_out["y"]
    float_accuracy = float(np.mean(np.argmax(np.load(OUT / "scores.npy"), axis=1) == y))
    scores = load_engine(OUT / "digits.midge")[0].run([x])[0].reshape(len(x), -1)
    said = np.argmax(scores, axis=1)
    lost = float_accuracy - float(np.mean(said == y))
    if float_accuracy < LOWEST_ACCURACY or lost > MOST_LOST:
        raise UserError(f"the float network reads {float_accuracy:.1%}, int8 {lost:.1%} less; wanted are "
                        f"{LOWEST_ACCURACY:.0%} and at most {MOST_LOST:.0%} less")

    chosen = choose(said, y)
    records = b"".join(bytes((x[i].reshape(-1) * 16).astype(np.uint8)) + bytes([y[i]]) for i in chosen)
    (OUT / "digits.bin").write_bytes(records)
    answers = run_on_board(records)
    say("[green]>>> exec(open('digits.py').read())[/]")
    print(answers.strip())
    on_board = [(int(label), int(score)) for label, score in re.findall(r"(\d) (\d+)/256", answers)]
    on_pc = [(int(said[i]), round(256 * float(scores[i].max()))) for i in chosen]
    if on_board != on_pc:
        raise UserError(f"the board answered {on_board}, the PC {on_pc}: the same core should give the same")
    say("\n[bold]All {} answers and scores of the board are the PC's.[/]", len(on_pc))
    if len(chosen) > 10:
        say("The last {} are among those that it misreads; would you have known?", len(chosen) - 10)
    say("The network and its samples are in {}; "
        "train.py and digits.py of host_tools/demo/digits made them: now with your own data.", OUT.relative_to(ROOT))


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(f"digits: {error}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"digits: {' '.join(error.cmd[1:])} failed with exit code {error.returncode}")
