# SPDX-License-Identifier: MIT
"""An RP2040 whose PIO, DMA and pins are emulated, behind MicroPython's names, and a camera that drives its pins.

Drivers run in CPython as they are. rp2.asm_pio is MicroPython's own; StateMachine and DMA here do to the registers what
ports/rp2/rp2_pio.c and rp2_dma.c do. The chip's time goes on while a driver waits.
"""

from __future__ import annotations

import sys
import types
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rp2040py.rp2040 import RP2040

from tests.support import ROOT
from tests.support.boards import built

PIO, DMA, CYCLE_NS = 0x5020_0000, 0x5000_0000, 8.0
_PADS, _GPIO = 0x4001_C004, 0x4001_4000
_BUFFERS = 0x2000_1000  # where Python's buffers are in the chip's memory
_SHIFTCTRL, _EXECCTRL, _PINCTRL, _INSTR = 8, 4, 0x14, 0x10
_FIELDS = {"enable": 0, "high_pri": 1, "size": 2, "inc_read": 4, "inc_write": 5, "ring_size": 6, "ring_sel": 10,
           "chain_to": 11, "treq_sel": 15, "irq_quiet": 21, "bswap": 22}


BASES = defaultdict(lambda: ["pio_camera"], rp2_pdm=["microphone", "counted_microphone"])


class Chip:
    """The emulated part. sensor: what drives the pins, one step per half of a PCLK of `half` cycles."""

    def __init__(self, half: int = 6) -> None:
        self.part = RP2040()
        self.part.simulator = self  # type: ignore[assignment]
        self.half, self.cycles, self.slept_ms = half, 0, 0.0
        self.sensor: Iterator[dict[int, int]] = iter(())
        self.places: dict[int, tuple[int, Any]] = {}  # buffers, by their identity
        self.free = _BUFFERS
        self.instructions = 0
        self.channels = 0
        self.clocks: dict[int, int | None] = {}
        self.freq = 0  # that a state machine was asked to run at; it runs at the chip's
        for pin in self.part.gpio[:30]:
            pin.set_input_value(False)

    def run(self, cycles: int) -> None:
        for _ in range(cycles):
            if self.cycles % self.half == 0:
                for pin, value in next(self.sensor, {}).items():
                    self.part.gpio[pin].set_input_value(bool(value))
            self.part.pio[0].advance(1)
            self.part.clock.tick(CYCLE_NS)
            self.cycles += 1

    def address_of(self, buffer: Any) -> int:
        """Return where a buffer is in the chip's memory; what is in it now goes there, if it is no longer known."""
        if isinstance(buffer, memoryview):  # a part of another one
            apart = np.frombuffer(buffer, np.uint8).ctypes.data - np.frombuffer(buffer.obj, np.uint8).ctypes.data
            return self.address_of(buffer.obj) + apart
        if id(buffer) not in self.places:
            self.places[id(buffer)] = self.free, buffer
            data = memoryview(buffer).cast("B")
            for i, byte in enumerate(data):
                self.part.write_uint8(self.free + i, byte)
            self.free += len(data) + 3 & ~3
        return self.places[id(buffer)][0]

    def fetch(self) -> None:
        """Copy what DMA has written into Python's buffers."""
        for place, buffer in self.places.values():
            if isinstance(buffer, bytearray):
                start = place - 0x2000_0000
                buffer[:] = self.part.sram[start : start + len(buffer)]


class StateMachine:
    """As rp2.StateMachine."""

    def __init__(
        self, chip: Chip, id: int, prog: list[Any], freq: int = 0, in_base: Any = None, sideset_base: Any = None
    ) -> None:
        self.chip, self.id, self.fifo = chip, id, PIO + 0x20 + 4 * id
        self.base, self.first = PIO + 0xC8 + 0x18 * id, chip.instructions
        for i, word in enumerate(prog[0]):
            jump = self.first if word >> 13 == 0 else 0
            chip.part.write_uint32(PIO + 0x48 + 4 * (self.first + i), word + jump)
        chip.instructions += len(prog[0])
        wrap = (self.first << 7) + (self.first << 12)
        chip.part.write_uint32(self.base + _EXECCTRL, prog[3] + wrap)
        chip.part.write_uint32(self.base + _SHIFTCTRL, prog[4])
        pins = in_base.id << 15
        if sideset_base is not None:  # a count of one, whose pin becomes an output
            pins |= 1 << 29 | sideset_base.id << 10
            chip.part.write_uint32(self.base + _PINCTRL, 1 << 26 | sideset_base.id << 5)
            chip.part.write_uint32(self.base + _INSTR, 0xE081)  # set(pindirs, 1)
            chip.part.write_uint32(_GPIO + 8 * sideset_base.id + 4, 6)  # the pin's function: PIO 0
        chip.part.write_uint32(self.base + _PINCTRL, pins)
        chip.freq = freq or chip.freq
        chip.part.write_uint32(self.base, 1 << 16)

    def active(self, value: int) -> None:
        self.chip.part.write_uint32(PIO, value << self.id)

    def restart(self) -> None:
        self.chip.part.write_uint32(PIO, 1 << 4 + self.id)
        self.chip.part.write_uint32(self.base + _INSTR, self.first)  # jmp

    def rx_fifo(self) -> int:
        return self.chip.part.read_uint32(PIO + 0xC) >> 8 * self.id + 4 & 15

    def get(self) -> int:
        return self.chip.part.read_uint32(self.fifo)

    def put(self, word: int) -> None:
        self.chip.part.write_uint32(PIO + 0x10 + 4 * self.id, word)


