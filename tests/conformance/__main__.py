# SPDX-License-Identifier: MIT
"""Convert every .tflite under a folder, run it on a target, and compare with the recorded outputs.

    make conformance MODELS=<dir> [TARGET=host|unix|qemu-cortex-m4|qemu-cortex-m3-bare|...]

A target's name with -bare behind it means firmware without Midge, and Midge as a native module.

Beside <name>.tflite lies <name>.npz with input_j and output_j, [runs, ...shape]. Models that carry
integers from end to end must agree in every byte; float ones within a tolerance.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import click
import numpy as np

from midge.convert.pipeline import Conversion, convert_model
from midge.errors import UnsupportedModel, UserError
from midge.graph import Tensor
from midge.importers.tflite.importer import read_tflite
from midge.targets.boards import load_board
from tests.conformance.case import Case, TooLarge, parse_output
from tests.conformance.emulated import Emulated
from tests.conformance.known import Known
from tests.conformance.recorded import recording_of
from tests.support import ROOT

RELATIVE, ABSOLUTE = 1e-4, 1e-5  # of a float output against the reference


class Target(Protocol):
    """Runs a case and gives the raw outputs of each run. Raises UserError where it cannot."""

    def run(self, case: Case) -> list[list[bytes]]: ...


@dataclass
class Process:
    """CPython over the shared library, or MicroPython's unix port: a process a model."""

    command: list[str]
    env: dict[str, str] = field(default_factory=dict)

    def run(self, case: Case) -> list[list[bytes]]:
        with tempfile.TemporaryDirectory() as folder:
            model, inputs = Path(folder, "model.midge"), Path(folder, "inputs.bin")
            model.write_bytes(case.conversion.blob)
            inputs.write_bytes(b"".join(b for run in case.inputs for b in run))
            arguments = [repr(str(model)), repr(str(inputs)), repr(case.input_sizes), repr(case.output_sizes),
                         repr(len(case.inputs))]
            script = str(ROOT / "tests/conformance/on_device.py")
            done = subprocess.run([*self.command, script, *arguments], capture_output=True, text=True,
                                  env={**os.environ, **self.env}, timeout=600)
        if done.returncode:
            raise UserError((done.stderr.strip() or done.stdout.strip()).splitlines()[-1])
        return parse_output(done.stdout, case.output_sizes)


def make_target(name: str) -> Target:
    if name == "host":
        return Process([sys.executable])
    board = load_board(name.removesuffix("-bare"))
    natmod = ROOT / "build/natmod" / board.native if name.endswith("-bare") else None
    firmware = ROOT / "build/firmware" / name / board.firmware
    if board.qemu is not None:
        return Emulated(board, firmware, natmod)
    options = ["-X", "heapsize=64M"] if board.port == "unix" else []
    path = os.pathsep.join(str(folder) for folder in (natmod, ROOT / "mpy_lib") if folder)
    return Process([*board.launcher.split(), str(firmware), *options], {"MICROPYPATH": path})


def find_cases(
    folder: Path, runs: int, pack: str | None, wanted: Callable[[str], bool] = lambda name: True
) -> Iterator[tuple[str, Case | UserError]]:
    """Every model under a folder whose name is wanted, converted, or why it cannot be."""
    for path in sorted(p for p in folder.rglob("*") if p.suffix in (".tflite", ".onnx")):
        name = str(path.relative_to(folder))
        if not wanted(name):
            continue
        try:
            if path.suffix == ".onnx":
                yield name, onnx_case(name, path, runs, pack)
                continue
            golden = path.with_suffix(".npz")
            conversion = convert_model(path, target=pack, shapes=recorded_shapes(path, golden))
            if not golden.is_file():
                raise UserError("no recorded outputs beside it")
            yield name, read_case(name, conversion, golden, runs)
        except UserError as error:
            yield name, error


