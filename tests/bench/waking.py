# SPDX-License-Identifier: MIT
"""Count the instructions that a beat of midge.duty takes besides what the program does in it: its bookkeeping, and on
an nRF52 the registers of its sleep. From these come the figures `wake` of host_tools/midge/targets/power.toml.

    python -m tests.bench.waking [BOARDS...]     after make firmware BOARD=qemu-cortex-m4, or qemu-cortex-m0plus

Registers are a dictionary, which costs what machine.mem32 costs, and the alarm comes at once.
"""

from __future__ import annotations

import sys

from midge.link.simulator import Simulator
from midge.targets.boards import load_board
from tests.support.boards import Board

BOARDS = ("qemu-cortex-m4", "qemu-cortex-m0plus")
SHIFT = 5  # an instruction takes 2**5 ns of the board's time
SCRIPT = """
import midge
from midge.sleep_nrf52 import sleep
from time import ticks_diff, ticks_us
ALARM = 0x40024140
registers = {0x40000418: 1 << 16, 0x40000438: 0, 0x40002500: 8, 0xE000ED10: 0, ALARM: 0}

def alarm():
    registers[ALARM] = 1

def nrf52(ms):
    sleep(ms, False, registers, alarm)
    return ms

def microseconds(duty, beats=500):
    start = ticks_us()
    for _ in range(beats):
        next(duty)
    return ticks_diff(ticks_us(), start) / beats

for sleeps in (lambda ms: ms, nrf52):
    print(microseconds(midge.duty(1000, sleeps)) - microseconds(iter(range(500))))
"""


def instructions(board: str) -> tuple[int, int]:
    """Return the instructions of a beat: of midge.duty alone, and with the sleep of an nRF52."""
    with Simulator(board, icount=SHIFT, timeout_s=60) as simulator:
        said = Board(simulator).run(SCRIPT, timeout_s=120)
    alone, nrf52 = (round(float(line) * 1000 / 2**SHIFT) for line in said.split())
    return alone, nrf52


def main() -> None:
    """Print them for each board."""
    for board in sys.argv[1:] or BOARDS:
        alone, nrf52 = instructions(board)
        print(f"{load_board(board).core}: midge.duty {alone:,} instructions a beat, with the nRF52's sleep {nrf52:,}")


if __name__ == "__main__":
    main()
