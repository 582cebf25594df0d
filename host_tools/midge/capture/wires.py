# SPDX-License-Identifier: MIT
"""A board's microphone by its wires: which driver it takes there, and the code that makes it."""

from __future__ import annotations

import re

from ..errors import UserError
from ..link.identity import Identity, identify
from ..link.install import require_driver
from ..link.transport import Connection
from ..progress import Stage, silent
from ..targets.boards import board_of

PINS = "0,sck=16,ws=17,sd=18"  # of a board's I2S, where none are named and the board has no microphone of its own
PDM_PINS = "pdm,clk=2,data=3"  # as those of a PDM microphone are named
_I2S = re.compile(r"(?P<id>\d+),sck=(?P<sck>\w+),ws=(?P<ws>\w+),sd=(?P<sd>\w+)(?P<right>,right)?")
_PDM = re.compile(r"pdm(,clk=(?P<clk>\w+),data=(?P<data>\w+)(,power=(?P<power>\w+))?(?P<right>,right)?)?")
_PIN = "__import__('machine').Pin"
_OTHERS = "wire an I2S microphone, or name an object of yours on the board (MODULE:NAME)"
_I2S_HAS = "import machine\ni=getattr(machine,'I2S',0)\nr=str(bool(i)+hasattr(i,'PDM_RX'))"  # 0, 1; 2 with PDM


def check_wires(text: str) -> re.Match[str] | None:
    """Return what is said of a microphone's wires, None for nothing. text: as PINS or PDM_PINS. Raises UserError."""
    plain = text.replace(" ", "")
    found = _I2S.fullmatch(plain) or _PDM.fullmatch(plain)
    if plain and not found:
        raise UserError(f"microphone {text[:60]}: wanted an I2S with its pins, as {PINS}, or a PDM with its own, as "
                        f"{PDM_PINS}, with ,right where the microphone's L/R pin is high; or pc, or MODULE:NAME of an "
                        "object on the board")
    return found


def microphone_for(board: Connection, text: str, stage: Stage = silent) -> str:
    """Return the code that makes a microphone on a board, whose driver is there then.

    text: as PINS or PDM_PINS; "" for that which is on the board itself, or PINS. Raises UserError.
    """
    identity = identify(board)
    wires = check_wires(text) or _own(identity)
    driver, code = _made(wires, identity)
    if driver == "i2s_microphone":
        has = int(board.ask(_I2S_HAS))
        if wires.re is _PDM and has < 2:
            raise UserError(f"{identity.title}: this firmware's machine.I2S takes no PDM (it has no I2S.PDM_RX); take "
                            f"firmware that does, {_OTHERS}")
        if not has:
            raise UserError(f"{identity.title}: this firmware has no machine.I2S; take firmware that does, name a PDM "
                            f"microphone ({PDM_PINS}), or an object of yours on the board (MODULE:NAME)")
    require_driver(board, driver, stage)
    return code


def _on_board(identity: Identity) -> str:
    """Return the wires of the microphone that is on a board itself, "" where Midge knows none."""
    row = board_of(identity.machine)
    return row.microphone if row else ""


def _own(identity: Identity) -> re.Match[str]:
    """Return the wires of the microphone that is on a board, or PINS."""
    found = check_wires(_on_board(identity) or PINS)
    assert found
    return found


def _made(wires: re.Match[str], identity: Identity) -> tuple[str, str]:
    """Return a microphone's driver, and the code that makes it on this board. Raises UserError."""
    pins = {name: pin if pin is None or pin.isdigit() else repr(pin) for name, pin in wires.groupdict().items()}
    right = pins.pop("right", None) is not None
    if wires.re is _I2S:
        channel = ",channel='right'" if right else ""
        return "i2s_microphone", _i2s(pins["id"], pins["sck"], f"{_PIN}({pins['ws']})", pins["sd"], channel)
    if pins["clk"] is None and _on_board(identity) != wires[0]:
        raise UserError(f"{identity.title}: Midge knows no microphone on this board; name its pins, as {PDM_PINS}")
    if identity.platform == "nrf" and "NRF52" in identity.machine:
        return "nrf52_pdm", f"__import__('nrf52_pdm').PDMMicrophone({_of_nrf52(wires, pins, right)})"
    if pins["power"] is not None:
        raise UserError(f"{wires[0]}: power= is for the nRF52's; feed the microphone with 3.3 V, and leave it out")
    if right:
        raise UserError(f"{wires[0]}: heard is a microphone whose L/R pin is low; connect it to ground, and leave out "
                        ",right")
    if identity.platform == "rp2" and identity.arch != "rv32imc":
        return "rp2_pdm", f"__import__('rp2_pdm').PDMMicrophone(clk={pins['clk']},data={pins['data']})"
    if identity.platform == "esp32":
        return "i2s_microphone", _i2s("0", pins["clk"], "None", pins["data"], ",bits=16")
    raise UserError(f"{identity.title}: Midge has no driver of PDM microphones for it, but for the RP2040, the "
                    f"RP2350's ARM cores, the nRF52, and the ESP32 where its firmware takes them; {_OTHERS}")


def _i2s(number: str | None, sck: str | None, ws: str, sd: str | None, more: str) -> str:
    return f"__import__('i2s_microphone').I2SMicrophone({number},sck={_PIN}({sck}),ws={ws},sd={_PIN}({sd}){more})"


def _of_nrf52(wires: re.Match[str], pins: dict[str, str | None], right: bool) -> str:
    """Return what the driver of an nRF52's own interface is told: nothing of the board's own, whose pins it has."""
    if pins["clk"] is None:
        return ""
    if not all(pin is None or pin.isdigit() for pin in pins.values()):
        raise UserError(f"{wires[0]}: an nRF52's pins are numbers: that in port 0, or in port 1 with 32 added to it")
    return f"clk={pins['clk']},data={pins['data']},power={pins['power']},right={right}"
