# SPDX-License-Identifier: MIT
"""Count the instructions of a board that is taught, with Python and all, and the RAM that a learner takes.

    python -m tests.bench.teaching [BOARDS...]     after make firmware BOARD=qemu-cortex-m4, or qemu-cortex-m0plus

Rows have 32 values; the network is none, so that nothing else is counted. Four classes of five rows, 128 others.
"""

from __future__ import annotations

import sys

import numpy as np

from midge.convert.pipeline import convert_graph
from midge.graph import Quantization, Tensor
from midge.graph.builder import Builder
from midge.link.simulator import Simulator
from midge.targets.boards import load_board
from tests.support.boards import Board
from tests.support.device_scripts import rom_files

BOARDS = ("qemu-cortex-m4", "qemu-cortex-m0plus")
SHIFT = 5  # an instruction takes 2**5 ns of the board's time
WIDTH, OTHERS = 32, 128
SCRIPT = """
import gc, midge
from time import ticks_diff, ticks_us
from midge.learn import PENALTY
rows = open("/rom/rows.bin", "rb").read()
model = midge.load("/rom/row.midge", checksum=False)
others = memoryview(rows)[:4096]
own = [rows[4096 + 32 * i:4128 + 32 * i] for i in range(40)]
midge.Learner(model)
gc.collect()
before = gc.mem_alloc()
learner = midge.Learner(model, others=others)
gc.collect()
print("RAM of a learner of 8 classes of 16 rows, B:", gc.mem_alloc() - before)

def count(what, call, *args):
    start = ticks_us()
    call(*args)
    print(what + ":", ticks_diff(ticks_us(), start) - nothing)

nothing = 0
start = ticks_us()
(lambda *x: None)(1, 2)
nothing = ticks_diff(ticks_us(), start)
for i in range(20):
    learner.add("class %d" % (i % 4), own[i])
count("teach, the 6th row of a class", learner.add, "class 0", own[20])
s = learner
fit = learner._core.learn_fit
count("fit in C", fit, s._products, s._sums, PENALTY, s._factor, s._weights, s._margins, 4)
count("thresholds from 21 rows and 128 others", learner._fit)
learner.answer(own[21])
count("answer, without the network", learner.answer, own[22])
count("scores in C", learner._core.learn_scores, s._weights, own[22], s._scores, 4)
"""


def files() -> dict[str, bytes]:
    """Return the rows, and a network that gives its input."""
    build = Builder("row")
    same = Quantization(np.array([1 / 64], np.float32), np.array([0], np.int64))
    x = Tensor("row", (1, WIDTH), "int8", same)
    graph = build.graph([x], [build.add("ABS", [x], x.shape, "same", "int8", same)])
    rows = np.random.default_rng(0).integers(0, 60, (OTHERS + 40, WIDTH)).astype(np.int8)
    return {"row.midge": convert_graph(graph, [], "row", 0).blob, "rows.bin": rows.tobytes()}


def main() -> None:
    """Print them for each board."""
    for name in sys.argv[1:] or BOARDS:
        with Simulator(name, icount=SHIFT, timeout_s=120, romfs=rom_files() | files()) as simulator:
            said = Board(simulator).run(SCRIPT, timeout_s=180)
        print(load_board(name).core)
        for line in said.splitlines():
            what, _, number = line.rpartition(": ")
            print(f"  {what} {int(number) if 'RAM' in what else round(int(number) * 1000 / 2**SHIFT):,}")


if __name__ == "__main__":
    main()
