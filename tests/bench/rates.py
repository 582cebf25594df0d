# SPDX-License-Identifier: MIT
"""Count real models on emulated cores, and from that write what each op costs: host_tools/midge/targets/rates.toml.

    python -m tests.bench.rates MODELS...    count, a row per core and model, into counts.json; rows of others stay
    python -m tests.bench.rates --write      fit the rates

The table serves `midge power` on machines without QEMU. Its errors are those of models that were left out. A test fits
counts.json anew and compares.
"""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import click

from midge.convert.pipeline import convert_model
from midge.errors import UserError
from midge.fileformat.read import decode
from midge.power.rates import Rates, Stray, features, fit, stray, table_text
from midge.profiling.count import count
from midge.targets.cores import emulated_cores
from tests.bench.models import MODELS
from tests.support import ROOT

COUNTS = Path(__file__).with_name("counts.json")
TABLE = ROOT / "host_tools/midge/targets/rates.toml"
# The cores of real boards; the M7's and the M33's cycles are the M4's, scaled (cores.toml).
COUNTED = ("cortex-m4", "cortex-m0plus", "rv32")
MOST_MACS = 1_500_000
MOST_SECONDS = 60.0


def count_one(model: Path | bytes, core_name: str) -> list[dict[str, Any]]:
    """Return a row for each node: its op, features and cycles. Raises UserError."""
    core = emulated_cores()[core_name]
    conversion = convert_model(model, target=core_name)
    if conversion.macs > MOST_MACS:
        raise UserError("too large to be counted here")
    file = decode(conversion.blob)
    nodes = zip(file.nodes, count(conversion.blob, core, MOST_SECONDS).nodes, strict=True)
    return [{"op": n.op.name, "features": [int(x) for x in features(file, n)], "cycles": c.cycles(core.cycles)}
            for n, c in nodes]


def text_of(rows: list[dict[str, Any]]) -> str:
    """Return what counts.json holds, a line per core and model."""
    return "[\n" + ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows) + "\n]\n"


def fitted(rows: list[dict[str, Any]]) -> dict[str, tuple[Rates, Stray, int]]:
    """Return each core's rates, how far they stray, and to how many models they were fitted."""
    found = {}
    for core in sorted({row["core"] for row in rows}):
        own = [row for row in rows if row["core"] == core]
        errors = stray([row["nodes"] for row in own])
        found[core] = (fit([node for row in own for node in row["nodes"]]), errors, len(own))
    return found


@click.command()
@click.argument("models", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--write", "writes", is_flag=True)
def main(models: tuple[Path, ...], writes: bool) -> None:
    """Count models, or fit what was counted."""
    rows = {(row["core"], row["model"]): row for row in json.loads(COUNTS.read_text(encoding="utf-8"))}
    named: dict[str, Path | bytes] = {name: make() for name, make in MODELS.items()}
    named.update({f"{path.parent.name}/{path.stem}": path for path in models})
    for core, name in () if writes else product(COUNTED, named):
        try:
            rows[core, name] = {"core": core, "model": name, "nodes": count_one(named[name], core)}
        except UserError as error:
            print(f"{name} on {core}: {error}")
        COUNTS.write_text(text_of([*rows.values()]), encoding="utf-8")
    if writes:
        TABLE.write_text(table_text(fitted([*rows.values()])), encoding="utf-8")


if __name__ == "__main__":
    main()
