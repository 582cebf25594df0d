# SPDX-License-Identifier: MIT
"""The driver of PDM microphones at an emulated PIO: its state machine clocks bits in, and DMA brings them to the ring.

What runs here: the driver, MicroPython's assembler, the emulated state machine and DMA channels. What does not:
MicroPython on the chip, and a microphone.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from types import ModuleType

import numpy as np
import pytest

from tests.support.emulated_rp2 import Chip, driver

CLK, DATA = 2, 3


class Ones:
    """In place of PDMFilter, whose assembler runs in tests/device/scripts/pdm.py: samples are how many bits are 1."""

    def __init__(self, gain: int) -> None:
        self.gain = gain

    def __call__(self, out: array[int], ring: memoryview, at: int, mask: int) -> None:
        for i in range(len(out)):
            out[i] = sum(bin(ring[at + 8 * i + k & mask]).count("1") for k in range(8))


class Part:
    """A microphone: at each falling edge of the clock its next bit is on the data pin. bits: over and over."""

    def __init__(self, chip: Chip, bits: np.ndarray) -> None:
        self.chip, self.bits, self.given, self.high = chip, bits, 0, False

    def __iter__(self) -> Iterator[dict[int, int]]:
        while True:
            high = bool(self.chip.part.gpio[CLK].output_value)
            pins = {}
            if self.high and not high:
                pins = {DATA: int(self.bits[self.given % len(self.bits)])}
                self.given += 1
            self.high = high
            yield pins


def opened(chip: Chip, bits: np.ndarray, **options: int) -> tuple[ModuleType, object]:
    chip.half = 1
    part = Part(chip, bits)
    chip.sensor = iter(part)
    filters = ModuleType("pdm_filter")
    filters.BITS, filters.PDMFilter = 64, Ones  # type: ignore[attr-defined]
    module = driver(chip, "rp2_pdm", pdm_filter=filters)
    module.sleep_ms = lambda ms: chip.run(6000)  # type: ignore[attr-defined]
    return module, module.PDMMicrophone(CLK, DATA, buffer_ms=16, **options)


def test_bits_come_in_order_round_after_round() -> None:
    chip, bits = Chip(), np.random.default_rng(5).integers(0, 2, 64 * 2000)
    _, mic = opened(chip, bits, gain=3)
    assert chip.freq == 2 * 64 * 16000 and mic.rate_hz == 16000 and mic.capacity == 254  # type: ignore[attr-defined]
    hop = array("h", [0] * 64)
    heard: list[int] = []
    while len(heard) < 800:  # three rounds of the ring
        chip.run(3000)
        while mic.read_into(hop):  # type: ignore[attr-defined]
            heard += hop
    assert not mic.overflow  # type: ignore[attr-defined]
    sums = np.convolve(bits, np.ones(64, int), "valid")
    starts = [at for at in range(8000) if list(sums[at:at + 64 * 8:64]) == heard[:8]]
    assert len(starts) == 1 and list(sums[starts[0]::64][:len(heard)]) == heard


def test_samples_that_nobody_took_are_told() -> None:
    chip = Chip()
    _, mic = opened(chip, np.tile([0, 1, 1], 200))
    hop = array("h", [0] * 64)
    chip.run(64 * 2 * 300)
    assert mic.read_into(hop) == 64 and mic.overflow  # type: ignore[attr-defined]
    mic.clear()  # type: ignore[attr-defined]
    assert not mic.overflow and mic.waiting() < 64  # type: ignore[attr-defined]
    mic.stop()  # type: ignore[attr-defined]


@pytest.mark.parametrize("level", [0, 1])
def test_a_pin_without_a_microphone_is_told(level: int) -> None:
    chip = Chip()
    with pytest.raises(OSError, match=f"the microphone gives nothing but {level}; check its wires"):
        opened(chip, np.full(64, level))
    with pytest.raises(ValueError, match="a whole gain of 1 to 64"):
        opened(chip, np.full(64, level), gain=0)
