# SPDX-License-Identifier: MIT
"""Drivers of cameras at an emulated PIO: their state machine and DMA channels take what a camera's pins show.

What runs here: the drivers, MicroPython's assembler, the emulated state machine and DMA channels, the camera's pins
with its timing, and its registers. What does not: MicroPython on the chip, and a camera.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import numpy as np
import pytest

from tests.support.emulated_rp2 import Chip, driver

PINS = {"d0": 2, "pclk": 10, "href": 11, "vsync": 12}
ENODEV = 19


def seen(pictures: np.ndarray, high: int, bits: int = 8, more: int = 0, moves: str = "vhp", d0: int = 2,
         forever: bool = True) -> Iterator[dict[int, int]]:
    """Drive the pins: uint8 pictures [n, height, bytes], over and over, as a parallel camera does.

    high: of VSYNC during a picture. more: bytes that a row has beyond its width. moves: lines that have wires.
    """
    pclk, href, vsync = PINS["pclk"], PINS["href"], PINS["vsync"]

    def only(**lines: int) -> dict[int, int]:
        names = {"p": pclk, "h": href, "v": vsync}
        return {names[k]: v for k, v in lines.items() if k in moves}

    def blank(halves: int) -> Iterator[dict[int, int]]:
        for i in range(halves):
            yield only(p=i & 1)

    while True:
        for picture in pictures:
            yield only(v=1 - high, h=0)
            yield from blank(40)
            yield only(v=high)
            yield from blank(40)
            for row in picture:
                yield only(h=1)
                for byte in [*row.tolist(), *[0xEE] * more]:
                    for part in range(8 // bits):
                        value = byte if bits == 8 else byte >> 7 - part & 1
                        yield {**{d0 + i: value >> i & 1 for i in range(bits)}, **only(p=0)}
                        yield only(p=1)
                yield only(h=0, p=0)
                yield from blank(30)
        if not forever:
            return


class Registers:
    """A machine.I2C with one camera on it, whose registers are written and read; `wide`: with addresses of 16 bits."""

    def __init__(self, address: int, values: dict[int, int], wide: bool) -> None:
        self.address, self.values, self.wide, self.at = address, dict(values), wide, 0

    def _mine(self, address: int) -> None:
        if address != self.address:
            raise OSError(ENODEV)

    def writeto(self, address: int, data: bytes) -> None:
        self._mine(address)
        assert not self.wide
        self.at = data[0]
        if len(data) == 2:
            self.values[data[0]] = data[1]

    def readfrom(self, address: int, count: int) -> bytes:
        self._mine(address)
        return bytes([self.values.get(self.at, 0)])

    def readfrom_mem(self, address: int, register: int, count: int, addrsize: int = 8) -> bytes:
        self._mine(address)
        assert self.wide and addrsize == 16
        return bytes([self.values.get(register, 0)])

    def writeto_mem(self, address: int, register: int, data: bytes, addrsize: int = 8) -> None:
        self._mine(address)
        assert self.wide and addrsize == 16
        self.values[register] = data[0] if register != 0x0103 else 0


OV7670 = (0x21, {0x0A: 0x76, 0x0B: 0x73}, False)
HM01B0 = (0x24, {0x0000: 0x01, 0x0001: 0xB0}, True)


@pytest.fixture
def chip() -> Chip:
    return Chip()


def small(chip: Chip, height: int = 5, buffers: int = 2, bits: int = 8) -> tuple[ModuleType, object]:
    """Return a camera of 8 pixels a row, without registers, whose pictures come while VSYNC is low."""
    module = driver(chip, "pio_camera")
    camera = module.PioCamera("toy", None, 0, None, 0)
    camera.timeout_ms = 2
    camera._start("grey", 8, height, PINS["d0"], PINS["pclk"], PINS["href"], PINS["vsync"], 0, 0, buffers, bits)
    return module, camera


def pictures(count: int, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (count, height, width), dtype=np.uint8)


@pytest.mark.parametrize(("bits", "more"), [(8, 0), (8, 4), (1, 0), (1, 3)])
def test_rows_are_those_of_the_pins(chip: Chip, bits: int, more: int) -> None:
    wanted = pictures(3, 5, 8)
    _, camera = small(chip, bits=bits)
    chip.sensor = seen(wanted, 0, bits, more)
    for _ in range(2):
        rows = np.array([list(row) for row in camera.rows()], np.uint8)  # type: ignore[attr-defined]
        assert any((rows == picture).all() for picture in wanted), rows
    whole = np.frombuffer(camera.capture(), np.uint8).reshape(5, 8)  # type: ignore[attr-defined]
    assert any((whole == picture).all() for picture in wanted)
    assert (camera.lost, camera.dark) == (0, 0)  # type: ignore[attr-defined]


def test_a_picture_begins_after_it_was_asked_for(chip: Chip) -> None:
    wanted = pictures(50, 5, 8)
    _, camera = small(chip)
    chip.sensor = seen(wanted, 0)
    first = [bytes(row) for row in camera.rows()]  # type: ignore[attr-defined]
    chip.run(chip.half * 2 * 5 * 8 * 9)  # more than a picture goes by unseen, and what was taken is not kept
    later = [bytes(row) for row in camera.rows()]  # type: ignore[attr-defined]
    numbers = [[bytes(row) for row in picture] for picture in wanted.tolist()]
    assert numbers.index(later) - numbers.index(first) >= 2


@pytest.mark.parametrize(("buffers", "wait", "lost"), [(2, 0, 0), (2, 3, 1), (4, 2, 0), (4, 5, 1)])
def test_a_row_that_is_late_is_lost_and_told(chip: Chip, buffers: int, wait: int, lost: int) -> None:
    """A row is used for `wait` rows' time; its buffer is written again after as many rows as there are buffers."""
    _, camera = small(chip, height=12, buffers=buffers)
    chip.sensor = seen(pictures(1, 12, 8), 0)
    row_cycles = chip.half * (2 * 8 + 32)
    rows = []
    for y, row in enumerate(camera.rows()):  # type: ignore[attr-defined]
        rows.append(row is not None)
        if y == 2:
            chip.run(wait * row_cycles)
    assert camera.lost == lost  # type: ignore[attr-defined]
    assert rows == ([True] * 3 + [False] if lost else [True] * 12)
    if lost:  # and nothing was written beyond: the next picture is sound
        again = np.array([list(row) for row in camera.rows()], np.uint8)  # type: ignore[attr-defined]
        assert (again == pictures(1, 12, 8)[0]).all()