class Dma:
    """As rp2.DMA."""

    def __init__(self, chip: Chip) -> None:
        self.chip, self.channel = chip, chip.channels
        chip.channels += 1
        self.base = DMA + 0x40 * self.channel
        self.registers = [self.base + 4 * i for i in range(16)]
        self.closed = False

    def pack_ctrl(self, **fields: int) -> int:
        chosen = {"enable": 1, "size": 2, "inc_read": 1, "inc_write": 1, "treq_sel": 0x3F, "chain_to": self.channel}
        return sum(int(value) << _FIELDS[name] for name, value in (chosen | fields).items())

    def config(self, read: Any, write: Any, count: int, ctrl: int, trigger: bool) -> None:
        write_to = self.chip.part.write_uint32
        write_to(self.base, read.fifo if isinstance(read, StateMachine) else self.chip.address_of(read))
        to = write[0] if isinstance(write, list) else write
        write_to(self.base + 4, to if isinstance(to, int) else self.chip.address_of(to))
        write_to(self.base + 8, count)
        write_to(self.base + (0x0C if trigger else 0x10), ctrl)

    def active(self, value: int) -> None:
        assert value == 0
        self.chip.part.write_uint32(DMA + 0x444, 1 << self.channel)

    def close(self) -> None:
        self.closed = True

    @property
    def count(self) -> int:
        self.chip.run(40)
        self.chip.fetch()
        return self.chip.part.read_uint32(self.base + 8)

    @property
    def read(self) -> int:
        self.chip.run(40)
        self.chip.fetch()
        return self.chip.part.read_uint32(self.base)

    @property
    def ctrl(self) -> int:
        return self.chip.part.read_uint32(self.base + 0x10)

    @ctrl.setter
    def ctrl(self, value: int) -> None:
        self.chip.part.write_uint32(self.base + 0x10, value)


def modules(chip: Chip) -> dict[str, types.ModuleType]:
    """Return what a driver imports: machine, rp2, micropython, uctypes and time of this chip."""

    def module(name: str, **content: Any) -> types.ModuleType:
        made = types.ModuleType(name)
        made.__dict__.update(content)
        return made

    class Pin:
        IN, OUT = 0, 1

        def __init__(self, id: int, mode: int | None = None) -> None:
            self.id = id
            chip.part.write_uint32(_PADS + 4 * id, 0x56)  # the pad's input is off after a reset

        def value(self) -> int:
            chip.run(2)
            return int(chip.part.gpio[self.id].input_value)

    class PWM:
        def __init__(self, pin: Pin, freq: int, duty_u16: int) -> None:
            self.pin = pin.id
            chip.clocks[pin.id] = freq

        def deinit(self) -> None:
            chip.clocks[self.pin] = None

    class Pio:
        IN_LOW, IN_HIGH, OUT_LOW, OUT_HIGH = 0, 1, 2, 3
        SHIFT_LEFT, SHIFT_RIGHT, JOIN_NONE, JOIN_TX, JOIN_RX = 0, 1, 0, 1, 2

    def sleep_ms(ms: float) -> None:
        chip.slept_ms += ms

    micropython = module("micropython", const=lambda value: value)
    raw = module("_rp2", PIO=Pio, DMA=lambda: Dma(chip),
                 StateMachine=lambda *args, **named: StateMachine(chip, *args, **named))
    source = built("build/micropython-1.25.0/ports/rp2/modules/rp2.py", "make firmware BOARD=unix")
    rp2 = module("rp2")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "_rp2", raw)
        patch.setitem(sys.modules, "micropython", micropython)
        exec(compile(source.read_text(), str(source), "exec"), rp2.__dict__)
    time = module("time", sleep_ms=sleep_ms, ticks_diff=lambda end, start: end - start,
                  ticks_ms=lambda: int(chip.cycles * CYCLE_NS / 1e6 + chip.slept_ms),
                  ticks_us=lambda: int(chip.cycles * CYCLE_NS / 1e3 + 1e3 * chip.slept_ms))
    return {"machine": module("machine", Pin=Pin, PWM=PWM), "rp2": rp2, "micropython": micropython, "time": time,
            "uctypes": module("uctypes", addressof=chip.address_of)}


def driver(chip: Chip, name: str, **others: types.ModuleType) -> types.ModuleType:
    """Return a file of mpy_lib/drivers, loaded on this chip, with what it builds on. others: modules beside these."""
    with pytest.MonkeyPatch.context() as patch:
        for needed, content in others.items():
            patch.setitem(sys.modules, needed, content)
        for needed, content in modules(chip).items():
            patch.setitem(sys.modules, needed, content)
        for each in dict.fromkeys([*BASES[name], name]):
            loaded = types.ModuleType(each)
            path: Path = ROOT / f"mpy_lib/drivers/{each}.py"
            exec(compile(path.read_text(), str(path), "exec"), loaded.__dict__)
            patch.setitem(sys.modules, each, loaded)
    return loaded
