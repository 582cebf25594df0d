# SPDX-License-Identifier: MIT
"""Count the instructions of models, node by node, on emulated cores: bare metal, exactly repeatable.

    make bench [MODELS=<dir>] [TARGETS=cortex-m4,cortex-m0plus]     -> build/bench.json
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import click

from midge.convert import Conversion, convert
from midge.errors import UserError

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
OPTIMISE = "-O2"


@dataclass
class Count:
    """Instructions of a run: each node's, the sum, and those of opening the file."""

    nodes: list[int]
    total: int
    open: int
    crc: int


@cache
def targets() -> dict[str, dict[str, Any]]:
    return tomllib.loads((HERE / "targets.toml").read_text())


def build(target: str, out: Path, extra: tuple[str, ...] = ()) -> Path:
    """Compile the core and the bench for a target; returns the program."""
    row = targets()[target]
    core = ROOT / "native_module/core"
    sources = [*sorted(core.glob("*.c")), *sorted(core.glob("kernels/*.c")), HERE / "bench.c", HERE / "start.c"]
    program = out / f"bench-{target}.elf"
    defines = {"MODEL_ADDRESS": row["model"], "MODEL_BYTES": row["model_bytes"], "ARENA_ADDRESS": row["arena"],
               "ARENA_BYTES": row["arena_bytes"], "TIMER_ADDRESS": row["timer"]}  # fmt: skip
    command = [
        "arm-none-eabi-gcc", *row["flags"].split(), "-std=gnu99", OPTIMISE, "-g", "-ffunction-sections",
        "-fdata-sections", "-Wall", "-Wextra", *(f"-D{k}={v:#x}u" for k, v in defines.items()), *extra,
        *map(str, sources), "-nostartfiles", "--specs=nosys.specs", "-Wl,--gc-sections",
        f"-Wl,--defsym=CODE_ADDRESS={row['code']:#x}", f"-Wl,--defsym=RAM_ADDRESS={row['ram']:#x}",
        "-T", str(HERE / "bench.ld"), "-lm", "-lgcc", "-o", str(program),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"the bench does not compile for {target}:\n{done.stderr}")
    return program


def run(program: Path, target: str, model: bytes, timeout_s: float = 300) -> Count:
    """Run a model once from a zeroed arena."""
    row = targets()[target]
    with tempfile.NamedTemporaryFile(suffix=".midge") as file:
        file.write(model)
        file.flush()
        command = [
            "qemu-system-arm", "-machine", row["machine"], "-nographic", "-monitor", "none", "-serial", "none",
            "-semihosting-config", "enable=on,target=native", "-icount", "shift=5",
            "-kernel", str(program), "-device", f"loader,file={file.name},addr={row['model']:#x},force-raw=on",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)
    text = done.stdout + done.stderr
    if "error" in text or "total" not in text:
        raise UserError(f"the bench on {target} failed: {text.strip() or 'no output'}")

    def instructions(ticks: str) -> int:
        return int(ticks) * 5 // 4

    return Count(
        nodes=[instructions(n) for n in re.findall(r"^node (\d+)$", text, re.M)],
        total=instructions(re.search(r"^total (\d+)$", text, re.M)[1]),  # type: ignore[index]
        open=instructions(re.search(r"^open (\d+)$", text, re.M)[1]),  # type: ignore[index]
        crc=int(re.search(r"^crc (\d+)$", text, re.M)[1]),  # type: ignore[index]
    )


def per_node(conversion: Conversion, count: Count) -> list[tuple[str, str, int, int]]:
    """(op, layer, MACs, instructions) of every node."""
    return [(s.op.name, s.name, s.macs, n) for s, n in zip(conversion.program.steps, count.nodes, strict=True)]


@click.command()
@click.argument("models", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--targets", default="cortex-m4", help=f"Of {', '.join(targets())}.")
@click.option("--only", default="", help="Only models whose path contains this.")
def main(models: Path, targets: str, only: str) -> None:
    """Measure every model under MODELS that converts, packed for each target."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for target in targets.split(","):
            program = build(target, Path(folder))
            for path in sorted(p for p in models.rglob("*.tflite") if only in str(p)):
                try:
                    conversion = convert(path, target=target)
                    count = run(program, target, conversion.blob)
                except UserError as error:
                    click.echo(f"{target:14} {path.stem:40} {str(error).splitlines()[0]}")
                    continue
                rows.append({
                    "model": str(path.relative_to(models)), "target": target, "instructions": count.total,
                    "open": count.open, "macs": conversion.macs, "arena": conversion.plan.arena_size,
                    "flash": len(conversion.blob), "nodes": per_node(conversion, count),
                })  # fmt: skip
                a_mac = f"{count.total / conversion.macs:6.2f} a MAC" if conversion.macs else ""
                click.echo(f"{target:14} {path.stem:40} {count.total / 1e6:9.3f} M instructions {a_mac}")
    out = ROOT / "build/bench.json"
    out.write_text(json.dumps(rows, indent=1))
    click.echo(f"{len(rows)} rows in {out.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
