# SPDX-License-Identifier: MIT
"""midge flash with a stand-in for esptool and a folder that plays the boot loader's drive."""

from __future__ import annotations

import gzip
import json
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from midge.errors import UserError
from midge.link import uf2
from midge.link.flash import BUILT_HERE, plan_flash
from midge.targets.boards import load_board, load_boards
from tests.support import ROOT
from tests.support.command import Done, midge

RP2040, RP2350 = 0xE48BFF56, 0xE48BFF59
INFO = "UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: {}\r\n"

# Behaves as esptool 5 does as far as its callers see: command names, exit status, last line.
FAKE_ESPTOOL = """
import os, sys
if __name__ == "__main__":
    open(os.environ["FAKE_LOG"], "w").write("\\n".join(sys.argv[1:]))
    print("esptool v5.0.0")
    print(os.environ.get("FAKE_SAYS", "Hash of data verified."))
    sys.exit(2 if "FAKE_SAYS" in os.environ else 0)
"""


def uf2_file(path: Path, family: int, blocks: int = 3) -> Path:
    made = b""
    for block in range(blocks):
        head = struct.pack("<8I", 0x0A324655, 0x9E5D5157, 0x2000, 0x10000000 + 256 * block, 256, block, blocks, family)
        made += head + bytes(476) + struct.pack("<I", 0x0AB16F30)
    path.write_bytes(made)
    return path


@pytest.fixture
def drive(tmp_path: Path) -> Path:
    place = tmp_path / "RPI-RP2"
    place.mkdir()
    (place / "INFO_UF2.TXT").write_text(INFO.format("RPI-RP2"))
    return place


def flash(*arguments: object, **environment: str) -> Done:
    return midge("flash", *arguments, **environment)


def test_uf2_is_copied_onto_the_drive(tmp_path: Path, drive: Path) -> None:
    firmware = uf2_file(tmp_path / "fw.uf2", RP2040)
    done = flash("RPI_PICO", firmware, "--drive", drive)
    assert done.returncode == 0, done.stderr
    assert (drive / "firmware.uf2").read_bytes() == firmware.read_bytes()
    assert "Raspberry Pi Pico has its firmware: 1,536 B" in done.stdout and "next: midge boards" in done.stdout


def test_uf2_may_be_packed_as_it_is_in_a_package(tmp_path: Path, drive: Path) -> None:
    content = uf2_file(tmp_path / "fw.uf2", RP2040).read_bytes()
    firmware = tmp_path / "fw.uf2.gz"
    firmware.write_bytes(gzip.compress(content))
    told = flash("RPI_PICO", firmware, "--drive", drive, "--dry-run").stdout.replace("\n", "")
    assert f"gunzip -c {firmware} > {drive / 'firmware.uf2'}" in told
    done = flash("RPI_PICO", firmware, "--drive", drive)
    assert (drive / "firmware.uf2").read_bytes() == content
    assert "has its firmware: 1,536 B" in done.stdout


def test_a_damaged_or_endless_packed_uf2(tmp_path: Path, drive: Path) -> None:
    firmware = tmp_path / "fw.uf2.gz"
    whole = gzip.compress(uf2_file(tmp_path / "fw.uf2", RP2040).read_bytes())
    for content in (b"", b"no gzip", whole[:-9], whole[:20] + b"\xff" * 9 + whole[29:]):
        firmware.write_bytes(content)
        done = flash("RPI_PICO", firmware, "--drive", drive)
        assert done.returncode == 1 and done.stderr.startswith(f"midge: {firmware}: "), done.stderr
    firmware.write_bytes(gzip.compress(bytes((64 << 20) + 1)))
    assert "unpacks to over 64 MiB" in flash("RPI_PICO", firmware, "--drive", drive).stderr
    assert not (drive / "firmware.uf2").exists()


def test_a_dry_run_writes_nothing(tmp_path: Path, drive: Path) -> None:
    firmware = uf2_file(tmp_path / "fw.uf2", RP2040)
    done = flash("RPI_PICO", firmware, "--drive", drive, "--dry-run")
    assert done.returncode == 0 and f"cp {firmware} {drive}" in done.stdout.replace("\n", "")
    facts = json.loads(flash("RPI_PICO", firmware, "--drive", drive, "--dry-run", "--json").stdout)
    assert facts["written"] is False
    assert not (drive / "firmware.uf2").exists()


def test_firmware_for_another_chip(tmp_path: Path, drive: Path) -> None:
    firmware = uf2_file(tmp_path / "fw.uf2", RP2350)
    with pytest.raises(UserError, match=r"fw.uf2: is for an RP2350, RPI_PICO has an RP2040; run: make firmware BOARD="):
        plan_flash(load_board("RPI_PICO"), firmware, None, drive)
    with pytest.raises(UserError, match=r"is the boot loader of an RP2040, RPI_PICO2 has an RP2350"):
        plan_flash(load_board("RPI_PICO2"), firmware, None, drive)


def test_a_drive_that_is_none(tmp_path: Path) -> None:
    firmware = uf2_file(tmp_path / "fw.uf2", RP2040)
    with pytest.raises(UserError, match=r"no boot loader's drive \(it holds no INFO_UF2.TXT\); hold BOOTSEL"):
        plan_flash(load_board("RPI_PICO"), firmware, None, tmp_path)


