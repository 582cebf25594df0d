# SPDX-License-Identifier: MIT
"""midge sim: what it says, that it ends with its QEMU, and what it answers to mistakes."""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from midge.convert.camera import put_camera, read_camera
from midge.convert.pipeline import convert_graph
from midge.link.simulator import Simulator
from midge.train.pictures.model import integers_of
from midge.train.pictures.network import Shape, float_graph, untrained
from tests.support import ROOT, WAND
from tests.support.command import MIDGE, midge, refusal
from tests.support.waves import wave_bytes

WING = WAND / "samples/wing/person140-0.csv"
SIM = [*MIDGE, "sim"]


def refused(*arguments: str, **environment: str) -> str:
    """Run midge sim, which must fail at once with one line."""
    done = subprocess.run([*SIM, *arguments], capture_output=True, text=True, timeout=60, env=os.environ | environment)
    assert done.returncode == 1 and not done.stdout
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr.strip()


CSV_MISTAKES = {
    "binary": (bytes(range(256)), "not a CSV file"),
    "prose": (b"hello, this is a letter\n", "no samples in it"),
    "empty": (b"", "no samples in it"),
    "only names": (b"x,y,z\n", "no samples in it"),
    "four columns": (b"t,x,y,z\n0,1,2,3\n", ":2: 4 columns; wanted x, y, z in g"),
    "ragged": (b"1,2,3\n1,2\n", ":2: 2 columns, 3 above"),
    "NaN": (b"x,y,z\n1,2,3\n1,nan,3\n", ":3: 'nan' is no finite number"),
    "infinite": (b"1,2,1e99\n", ":1: '1e99' is no finite number"),
    "a word": (b"1,2,3\n1,two,3\n", ":2: 'two' is no finite number"),
    "two lines in quotes": (b'1,2,3\n1,"t\nwo",3\n', r"'t\nwo' is no finite number"),
    "too long": (b"1,2,3\n" * 90_000, "1080008 B for sensor; qemu-cortex-m4 has room for 1048576 B"),
}


@pytest.mark.parametrize("mistake", CSV_MISTAKES)
def test_a_sensor_file_that_is_none(tmp_path: Path, mistake: str) -> None:
    content, words = CSV_MISTAKES[mistake]
    if mistake == "too long":
        runnable()
    (tmp_path / "samples.csv").write_bytes(content)
    assert words in refused("--sensor", str(tmp_path / "samples.csv"))


def test_a_sound_that_cannot_be_heard(tmp_path: Path) -> None:
    runnable()
    sound = tmp_path / "sound.wav"
    assert "nowhere.wav: No such file or directory; check the path" in refused("--mic", str(tmp_path / "nowhere.wav"))
    sound.write_bytes(b"ID3\x04")
    assert "an MP3 file, though named .wav" in refused("--mic", str(sound))
    sound.write_bytes(wave_bytes(np.zeros((66 * 16000, 1)), 16000))
    assert "66.0 s of sound at 16000 Hz; the microphone holds 65.5 s: cut it" in refused("--mic", str(sound))


