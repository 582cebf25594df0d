# SPDX-License-Identifier: MIT
"""See through the camera of an ESP32, by the module `camera` of firmware built with cnadler86's micropython-camera-API.

    from esp32_camera import Esp32Camera

    camera = Esp32Camera(320, 240)              # and pins, where the firmware is not for this very board
    for answer in midge.watch(model, camera): ...

With the format "jpeg" its pictures go through jpeg_camera.py. The firmware keeps whole pictures in PSRAM.
"""

from time import ticks_diff, ticks_ms

from micropython import const

_FORMATS = {"grey": ("GRAYSCALE", 1), "rgb565": ("RGB565", 2), "yuv422": ("YUV422", 2), "jpeg": ("JPEG", 0)}
_SIZES = {(96, 96): "R96X96", (128, 128): "R128X128", (160, 120): "QQVGA", (176, 144): "QCIF", (240, 176): "HQVGA",
          (240, 240): "R240X240", (320, 240): "QVGA", (400, 296): "CIF", (640, 480): "VGA"}
_AT_ONCE_MS = const(3)  # a picture that is there sooner was taken before it was asked for
_ATTEMPTS = const(3)


class Esp32Camera:
    """A running camera.

    width, height  one of the sizes that the firmware has
    format   "grey", "rgb565", "yuv422" or "jpeg"
    buffers  how many pictures the firmware keeps: with 2 the next one comes while this one is looked at
    fresh    leave out pictures that were taken before they were asked for; at most as many as there are buffers
    pins     what else camera.Camera() of the firmware takes: data_pins, pclk_pin, xclk_freq, ...

    stale is how many pictures were left out as old, lost how many because they were not whole. Raises OSError when
    there is no camera, or no such firmware, and ValueError for what cannot be.
    """

    def __init__(self, width=320, height=240, format="rgb565", buffers=2, fresh=True, **pins):
        if format not in _FORMATS or (width, height) not in _SIZES:
            raise ValueError("%dx%d of %s; wanted %s of %s" % (
                width, height, format, ", ".join(["%dx%d" % size for size in sorted(_SIZES)]),
                ", ".join(sorted(_FORMATS))))
        try:
            import camera
        except ImportError:
            raise OSError("this firmware has no module camera; flash that of cnadler86's micropython-camera-API")
        name, bytes_per_pixel = _FORMATS[format]
        size = getattr(camera.FrameSize, _SIZES[width, height], None)
        if size is None:
            raise ValueError("this firmware has no pictures of %dx%d" % (width, height))
        self.format = format
        self.size = "%dx%d" % (width, height)
        self.stale = self.lost = 0
        self._bytes = width * height * bytes_per_pixel
        self._buffers, self._fresh = buffers, fresh
        try:
            self._camera = camera.Camera(
                pixel_format=getattr(camera.PixelFormat, name), frame_size=size, fb_count=buffers,
                grab_mode=camera.GrabMode.LATEST if buffers > 1 else camera.GrabMode.WHEN_EMPTY, **pins,
            )
        except (OSError, RuntimeError) as error:
            raise OSError("no camera answers (%s); check its cable, its pins, and that there is PSRAM" % error)

    def capture(self):
        """Return the next picture, in memory of the firmware's that the next call gives back.

        Raises OSError where none comes, or none that is whole.
        """
        old = 0
        for _ in range(_ATTEMPTS):
            picture, at_once = self._take()
            while self._fresh and at_once and old < self._buffers:
                old += 1
                self.stale += 1
                picture, at_once = self._take()
            if len(picture) == self._bytes or not self._bytes:
                return picture
            self.lost += 1
        raise OSError("the camera gave %d bytes, wanted %d, %d times; take a smaller size, or a slower xclk_freq"
                      % (len(picture), self._bytes, _ATTEMPTS))

    def stop(self):
        """Switch the camera off, and give its memory back."""
        self._camera.deinit()

    def _take(self):
        """Return a picture, and whether it was there at once."""
        if hasattr(self._camera, "free_buffer"):  # older firmware has none
            self._camera.free_buffer()
        begin = ticks_ms()
        picture = self._camera.capture()
        if not picture:
            raise OSError("the camera gave no picture; check its cable, and reset the board")
        return picture, ticks_diff(ticks_ms(), begin) < _AT_ONCE_MS
