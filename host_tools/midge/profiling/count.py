# SPDX-License-Identifier: MIT
"""Count what a model costs on a core: exact instructions of each node under QEMU, cycles estimated from them.

The core's own C is compiled for the target and run bare metal; a plugin of QEMU counts (counter.c). Two counts
of one file agree to the instruction.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from hashlib import sha256
from pathlib import Path
from shutil import which

from platformdirs import user_cache_path

from ..errors import UserError
from ..fileformat.read import decode
from ..resources import folder
from ..targets.boards import CORES, read_toml
from .inputs import start_arena, wanted_crc

HARNESS = Path(__file__).resolve().parent / "harness"
NATIVE = folder("native")
MODEL_BYTES, ARENA_BYTES = 0x80_0000, 0x40_0000


@dataclass(frozen=True)
class Isa:
    """The tools for an instruction set."""

    name: str  # as counter.c has it
    prefix: str  # of gcc and its companions
    system: str  # QEMU
    packages: str  # of Debian, that bring both
    start: str  # the start-up file
    options: tuple[str, ...]  # of QEMU
    specs: tuple[str, ...]  # the C library


ISAS = {
    "thumb": Isa(
        "thumb", "arm-none-eabi-", "qemu-system-arm", "gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm",
        "start_cortexm.c", ("-serial", "none", "-semihosting-config", "enable=on,target=native"),
        ("--specs=nosys.specs",),
    ),
    "riscv": Isa(
        "riscv", "riscv64-unknown-elf-", "qemu-system-riscv32",
        "gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf qemu-system-misc",
        "start_riscv.c", ("-serial", "stdio", "-bios", "none"), ("--specs=picolibc.specs",),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Cycles:
    """What a core takes for an instruction beyond one cycle (targets/cores.toml says from where)."""

    load: float = 0
    paired_load: float = 0
    store: float = 0
    long_multiply: float = 0
    division: float = 0
    vector: float = 0
    taken: float = 0
    scale: float = 1


@dataclass(frozen=True)
class Memory:
    """Where things lie on an emulated machine."""

    code: int
    ram: int
    model: int
    arena: int


@dataclass(frozen=True)
class Target:
    """A row of targets/cores.toml."""

    name: str
    title: str
    isa: Isa
    flags: tuple[str, ...]
    machine: str
    memory: Memory
    cycles: Cycles


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

    def cycles(self, cost: Cycles) -> int:
        """An estimate from the core's table, memory without wait states."""
        return round(cost.scale * (
            self.instructions + cost.load * self.loads - cost.paired_load * self.paired_loads
            + cost.store * self.stores + cost.long_multiply * self.long_multiplies + cost.division * self.divisions
            + cost.vector * self.vectors + cost.taken * self.taken
        ))  # fmt: skip


@dataclass(frozen=True)
class Profile:
    """What one run of a model took."""

    target: Target
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


@cache
def targets() -> dict[str, Target]:
    """The rows of targets/cores.toml by name."""
    rows = read_toml(CORES)
    return {
        name: Target(name, row["title"], ISAS[row["isa"]], tuple(row["flags"].split()), row["machine"],
                     Memory(**row["memory"]), Cycles(**row["cycles"]))
        for name, row in rows.items()
    }  # fmt: skip


def find_target(name: str) -> Target:
    """A target by its name, "cortex-" left out or not. Raises UserError."""
    rows = targets()
    for candidate in (name, f"cortex-{name}"):
        if candidate in rows:
            return rows[candidate]
    raise UserError(f"no target '{name}' can be profiled; targets: {', '.join(rows)}")


