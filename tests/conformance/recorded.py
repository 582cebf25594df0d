# SPDX-License-Identifier: MIT
"""Recorded inputs and outputs of ONNX models, in the three forms in which collections keep them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from midge.errors import UserError

Arrays = list[np.ndarray]


def recording_of(path: Path) -> tuple[list[Arrays], list[Arrays]]:
    """Inputs and outputs of each run: <name>.npz, inputs.npz and outputs.npz, or test_data_set_<n>/*.pb."""
    whole, folder = path.with_suffix(".npz"), path.parent
    if whole.is_file():
        with np.load(whole, allow_pickle=False) as z:
            return tuple([list(run) for run in zip(*_numbered(z, kind), strict=True)]
                         for kind in ("input_", "output_"))  # type: ignore[return-value]
    if (folder / "inputs.npz").is_file():
        with np.load(folder / "inputs.npz", allow_pickle=False) as x, np.load(folder / "outputs.npz") as y:
            return [_numbered(x, "")], [_numbered(y, "")]
    sets = sorted(folder.glob("test_data_set_*"))
    if not sets:
        raise UserError("no recorded outputs beside it")
    return [_protobufs(s, "input") for s in sets], [_protobufs(s, "output") for s in sets]


def _numbered(archive: np.lib.npyio.NpzFile, prefix: str) -> Arrays:
    names = [n for n in archive.files if n.startswith(prefix) and n.rsplit("_", 1)[-1].isdecimal()]
    if not names and not prefix:
        return [archive[n] for n in archive.files]
    return [archive[n] for n in sorted(names, key=lambda n: int(n.rsplit("_", 1)[-1]))]


def _protobufs(folder: Path, kind: str) -> Arrays:
    import onnx
    from onnx import numpy_helper

    files = sorted(folder.glob(f"{kind}_*.pb"), key=lambda p: int(p.stem.rsplit("_", 1)[-1]))
    return [numpy_helper.to_array(onnx.TensorProto.FromString(p.read_bytes())) for p in files]
