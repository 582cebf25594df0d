# SPDX-License-Identifier: MIT
"""See through the camera of an OpenMV Cam, by its firmware's module csi, or sensor in older firmware.

    from openmv_camera import OpenMVCamera

    camera = OpenMVCamera(320, 240)             # a model of --camera rgb565le,320x240
    for answer in midge.watch(model, camera): ...
"""

_FORMATS = {"grey": ("GRAYSCALE", 1), "rgb565le": ("RGB565", 2)}
_SIZES = {(80, 60): "QQQVGA", (160, 120): "QQVGA", (176, 144): "QCIF", (240, 160): "HQVGA", (320, 240): "QVGA",
          (352, 288): "CIF", (640, 480): "VGA"}


class OpenMVCamera:
    """A running camera.

    width, height  one of the sizes above
    format     "rgb565le", which is the order of bytes there, or "grey"
    settle_ms  how long gains settle
    fresh      keep one picture only, so that each was taken after it was asked for; False is faster

    lost is how many pictures did not come in time. Raises OSError when there is no camera, it stays dark, or this is no
    firmware of OpenMV, and ValueError for what cannot be.
    """

    def __init__(self, width=320, height=240, format="rgb565le", settle_ms=2000, fresh=True):
        if format not in _FORMATS or (width, height) not in _SIZES:
            raise ValueError("%dx%d of %s; wanted %s of %s" % (
                width, height, format, ", ".join(["%dx%d" % size for size in sorted(_SIZES)]),
                " or ".join(sorted(_FORMATS))))
        self.format = format
        self.size = "%dx%d" % (width, height)
        self.lost = 0
        name, bytes_per_pixel = _FORMATS[format]
        self._bytes = width * height * bytes_per_pixel
        try:
            self._snapshot = _csi(name, _SIZES[width, height], settle_ms, fresh)
        except (RuntimeError, OSError) as error:
            raise OSError("no camera answers (%s); check its cable" % error)
        row = self._bytes // height
        middle = bytes(memoryview(self.capture())[height // 2 * row : height // 2 * row + row])
        if min(middle) == max(middle):
            raise OSError("the camera gives nothing but 0x%02x: is its lens covered?" % middle[0])

    def capture(self):
        """Return the next picture, in the firmware's frame buffer. Raises OSError where none comes, three times."""
        for _ in range(3):
            try:
                picture = self._snapshot().bytearray()
            except RuntimeError as error:  # it did not come in time
                self.lost += 1
                why = error
                continue
            if len(picture) != self._bytes:
                raise OSError("the camera gave %d bytes, wanted %d" % (len(picture), self._bytes))
            return picture
        raise OSError("the camera gave no picture (%s); check its cable, and reset the board" % why)


def _csi(format, size, settle_ms, fresh):
    """Start the camera, and return what takes a picture."""
    try:
        import csi

        camera = csi.CSI()
        camera.reset()
        camera.pixformat(getattr(csi, format))
        camera.framesize(getattr(csi, size))
        if fresh:
            camera.framebuffers(1)
        camera.snapshot(time=settle_ms)
        return camera.snapshot
    except ImportError:
        pass
    try:
        import sensor
    except ImportError:
        raise OSError("this firmware has neither csi nor sensor; it is not OpenMV's")
    sensor.reset()
    sensor.set_pixformat(getattr(sensor, format))
    sensor.set_framesize(getattr(sensor, size))
    if fresh:
        sensor.set_framebuffers(1)
    sensor.skip_frames(time=settle_ms)
    return sensor.snapshot
