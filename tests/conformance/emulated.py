# SPDX-License-Identifier: MIT
"""The conformance run on an emulated board: model and inputs lie in mapped flash, answers come over the REPL."""

from __future__ import annotations

from pathlib import Path

from midge.link.simulator import Simulator
from midge.link.transport import open_board
from midge.targets.boards import Board
from tests.conformance.case import Case, TooLarge, parse_output
from tests.support import ROOT

HEAP_BYTES = 3 << 20  # arenas of the largest models; weights stay in flash
SILENCE_S = 120


class Emulated:
    """Boots the board anew for each model, so that none can hurt the next."""

    def __init__(self, board: Board, firmware: Path, natmod: Path | None):
        self.board, self.firmware = board, firmware
        self.files = {f"lib/midge/{p.name}": p.read_bytes() for p in (ROOT / "mpy_lib/midge").glob("*.py")}
        if natmod is not None:
            self.files["lib/_midge.mpy"] = (natmod / "_midge.mpy").read_bytes()
        self.files["lib/on_device.py"] = Path(__file__).with_name("on_device.py").read_bytes()

    def run(self, case: Case) -> list[list[bytes]]:
        """Run a case; UserError where the board dies, TooLarge where the model does not fit."""
        blob = case.conversion.blob
        inputs = b"".join(b for run in case.inputs for b in run)
        room = self.board.qemu.memory["romfs"].bytes if self.board.qemu else 0
        if len(blob) + len(inputs) > 0.9 * room:
            raise TooLarge(f"too large for the board's {room} B of mapped flash")
        files = {**self.files, "model.midge": blob, "inputs.bin": inputs}
        options = {"firmware": self.firmware, "romfs": files, "heap_bytes": HEAP_BYTES}
        with Simulator(self.board, **options) as simulator, open_board(simulator.port) as repl:
            call = (
                "import sys\nsys.path.insert(0, '/rom/lib')\nimport on_device\n"
                f"on_device.run('/rom/model.midge', '/rom/inputs.bin', {case.input_sizes}, "
                f"{case.output_sizes}, {len(case.inputs)})"
            )
            return parse_output(repl.execute(call, SILENCE_S), case.output_sizes)
