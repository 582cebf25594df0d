# SPDX-License-Identifier: MIT
"""From counted instructions to what users ask for: milliseconds on the boards that have the core, and all as facts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ..errors import UserError
from ..fileformat.read import File, decode
from ..targets.boards import Board, load_board, load_boards
from ..targets.cores import EmulatedCore, find_emulated
from .count import Count, Profile, count
from .toolchain import code_bytes


@dataclass(frozen=True)
class Costs:
    """A model's costs on a core: what was counted, what it takes, and what follows from both."""

    file: File
    profile: Profile
    code_bytes: int  # of flash, with only the ops that the model needs

    @property
    def macs(self) -> int:
        """Multiplications of an inference."""
        return sum(node.macs for node in self.file.nodes)

    def cycles(self, counted: Count) -> int:
        """Estimate the cycles of what was counted, on this core."""
        return counted.cycles(self.profile.core.cycles)

    def seconds(self) -> list[tuple[Board, float]]:
        """Estimate the seconds of an inference on each real board that has this core."""
        total = self.profile.total
        return [
            (board, (self.cycles(total) + stall_cycles(board, total.taken, self.file.data_size)) / board.clock_hz)
            for board in load_boards()
            if board.core == self.profile.core.name and board.port != "qemu"
        ]

    def facts(self) -> dict[str, Any]:
        """Return all that was counted and estimated, for JSON."""
        profile, file = self.profile, self.file
        return {
            "target": profile.core.name, "instructions": profile.total.instructions,
            "cycles_estimate": self.cycles(profile.total), "macs": self.macs,
            "open_instructions": profile.open.instructions,
            "open_known_instructions": profile.open_known.instructions, "arena_bytes": file.arena_size,
            "flash_bytes": file.size,
            "counts": asdict(profile.total), "output_crc32": profile.crc,
            "milliseconds_estimate": {board.name: round(1000 * s, 3) for board, s in self.seconds()},
            "nodes": [
                {"op": node.op.name, "layer": node.name, "macs": node.macs, "instructions": n.instructions,
                 "cycles_estimate": self.cycles(n), "counts": asdict(n)}
                for node, n in zip(file.nodes, profile.nodes, strict=True)
            ],
            "code_bytes": self.code_bytes,
        }


def choose_core(target: str | None, board: str | None) -> EmulatedCore:
    """Return the core that is named, or that of the board; UserError unless exactly one of them is given."""
    if (target is None) == (board is None):
        raise UserError("name one core with --target cortex-m4, or one board with --board RPI_PICO")
    if target is not None:
        return find_emulated(target)
    return find_emulated(load_board(str(board)).core)


def estimate(blob: bytes, core: EmulatedCore) -> Costs:
    """Count one run of a .midge file on an emulated core, and its code. Raises UserError."""
    return Costs(decode(blob), count(blob, core), code_bytes(blob, core))


def count_instructions(core: str, blob: bytes) -> int:
    """Return the instructions of one run of a .midge file on an emulated core, by its name. Raises UserError."""
    return count(blob, find_emulated(core)).total.instructions


def stall_cycles(board: Board, taken: int, constants: int) -> int:
    """Estimate the cycles that the core waits for flash in a run.

    taken: jumps. constants: bytes of the model's. Each line of constants is read once per run. Without a cache a jump
    that is taken waits as well; what follows in a line is fetched ahead.
    """
    lines = -(-constants // board.flash_line_bytes)
    return board.flash_wait_states * (lines + (0 if board.flash_cached else taken))
