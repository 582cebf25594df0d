# SPDX-License-Identifier: MIT
"""See through the camera OV7670, on an RP2040 or RP2350.

    from machine import I2C, Pin
    from ov7670 import OV7670

    i2c = I2C(0, sda=Pin(12), scl=Pin(13), freq=100_000)
    camera = OV7670(i2c, d0=0, pclk=8, href=9, vsync=10, xclk=11)
    for answer in midge.watch(model, camera): ...

D0 to D7 are eight pins in a row. SDA and SCL need resistors of 4.7 kohm to 3.3 V, PWDN is low and RESET high. Registers
are from OmniVision's data sheet (version 1.4) and its implementation guide; the windows were found by trial, as in
Adafruit's OV7670 library. Needs pio_camera.py beside it.
"""

from time import sleep_ms

from micropython import const
from pio_camera import PioCamera

_PID = const(0x0A)
_COM7 = const(0x12)
_IDENTITY = const(0x7673)
_RESET_MS = const(2)

# Width and height; how often the picture is halved; where its window begins, and the edge of HREF.
_SIZES = ((640, 480, 0, 162, 9, 2), (320, 240, 1, 174, 10, 4), (160, 120, 2, 186, 11, 2))

_FORMATS = {
    "rgb565": ((_COM7, 0x04), (0x8C, 0x00), (0x40, 0xD0)),  # RGB; not 444; 565, values from 0 to 255
    "yuv422": ((_COM7, 0x00), (0x40, 0xC0), (0x3A, 0x00), (0x3D, 0x88)),  # Y U Y V
}
# Gains and exposure by themselves; colours by the matrix; and what the implementation guide gives for analog parts.
_SETTINGS = bytes((
    0x13, 0xE7, 0x14, 0x20, 0x24, 0x75, 0x25, 0x63, 0x26, 0xA5, 0xA5, 0x05, 0xAB, 0x07, 0x9F, 0x78, 0xA0, 0x68,
    0xA6, 0xDF, 0xA7, 0xDF, 0xA8, 0xF0, 0xA9, 0x90, 0xAA, 0x94, 0x0E, 0x61, 0x0F, 0x4B, 0x16, 0x02, 0x1E, 0x07,
    0x21, 0x02, 0x22, 0x91, 0x29, 0x07, 0x33, 0x0B, 0x35, 0x0B, 0x37, 0x1D, 0x38, 0x71, 0x39, 0x2A, 0x3C, 0x78,
    0x4D, 0x40, 0x4E, 0x20, 0x69, 0x5D, 0x74, 0x19, 0x8D, 0x4F, 0x96, 0x00, 0x9A, 0x80, 0xB0, 0x84, 0xB1, 0x0C,
    0xB2, 0x0E, 0xB3, 0x82, 0xB8, 0x0A, 0x43, 0x14, 0x44, 0xF0, 0x45, 0x34, 0x46, 0x58, 0x47, 0x28, 0x48, 0x3A,
    0x59, 0x88, 0x5A, 0x88, 0x5B, 0x44, 0x5C, 0x67, 0x5D, 0x49, 0x5E, 0x0E, 0x6C, 0x0A, 0x6D, 0x55, 0x6E, 0x11,
    0x6F, 0x9F, 0x4F, 0x80, 0x50, 0x80, 0x51, 0x00, 0x52, 0x22, 0x53, 0x5E, 0x54, 0x80, 0x58, 0x9E,
    0x7A, 0x20, 0x7B, 0x1C, 0x7C, 0x28, 0x7D, 0x3C, 0x7E, 0x55, 0x7F, 0x68, 0x80, 0x76, 0x81, 0x80, 0x82, 0x88,
    0x83, 0x8F, 0x84, 0x96, 0x85, 0xA3, 0x86, 0xAF, 0x87, 0xC4, 0x88, 0xD7, 0x89, 0xE8,
))


