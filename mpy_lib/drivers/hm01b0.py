# SPDX-License-Identifier: MIT
"""See through the camera HM01B0, on an RP2040 or RP2350: grey pictures or a mosaic, at a milliwatt or two.

    from machine import I2C, Pin
    from hm01b0 import HM01B0

    camera = HM01B0(I2C(0, sda=Pin(4), scl=Pin(5)), d0=6, pclk=14, href=15, vsync=16, xclk=3)
    for answer in midge.watch(model, camera): ...

Modules with one data pin want bits=1. Registers are from Himax's data sheet (HM01B0-MNA, HM01B0-ANA). Needs
pio_camera.py beside it.
"""

from time import sleep_ms

from micropython import const
from pio_camera import PioCamera

_MODEL_ID = const(0x0000)
_MODE_SELECT = const(0x0100)
_SW_RESET = const(0x0103)
_GRP_PARAM_HOLD = const(0x0104)
_BIT_CONTROL = const(0x3059)
_OSC_CLK_DIV = const(0x3060)
_PCLK_POLARITY = const(0x3068)
_IDENTITY = const(0x01B0)

# Width and height; steps of reading (0x0383, 0x0387), binning (0x0390), QVGA's window (0x3010), lines of a picture.
_SIZES = ((320, 240, 1, 0, 1, 0x0104), (320, 320, 1, 0, 0, 0x0158), (160, 120, 3, 3, 1, 0x0084))
_LINE_LENGTH = const(0x0178)  # clocks

# Black level, defective pixels, and exposure and gain by themselves, towards a mean of 0x3C.
_SETTINGS = (
    (0x1000, 0x43), (0x1001, 0x43), (0x1002, 0x43), (0x1003, 0x08), (0x1006, 0x01), (0x1007, 0x08), (0x1008, 0x01),
    (0x1009, 0xA0), (0x100A, 0x60), (0x100B, 0x90), (0x100C, 0x40), (0x1012, 0x00), (0x2000, 0x07),
    (0x3044, 0x0A), (0x3045, 0x00), (0x3047, 0x0A), (0x3050, 0xC0), (0x3051, 0x42), (0x3052, 0x50), (0x3053, 0x00),
    (0x3054, 0x03), (0x3055, 0xF7), (0x3056, 0xF8), (0x3057, 0x29), (0x3058, 0x1F), (0x3064, 0x00), (0x3065, 0x04),
    (0x2100, 0x01), (0x2101, 0x3C), (0x2102, 0x0A), (0x2103, 0x03), (0x2104, 0x05), (0x2108, 0x04), (0x2109, 0x04),
    (0x210B, 0xC0), (0x210D, 0x20), (0x210E, 0x00), (0x0350, 0x7F), (0x3011, 0x70), (0x2150, 0x00),
)


class HM01B0(PioCamera):
    """A running HM01B0; pio_camera.py says how pictures are taken.

    i2c      a machine.I2C
    d0       the first of eight data pins in a row, or the only one; pclk, href (LVLD), vsync (FVLD): pins, as numbers
    xclk     the pin that gives the clock (MCLK), of xclk_hz; None for the part's own oscillator
    width, height  320 and 240, 320 and 320, or 160 and 120
    bits     8, or 1 for modules with one data pin
    divider  of the clock, 1, 2, 4 or 8: with 12 MHz and 8 pins there are some 31 pictures a second at 4; of one data
             pin only 8, at which PCLK is 12 MHz
    sm       the state machine, 0 to 7 (to 11 on the RP2350)
    buffers  of rows; more of them give the program more time for a row
    format   "grey", or "bayer-bggr" and its kin for parts with colours, 320 wide; mirrors move the colours
    mirror   "", or "h", "v" or "hv" for pictures that are turned around
    check    False: do not take a picture to see whether all pins are connected

    The part gives a few pixels and rows more; those on the right and at the bottom are left out. Raises OSError when
    nothing or another part answers, when no picture comes, or a dark one, and ValueError for a size or divider that
    the part does not have.
    """

    def __init__(
        self, i2c, d0, pclk, href, vsync, xclk=None, width=320, height=240, bits=8, divider=4, sm=0, buffers=2,
        mirror="", xclk_hz=12_000_000, address=0x24, check=True, format="grey",
    ):
        size = [size for size in _SIZES if size[:2] == (width, height)]
        if not size or bits not in (1, 8) or divider not in ((1, 2, 4, 8) if bits == 8 else (8,)):
            raise ValueError("%dx%d, %d bits, by %d; wanted %s, 8 bits by 1, 2, 4 or 8, or 1 bit by 8" % (
                width, height, bits, divider, ", ".join(["%dx%d" % size[:2] for size in _SIZES])))
        super().__init__("HM01B0", i2c, address, xclk, xclk_hz)
        try:
            self._identify(self._get(_MODEL_ID) << 8 | self._get(_MODEL_ID + 1), _IDENTITY)
            self._reset()
            self._set_up(size[0], bits, divider, mirror, xclk is None)
        except OSError as error:
            if error.args[0] in (5, 19, 110):  # EIO, ENODEV, ETIMEDOUT
                self._absent()
            raise
        self._start(format, width, height, d0, pclk, href, vsync, 1, sm, buffers, bits)
        if check:
            sleep_ms(300)  # in which gains settle
            self.check()

    def stop(self):
        """Put the part to sleep, and give back what it used."""
        self._set(_MODE_SELECT, 0)
        super().stop()

    def _reset(self):
        for _ in range(10):
            self._set(_SW_RESET, 1)
            sleep_ms(1)
            if self._get(_MODE_SELECT) == 0:
                return
            sleep_ms(10)
        raise OSError("the HM01B0 does not take a reset; switch its power off and on")

    def _set_up(self, size, bits, divider, mirror, own_clock):
        _, _, step, binning, window, lines = size
        for register, value in _SETTINGS:
            self._set(register, value)
        self._set(0x3067, 1 if own_clock else 0)
        self._set(0x0101, ("h" in mirror) | ("v" in mirror) << 1)
        for register, value in ((0x0383, step), (0x0387, step), (0x0390, binning), (0x3010, window)):
            self._set(register, value)
        for register, value in ((0x0340, lines), (0x0342, _LINE_LENGTH), (0x2105, lines - 2)):
            self._set(register, value >> 8)
            self._set(register + 1, value & 0xFF)
        self._set(_BIT_CONTROL, 0x02 if bits == 8 else 0x22)
        self._set(_OSC_CLK_DIV, (0x08 if bits == 8 else 0x30) | (8, 4, 2, 1).index(divider))  # the highest bit first
        self._set(_PCLK_POLARITY, 0x20)  # rising; PCLK only while there are pixels
        self._set(_GRP_PARAM_HOLD, 1)
        self._set(_MODE_SELECT, 1)

    def _get(self, register):
        return self._i2c.readfrom_mem(self._address, register, 1, addrsize=16)[0]

    def _set(self, register, value):
        self._i2c.writeto_mem(self._address, register, bytes((value,)), addrsize=16)
