# SPDX-License-Identifier: MIT
"""Export small PyTorch modules as ONNX files, with what PyTorch answers beside them, for tests.conformance.

    python -m tests.torch FOLDER [--only gru] [--exporter torchscript]

A module that an exporter refuses is named and not written. Run by the Python of build/venv-torch.
"""

from __future__ import annotations

import argparse
import logging
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.torch.modules import Module, every

EXPORTERS = {"torchscript": False, "dynamo": True}
RUNS = 2


def main() -> None:
    """Export; the exit code is 1 where an exporter refuses more than one in twenty."""
    parser = argparse.ArgumentParser(description="Export small PyTorch modules as ONNX files.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="", help="only modules whose name has this in it")
    parser.add_argument("--exporter", choices=EXPORTERS, help="only this one of the two")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable()
    made, refused = 0, []
    for name in [options.exporter] if options.exporter else EXPORTERS:
        folder = options.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        for module in every():
            if options.only not in module.name:
                continue
            try:
                export(module, EXPORTERS[name], folder / f"{module.name}.onnx")
                made += 1
            except Exception as error:  # an exporter has no family of errors
                refused.append(f"{name}/{module.name}: {type(error).__name__}: {' '.join(str(error).split())[:120]}")
    print("".join(f"not exported: {line}\n" for line in refused), end="")
    print(f"{made} exports of PyTorch {torch.__version__} in {options.folder}, {len(refused)} refused by PyTorch")
    sys.exit(len(refused) * 20 > made)


def export(module: Module, dynamo: bool, path: Path) -> None:
    """Write a module as an ONNX file, and its answers to some inputs beside it."""
    torch.manual_seed(len(module.name) + sum(map(ord, module.name)))
    network = module.make().eval()
    runs = [module.inputs() for _ in range(RUNS)]
    answers = [flat(network(*run)) for run in runs]
    torch.onnx.export(network, runs[0], str(path), dynamo=dynamo, verbose=False)
    arrays = {f"input_{j}": np.stack([run[j].numpy() for run in runs]) for j in range(len(runs[0]))}
    arrays |= {f"output_{j}": np.stack([run[j] for run in answers]) for j in range(len(answers[0]))}
    np.savez(path.with_suffix(".npz"), **arrays)  # type: ignore[arg-type]


def flat(answer: Any) -> list[np.ndarray]:
    """The arrays of what a network returns, in the order of an ONNX file's outputs."""
    if isinstance(answer, torch.Tensor):
        return [answer.detach().numpy()]
    return [array for part in answer for array in flat(part)]


if __name__ == "__main__":
    main()