class OV7670(PioCamera):
    """A running OV7670; pio_camera.py says how pictures are taken.

    i2c      a machine.I2C of 100 kHz
    d0       the first of eight data pins in a row; pclk, href, vsync: pins, as numbers
    xclk     the pin that gives the clock, of xclk_hz; None where another one does
    width, height  320 and 240, 160 and 120, or 640 and 480
    format   "rgb565" or "yuv422"
    divider  of the clock: with 12 MHz there are 15 pictures a second at 1, fewer in proportion; 1 to 32
    sm       the state machine, 0 to 7 (to 11 on the RP2350)
    buffers  of rows; more of them give the program more time for a row
    mirror   "", or "h", "v" or "hv" for pictures that are turned around
    check    False: do not take a picture to see whether all pins are connected

    Raises OSError when nothing or another part answers, when no picture comes, or a dark one, and ValueError for a
    size or format that the part does not have.
    """

    def __init__(
        self, i2c, d0, pclk, href, vsync, xclk, width=320, height=240, format="rgb565", divider=2, sm=0, buffers=2,
        mirror="", xclk_hz=12_000_000, address=0x21, check=True,
    ):
        size = [size for size in _SIZES if size[:2] == (width, height)]
        if not size or format not in _FORMATS or not 1 <= divider <= 32:
            raise ValueError("%dx%d of %s by %d; wanted %s of %s by 1 to 32" % (
                width, height, format, divider, ", ".join(["%dx%d" % size[:2] for size in _SIZES]),
                " or ".join(sorted(_FORMATS))))
        super().__init__("OV7670", i2c, address, xclk, xclk_hz)
        try:
            self._identify(self._get(_PID) << 8 | self._get(_PID + 1), _IDENTITY)
            self._set(_COM7, 0x80)
            sleep_ms(_RESET_MS)
            self._set_up(size[0], format, divider, mirror)
        except OSError as error:
            if error.args[0] in (5, 19, 110):  # EIO, ENODEV, ETIMEDOUT
                self._absent()
            raise
        self._start(format, width, height, d0, pclk, href, vsync, 0, sm, buffers)
        if check:
            sleep_ms(300)  # ten pictures at 30 a second, in which gains settle
            self.check()

    def _set_up(self, size, format, divider, mirror):
        _, _, half, left, top, edge = size
        for register, value in _FORMATS[format]:
            self._set(register, value)
        for i in range(0, len(_SETTINGS), 2):
            self._set(_SETTINGS[i], _SETTINGS[i + 1])
        self._set(0x11, divider - 1 if divider > 1 else 0x40)  # CLKRC; 0x40: the clock as it is
        self._set(0x6B, 0)  # DBLV: no PLL
        self._set(0x1E, 0x07 | 0x20 * ("h" in mirror) | 0x10 * ("v" in mirror))  # MVFP
        self._set(0x0C, 0x04 if half else 0)  # COM3: halve
        self._set(0x3E, 0x18 + half if half else 0)  # COM14: and PCLK likewise
        self._set(0x72, 0x11 * half)  # SCALING_DCWCTR
        self._set(0x73, 0xF0 + half if half else 0x08)  # SCALING_PCLK_DIV
        self._set(0x70, 0x20)  # SCALING_XSC, _YSC: not scaled besides
        self._set(0x71, 0x20)
        self._set(0xA2, 0x02)  # SCALING_PCLK_DELAY
        right, bottom = (left + 640) % 784, top + 480
        self._set(0x17, left >> 3)  # HSTART, HSTOP, HREF
        self._set(0x18, right >> 3)
        self._set(0x32, edge << 6 & 0xFF | (right & 7) << 3 | left & 7)
        self._set(0x19, top >> 2)  # VSTRT, VSTOP, VREF
        self._set(0x1A, bottom >> 2)
        self._set(0x03, (bottom & 3) << 2 | top & 3)

    def _get(self, register):
        # SCCB knows no repeated start: the address is written, and the byte read in a transfer of its own.
        self._i2c.writeto(self._address, bytes((register,)))
        return self._i2c.readfrom(self._address, 1)[0]

    def _set(self, register, value):
        self._i2c.writeto(self._address, bytes((register, value)))
