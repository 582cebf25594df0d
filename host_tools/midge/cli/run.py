# SPDX-License-Identifier: MIT
"""midge run: a model's answers on this machine, computed by the core that runs on the boards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import click
import numpy as np

from ..convert.models import load_any
from ..errors import UserError
from ..fileformat.read import decode
from ..samples.datasets import channels_behind
from .output import console, print_json, print_next, print_table


def read_samples(path: Path, shape: Sequence[int]) -> np.ndarray:
    """Samples as [runs, elements] float32 from .npy, .npz (its first array) or .csv, for an input of this shape.

    Raises UserError.
    """
    elements = int(np.prod(shape, dtype=np.int64))
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as archive:
                values = archive[archive.files[0]]
        elif path.suffix == ".npy":
            values = np.load(path, allow_pickle=False)
        elif path.suffix in (".csv", ".txt"):
            values = np.loadtxt(path, np.float32, delimiter=",", ndmin=2, skiprows=_header_rows(path))
        else:
            raise UserError(f"{path}: samples can be .npy, .npz or .csv, not '{path.suffix}'")
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}; check the path") from error
    except (ValueError, EOFError, IndexError) as error:
        raise UserError(f"{path}: no numbers could be read from it ({error})") from error
    if values.dtype.kind not in "iufb" or values.size == 0 or values.size % elements:
        raise UserError(
            f"{path}: holds {values.size} values of {values.dtype} {list(values.shape)}; "
            f"the model wants {elements} numbers a run"
        )
    return np.asarray(channels_behind(values, shape), np.float32).reshape(-1, elements)


def _header_rows(path: Path) -> int:
    first = path.open(encoding="utf-8").readline().split(",")[0].strip()
    try:
        float(first)
    except ValueError:
        return 0 if first.startswith("#") else 1
    return 0


def answers(blob: bytes, samples: np.ndarray) -> Iterator[dict[str, Any]]:
    """The model's answer to each sample: label, score and scores."""
    from .. import load

    model = load(blob)
    for sample in samples:
        start = perf_counter()
        result = model(sample)
        yield {"label": result.label, "score": result.score, "scores": list(result.scores),
               "microseconds": (perf_counter() - start) * 1e6}  # fmt: skip


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("samples", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the answers as JSON.")
def run(model: Path, samples: Path, as_json: bool) -> None:
    """Run MODEL on SAMPLES: real numbers, in the units that the network was trained on."""
    blob = load_any(model)
    file = decode(blob)
    if len(file.inputs) != 1:
        raise UserError(f"{model}: has {len(file.inputs)} inputs; from Python, midge.load(...) takes them all")
    shape = file.tensors[file.inputs[0]].shape
    found = list(answers(blob, read_samples(samples, shape)))
    if as_json:
        print_json(found)
        return
    names = file.labels or [str(i) for i in range(len(found[0]["scores"]))]
    headers = ["run", "label", *names] if len(names) <= 12 else ["run", "label", "score"]
    rows = []
    for i, answer in enumerate(found):
        scores = answer["scores"] if len(names) <= 12 else [answer["score"]]
        rows.append([str(i), str(answer["label"]), *(f"{s:.3f}" for s in scores)])
    print_table(headers, rows, right=(0, *range(2, len(headers))))
    console.print(f"{len(found)} runs, {np.median([a['microseconds'] for a in found]):.0f} us each on this machine")
    print_next(f"midge upload {model}")
