# SPDX-License-Identifier: MIT
"""Run the core's tests under every SIMD backend, here and on emulated cores, and compare what they computed.

    run.py BUILD SEEDS [--only NAME] BACKEND=[RUNNER,]PROGRAM... [--emulated BACKEND=PROGRAM,SYSTEM,MACHINE]...

BUILD is the folder for logs and digests; SEEDS lists the sound models. Fails where a test does, and where a backend's
outputs are not those of the first one.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

CRASHES = Path("tests/fuzz/crashes")
TIMEOUT_S = 600  # of an emulated core, on a machine that does other things, too


@dataclass(frozen=True)
class Run:
    """A test program, and how it is started."""

    name: str
    backend: str
    program: Path
    emulator: tuple[str, str] | None = None  # QEMU's system and machine
    runner: str = ""  # what runs a program of another kind of PC here

    def command(self, arguments: list[str]) -> list[str]:
        """Return the command that runs the program with these arguments."""
        if self.emulator is None:
            return [*filter(None, [self.runner]), str(self.program), *arguments]
        system, machine = self.emulator
        # picolibc takes the first argument for the program's, newlib gives it away
        given = arguments if "riscv" in system else ["test", *arguments]
        semihosting = ",".join(["enable=on", "target=native", *(f"arg={argument}" for argument in given)])
        bios = ["-bios", "none"] if "riscv" in system else []
        return [system, "-M", machine, *bios, "-nographic", "-kernel", str(self.program),
                "-semihosting-config", semihosting]


def host_run(text: str) -> Run:
    """Return the run of NAME=[RUNNER,]PROGRAM; a name that ends in 32 is that backend with 32-bit pointers."""
    name, _, rest = text.partition("=")
    runner, _, program = rest.rpartition(",")
    return Run(name, name.removesuffix("32"), Path(program), runner=runner)


def emulated_run(text: str) -> Run:
    """Return the run of BACKEND=PROGRAM,SYSTEM,MACHINE."""
    backend, _, rest = text.partition("=")
    program, system, machine = rest.split(",")
    return Run(Path(program).parent.name, backend, Path(program), (system, machine))


def execute(run: Run, build: Path, seeds: Path, crashes: Path, only: str) -> tuple[int, int, str]:
    """Run a program: how many tests passed and failed, and what it printed besides."""
    digests = build / f"{run.name}.digests"
    digests.unlink(missing_ok=True)
    arguments = [run.backend, str(seeds), str(crashes), str(digests), *([only] if only else [])]
    try:
        done = subprocess.run(run.command(arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", timeout=TIMEOUT_S, check=False)
        said = done.stdout.strip()
    except subprocess.TimeoutExpired as late:
        said = f"{(late.output or b'').decode(errors='replace')}\nno end after {TIMEOUT_S} s"
    (build / f"{run.name}.log").write_text(said + "\n")
    *rest, last = said.splitlines() or [""]
    if found := re.fullmatch(r"(\d+) passed, (\d+) failed", last):
        return int(found[1]), int(found[2]), "\n".join(rest if int(found[2]) else [])
    return 0, 1, said


def other_outputs(wanted: Path, found: Path) -> str:
    """Return the first line in which two files of digests differ, '' where none does."""
    a, b = (path.read_text().splitlines() if path.is_file() else [] for path in (wanted, found))
    differing = [f"{x!r}, not {y!r}" for x, y in zip(b, a, strict=False) if x != y]
    if differing:
        return differing[0]
    return "" if len(a) == len(b) else f"{len(b)} digests, not {len(a)}"


def main() -> None:
    """Run all programs, as many at once as there are cores; the exit code is 1 where something failed."""
    parser = argparse.ArgumentParser(description="Run the core's tests under every SIMD backend.")
    parser.add_argument("build", type=Path)
    parser.add_argument("seeds", type=Path)
    parser.add_argument("here", type=host_run, nargs="+")
    parser.add_argument("--emulated", type=emulated_run, action="append", default=[])
    parser.add_argument("--only", default="", help="only tests whose name contains this")
    options = parser.parse_args()

    crashes = options.build / "crashes"
    crashes.write_text("".join(f"{path}\n" for path in sorted(CRASHES.glob("*.midge"))))
    runs: list[Run] = [*options.here, *options.emulated]
    passed = failed = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(lambda run: execute(run, options.build, options.seeds, crashes, options.only), runs)
        for run, (run_passed, run_failed, said) in zip(runs, results, strict=True):
            first, own = (options.build / f"{each.name}.digests" for each in (runs[0], run))
            if difference := other_outputs(first, own):
                run_failed += 1
                said = f"{said}\nother outputs than {runs[0].name}: {difference}".strip()
            print(f"{run.name}: {run_passed} passed, {run_failed} failed" + (f"\n{said}" if said else ""), flush=True)
            passed, failed = passed + run_passed, failed + run_failed
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
