# SPDX-License-Identifier: MIT
"""Run the fuzzer for a while, and say in one line what came of it.

    run.py FUZZER SEEDS [--seconds 60] [--longest 65536]

What it finds goes to tests/fuzz/crashes/ as <what-was-wrong>.midge once it is understood; test-core replays it.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

CRASHES = Path("tests/fuzz/crashes")


def main() -> None:
    """Run it; the exit code is 1 where it found something."""
    parser = argparse.ArgumentParser(description="Feed damaged models to the core.")
    parser.add_argument("fuzzer", type=Path)
    parser.add_argument("seeds", type=Path)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--longest", type=int, default=0, help="bytes of a file; 0 for that of the longest seed")
    options = parser.parse_args()

    build = options.fuzzer.parent
    corpus, log = build / "corpus", build / "log"
    corpus.mkdir(exist_ok=True)
    with log.open("wb") as output:
        done = subprocess.run([
            options.fuzzer, f"-max_total_time={options.seconds}", f"-max_len={options.longest}", "-timeout=10",
            "-rss_limit_mb=1024", "-print_final_stats=1", f"-artifact_prefix={build}/found-",
            corpus, options.seeds, CRASHES,
        ], stdout=output, stderr=subprocess.STDOUT, check=False)
    said = log.read_text(errors="replace")
    if done.returncode == 0:
        files = re.search(r"^stat::number_of_executed_units: *(\d+)", said, re.M)
        covered = re.findall(r"cov: \d+", said)
        print(f"fuzz: {files[1] if files else '?'} files in {options.seconds} s, {covered[-1] if covered else ''}, "
              "nothing found")
        return
    what = re.search(r"^.*(?:ERROR|runtime error|exercise:).*$", said, re.M)
    where = re.search(rf"{build}/found-[a-z]*-[0-9a-f]*", said)
    found = what[0].strip() if what else f"exit code {done.returncode}"
    print(f"fuzz: FOUND {found} {where[0] if where else ''} ({log})")
    sys.exit(1)


if __name__ == "__main__":
    main()
