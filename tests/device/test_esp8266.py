# SPDX-License-Identifier: MIT
"""What fits an ESP8266: its heap on QEMU's core, code moved away to flash as its firmware does, a module for a model.

That core faults at a load across words, as the chip does. That flash has no bytes there, it does not know.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from midge import load
from midge.convert.pipeline import convert_model
from midge.link import modules as packages
from midge.link.identity import Identity
from midge.link.install import Installation, _prove
from midge.link.transport import BoardError
from midge.link.transport.agent import find_reply, install_line, request_line
from midge.targets.boards import load_board
from tests.support import WAND_MODEL
from tests.support.boards import built, make, module_of
from tests.support.device_scripts import search_path

pytestmark = [pytest.mark.boards, pytest.mark.emulator]

HEAP_BYTES = load_board("ESP8266_GENERIC").heap_bytes
IDENTITY = Identity("micropython", (1, 25, 0), "lx106", 9 << 10 | 0x306, "", HEAP_BYTES, [], "", "", "/")
ANSWER = """
import gc
gc.collect()
print(gc.mem_free())
import midge
gc.collect()
print(gc.mem_free())
wand = midge.load("wand.midge")
x, y = bytes(range(144)) * 2, bytearray(6)
wand.run(x, out=y)
gc.collect()
print(gc.mem_free())
print(*y)
"""


def run_there(folder: Path, script: str, heap_bytes: int = HEAP_BYTES) -> subprocess.CompletedProcess[str]:
    """Run a script, with an ESP8266's heap; what it imports lies in `folder`."""
    row = load_board("lx106-sim")
    firmware = built(f"build/firmware/lx106-sim-bare/{row.firmware}", "make firmware BOARD=lx106-sim BARE=1")
    (folder / "script.py").write_text(script)
    environment = os.environ | {"MICROPYPATH": search_path(folder), "MICROPYHEAP": str(heap_bytes)}
    return subprocess.run([*row.launcher.split(), firmware, "script.py"], cwd=folder, env=environment, text=True,
                          capture_output=True, timeout=120)


@pytest.fixture
def lib(tmp_path: Path) -> Path:
    """A folder with the compiled package."""
    for name, content in packages.device_package().items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return tmp_path


@pytest.mark.parametrize("target", [None, "ESP8266_GENERIC"], ids=["as-it-is", "packed"])
def test_a_module_for_one_model_and_the_model(lib: Path, target: str | None) -> None:
    (lib / "wand.midge").write_bytes(convert_model(WAND_MODEL, target=target).blob)
    done = make("natmod", "ARCH=xtensa", f"OPS_FROM={lib / 'wand.midge'}", f"NATMOD={lib}")
    assert done.returncode == 0, done.stdout + done.stderr
    said = run_there(lib, ANSWER)
    assert said.returncode == 0, said.stdout + said.stderr
    free, with_midge, with_model, answer = said.stdout.splitlines()
    expected = bytearray(6)
    load(lib / "wand.midge").run(bytes(range(144)) * 2, out=expected)
    assert answer == " ".join(map(str, expected))
    assert int(free) - int(with_midge) <= 7 * 1024, said.stdout  # ports/README.md
    assert int(with_model) >= (16 if target else 18) * 1024, said.stdout
    installed = Installation(IDENTITY, "/lib")
    _prove(OnTheCore(lib), installed)  # type: ignore[arg-type]
    assert (installed.microseconds is None) == (target is not None)  # the test model is not packed
    assert installed.free_ram_after >= 23 * 1024


class OnTheCore:
    """What midge install talks to: the agent runs there, with every request in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def ask(self, code: str, data: bytes = b"", silence_s: float = 0) -> str:
        said = run_there(self.folder, install_line() + request_line(1, code, data))
        reply = find_reply(1, said.stdout.encode())
        assert reply is not None, said.stdout + said.stderr
        if reply.kind != "=":
            raise BoardError(reply.text)
        return reply.text


def test_all_ops_do_not_fit_and_say_so(lib: Path) -> None:
    (lib / "_midge.mpy").write_bytes(module_of("xtensa"))
    assert "MemoryError: memory allocation failed" in run_there(lib, "import midge").stdout


def test_a_file_that_has_no_bytes_is_refused(lib: Path) -> None:
    (lib / "_midge.mpy").write_bytes(module_of("xtensa"))
    done = run_there(lib, "import _midge, uctypes\n_midge.Model(uctypes.bytearray_at(0x40200000, 64))", 0x40_0000)
    assert "ValueError: the file is in flash, where this chip reads no bytes" in done.stdout
