# SPDX-License-Identifier: MIT
"""Pictures that boards decode, by modules that do what their documents say: rows, or what is wrong."""

import sys

import board_modules  # noqa: F401
from check import equal, raises

import jpeg_camera


def segment(marker, *content):
    return bytes((0xFF, marker, (len(content) + 2) >> 8, (len(content) + 2) & 255) + content)


def jpeg_of(width, height, kind=0xC0, bits=8, colours=3, tail=b"\xff\xd9"):
    """Return a file whose head says so; its data mean nothing."""
    size = (bits, height >> 8, height & 255, width >> 8, width & 255, colours) + (1, 0x11, 0) * colours
    scan = segment(0xDA, 1, 1, 0, 0, 63, 0) + b"12345"
    return b"\xff\xd8" + segment(0xE0, 1, 2, 3) + segment(kind, *size) + scan + tail


equal("size", jpeg_camera.size_of(jpeg_of(320, 240)), (320, 240))
equal("padded", jpeg_camera.size_of(jpeg_of(640, 480, colours=1) + b"\0\0\0"), (640, 480))
for name, content, text in (
    ("empty", b"", "no JPEG: 0 bytes that begin with nothing"),
    ("another", b"\x89PNG\r\n", "no JPEG: 6 bytes that begin with 89 50 4e 47"),
    ("cut off", jpeg_of(320, 240, tail=b""), "cut off after"),
    ("cut off in the head", jpeg_of(320, 240)[:16], "cut off after 16 bytes"),
    ("damaged", jpeg_of(320, 240)[:9] + b"\x00" + jpeg_of(320, 240)[10:], "a damaged JPEG: 0x00 where a marker"),
    ("progressive", jpeg_of(320, 240, 0xC2), "a progressive JPEG; save it as a baseline one"),
    ("arithmetic", jpeg_of(320, 240, 0xC9), "a arithmetic JPEG"),
    ("of printers", jpeg_of(320, 240, colours=4), "a JPEG of 4 colours of 8 bits"),
    ("of 12 bits", jpeg_of(320, 240, bits=12), "a JPEG of 3 colours of 12 bits"),
    ("one pixel", jpeg_of(1, 1), "a JPEG of 1x1 pixels"),
):
    raises(name, ValueError, text, jpeg_camera.size_of, content)

raises("no decoder", OSError, "this firmware decodes no JPEG", jpeg_camera.JpegCamera, None, 16, 20)


class Mp:
    """The module jpeg of mp_jpeg: blocks of 8 rows, the last one beyond the picture."""

    blocks = 3

    class Decoder:
        def __init__(self, format, block):
            self.at = 0
            if (format, block) != ("RGB565_BE", True):
                raise ValueError

        def get_block_counts(self, jpeg):
            return 3

        def decode(self, jpeg):
            self.at += 1
            return bytes([self.at] * (8 * 32)) if self.at <= Mp.blocks else None


sys.modules["jpeg"] = Mp
pictures = [jpeg_of(16, 20), jpeg_of(16, 20), jpeg_of(320, 240), jpeg_of(16, 20, 0xC2), None]
camera = jpeg_camera.JpegCamera(lambda: pictures.pop(0), 16, 20)
rows = b"".join([bytes(block) for block in camera.rows()])
equal("blocks", rows, bytes([1] * 256 + [2] * 256 + [3] * 128))
Mp.blocks = 2
equal("undecodable", [[block is None for block in camera.rows()], camera.fault],
      [[False, False, True], "a JPEG whose last 4 rows cannot be decoded"])
equal("another size", [list(camera.rows()), camera.fault],
      [[None], "a JPEG of 320x240, wanted 16x20; set the camera to that"])
equal("refused", [list(camera.rows()), camera.lost], [[None], 3])
equal("the end", list(camera.rows()), [])
del sys.modules["jpeg"]


class OpenMVImage:
    JPEG = 5

    class Image:
        def __init__(self, width, height, kind, buffer):
            self.content = bytearray(2 * width * height)

        def to_rgb565(self, copy):
            return self

        def bytearray(self):
            return self.content


sys.modules["image"] = OpenMVImage
camera = jpeg_camera.JpegCamera(lambda: jpeg_of(16, 20), 16, 20)
equal("whole", [camera.format, [len(rows) for rows in camera.rows()]], ["rgb565le", [640]])
del sys.modules["image"]
