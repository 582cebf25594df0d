# SPDX-License-Identifier: MIT
"""Write tiny .midge files that together use every device op: seeds for the fuzzer and for tests/core.

    python -m tests.fuzz.make_seeds FOLDER [MODEL.tflite ...]

Each seed is one or two layers of a few hundred bytes, so that tests can alter every bit of it. Models
named behind the folder are converted and put beside them.
"""

from __future__ import annotations

import sys
from pathlib import Path

from midge.convert.pipeline import Conversion, convert_graph, convert_model
from midge.fileformat.opset import ops
from tests.fuzz.seeds import SEEDS, float32, int8, int16, motion, recurrent, sight, signal

FAMILIES = (int8, int16, float32, recurrent, signal, motion, sight)  # each fills SEEDS


def main() -> None:
    """Write the seeds, and see that they use every op."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    unused = set(ops())
    for name, make in SEEDS.items():
        g = make()
        found: Conversion = convert_graph(g, g.labels, name, 0)
        unused -= {step.op.name for step in found.program.steps}
        (folder / f"{name}.midge").write_bytes(found.blob)
    if unused:
        sys.exit(f"make_seeds: no seed uses {', '.join(sorted(unused))}; add one")
    for name in ("conv_same", "conv_1x1", "depthwise_same"):  # packed, for what the checks of layouts refuse
        g = SEEDS[name]()
        found = convert_graph(g, g.labels, name, 0, "cortex-m55")
        (folder / f"{name}_m55.midge").write_bytes(found.blob)
    for model in sys.argv[2:]:
        (folder / f"{Path(model).stem}.midge").write_bytes(convert_model(model).blob)


if __name__ == "__main__":
    main()
