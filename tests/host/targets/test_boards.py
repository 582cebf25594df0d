# SPDX-License-Identifier: MIT
"""Every board's row can be read, and a simulated board's memory map holds together."""

from __future__ import annotations

from itertools import pairwise

import pytest

from midge.errors import UserError
from midge.fileformat.opset import layouts
from midge.targets.boards import Board, find_core, load_board, load_boards, native_on, parse_board

ROW = dict.fromkeys(("title", "mcu", "clock_hz", "ram_bytes", "heap_bytes", "flash_bytes", "port", "install"), 1)
ROW |= {"core": "cortex-m4", "firmware": 1}


def test_an_unknown_board_is_told_the_known_ones() -> None:
    for typed, meant in (("rpi_pcio", "RPI_PICO"), ("qemu-cortex-m5", "qemu-cortex-m55"),
                         ("nuclo", "NUCLEO_F446RE"), ("arduin", "ARDUINO_NANO_33_BLE_SENSE")):
        with pytest.raises(UserError, match=rf"; did you mean {meant}\?$"):
            load_board(typed)
    with pytest.raises(UserError, match=r"; did you mean cortex-m33\?$"):
        find_core("cortexm33")
    with pytest.raises(UserError, match=r"no board is called 'nix'; known boards: .*RPI_PICO, .*; did you mean unix\?"):
        load_board("nix")
    with pytest.raises(UserError, match=r"[^?]$"):
        load_board("arduino uno")


def test_upper_and_lower_case_are_alike() -> None:
    assert load_board("rpi_pico").name == "RPI_PICO"


def test_a_row_must_have_all_fields_and_no_others() -> None:
    assert parse_board("x", ROW).flash_bytes == 1
    with pytest.raises(UserError, match=r"x\.toml: missing mcu; unknown colour"):
        parse_board("x", {key: value for key, value in ROW.items() if key != "mcu"} | {"colour": "red"})
    with pytest.raises(UserError, match=r"x\.toml: no core is called 'z80'; cores: cortex-m0, "):
        parse_board("x", ROW | {"core": "z80"})


def test_what_follows_from_the_core_is_not_in_the_row() -> None:
    board = parse_board("x", ROW)
    assert (board.simd, board.arch) == ("armv7em", "armv7emsp")
    assert load_board("ESP8266_GENERIC").arch == "xtensa" and load_board("ESP32_GENERIC").arch == "xtensawin"


@pytest.mark.parametrize(
    ("machine", "arch", "native"),
    [
        ("Generic ESP32 module with ESP32", "xtensawin", "xtensawin_mac16"),
        ("Generic ESP32S3 module with ESP32S3", "xtensawin", "xtensawin_mac16"),
        ("Generic ESP32S2 module with ESP32S2", "xtensawin", "xtensawin"),
        ("Some ESP32 of the years to come with ESP32X9", "xtensawin", "xtensawin"),
        ("Raspberry Pi Pico with RP2040", "armv6m", "armv6m"),
        ("", "", ""),
    ],
)
def test_a_board_gets_the_native_module_of_its_chip(machine: str, arch: str, native: str) -> None:
    assert native_on(machine, arch) == native
    qemu = load_board("qemu-rv32").qemu
    assert qemu is not None and qemu.system == "qemu-system-riscv32"
    assert find_core("cortex-m55").simd == find_core("QEMU-cortex-m55").simd == "mve"


@pytest.mark.parametrize("board", load_boards(), ids=lambda board: board.name)
def test_row_is_plausible(board: Board) -> None:
    assert board.heap_bytes < board.ram_bytes
    assert any(board.simd in layout.simd for layout in layouts())
    assert board.arch in ("x64", "armv6m", "armv7m", "armv7emsp", "armv7emdp", "xtensa", "xtensawin", "rv32imc")
    assert board.install in ("simulator", "program", "uf2", "esptool", "bossac", "stlink")


@pytest.mark.parametrize("board", [board for board in load_boards() if board.qemu], ids=lambda board: board.name)
def test_memory_map_holds_together(board: Board) -> None:
    assert board.qemu is not None
    places = dict(board.qemu.memory)
    main = places.pop("main")
    for name in ("flash", "boot", "romfs"):  # the host reaches these through its file of the main memory
        assert main.address <= places[name].address
        assert places[name].address + places[name].bytes <= main.address + main.bytes
    for name in ("code", "romfs"):  # the MPU protects powers of two that lie on their own size
        size = places[name].bytes
        assert size & (size - 1) == 0 and places[name].address % size == 0
    ordered = sorted(places.values(), key=lambda place: place.address)
    for lower, upper in pairwise(ordered):
        assert lower.address + lower.bytes <= upper.address
