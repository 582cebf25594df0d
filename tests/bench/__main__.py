# SPDX-License-Identifier: MIT
"""Count the instructions of models on emulated cores, and compare them with what they were.

Each core's outputs are compared with the host's on the same noise; others than those are a failure.

    make bench [MODELS=<dir>] [TARGETS=cortex-m4,...]     -> build/bench.json
    make test-bench                                       against baseline.json; 2 % more is a failure
    python -m tests.bench --update                        write baseline.json anew

The baseline holds small models of the project's own (models.py), so that it means the same everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from midge.convert.pipeline import convert_model
from midge.errors import UserError
from midge.fileformat.read import decode
from midge.profiling.count import WrongOutputs, count
from midge.profiling.toolchain import code_bytes
from midge.targets.cores import emulated_cores, find_emulated
from tests.bench.models import MODELS
from tests.support import ROOT

BASELINE = Path(__file__).with_name("baseline.json")
LIMIT = 1.02


def distinct_cores() -> list[str]:
    """The emulated cores, of those that are counted alike the first."""
    first = {(core.flags, core.machine, core.cpu): name for name, core in reversed(emulated_cores().items())}
    return [name for name in emulated_cores() if name in first.values()]


def row_of(name: str, model: Path | bytes, target_name: str, code: bool) -> dict[str, Any]:
    """Convert a model for a target and count one run. Raises UserError."""
    target = find_emulated(target_name)
    conversion = convert_model(model, target=target.name)
    profile = count(conversion.blob, target)
    total, cost = profile.total, target.cycles
    nodes = zip(decode(conversion.blob).nodes, profile.nodes, strict=True)
    return {
        **({"code": code_bytes(conversion.blob, target)} if code else {}),
        "model": name, "target": target.name, "instructions": total.instructions, "cycles": total.cycles(cost),
        "open": profile.open.instructions, "macs": conversion.macs, "arena": conversion.plan.arena_size,
        "flash": len(conversion.blob),
        "nodes": [{"op": n.op.name, "layer": n.name, "macs": n.macs, "instructions": c.instructions,
                   "cycles": c.cycles(cost)} for n, c in nodes],
    }


def measure(
    models: dict[str, Path | bytes], target_names: list[str], code: bool, wrong: list[str]
) -> Iterator[dict[str, Any]]:
    """A row for each model and target, printed as it comes; a model that cannot be counted is named.

    `wrong` takes what was computed wrongly.
    """
    for target in target_names:
        for name, model in models.items():
            try:
                row = row_of(name, model, target, code)
            except WrongOutputs as error:
                click.echo(f"{target:14} {name:40} WRONG OUTPUTS")
                wrong.append(f"{name}: {error}")
                continue
            except UserError as error:
                click.echo(f"{target:14} {name:40} {str(error).splitlines()[0]}")
                continue
            per_mac = f"{row['instructions'] / row['macs']:6.2f} per MAC" if row["macs"] else ""
            click.echo(f"{target:14} {name:40} {row['instructions'] / 1e6:9.3f} M instructions {per_mac}")
            yield row


def compare(rows: list[dict[str, Any]], baseline: dict[str, dict[str, dict[str, int]]]) -> list[str]:
    """What has become worse by more than the limit."""
    worse = []
    for row in rows:
        before = baseline.get(row["target"], {}).get(row["model"])
        if before is None:
            worse.append(f"{row['model']} on {row['target']}: not in the baseline")
            continue
        for key in ("instructions", "arena", "flash"):
            if row[key] > LIMIT * before[key]:
                worse.append(f"{row['model']} on {row['target']}: {row[key]:,} {key}, were {before[key]:,} "
                             f"({row[key] / before[key] - 1:+.1%})")
    return worse


@click.command()
@click.argument("models", type=click.Path(path_type=Path, exists=True, file_okay=False), required=False)
@click.option("--targets", "target_names", default=",".join(distinct_cores()), show_default=True)
@click.option("--only", default="", help="Only models whose path contains this.")
@click.option("--code", is_flag=True, help="Bytes of code with the ops of each model, too: compiles the core for each.")
@click.option("--check", is_flag=True, help="Compare the project's own models with the baseline.")
@click.option("--update", is_flag=True, help="Write the baseline anew.")
def main(models: Path | None, target_names: str, only: str, code: bool, check: bool, update: bool) -> None:
    """Measure every .tflite file under MODELS, or the project's own models, packed for each target."""
    if models is None:
        found: dict[str, Path | bytes] = {name: make() for name, make in MODELS.items() if only in name}
    else:
        paths = sorted(p for p in models.rglob("*.tflite") if only in str(p))
        found = {str(p.relative_to(models)): p for p in paths}
    wrong: list[str] = []
    rows = list(measure(found, target_names.split(","), code, wrong))
    if wrong:
        raise click.ClickException("wrong outputs:\n  " + "\n  ".join(wrong))
    if update or check:
        counted = {(row["target"], row["model"]) for row in rows}
        wanted = [(find_emulated(target).name, name) for target in target_names.split(",") for name in found]
        lost = [f"{name} on {target}" for target, name in wanted if (target, name) not in counted]
        if lost:
            raise click.ClickException("not counted:\n  " + "\n  ".join(lost))
        kept = ("instructions", "arena", "flash")
        if update:
            baseline: dict[str, Any] = {}
            for row in rows:
                baseline.setdefault(row["target"], {})[row["model"]] = {key: row[key] for key in kept}
            BASELINE.write_text(json.dumps(baseline, indent=1) + "\n")
        worse = compare(rows, json.loads(BASELINE.read_text()))
        if worse:
            raise click.ClickException("worse than the baseline (python -m tests.bench --update if it has to be):\n  "
                                       + "\n  ".join(worse))
        click.echo(f"{len(rows)} passed, 0 failed")
        return
    out = ROOT / "build/bench.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(rows, indent=1))
    click.echo(f"{len(rows)} rows in {out.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