@pytest.mark.parametrize(("moves", "words"), [
    ("hp", "gave no picture in 2 ms; VSYNC stays as it is: check its wire"),
    ("vp", "gave no picture in 2 ms; HREF stays as it is"), ("vh", "gave no picture in 2 ms; PCLK stays as it is")])
def test_a_wire_that_is_missing_is_named(chip: Chip, moves: str, words: str) -> None:
    _, camera = small(chip)
    chip.sensor = seen(pictures(1, 5, 8), 0, moves=moves)
    with pytest.raises(OSError, match=words):
        list(camera.rows())  # type: ignore[attr-defined]


def test_a_camera_that_stops_in_the_middle(chip: Chip) -> None:
    _, camera = small(chip)
    chip.sensor = seen(pictures(1, 3, 8), 0, forever=False)
    with pytest.raises(OSError, match="the toy stopped after row 3 of 5 in 2 ms; VSYNC stays as it is"):
        list(camera.rows())  # type: ignore[attr-defined]
    chip.sensor = seen(pictures(1, 5, 8), 0)
    assert len(list(camera.rows())) == 5  # type: ignore[attr-defined]


def test_a_dark_camera(chip: Chip) -> None:
    _, camera = small(chip)
    chip.sensor = seen(np.full((1, 5, 8), 16, np.uint8), 0)
    assert len(list(camera.rows())) == 5 and camera.dark == 1  # type: ignore[attr-defined]
    with pytest.raises(OSError, match="the toy gives nothing but 0x10: is its lens covered"):
        camera.check()  # type: ignore[attr-defined]