def count(model: bytes, target: Target, timeout_s: float = 300) -> Profile:
    """Run a .midge file once on an emulated core, on noise, and count.

    Raises UserError for a file that does not fit, and where compiler or emulator are missing; WrongOutputs where the
    outputs are not those of the host's core.
    """
    file = decode(model)
    if len(model) > MODEL_BYTES or file.arena_size > ARENA_BYTES:
        raise UserError(f"{file.name}: {len(model)} B and an arena of {file.arena_size} B are more than the emulated "
                        f"{target.title} has ({MODEL_BYTES} B and {ARENA_BYTES} B)")  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="midge-") as folder:
        loader: list[str] = []
        for name, content, address in (("model", model, target.memory.model),
                                       ("arena", start_arena(file), target.memory.arena)):  # fmt: skip
            image = Path(folder, name)
            image.write_bytes(content)
            loader += ["-device", f"loader,file={image},addr={address:#x},force-raw=on"]
        try:
            said, rows = execute(program(target), target, loader, timeout_s)
        except subprocess.TimeoutExpired as error:
            raise UserError(f"{file.name}: took over {timeout_s:.0f} s under QEMU; profile a smaller model") from error
    crc = re.search(r"^crc (\d+)$", said, re.M)
    if crc is None:
        raise UserError(f"{file.name}: did not run on the emulated {target.title}: {said.strip() or 'no output'}")
    wanted = wanted_crc(model, file)
    if int(crc[1]) != wanted:
        raise WrongOutputs(f"{file.name}: the emulated {target.title} computes other outputs than this machine, CRC "
                           f"{int(crc[1]):08x} for {wanted:08x}; its counts mean nothing. Please report the model")
    empty, opened, known, _bound, *nodes = rows[1:]
    return Profile(target, [n - empty for n in nodes], opened - empty, known - empty, int(crc[1]))


def execute(
    image: Path, target: Target, options: Sequence[str] = (), timeout_s: float = 300
) -> tuple[str, list[Count]]:
    """Run a program that calls mark(); what it printed, and what was counted up to each of the calls."""
    isa = target.isa
    with tempfile.TemporaryDirectory(prefix="midge-") as folder:
        counts = Path(folder, "counts")
        plugin = f"{_counter()},mark={_address(target, image, 'mark'):#x},isa={isa.name},out={counts}"
        command = [isa.system, "-machine", target.machine, "-display", "none", "-monitor", "none", *isa.options,
                   "-kernel", str(image), *options, "-plugin", plugin]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)
        lines = counts.read_text().splitlines() if counts.is_file() else []
    return done.stdout + done.stderr, [Count(*map(int, line.split())) for line in lines]


