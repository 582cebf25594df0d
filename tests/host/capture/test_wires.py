# SPDX-License-Identifier: MIT
"""Microphones by their wires: what each board is given, driven at emulated parts; and what cannot be, with a remedy."""

from __future__ import annotations

import builtins
import importlib
import json
import sys
from array import array
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from midge.capture.microphones import RATE_HZ
from midge.capture.wires import PDM_PINS, PINS, check_wires, microphone_for
from midge.errors import UserError
from midge.targets.boards import load_boards
from tests.device.test_pdm_rp2 import Ones, Part
from tests.support import ROOT
from tests.support.emulated_rp2 import Chip, driver

NANO, PICO = "Arduino Nano 33 BLE Sense with NRF52840", "Raspberry Pi Pico with RP2040"
ARMV6M, RV32 = 4 << 10 | 0x306, 11 << 10 | 0x306


class Says:
    """A board that says what it is, and has every driver. i2s: names that its machine.I2S has, None for no I2S."""

    port = "here"

    def __init__(self, machine: str, platform: str, i2s: tuple[str, ...] | None = ("RX",), mpy: int = ARMV6M) -> None:
        self.facts = ["micropython", [1, 25, 0], machine, mpy, platform, 50000, ["/lib"], "firmware", "frozen", "/"]
        self.machine = ModuleType("machine")
        if i2s is not None:
            self.machine.I2S = SimpleNamespace(**dict.fromkeys(i2s, 1))  # type: ignore[attr-defined]

    def ask(self, code: str, data: bytes = b"", **_: float) -> str:
        if "sys.implementation" in code:
            return json.dumps(self.facts)
        if "I2S" not in code:
            return "y"
        names: dict[str, Any] = {}
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(sys.modules, "machine", self.machine)
            exec(code, names)
        return str(names["r"])


def made_for(machine: str, platform: str, text: str, **more: Any) -> str:
    return microphone_for(Says(machine, platform, **more), text)  # type: ignore[arg-type]


def test_what_no_pins_are_named_for() -> None:
    """A board with a microphone on it is asked for that; its row is found by the name that MicroPython has for it."""
    assert {board.title for board in load_boards() if board.microphone} == {"Arduino Nano 33 BLE Sense"}
    assert all(check_wires(board.microphone) for board in load_boards() if board.microphone)
    assert made_for(NANO, "nrf", "") == "__import__('nrf52_pdm').PDMMicrophone()"
    assert made_for(NANO, "nrf", "pdm") == made_for(NANO, "nrf", "")
    assert made_for(PICO, "rp2", "") == made_for(PICO, "rp2", PINS)


def test_a_pico_hears_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The code that is sent starts the driver at an emulated PIO, and a microphone's bits come."""
    chip, bits = Chip(half=1), np.random.default_rng(3).integers(0, 2, 64 * 400)
    chip.sensor = iter(Part(chip, bits))
    filters = ModuleType("pdm_filter")
    filters.BITS, filters.PDMFilter = 64, Ones  # type: ignore[attr-defined]
    module = driver(chip, "rp2_pdm", pdm_filter=filters)
    module.sleep_ms = lambda ms: chip.run(6000)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "rp2_pdm", module)
    mic = eval(made_for(PICO, "rp2", PDM_PINS))
    hop = array("h", [0] * 64)
    chip.run(64 * 2 * 80)
    assert mic.rate_hz == RATE_HZ and mic.read_into(hop) == 64 and len(set(hop)) > 8
    mic.stop()


NAMED = "pdm,clk=33,data=32"


@pytest.mark.parametrize("text, power", [("", True), (NAMED, False), (NAMED + ",power=17", True),
                                         (NAMED + ",right", False)])
