# SPDX-License-Identifier: MIT
"""Look at pictures in JPEG on boards that can decode them: rows of a camera's, of files, or from the network.

    from esp32_camera import Esp32Camera
    from jpeg_camera import JpegCamera

    camera = JpegCamera(Esp32Camera(320, 240, "jpeg").capture, 320, 240)
    for answer in midge.watch(model, camera): ...           # a model of --camera rgb565,320x240

The decoders are the firmware's: the module jpeg of cnadler86's mp_jpeg on an ESP32, which gives 8 or 16 rows at a time,
so that no picture is in memory, and image of OpenMV's, whose pictures are rgb565le. What they cannot decode is refused
before they see it.
"""

from micropython import const

_SOI = const(0xD8)
_EOI = const(0xD9)
_SOS = const(0xDA)
_ALONE = (0x01, _SOI, _EOI) + tuple(range(0xD0, 0xD8))  # markers without a length
_KINDS = {0xC1: "extended", 0xC2: "progressive", 0xC3: "lossless", 0xC9: "arithmetic", 0xCA: "arithmetic"}
_LEAST = const(8)  # pixels of a side


def size_of(jpeg):
    """Return width and height of a picture, from its head.

    jpeg: bytes, all of it. Raises ValueError, in one line, where it is none, is cut off, or is of a kind that boards do
    not decode: progressive, arithmetic, of 12 bits, or in the four colours of printers.
    """
    n = len(jpeg)
    if n < 4 or jpeg[0] != 0xFF or jpeg[1] != _SOI:
        raise ValueError("no JPEG: %d bytes that begin with %s" % (n, _hex(jpeg[:4]) if n else "nothing"))
    at, size = 2, None
    while at + 4 <= n:
        if jpeg[at] != 0xFF:
            raise ValueError("a damaged JPEG: 0x%02x where a marker should be, at byte %d" % (jpeg[at], at))
        marker = jpeg[at + 1]
        if marker == 0xFF or marker in _ALONE:
            at += 1 if marker == 0xFF else 2
            continue
        length = jpeg[at + 2] << 8 | jpeg[at + 3]
        if marker == _SOS and size:
            break
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            if marker in _KINDS and marker != 0xC1:
                raise ValueError("a %s JPEG; save it as a baseline one" % _KINDS[marker])
            if at + 10 > n:
                break
            bits, colours = jpeg[at + 4], jpeg[at + 9]
            size = jpeg[at + 7] << 8 | jpeg[at + 8], jpeg[at + 5] << 8 | jpeg[at + 6]
            if bits != 8 or colours not in (1, 3):
                raise ValueError("a JPEG of %d colours of %d bits; save it in 1 or 3 of 8" % (colours, bits))
        at += 2 + max(length, 2)
    if size is None or not _ends(jpeg):
        raise ValueError("a JPEG that is cut off after %d bytes; take or copy it again" % n)
    if min(size) < _LEAST:
        raise ValueError("a JPEG of %dx%d pixels; %d a side at least show something" % (size[0], size[1], _LEAST))
    return size


class JpegCamera:
    """A camera of what a function returns: JPEG pictures, bytes each, and None at the end.

    width, height  of the pictures; others are refused
    lost  how many pictures were left out because they were damaged; fault says what the last one had

    Raises OSError where the firmware has no decoder.
    """

    def __init__(self, source, width, height):
        self._source, self._width, self._height = source, width, height
        self.size = "%dx%d" % (width, height)
        self.lost = 0
        self.fault = None
        try:
            import jpeg

            self.format = "rgb565"
            self._open = jpeg.Decoder
        except ImportError:
            try:
                import image
            except ImportError:
                raise OSError("this firmware decodes no JPEG: it has neither jpeg (mp_jpeg) nor image (OpenMV)")
            self.format = "rgb565le"
            self._open, self._image = None, image

    def rows(self):
        """Yield rows of the next picture, some at a time, and None where it is damaged."""
        jpeg = self._source()
        if jpeg is None:
            return
        try:
            width, height = size_of(jpeg)
            if (width, height) != (self._width, self._height):
                raise ValueError("a JPEG of %dx%d, wanted %s; set the camera to that" % (width, height, self.size))
            yield from self._decoded(jpeg)
        except (ValueError, RuntimeError) as error:  # RuntimeError: the decoder's
            self.lost += 1
            self.fault = str(error)
            yield None

    def _decoded(self, jpeg):
        if self._open is None:
            picture = self._image.Image(self._width, self._height, self._image.JPEG, buffer=jpeg)
            yield picture.to_rgb565(copy=True).bytearray()
            return
        decoder = self._open(format="RGB565_BE", block=True)
        left = 2 * self._width * self._height
        for _ in range(decoder.get_block_counts(jpeg)):
            rows = decoder.decode(jpeg)
            if rows is None or not left:
                break
            rows = memoryview(rows)[:left]  # the last block may reach beyond the picture
            left -= len(rows)
            yield rows
        if left:
            raise ValueError("a JPEG whose last %d rows cannot be decoded" % (left // (2 * self._width)))


def _ends(jpeg):
    """Tell whether the end's marker is there, with at most a few bytes of padding after it."""
    return bytes((0xFF, _EOI)) in bytes(jpeg[-32:])


def _hex(some):
    return " ".join(["%02x" % byte for byte in some])