def test_no_drive_and_two_drives(tmp_path: Path, drive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    firmware = uf2_file(tmp_path / "fw.uf2", RP2040)
    monkeypatch.setattr(uf2, "_mounts", lambda: [tmp_path])
    with pytest.raises(UserError, match=r"no boot loader's drive is mounted; hold BOOTSEL while plugging"):
        plan_flash(load_board("RPI_PICO"), firmware, None, None)
    monkeypatch.setattr(uf2, "_mounts", lambda: [drive, drive])
    with pytest.raises(UserError, match=r"2 boot loader drives found .*; choose one with --drive"):
        plan_flash(load_board("RPI_PICO"), firmware, None, None)
    monkeypatch.setattr(uf2, "_mounts", lambda: [tmp_path, drive])
    assert plan_flash(load_board("RPI_PICO"), firmware, None, None).command == f"cp {firmware} {drive}"


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b"x" + b[1:], lambda b: b""])
def test_damaged_uf2(tmp_path: Path, drive: Path, damage) -> None:
    firmware = uf2_file(tmp_path / "fw.uf2", RP2040)
    firmware.write_bytes(damage(firmware.read_bytes()))
    done = flash("RPI_PICO", firmware, "--drive", drive)
    assert done.returncode == 1 and "no UF2 file" in done.stderr and done.stderr.count("\n") == 1


@pytest.fixture
def esptool(tmp_path: Path) -> dict[str, str]:
    folder = tmp_path / "fake"
    folder.mkdir()
    (folder / "esptool.py").write_text(FAKE_ESPTOOL)
    return {"PYTHONPATH": str(folder), "FAKE_LOG": str(tmp_path / "log")}


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "firmware.bin"
    path.write_bytes(b"\xe9" + bytes(1000))
    return path


@pytest.mark.parametrize(
    ("board", "chip", "offset"),
    [
        ("ESP32_GENERIC", "esp32", "0x1000"),
        ("ESP32_GENERIC_S3", "esp32s3", "0x0"),
        ("ESP32_GENERIC_C3", "esp32c3", "0x0"),
        ("ESP8266_GENERIC", "esp8266", "0x0"),
    ],
)
def test_esptool_is_called_as_version_5_wants(esptool, image: Path, board: str, chip: str, offset: str) -> None:
    done = flash(board, image, "--port", "/dev/ttyUSB7", **esptool)
    assert done.returncode == 0, done.stderr
    said = Path(esptool["FAKE_LOG"]).read_text().split("\n")
    assert said == ["--chip", chip, "--port", "/dev/ttyUSB7", "--baud", "460800", "write-flash", offset, str(image)]


def test_the_real_esptool_knows_these_names() -> None:
    pytest.importorskip("esptool")
    done = subprocess.run([sys.executable, "-m", "esptool", "--chip", "esp32c3", "--port", "/dev/null", "--baud",
                           "460800", "write-flash", "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "write-flash" in done.stdout


@pytest.mark.parametrize(
    ("says", "words"),
    [
        ("A fatal error occurred: Failed to connect to ESP32: No serial data received.", "hold BOOT, press reset"),
        ("[Errno 13] could not open port: Permission denied", "no permission to open it; run: sudo usermod"),
        ("Could not exclusively lock port /dev/ttyUSB7", "in use by another program"),
        ("A fatal error occurred: this chip is ESP32-S3, not ESP32", "esptool failed: A fatal error"),
    ],
)
def test_what_esptool_fails_with(esptool, image: Path, says: str, words: str) -> None:
    done = flash("ESP32_GENERIC", image, "--port", "/dev/ttyUSB7", FAKE_SAYS=says, **esptool)
    assert done.returncode == 1 and words in done.stderr and done.stderr.count("\n") == 1


def test_no_image_for_the_chip(esptool, tmp_path: Path) -> None:
    wrong = tmp_path / "page.bin"
    wrong.write_text("<html>")
    done = flash("ESP32_GENERIC", wrong, "--port", "/dev/ttyUSB7", "--dry-run", **esptool)
    assert done.returncode == 1 and "no image for Espressif's boot loader" in done.stderr


def test_other_boards_get_the_command_to_type(tmp_path: Path) -> None:
    firmware = tmp_path / "fw.bin"
    firmware.write_bytes(b"code")
    done = flash("ARDUINO_NANO_33_BLE_SENSE", firmware, "--port", "/dev/ttyACM3")
    assert done.returncode == 0
    assert f"bossac --erase --write --verify --reset --offset=0x16000 --port=/dev/ttyACM3 {firmware}" in done.stdout
    assert "-f target/stm32f4x.cfg -c \"program " in flash("NUCLEO_F446RE", firmware).stdout
    assert flash("qemu-cortex-m4").stdout.strip().endswith("midge sim --board qemu-cortex-m4")


def test_firmware_that_nobody_built(tmp_path: Path) -> None:
    """No file is named that is not there, but one that the user has named."""
    done = flash("RPI_PICO", tmp_path / "none.uf2")
    assert done.returncode == 1 and "none.uf2: no such file; check the path" in done.stderr
    said = flash("lx106-sim").stderr
    assert "no firmware for it here; run: make firmware BOARD=lx106-sim, or name a file" in said
    for board in load_boards():
        if board.port not in BUILT_HERE:  # nothing would build it: no word of make
            said = flash(board.name).stderr
            assert f"midge flash {board.name} FILE, then midge install" in said and "make " not in said
            assert "/firmware." not in said


def test_ports_that_are_built_here_are_those_with_rules() -> None:
    rules = re.findall(r"^firmware-([\w-]+):", (ROOT / "ports/ports.mk").read_text(), re.M)
    assert sorted(set(rules) - {"unknown"}) == sorted(BUILT_HERE)