def test_an_nrf52_hears(monkeypatch: pytest.MonkeyPatch, text: str, power: bool) -> None:
    """The code that is sent starts the driver at registers that do what the data sheet says; only a named pin feeds."""
    monkeypatch.syspath_prepend(str(ROOT / "tests/device/scripts/lib"))
    chip = importlib.import_module("registers").Nrf52Pdm()
    for name, content in {"micropython": {"viper": lambda f: f, "const": lambda x: x}, "machine": {"mem32": chip},
                          "uctypes": {"addressof": lambda ring: 0x2000_0000}}.items():
        monkeypatch.setitem(sys.modules, name, SimpleNamespace(**content))
    monkeypatch.setattr(builtins, "ptr16", object, raising=False)
    for name in ("microphone", "counted_microphone", "nrf52_pdm"):
        module = ModuleType(name)
        exec((ROOT / f"mpy_lib/drivers/{name}.py").read_text().replace(
            "from time import sleep_ms, ticks_diff, ticks_ms, ticks_us", "sleep_ms = ticks_diff = None\n"
            "ticks_ms = ticks_us = lambda: 0").replace("from time import sleep_ms", "sleep_ms = None"), module.__dict__)
        if name == "nrf52_pdm":
            module.sleep_ms = chip.sleep_ms  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, name, module)
    mic = eval(made_for(NANO, "nrf", text))
    wires = check_wires(text or "pdm,clk=26,data=25")
    assert wires and (chip[0x4001D540], chip[0x4001D544]) == (int(wires["clk"]), int(wires["data"]))
    assert chip[0x4001D508] >> 1 == bool(wires["right"])  # the edge of the clock
    hop = array("h", [0] * 160)
    chip.us += 12000
    chip.fill(mic._ring)
    assert mic.rate_hz == RATE_HZ and mic.read_into(hop) == 160 and hop[1] - hop[0] == 37 and chip.power == power


def test_an_esp32_whose_firmware_takes_pdm(monkeypatch: pytest.MonkeyPatch) -> None:
    """What machine.I2S is asked for there; no such firmware is run."""
    asked: dict[str, Any] = {}

    class I2S:
        RX, PDM_RX, MONO, STEREO = range(4)

        def __init__(self, id: int, **given: Any) -> None:
            asked.update(given, id=id)

    monkeypatch.setitem(sys.modules, "machine", SimpleNamespace(I2S=I2S, Pin=lambda number: f"pin {number}"))
    monkeypatch.setitem(sys.modules, "microphone", SimpleNamespace(Microphone=_Said))
    module = ModuleType("i2s_microphone")
    exec((ROOT / "mpy_lib/drivers/i2s_microphone.py").read_text(), module.__dict__)
    monkeypatch.setitem(sys.modules, "i2s_microphone", module)
    code = made_for("Generic ESP32S3 module with ESP32S3", "esp32", "pdm,clk=42,data=41", i2s=("RX", "PDM_RX"))
    assert eval(code).said == ("I2S microphone", RATE_HZ, 4000, "h", 1)
    assert asked == {"id": 0, "sck": "pin 42", "sd": "pin 41", "mode": I2S.PDM_RX, "bits": 16, "format": I2S.MONO,
                     "rate": RATE_HZ, "ibuf": 8000}


class _Said:
    def __init__(self, *said: Any) -> None:
        self.said = said


@pytest.mark.parametrize("machine, platform, text, more, told", [
    (NANO, "nrf", PINS, {"i2s": None}, "this firmware has no machine.I2S"),
    (NANO, "nrf", "pdm,clk=P0_26,data=25", {}, "an nRF52's pins are numbers"),
    ("Arduino Nano RP2040 Connect with RP2040", "rp2", "pdm", {}, "knows no microphone on this board; name its pins"),
    ("micro:bit with NRF52833", "nrf", "pdm", {}, "knows no microphone on this board; name its pins"),
    ("micro:bit with NRF51822", "nrf", PDM_PINS, {}, "no driver of PDM microphones for it"),
    (PICO, "rp2", PDM_PINS + ",right", {}, "connect it to ground"),
    (PICO, "rp2", PDM_PINS + ",power=4", {}, "power= is for the nRF52's"),
    ("Raspberry Pi Pico2 with RP2350-RISCV", "rp2", PDM_PINS, {"mpy": RV32}, "no driver of PDM microphones for it"),
    ("Generic ESP32 module with ESP32", "esp32", PDM_PINS, {}, "takes no PDM (it has no I2S.PDM_RX)"),
    ("", "nowhere", "pdm,clk=2", {}, "microphone pdm,clk=2: wanted an I2S with its pins, as"),
])
def test_what_cannot_be_is_told(machine: str, platform: str, text: str, more: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError) as raised:
        made_for(machine, platform, text, **more)
    assert told in str(raised.value) and "\n" not in str(raised.value)