def recorded_shapes(path: Path, golden: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of inputs that a model leaves open, as a user would give them, by what was recorded."""
    open_inputs = {j: t.name for j, t in enumerate(read_tflite(path.read_bytes(), str(path)).inputs)
                   if any(d < 0 for d in t.signature[1:])}
    if not open_inputs or not golden.is_file():
        return {}
    with np.load(golden, allow_pickle=False) as archive:
        return {name: archive[f"input_{j}"].shape[1:] for j, name in open_inputs.items() if f"input_{j}" in archive}


def onnx_case(name: str, path: Path, runs: int, pack: str | None) -> Case:
    """An ONNX model; inputs that have to be constants to be converted are frozen at what was recorded."""
    import onnx

    graph = onnx.load(path, load_external_data=False).graph
    given = {output.name: k for k, output in enumerate(graph.output)}
    known = {i.name for i in graph.initializer}
    names = [i.name for i in graph.input if i.name not in known]
    inputs, outputs = recording_of(path)
    order = list(range(min(runs, len(inputs)) if runs else len(inputs)))
    by_name = [dict(zip(names, inputs[r], strict=False)) for r in order]
    frozen: dict[str, np.ndarray] = {}
    while True:
        shapes = {n: v.shape for n, v in by_name[0].items() if n not in frozen}
        try:
            conversion = convert_model(path, target=pack, shapes=shapes, frozen=frozen)
            break
        except UnsupportedModel as refusal:
            wanted = [n for n in names if f"--freeze {n}=" in str(refusal) and n not in frozen]
            if not wanted or any(not np.array_equal(run[wanted[0]], by_name[0][wanted[0]]) for run in by_name):
                raise
            frozen[wanted[0]] = by_name[0][wanted[0]]
    ends = conversion.program.graph
    # Outputs that only name the class that another one has scores of are not on boards.
    kept = [given[t.name] for t in ends.outputs] if all(t.name in given for t in ends.outputs) else range(len(given))

    def raw(t: Tensor, value: np.ndarray) -> np.ndarray:
        turned = value.transpose(ends.layouts[t.name]) if t.name in ends.layouts else value
        return np.ascontiguousarray(turned, value.dtype if _stands_for_real(t, value) else t.dtype)

    return Case(name, conversion, [[raw(t, run[t.name]).tobytes() for t in ends.inputs] for run in by_name],
                [[raw(t, outputs[r][k]) for t, k in zip(ends.outputs, kept, strict=False)] for r in order],
                step=_last_step(conversion),
                whole=all(run[k].dtype.kind == "i" for run in outputs for k in kept))


def _stands_for_real(t: Tensor, expected: np.ndarray) -> bool:
    """Whether an output is the sums of a forest, integers that stand for recorded floats."""
    return t.dtype == "int32" and t.quantization is not None and expected.dtype.kind == "f"


def _last_step(conversion: Conversion) -> float:
    """The unit of a float output that was quantised: it may be off by one."""
    steps = [s for s in conversion.program.steps if s.op.name in ("DEQUANTIZE", "DEQUANTIZE_ANY")]
    return max((s.inputs[0].scale for s in steps), default=0.0)


def read_case(name: str, conversion: Conversion, golden: Path, runs: int) -> Case:
    graph = conversion.program.graph
    with np.load(golden, allow_pickle=False) as archive:
        stateful = "meta" in archive and json.loads(str(archive["meta"])).get("stateful", False)
        missing = [f"{kind}_{j}" for kind, ends in (("input", graph.inputs), ("output", graph.outputs))
                   for j in range(len(ends)) if f"{kind}_{j}" not in archive]
        if missing:
            raise UserError(f"the recording lacks {', '.join(missing)}")
        # The steps of a sequence hang together; other runs may be left out.
        recorded = len(archive["input_0"])
        order = list(range(recorded if stateful or not runs else min(runs, recorded)))
        if recorded == 1:  # twice, because a run must not depend on the one before
            order = [0, 0] if not stateful else [0]
        inputs = [[np.ascontiguousarray(archive[f"input_{j}"][r]).tobytes() for j in range(len(graph.inputs))]
                  for r in order]
        expected = [[archive[f"output_{j}"][r] for j in range(len(graph.outputs))] for r in order]
    return Case(name, conversion, inputs, expected)


def worst_error(case: Case, outputs: list[list[bytes]]) -> str:
    """What is wrong with a case's outputs, '' where nothing is."""
    if len(outputs) != len(case.expected):
        return f"{len(outputs)} runs instead of {len(case.expected)}"
    wrong = 0
    total = 0
    for got_run, expected_run in zip(outputs, case.expected, strict=True):
        for t, got_bytes, expected in zip(case.conversion.program.graph.outputs, got_run, expected_run, strict=True):
            got = np.frombuffer(got_bytes, expected.dtype)
            if _stands_for_real(t, expected):
                got = (np.frombuffer(got_bytes, np.int32) * t.scale).astype(expected.dtype)
            want = expected.reshape(-1)
            if got.size != want.size:
                return f"{got.size} values instead of {want.size}"
            if case.whole and want.dtype.kind == "f":
                same = np.abs(got - want) <= 0.5
            elif want.dtype.kind == "f" and case.step:
                same = np.abs(got - want) <= 1.01 * case.step
            elif case.is_float and want.dtype.kind == "f":
                same = np.isclose(got, want, RELATIVE, ABSOLUTE, equal_nan=True)
            elif case.is_float and want.dtype.itemsize == 1:  # quantised from floats: one step
                same = np.abs(got.astype(int) - want.astype(int)) <= 1
            else:
                same = got.view("u1") == want.view("u1")
            wrong += int(np.count_nonzero(~same))
            total += same.size
    return f"{wrong} of {total} {'values' if case.is_float else 'bytes'} differ" if wrong else ""


def brief(refusal: UserError) -> str:
    """All ops in the way on one line."""
    if not isinstance(refusal, UnsupportedModel):
        return str(refusal)
    return ", ".join(sorted({f"{op} ({reason.split(';')[0]})" for op, _, reason in refusal.items}))


@click.command()
@click.argument("models", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--target", default="host", help="host, unix, or a board of ports/boards that is emulated.")
@click.option("--runs", default=0, help="At most so many recorded runs a model; 0 for all.")
@click.option("--only", default="", help="Only models whose path contains this.")
@click.option("--most-macs", type=int, help="Only models of integers from end to end, with at most so many MACs.")
@click.option("--verbose", is_flag=True, help="Why each model is refused, in full.")
@click.option("--pack", help="Convert for this core or board.")
@click.option("--quiet", is_flag=True, help="Only what is wrong, and the sum.")
@click.option("--at-least", type=float, default=0.0, help="Fail where a smaller share of the models runs.")
def main(models: Path, target: str, runs: int, only: str, most_macs: int | None, verbose: bool, pack: str | None,
         quiet: bool, at_least: float) -> None:
    """Compare every model under MODELS with its recorded outputs on a target."""
    exact, floats, wrong, refused = [0, 0], [0, 0], 0, 0
    too_large: list[str] = []
    machine = make_target(target)
    known = Known()

    def wanted(name: str) -> bool:
        return only in name and (most_macs is None or not known.is_larger(models / name, most_macs))

    for name, case in find_cases(models, runs, pack, wanted):
        if isinstance(case, UserError):
            refused += 1
            if not quiet:
                click.echo(f"{click.style('refused', fg='yellow')}  {name}: {case if verbose else brief(case)}")
            continue
        if pack is None:
            known.note(models / name, case)
        if most_macs is not None and (case.is_float or case.conversion.macs > most_macs):
            continue
        try:
            error = worst_error(case, machine.run(case))
        except (UserError, subprocess.TimeoutExpired) as failure:
            error = str(failure)
            if "MemoryError" in error or isinstance(failure, TooLarge):
                too_large.append(name)
                click.echo(f"{click.style('too large', fg='yellow')} {name}: {error}")
                continue
        tally = floats if case.is_float else exact
        tally[1] += 1
        tally[0] += not error
        wrong += bool(error)
        state = click.style("WRONG   ", fg="red") if error else click.style("ok      ", fg="green")
        if error or not quiet:
            click.echo(f"{state} {name}: {error or f'{len(case.inputs)} runs'}")
    known.keep()
    click.echo(
        f"{exact[0]} of {exact[1]} bit-exact, {floats[0]} of {floats[1]} float within tolerance, {refused} refused"
        + (f", {len(too_large)} too large for {target}" if too_large else "")
    )
    ran = exact[1] + floats[1]
    if ran < at_least * (ran + refused):
        click.secho(f"{ran} of {ran + refused} run, {at_least:.0%} should", fg="red")
        sys.exit(1)
    sys.exit(1 if wrong or not ran else 0)  # nothing to compare is no success


if __name__ == "__main__":
    main()