def _run(command: Sequence[str], what: str, folder: str | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    if done.returncode:
        raise UserError(f"{what}:\n{done.stderr.strip()}")
    return done.stdout


def _built(name: str, commands: Sequence[Sequence[str]], sources: Sequence[Path], what: str) -> Path:
    """Run compilers in a folder of their own, the last one for a result, unless what they would make of these very
    sources lies in the cache."""
    digest = sha256("\0".join("\0".join(command) for command in commands).encode())
    for path in sources:
        digest.update(path.read_bytes())
    folder = user_cache_path("midge")
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / f"{name}-{digest.hexdigest()[:16]}"
    if not made.is_file():
        with tempfile.TemporaryDirectory(dir=folder) as work:
            for command in commands[:-1]:
                _run(command, what, work)
            _run([*commands[-1], "-o", "made"], what, work)
            Path(work, "made").replace(made)  # whole or not at all
    return made


@cache
def _counter() -> Path:
    """The plugin."""
    source = HARNESS / "counter.c"
    command = ["cc", "-O2", "-shared", "-fPIC", "-fvisibility=hidden", str(source)]
    return _built("counter.so", [command], [source], "the counter does not compile")


@cache
def program(target: Target) -> Path:
    """The core and program.c for a target. Raises UserError where compiler or emulator are missing."""
    core = NATIVE / "core"
    units = [*sorted(core.rglob("*.c")), HARNESS / "program.c"]
    return link(target, units, _core_flags(target))


def code_bytes(model: bytes, target: Target) -> int:
    """What the core takes in flash when it holds only the ops that a .midge file needs, compiled as it is counted.

    The program that counts with it less the same without: libgcc's part that the core brings in is counted, too.
    """
    core = NATIVE / "core"
    with tempfile.TemporaryDirectory(prefix="midge-") as folder:
        image, chosen = Path(folder, "model.midge"), Path(folder, "ops.def")
        image.write_bytes(model)
        _run([sys.executable, str(NATIVE / "tools" / "select_ops.py"), str(chosen), "--models", str(image)], "no ops")
        kept = user_cache_path("midge") / f"ops-{sha256(chosen.read_bytes()).hexdigest()[:16]}.def"
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(chosen.read_bytes())
        flags = (*_core_flags(target), f'-DMG_OPS="{kept}"')
        units = [*sorted(core.rglob("*.c")), HARNESS / "program.c"]
        without = link(target, [HARNESS / "program.c"], (*flags, "-Wl,--unresolved-symbols=ignore-all"))
        return _flash(target, link(target, units, flags)) - _flash(target, without)


def _flash(target: Target, image: Path) -> int:
    """Bytes of code and constants."""
    row = _run([f"{target.isa.prefix}size", str(image)], "the program has no size").splitlines()[1].split()
    return int(row[0]) + int(row[1])


def _core_flags(target: Target) -> tuple[str, ...]:
    memory = target.memory
    return (
        "-std=gnu99", "-DMG_TERSE", "-ffp-contract=off", "-ffunction-sections", "-fdata-sections",
        f"-I{NATIVE / 'core'}",
        f"-DMODEL_ADDRESS={memory.model:#x}u", f"-DMODEL_BYTES={MODEL_BYTES:#x}u",
        f"-DARENA_ADDRESS={memory.arena:#x}u", f"-DARENA_BYTES={ARENA_BYTES:#x}u",
    )  # fmt: skip


@cache
def fast_kernels() -> frozenset[Path]:
    """Return the files that are compiled for speed, the others for size: as in firmware."""
    listed = re.search(r"^MIDGE_FAST :=[^)]*", (NATIVE / "sources.mk").read_text(encoding="utf-8"), re.M)
    names = re.findall(r"[a-z0-9_/]+\.c", listed[0] if listed else "")
    return frozenset(NATIVE / "core" / name for name in names)


def link(target: Target, units: Sequence[Path], flags: Sequence[str] = ()) -> Path:
    """A bare-metal program from C files, one of which has program(), as board.h wants it."""
    isa = target.isa
    for tool in (f"{isa.prefix}gcc", isa.system):
        if which(tool) is None:
            raise UserError(f"no {tool}; on Debian: apt-get install {isa.packages}")
    gcc = (f"{isa.prefix}gcc", *target.flags, *isa.specs, *flags, f"-I{HARNESS}")
    sources = [*units, HARNESS / isa.start]
    compiled = []
    for optimise in ("-O2", "-Os"):
        files = [str(unit) for unit in sources if (unit in fast_kernels()) == (optimise == "-O2")]
        compiled += [[*gcc, optimise, "-c", *files]] if files else []
    command = [
        *gcc, *(f"{unit.stem}.o" for unit in sources),
        "-nostartfiles", "-Wl,--gc-sections", f"-Wl,--defsym=CODE_ADDRESS={target.memory.code:#x}",
        f"-Wl,--defsym=RAM_ADDRESS={target.memory.ram:#x}", "-T", str(HARNESS / "program.ld"), "-lm", "-lgcc",
    ]  # fmt: skip
    headers = [*sorted(NATIVE.rglob("*.h")), NATIVE / "ops.def", HARNESS / "board.h", HARNESS / "program.ld"]
    what = f"the program does not compile for {target.title}"
    return _built(f"{target.name}.elf", [*compiled, command], [*sources, *headers], what)


@cache
def _address(target: Target, image: Path, symbol: str) -> int:
    listing = _run([f"{target.isa.prefix}nm", str(image)], "the program has no symbols")
    found = re.search(rf"^([0-9a-f]+) \w {symbol}$", listing, re.M)
    if found is None:
        raise UserError(f"the program for {target.title} has no function {symbol}")
    return int(found[1], 16)
