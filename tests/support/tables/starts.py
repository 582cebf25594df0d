# SPDX-License-Identifier: MIT
"""Quick starts, a page for each board: what its row in ports/boards/ says, and what is its own."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import fill

from midge.resources import PREBUILT
from midge.targets.boards import load_board
from tests.support.tables.boards import claims


@dataclass(frozen=True)
class Start:
    """A page."""

    row: str  # in ports/boards/
    download: str  # its name at micropython.org/download
    boot: str  # how it is made ready for firmware
    notes: tuple[str, ...] = ()


ESP = "Hold BOOT while you plug it in, if it does not get there by itself. Firmware needs `pip install 'midge[flash]'`."
PICO = "Hold BOOTSEL while you plug it in; it shows up as a drive."
I2C = "Any sensor that Midge [has a driver for](record.md), on any I2C pins: `midge capture --i2c 0,scl=5,sda=4`."

STARTS = {
    "pico": Start("RPI_PICO", "RPI_PICO", PICO, (I2C, "`midge.duty` and `midge.off` let it [sleep](power.md).")),
    "pico-w": Start("RPI_PICO", "RPI_PICO_W", PICO, (
        "Take MicroPython's own firmware: Midge's is for the Pico without Wi-Fi. The Wi-Fi driver takes some of the "
        "RAM; `midge install` says what is free.", I2C)),
    "pico2": Start("RPI_PICO2", "RPI_PICO2", PICO, (
        "Its Arm cores are meant; firmware for its RISC-V cores loads other native modules, which `midge install` "
        "refuses or sends by what the board says.", I2C)),
    "nano33": Start("ARDUINO_NANO_33_BLE_SENSE", "ARDUINO_NANO_33_BLE_SENSE",
                    "Press reset twice, quickly, for the boot loader; the firmware goes over by `bossac`.", (
        "The motion sensor is on the board: LSM9DS1, or on Rev2 a BMI270. `midge capture` finds it.",)),
    "esp32": Start("ESP32_GENERIC", "ESP32_GENERIC", ESP, (
        "A native module's code goes to instruction RAM, its tables to the heap.", I2C)),
    "esp32-s3": Start("ESP32_GENERIC_S3", "ESP32_GENERIC_S3", ESP, (
        "The vector instructions of the S3 are not used.", I2C)),
    "esp32-c3": Start("ESP32_GENERIC_C3", "ESP32_GENERIC_C3", ESP, (I2C,)),
    "esp8266": Start("ESP8266_GENERIC", "ESP8266_GENERIC", ESP, (
        "**One line first.** Code goes to flash, and `boot.py` has to say where: `import esp; "
        "esp.set_native_code_location(0xf0000, 0x10000)`.",
        "**For one model.** Of the modules, only the smallest fit: convert a model first. "
        "[What fits](../../ports/README.md#esp8266).",
        "A model is read into RAM, so it has about 6 kB.")),
}


def page(name: str) -> str:
    """Return what a page says below its title."""
    start = STARTS[name]
    board = load_board(start.row)
    executed = ", ".join(claims().get(board.name, {}))
    own = start.row in PREBUILT and start.download == start.row
    esp = board.install == "esptool"
    flash = f"midge flash {board.name} {start.download}.{'bin' if esp else 'uf2'}"
    firmware = f"MicroPython's own, 1.23 or newer, from [its page](https://micropython.org/download/{start.download}/)"
    if board.install in ("uf2", "esptool"):
        firmware += f": `{flash}`"
    if own:
        firmware = f"`midge flash {board.name}` writes one with Midge in it, and step 2 is done. Or {firmware}"
    small = name == "esp8266"
    install = "midge install --for net.midge" if small else "midge install"
    less = "" if small else " `midge install --for MODEL.midge` takes less."
    target = "" if small else f" --target {board.name}"
    lines = [
        f"{board.mcu}, {board.core} at {board.clock_hz // 1_000_000} MHz; about {board.heap_bytes // 1024} kB for "
        f"Python; native modules of `{board.arch}`.",
        "",
        f"1. **MicroPython.** {start.boot} Firmware: {firmware}.",
        f"2. **Midge.** `pip install midge` on your PC, plug the board in, and `{install}`. It says what it will take "
        f"of the RAM before it sends anything.{less}",
        f"3. **A model.** `midge convert net.tflite{target}`{'' if small else ' packs the weights for this core'}. "
        "`midge upload net.midge` sends it, and `midge verify net.midge` compares the board's answers with your PC's.",
        "4. **An answer.** At its REPL: `import midge; model = midge.load(\"net.midge\"); model(values).label`. "
        "`midge.help()` lists the rest.",
        "",
        *(f"- {note}" for note in start.notes),
        "",
        f"Executed in this repository's tests: {executed or 'nothing on this board itself; its core is emulated'}.",
    ]
    return "\n".join(_wrapped(line) for line in lines)


def _wrapped(line: str) -> str:
    """Return a paragraph or an item of a list in lines, as the other pages have them."""
    indent = "   " if line[:1].isdigit() else "  " if line.startswith("- ") else ""
    return fill(line, 118, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
