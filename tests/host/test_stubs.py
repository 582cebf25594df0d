# SPDX-License-Identifier: MIT
"""The type stubs of the device package say what the package says: names, parameters and defaults; mypy takes them."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

DEVICE = Path(__file__).resolve().parents[2] / "mpy_lib"
STUBS = DEVICE / "stubs"
MODULES = {path: STUBS / f"midge/{path.stem}.pyi" for path in sorted((DEVICE / "midge").glob("*.py"))} | {
    path: STUBS / f"{path.stem}.pyi" for path in sorted((DEVICE / "drivers").glob("*.py"))
}

SAMPLE = """
from array import array
import midge
from i2s_microphone import I2SMicrophone
from lsm9ds1 import LSM9DS1
from midge.gates import energy

wand = midge.load("wand.midge", arena=bytearray(2496), checksum=False)
score: float = wand([[0.0, 0.0, 1.0]] * 96).score
imu = LSM9DS1(None, accel_g=4)
label: str | int = wand(array("f", [0] * 288)).label
label = wand.label(0)
wand.run(bytes(288), out=bytearray(6))
wand.run(array("b", [0] * 288), out=[bytearray(6)])
names = [answer.label for answer in wand.stream(imu.read, threshold=0.8)]
names = [answer.label for answer in wand.stream(imu, votes=(2, 3))]
microseconds: float = wand.profile([0.0] * 288, runs=3).total_us
shape: tuple[int, ...] = wand.inputs[0].shape
awake: list[float] = [beat * midge.duty(10_000).share for beat in midge.duty(1000)]
gates = midge.cascade(("loud", energy(rise=2.0)), lambda x: wand(x).score > 0.5)
mic = I2SMicrophone(0, None, None, None, channel="right")
words = [heard.label for heard in midge.listen(mic, wand, threshold=0.9, mean=[5])]
asked: list[tuple[str, int, int, float]] = gates.shares()
"""
WRONG = """
import midge
wand = midge.load(5)
wand.steam(None)
wand.run(bytes(288), out=b"constant")
wand.stream(lambda: 1.0, treshold=0.8)
wand().scores.label
midge.listen(wand)
midge.listen(None, wand, treshold=0.8)
"""


def is_public(name: str) -> bool:
    return not name.startswith("_") or name in ("__init__", "__call__", "__version__")


def signature(function: ast.FunctionDef) -> str:
    """The parameters with their defaults but without types, and what decorates the function, but for native code."""
    for argument in ast.walk(function.args):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    native = ("micropython.viper", "micropython.asm_thumb")
    decorators = [f"@{d}" for d in map(ast.unparse, function.decorator_list) if d not in native]
    return " ".join([*decorators, f"({ast.unparse(function.args)})"])


def attributes(cls: ast.ClassDef) -> Iterator[str]:
    """What a class declares (a stub) or gives itself in __init__ (a module)."""
    for node in ast.walk(cls):
        target = node.target if isinstance(node, ast.AnnAssign) else None
        for each in node.targets if isinstance(node, ast.Assign) else [target]:
            if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id == "self":
                yield each.attr
            elif isinstance(each, ast.Name) and each in [getattr(n, "target", None) for n in cls.body]:
                yield each.id


def public(path: Path) -> dict[str, object]:
    """Every public name of a module, with a signature for functions, and the same again for the members of classes."""
    found: dict[str, object] = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = signature(node)
        elif isinstance(node, ast.ClassDef):
            names = list(filter(is_public, attributes(node)))
            found[node.name] = names if "NamedTuple" in map(ast.unparse, node.bases) else sorted(set(names))
            for member in node.body:
                if isinstance(member, ast.FunctionDef):
                    found[f"{node.name}.{member.name}"] = signature(member)
        elif isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("namedtuple("):
            assert isinstance(node.value, ast.Call)
            found[ast.unparse(node.targets[0])] = list(ast.literal_eval(node.value.args[1]))
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            name = ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target)
            found[name] = "a value"
    return {name: what for name, what in found.items() if all(map(is_public, name.split(".")))}


def check(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "script.py").write_text(script)
    options = ["--strict", "--no-site-packages", "--cache-dir", folder / "cache"]
    command = [sys.executable, "-m", "mypy", *options, "script.py"]
    environment = os.environ | {"MYPYPATH": str(STUBS)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_a_stub_has_the_names_parameters_and_defaults_of_its_module(module: Path) -> None:
    wanted = public(module)
    assert wanted
    assert public(MODULES[module]) == wanted


def test_what_is_imported_later_is_in_the_stub_of_the_package() -> None:
    def assigned(node: ast.stmt) -> str:
        return ast.unparse(node.targets[0]) if isinstance(node, ast.Assign) else ""

    package, stub = (ast.parse(path.read_text(encoding="utf-8")).body
                     for path in (DEVICE / "midge/__init__.py", STUBS / "midge/__init__.pyi"))
    later = next(ast.literal_eval(node.value) for node in package
                 if isinstance(node, ast.Assign) and assigned(node) == "_LATER")
    imports = [node for node in stub if isinstance(node, ast.ImportFrom)]
    assert later == {name.asname: node.module for node in imports for name in node.names if name.asname}


def test_no_stub_is_left_over() -> None:
    assert set(STUBS.rglob("*.pyi")) == set(MODULES.values())


def test_mypy_takes_what_is_right(tmp_path: Path) -> None:
    done = check(SAMPLE, tmp_path)
    assert done.returncode == 0, done.stdout


def test_mypy_refuses_what_is_wrong(tmp_path: Path) -> None:
    lines = {line.split(":")[1] for line in check(WRONG, tmp_path).stdout.splitlines() if ": error:" in line}
    assert lines == {"3", "4", "5", "6", "7", "8", "9"}
