# SPDX-License-Identifier: MIT
"""Count what a model costs on a core: exact instructions of each node under QEMU.

The C core is compiled for the emulated core and run bare metal; a plugin of QEMU counts (harness/counter.c). Two counts
of one file agree to the instruction.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from ..errors import UserError
from ..fileformat.read import decode
from ..targets.cores import CycleCosts, EmulatedCore
from .inputs import start_arena, wanted_crc
from .toolchain import ARENA_BYTES, MODEL_BYTES, address_of, counter, program


@dataclass(frozen=True)
class Count:
    """Instructions by class, in the order in which counter.c writes them. Loads and stores are words."""

    instructions: int = 0
    loads: int = 0
    paired_loads: int = 0
    stores: int = 0
    long_multiplies: int = 0
    divisions: int = 0
    vectors: int = 0
    taken: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Count)))

    def __sub__(self, other: Count) -> Count:
        return Count(*(getattr(self, f.name) - getattr(other, f.name) for f in fields(Count)))

    def cycles(self, cost: CycleCosts) -> int:
        """Estimate the cycles that a core of these costs takes, memory without wait states."""
        return round(cost.scale * (
            self.instructions + cost.load * self.loads - cost.paired_load * self.paired_loads
            + cost.store * self.stores + cost.long_multiply * self.long_multiplies + cost.division * self.divisions
            + cost.vector * self.vectors + cost.taken * self.taken
        ))


@dataclass(frozen=True)
class Profile:
    """What one run of a model took."""

    core: EmulatedCore
    nodes: list[Count]
    open: Count  # checking the file
    open_known: Count  # the same without the checksum
    crc: int  # CRC-32 of the outputs, for the inputs of inputs.py

    @property
    def total(self) -> Count:
        """All nodes."""
        return sum(self.nodes, Count())


class WrongOutputs(UserError):
    """A core computed something else than the host, from the same file and inputs."""


def count(model: bytes, core: EmulatedCore, timeout_s: float = 300) -> Profile:
    """Run a .midge file once on an emulated core, on noise, and count.

    Raises UserError for a file that does not fit, and where compiler or QEMU are missing; WrongOutputs where the
    outputs are not those of the host's core.
    """
    file = decode(model)
    arena = start_arena(file)
    if len(model) > MODEL_BYTES or len(arena) > ARENA_BYTES:
        raise UserError(f"{file.name}: {len(model)} B and an arena of {len(arena)} B are more than the emulated "
                        f"{core.title} has ({MODEL_BYTES} B and {ARENA_BYTES} B)")
    with tempfile.TemporaryDirectory(prefix="midge-") as work:
        loader: list[str] = []
        for name, content, address in (("model", model, core.memory.model),
                                       ("arena", arena, core.memory.arena)):
            image = Path(work, name)
            image.write_bytes(content)
            loader += ["-device", f"loader,file={image},addr={address:#x},force-raw=on"]
        try:
            said, rows = execute(program(core), core, loader, timeout_s)
        except subprocess.TimeoutExpired as error:
            raise UserError(f"{file.name}: took over {timeout_s:.0f} s under QEMU; profile a smaller model") from error
    crc = re.search(r"^crc (\d+)$", said, re.M)
    if crc is None:
        raise UserError(f"{file.name}: did not run on the emulated {core.title}: {said.strip() or 'no output'}")
    wanted = wanted_crc(model, file)
    if int(crc[1]) != wanted:
        raise WrongOutputs(f"{file.name}: the emulated {core.title} computes other outputs than this machine, CRC "
                           f"{int(crc[1]):08x} for {wanted:08x}; its counts mean nothing. Please report the model")
    empty, opened, known, _bound, *nodes = rows[1:]
    return Profile(core, [n - empty for n in nodes], opened - empty, known - empty, int(crc[1]))


def execute(
    image: Path, core: EmulatedCore, options: Sequence[str] = (), timeout_s: float = 300
) -> tuple[str, list[Count]]:
    """Run a program that calls mark(); return what it printed, and what was counted up to each of the calls."""
    isa = core.isa
    with tempfile.TemporaryDirectory(prefix="midge-") as work:
        counts = Path(work, "counts")
        plugin = f"{counter()},mark={address_of(core, image, 'mark'):#x},isa={isa.name},out={counts}"
        for name, symbol in zip(("from", "to"), isa.uncounted, strict=False):
            plugin += f",{name}={address_of(core, image, symbol):#x}"
        cpu = ["-cpu", core.cpu] if core.cpu else []
        if isa.entry:
            cpu += ["-device", f"loader,addr={address_of(core, image, isa.entry):#x},cpu-num=0"]
        command = [isa.system, "-machine", core.machine, *cpu, "-display", "none", "-monitor", "none", *isa.options,
                   "-kernel", str(image), *options, "-plugin", plugin]
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)
        lines = counts.read_text().splitlines() if counts.is_file() else []
    return done.stdout + done.stderr, [Count(*map(int, line.split())) for line in lines]
