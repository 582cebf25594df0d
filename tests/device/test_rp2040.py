# SPDX-License-Identifier: MIT
"""Firmware for the Raspberry Pi Pico, run by an emulated RP2040: a model arrives over ampy and survives a reboot.

The emulator executes the very UF2 that goes onto a board, boot ROM and flash file system included.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from littlefs import LittleFS

from midge.convert.pipeline import convert_model
from midge.profiling.count import count
from midge.targets.boards import load_board
from midge.targets.cores import find_emulated
from tests.support import ROOT, WAND_MODEL
from tests.support.boards import Board, built
from tests.support.device_scripts import OF_THE_MODULE, SCRIPTS, check, rom_files, search_path

pytestmark = [pytest.mark.boards, pytest.mark.emulator]

BIN = Path(sys.executable).parent


class Pico:
    """A running RP2040 whose flash file system lies in a file between runs."""

    def __init__(self, image: Path, flash: Path) -> None:
        self.board = load_board("RPI_PICO")
        self.port = ""
        command: list[str | Path] = [BIN / "rp2040py", "micropython", "--image", image, "--pty", "--dump-fs", flash]
        command += ["--littlefs", flash] if flash.exists() else []
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        env=os.environ | {"PYTHONUNBUFFERED": "1"})
        assert self.process.stdout is not None
        said = ""
        while not self.port:
            line = self.process.stdout.readline()
            assert line, f"the emulator ended: {said}"
            said += line
            found = re.search(r"/dev/pts/\d+", line)
            self.port = found[0] if found else ""

    def stop(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=30)

    def processor_seconds(self) -> float:
        """Return what the emulator has taken of a processor, user and system."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def ampy(self, *arguments: str | Path) -> str:
        done = subprocess.run([BIN / "ampy", "-p", self.port, "-d", "1", *arguments], capture_output=True, text=True,
                              timeout=400)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


QUESTION = """
import _midge, midge, sys
wand = midge.load("wand.midge")
x = bytes([(7 * i + i // 3) % 251 for i in range(288)])
out = bytearray(6)
wand.run(x, out=out)
print("answer", out.hex() if hasattr(out, "hex") else bytes(out))
"""

# The emulator's clock goes by the cycles that Arm gives for the M0+; it knows nothing of wait states of flash.
CLOCK = """
import time
best = 1 << 30
for i in range(3):
    t = time.ticks_us()
    wand.run(x, out=out)
    best = min(best, time.ticks_diff(time.ticks_us(), t))
print("microseconds", best)
"""


def test_a_model_over_ampy_survives_a_reboot(tmp_path: Path) -> None:
    firmware = built("build/firmware/RPI_PICO/firmware.uf2", "make firmware BOARD=RPI_PICO")
    model, script = tmp_path / "wand.midge", tmp_path / "question.py"
    blob = convert_model(WAND_MODEL, target="RPI_PICO").blob
    model.write_bytes(blob)
    script.write_text(QUESTION)
    host = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=True,
                          env=os.environ | {"PYTHONPATH": search_path(ROOT / "host_tools")})
    assert host.stdout.startswith("answer ")
    flash = tmp_path / "flash.img"
    pico = Pico(firmware, flash)
    try:
        pico.ampy("put", model, "wand.midge")
        script.write_text(QUESTION + CLOCK)
        *answer, _, microseconds = pico.ampy("run", script).split()
        assert answer == host.stdout.split()
    finally:
        pico.stop()
    target = find_emulated("cortex-m0plus")
    estimate = count(blob, target).total.cycles(target.cycles) / pico.board.clock_hz * 1e6
    print(f"wand by the emulated RP2040's clock: {microseconds} us; midge profile estimates {estimate:.0f} us")
    assert 0.95 < int(microseconds) / estimate < 1.05, "the firmware runs other code than midge profile counts"
    script.write_text(QUESTION)
    pico = Pico(firmware, flash)  # the power was off; what flash held it holds
    try:
        assert pico.ampy("run", script).split() == host.stdout.split()
    finally:
        pico.stop()


@pytest.fixture(scope="module")
def bare(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    """A Pico with firmware that holds no Midge; the package and the native module lie on its file system."""
    firmware = built("build/firmware/RPI_PICO-bare/firmware.uf2", "make firmware BOARD=RPI_PICO BARE=1")
    module = built("build/natmod/armv6m/_midge.mpy", "make natmod ARCH=armv6m")
    flash = tmp_path_factory.mktemp("pico") / "flash.img"
    flash.write_bytes(file_system({**rom_files(), "lib/_midge.mpy": module.read_bytes()}))
    pico = Pico(firmware, flash)
    try:
        yield Board(pico)  # type: ignore[arg-type]
    finally:
        pico.stop()


def file_system(files: dict[str, bytes]) -> bytes:
    """Return the image of a Pico's file system; through the REPL of the emulator files take minutes."""
    littlefs = LittleFS(block_size=4096, block_count=352)
    for path, content in files.items():
        littlefs.makedirs(str(Path(path).parent), exist_ok=True)
        with littlefs.open(path, "wb") as file:
            file.write(content)
    return bytes(littlefs.context.buffer)


# At three million instructions a second, damaging every byte of a file would take minutes, and so would a hundred runs
# where one that allocates is seen as well.
FOR_THE_PICO = {"/rom/": "/", "range(0, len(DATA))": "range(0, len(DATA), 9)",
                "for _ in range(100):": "for _ in range(9):"}

# Python over a pretended microphone takes minutes; the emulated M0+ runs it, with this very module.
ON_THE_PICO = [name for name in OF_THE_MODULE if name not in ("hearing", "listening")]


@pytest.mark.parametrize("name", ON_THE_PICO)
def test_the_native_module_on_stock_firmware(bare: Board, name: str) -> None:
    pico: Pico = bare.simulator  # type: ignore[assignment]
    before = pico.processor_seconds()
    script = (SCRIPTS / f"{name}.py").read_text()
    for there, here in FOR_THE_PICO.items():
        script = script.replace(there, here)
    check(bare.run(script, timeout_s=300))
    assert 0 < pico.processor_seconds() - before < 300  # of a processor, which other tests use as well