def test_what_a_package_without_a_checkout_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing there speaks of make alone, or of a file that only the repository has."""
    runnable()
    (tmp_path / "data").mkdir()
    (tmp_path / "data/boards").symlink_to(ROOT / "ports/boards")
    monkeypatch.setattr("midge.resources.PACKAGE", tmp_path)
    monkeypatch.setattr("midge.resources.is_checkout", lambda: False)
    monkeypatch.setattr("midge.link.simulator.is_checkout", lambda: False)
    said = refusal("sim", "--board", "qemu-cortex-m7")
    assert "the package brings that of RPI_PICO, " in said
    assert "name a file, or in a checkout run: make firmware BOARD=qemu-cortex-m7" in said
    assert "pip install --force-reinstall --only-binary midge midge" in refusal("sim", "--stock")
    monkeypatch.setenv("PATH", "")
    assert refusal("sim").endswith("run: apt-get install qemu-system-arm")
    monkeypatch.setattr("sys.platform", "win32")
    assert "which Windows lacks; run midge in WSL" in refusal("sim")


def test_other_mistakes(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("notes")
    assert "no board is called 'nix'; known boards: " in refused("--board", "nix")
    assert "RPI_PICO is not simulated; choose " in refused("--board", "RPI_PICO")
    assert "nowhere.csv: no such file" in refused("--sensor", str(tmp_path / "nowhere.csv"))
    assert "a folder; --flash wants a file" in refused("--flash", str(tmp_path))
    assert "make it first" in refused("--flash", str(tmp_path / "nowhere" / "flash.img"))
    assert "no such file or folder" in refused("--romfs", str(tmp_path / "nowhere"))
    assert "--stock and --firmware both name the firmware" in refusal("sim", "--stock", "--firmware", "fw.elf")
    assert "--model and --romfs both fill /rom" in refusal("sim", "--model", "w.midge", "--romfs", tmp_path)
    assert "nowhere.midge: No such file" in refusal("sim", "--model", tmp_path / "nowhere.midge")
    assert "notes.txt: " in refusal("sim", "--model", tmp_path / "notes.txt")
    assert "--board emulates one, --port is that of a real one" in refusal("demo", "--board", "x", "--port", "y")
    assert "no ROMFS image; make one with: mpremote romfs build" in refused("--romfs", str(tmp_path / "notes.txt"))


def test_qemu_is_missing(tmp_path: Path) -> None:
    assert "qemu-system-arm is not installed; run: ports/toolchain.sh arm" in refused(PATH=str(tmp_path))
    words = "qemu-system-riscv32 is not installed; run: ports/toolchain.sh riscv"
    assert words in refused("--board", "qemu-rv32", PATH=str(tmp_path))


def test_firmware_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("qemu-system-arm") is None:
        pytest.skip("qemu-system-arm is missing: ports/toolchain.sh arm")
    monkeypatch.setattr("midge.link.simulator.built_firmware", lambda board, file: tmp_path / board / file)
    done = midge("sim")
    assert done.returncode == 1
    assert done.stderr == ("midge: qemu-cortex-m4: there is no firmware for it here; "
                           "run: make firmware BOARD=qemu-cortex-m4, or name a file\n")
    assert midge("sim", "--firmware", "nix.elf").stderr.startswith("midge: nix.elf: no such file")


def runnable() -> None:
    simulator = Simulator("qemu-cortex-m4")
    if not simulator.firmware.is_file() or not shutil.which(simulator.qemu.system):
        pytest.skip("not built: make firmware BOARD=qemu-cortex-m4")


def children(pid: int) -> list[int]:
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def read_until(process: subprocess.Popen[str], words: str) -> str:
    assert process.stdout is not None
    seen, end = "", time.monotonic() + 30
    while words not in seen and time.monotonic() < end:
        if select.select([process.stdout], [], [], 0.1)[0]:
            seen += os.read(process.stdout.fileno(), 4096).decode()
    assert words in seen
    return seen


@pytest.mark.emulator
def test_what_a_camera_sees_has_its_driver(tmp_path: Path) -> None:
    """Examples that look through a FileCamera run as they are on the board that midge sim starts."""
    runnable()
    Image.new("RGB", (40, 40), (0, 200, 0)).save(tmp_path / "green.png")
    x = np.zeros((2, 24, 24, 3), np.uint8)
    shape = Shape(24, 24, 3, 2, 4)
    graph = put_camera(integers_of(float_graph(untrained(shape), shape, 1.0, "n"), x, "n"),
                       read_camera("rgb565,32x24"), "n")
    (tmp_path / "n.midge").write_bytes(convert_graph(graph, ["a", "b"], "n", 0).blob)
    command = [*SIM, "--model", str(tmp_path / "n.midge"), "--camera", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        said = read_until(process, "Ctrl-C stops the board")
        port = re.search(r"QEMU Cortex-M4F on (\S+)", said)
        assert port is not None and "1 picture as rgb565,32x24" in said
        code = ("import midge, os\nos.chdir('/rom')\nfrom file_camera import FileCamera\n"
                "for answer in midge.watch(midge.load('n.midge'), FileCamera('camera.bin', 'rgb565', 32, 24)): "
                "print(answer.label in 'ab')")
        mpremote = [str(Path(sys.executable).with_name("mpremote")), "connect", port[1], "exec", code]
        done = subprocess.run(mpremote, capture_output=True, text=True, timeout=60)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    finally:
        process.kill()
    assert done.stdout.split() == ["True"], done.stdout + done.stderr


@pytest.mark.emulator
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_it_runs_until_it_is_told_to_stop(tmp_path: Path, end: signal.Signals) -> None:
    runnable()
    image = tmp_path / "flash.img"
    command = [*SIM, "--sensor", str(WING), "--flash", str(image)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        said = read_until(process, "Ctrl-C stops the board")
        port = re.search(r"QEMU Cortex-M4F on (\S+)", said)
        assert port is not None
        for line in ("mpremote connect {}", "ampy -p {} ls", "midge upload wand.midge --port {}"):
            assert line.format(port[1]) in said
        assert "plays 96 samples of acceleration" in said
        (qemu,) = children(process.pid)
        put = "with open('kept.txt', 'w') as f: f.write('here')"
        mpremote = [str(Path(sys.executable).with_name("mpremote")), "connect", port[1]]
        done = subprocess.run([*mpremote, "exec", put], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        process.send_signal(end)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0 and not err
    assert "stopped" in out and str(image) in out
    assert not Path(f"/proc/{qemu}").exists()
    with Simulator("qemu-cortex-m4", flash=image) as board:
        mpremote[2] = board.port
        done = subprocess.run([*mpremote, "cat", "kept.txt"], capture_output=True, text=True, timeout=60)
    assert done.stdout == "here"


@pytest.mark.emulator
def test_a_board_that_faults_says_so(tmp_path: Path) -> None:
    runnable()
    process = subprocess.Popen(SIM, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        port = re.search(r" on (\S+)", read_until(process, "Ctrl-C stops the board"))
        assert port is not None
        with open(port[1], "wb", buffering=0) as terminal:
            time.sleep(1)  # until its prompt
            terminal.write(b"import machine; machine.mem32[0] = 1\r")
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 1
    assert err.startswith("midge: the board ended with status 70: FATAL: MemManage")
