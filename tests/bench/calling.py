# SPDX-License-Identifier: MIT
"""Count the instructions of a call at the REPL, with Python and all: what is there besides the network.

    python -m tests.bench.calling [MODELS...]     after make firmware BOARD=qemu-cortex-m4; the wand by default

Each is the mean of ten runs on zeros.
"""

from __future__ import annotations

import sys
from pathlib import Path

from midge.convert.pipeline import convert_model
from midge.link.simulator import Simulator
from tests.support import WAND_MODEL
from tests.support.boards import Board
from tests.support.device_scripts import rom_files

BOARD, CORE = "qemu-cortex-m4", "cortex-m4"
SHIFT = 5  # an instruction takes 2**5 ns of the board's time
RUNS = 10
SCRIPT = f"RUNS = {RUNS}" + """
import gc, midge
from time import ticks_diff, ticks_us
model = midge.load("/rom/model.midge", checksum=False)
size = 1
for dim in model.inputs[0].shape:
    size *= dim
x = 0.5 if size == 1 else [0] * size

def count(what, statement):
    spent = []
    for each in ("pass", statement):
        exec("def f():\\n for i in range(RUNS):\\n  " + each, globals())
        f()
        gc.collect()
        start = ticks_us()
        f()
        spent.append(ticks_diff(ticks_us(), start))
    print(what + ":", spent[1] - spent[0])

for each in ("model._core.run()", "model.run()", "model(x)", "model(x).score", "model(x).label"):
    count(each, each)
"""


def main() -> None:
    """Print them for each model."""
    for path in [Path(arg) for arg in sys.argv[1:]] or [WAND_MODEL]:
        rom = {"model.midge": convert_model(path, target=CORE).blob}
        with Simulator(BOARD, icount=SHIFT, timeout_s=120, romfs=rom_files() | rom) as simulator:
            said = Board(simulator).run(SCRIPT, timeout_s=180)
        print(path.stem)
        for line in said.splitlines():
            what, _, ticks = line.rpartition(": ")
            print(f"  {what} {round(int(ticks) * 1000 / 2**SHIFT / RUNS):,}")


if __name__ == "__main__":
    main()
