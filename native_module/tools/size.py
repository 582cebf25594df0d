# SPDX-License-Identifier: MIT
"""Print what Midge adds to firmware, file by file, and fail where it is more than the README promises.

    size.py FOLDER COMPILER...      the folder of a Cortex-M4 board's firmware, and its compiler with the core's flags

The objects of the firmware are linked by themselves, once as they are and once without the families of ops beyond
int8, and what can be reached from the module is summed: a build with
MIDGE_WITHOUT="f32 int16 signal motion sight learn" holds the first sum only.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

from select_ops import NATIVE, read_families, select

LIMITS = {"int8": 32 * 1024, "all": 69 * 1024 + 512}  # bytes
LOADED = r"\.(?:text|rodata|data)[\w.$]*"  # sections that a board keeps in flash


def objects_of(folder: Path) -> list[Path]:
    """Return the objects of Midge that the firmware's link took, which need not be all that lie there."""
    linked = re.findall(r"^LOAD (\S*native_module/\S+\.o)$", (folder / "firmware.map").read_text(), re.M)
    return [folder / path for path in dict.fromkeys(linked)]


def linked_bytes(compiler: list[str], objects: list[Path], scratch: Path) -> Counter[str]:
    """Return the bytes of each object that are reached from the module."""
    map_file = scratch / "size.map"
    link = ["-nostdlib", "-r", "-Wl,--gc-sections,-e,mg_module", f"-Wl,-Map={map_file}"]
    subprocess.run([*compiler, *link, *objects, "-o", scratch / "size.o"], check=True)
    sizes: Counter[str] = Counter()
    kept = map_file.read_text().split("Linker script and memory map")[1]
    for size, path in re.findall(rf"^ {LOADED}\s+0x[0-9a-f]+\s+(0x[0-9a-f]+)\s+(\S+\.o)$", kept, re.M):
        sizes[path.split("native_module/")[-1]] += int(size, 16)
    return sizes


def main(folder: Path, compiler: list[str]) -> None:
    """Print the table; the exit code is 1 where a limit is passed."""
    objects = objects_of(folder)
    everything = linked_bytes(compiler, objects, folder)

    table = folder / "ops_int8.def"
    others = set(read_families()) - {"int8"}
    table.write_text(select(others, "armv7em", [], []))
    compiled = []
    for unit in ("ops", "model", "run"):  # what looks at the table, or at MG_SEES
        compiled.append(folder / f"size_{unit}.o")
        options = ["-Os", "-DMG_TERSE", "-ffunction-sections", "-fdata-sections", f'-DMG_OPS="{table}"']
        subprocess.run([*compiler, *options, "-c", f"{NATIVE}/core/{unit}.c", "-o", f"{compiled[-1]}"], check=True)
    left_out = {"learn.o", *(f"{path.stem.removeprefix('size_')}.o" for path in compiled)}
    rest = [path for path in objects if path.name not in left_out and path.parent.name != "learn"]
    int8 = linked_bytes(compiler, [*compiled, *rest], folder)

    for name, size in sorted(everything.items()):
        print(f"{size:8d}  {name}")
    sums = {"int8": int8.total(), "all": everything.total()}
    print(f"Midge adds {sums['int8']} bytes to Cortex-M4 firmware with the int8 ops (at most {LIMITS['int8']}), "
          f"{sums['all']} with all ops (at most {LIMITS['all']})")
    sys.exit(any(sums[name] > limit for name, limit in LIMITS.items()))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), sys.argv[2:])
