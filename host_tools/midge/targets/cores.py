# SPDX-License-Identifier: MIT
"""The cores, one table each in cores.toml: what follows from a board's core is written there and nowhere else."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import UserError, suggestion

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TABLE = Path(__file__).with_name("cores.toml")


@dataclass(frozen=True)
class Isa:
    """An instruction set: what compiles for it and emulates it."""

    name: str  # as the profiler's counter.c has it
    prefix: str  # of gcc and its companions
    system: str  # QEMU
    packages: str  # of Debian, that bring both
    start: str  # the start-up file in profiling/harness
    options: tuple[str, ...]  # of QEMU
    specs: tuple[str, ...]  # the C library
    tools: str  # a folder of a checkout that the compiler may be in
    entry: str  # the symbol at which the machine starts, where it does not take that from the program
    uncounted: tuple[str, ...]  # the symbols around what does in QEMU what its core lacks


@dataclass(frozen=True)
class CycleCosts:
    """What a core takes for an instruction beyond one cycle; cores.toml says from where."""

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
    """Where things are on an emulated machine: addresses."""

    code: int
    ram: int
    model: int
    arena: int


@dataclass(frozen=True)
class Core:
    """A core that boards have."""

    name: str
    title: str
    simd: str  # the backend of native_module/core/simd that its kernels use
    arch: str  # the name that MicroPython's native .mpy files use
    native: str  # its module in build/natmod/: the arch, with what else the module is for behind an underscore


@dataclass(frozen=True)
class EmulatedCore(Core):
    """A core that QEMU emulates and for which there is a compiler, so that its instructions can be counted."""

    isa: Isa
    flags: tuple[str, ...]  # of gcc
    machine: str  # of QEMU
    cpu: str  # of QEMU, where the machine may have several
    memory: Memory
    cycles: CycleCosts


def read_toml(path: Path) -> dict[str, Any]:
    """Return what a TOML file holds. Raises UserError."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path.name}: {error}") from error


@cache
def cores() -> dict[str, Core]:
    """Return all cores by name, in the order of the table."""
    table = read_toml(TABLE)
    isas = {
        name: Isa(name, row["prefix"], row["system"], row["packages"], row["start"], tuple(row["options"]),
                  tuple(row["specs"]), row.get("tools", ""), row.get("entry", ""),
                  tuple(row.get("uncounted", ())))
        for name, row in table["isa"].items()
    }
    return {name: _core(name, row, isas) for name, row in table["core"].items()}


def _core(name: str, row: Mapping[str, Any], isas: Mapping[str, Isa]) -> Core:
    facts = name, row["title"], row["simd"], row["arch"], row.get("native", row["arch"])
    if "isa" not in row:
        return Core(*facts)
    return EmulatedCore(*facts, isas[row["isa"]], tuple(row["flags"].split()), row["machine"],
                        row.get("cpu", ""), Memory(**row["memory"]), CycleCosts(**row["cycles"]))


@cache
def emulated_cores() -> dict[str, EmulatedCore]:
    """Return the cores whose instructions can be counted, by name."""
    return {name: core for name, core in cores().items() if isinstance(core, EmulatedCore)}


def find_emulated(name: str) -> EmulatedCore:
    """Return a core by its name, "cortex-" left out or not.

    Raises UserError where there is none of that name or QEMU does not emulate it.
    """
    known = emulated_cores()
    for candidate in (name, f"cortex-{name}"):
        if candidate in known:
            return known[candidate]
    raise UserError(f"no target '{name}' can be profiled; targets: {', '.join(known)}{suggestion(name, known)}")