@pytest.mark.parametrize(("format", "mirror"), [("rgb565", ""), ("yuv422", "hv")])
def test_ov7670(chip: Chip, format: str, mirror: str) -> None:
    wanted = pictures(1, 120, 320)
    chip.sensor = seen(wanted, 0)
    module, bus = driver(chip, "ov7670"), Registers(*OV7670)
    camera = module.OV7670(bus, xclk=15, width=160, height=120, format=format, mirror=mirror, **PINS)
    assert (camera.format, camera.size, chip.clocks) == (format, "160x120", {15: 12_000_000})
    rows = np.array([list(row) for row in camera.rows()], np.uint8)
    assert (rows == wanted[0]).all() and camera.lost == 0
    values = bus.values  # of the data sheet: RGB or YUV, PCLK by 4, halved twice, 640 columns and 480 rows of the array
    assert values[0x12] == (0x04 if format == "rgb565" else 0)
    assert (values[0x3E], values[0x72], values[0x73]) == (0x1A, 0x22, 0xF2)
    left, right = values[0x17] << 3 | values[0x32] & 7, values[0x18] << 3 | values[0x32] >> 3 & 7
    top, bottom = values[0x19] << 2 | values[0x03] & 3, values[0x1A] << 2 | values[0x03] >> 2 & 3
    assert ((right - left) % 784, bottom - top) == (640, 480)
    assert values[0x1E] & 0x30 == (0x30 if mirror else 0)
    camera.stop()
    assert chip.clocks == {15: None} and camera._data.closed and camera._next.closed


@pytest.mark.parametrize("bits", [8, 1])
def test_hm01b0(chip: Chip, bits: int) -> None:
    wanted = pictures(1, 120, 160)
    chip.sensor = seen(wanted, 1, bits, more=4)
    module, bus = driver(chip, "hm01b0"), Registers(*HM01B0)
    camera = module.HM01B0(bus, xclk=15, width=160, height=120, bits=bits, divider=8, **PINS)
    rows = np.array([list(row) for row in camera.rows()], np.uint8)
    assert (rows == wanted[0]).all() and (camera.format, camera.size) == ("grey", "160x120")
    assert (bus.values[0x0383], bus.values[0x0390], bus.values[0x3010]) == (3, 3, 1)
    assert (bus.values[0x3059], bus.values[0x3060]) == ((0x02, 0x08) if bits == 8 else (0x22, 0x30))
    assert bus.values[0x0340] << 8 | bus.values[0x0341] == 0x84 and bus.values[0x0100] == 1
    camera.stop()
    assert bus.values[0x0100] == 0


@pytest.mark.parametrize(("name", "part", "wide"), [("ov7670", OV7670, False), ("hm01b0", HM01B0, True)])
def test_another_part_or_none(chip: Chip, name: str, part: tuple[int, dict[int, int], bool], wide: bool) -> None:
    module = driver(chip, name)
    camera = getattr(module, name.upper())
    with pytest.raises(OSError, match=f"no {name.upper()} at I2C address 0x{part[0]:02x}; check SDA, SCL and XCLK"):
        camera(Registers(0x11, {}, wide), xclk=15, **PINS)
    with pytest.raises(OSError, match=f"is a part 0x2642, no {name.upper()}"):
        camera(Registers(part[0], dict(zip(part[1], (0x26, 0x42), strict=True)), wide), xclk=15, **PINS)
    with pytest.raises(ValueError, match="wanted .*160x120"):
        camera(Registers(*part), xclk=15, width=100, height=100, **PINS)
