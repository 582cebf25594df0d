# SPDX-License-Identifier: MIT
"""Cameras of other firmware, by modules that do what their documents say: pictures whole and fresh, or an error."""

import gc
import sys

import board_modules  # noqa: F401
from check import equal, raises

import esp32_camera
import openmv_camera

PICTURE = (bytes(range(251)) * 74)[: 96 * 96 * 2]


class Names:
    """Constants by their names."""

    def __getattr__(self, name):
        if name.startswith("_") or name == "R128X128":  # which older firmware lacks
            raise AttributeError(name)
        return name


class Esp32:
    """The module camera: pictures come by the clock, and up to fb_count of them are kept."""

    PixelFormat, FrameSize, GrabMode = Names(), Names(), Names()
    fault = None
    pictures, wait_ms, ms = [], [], 0
    made = None

    class Camera:
        def __init__(self, **options):
            if Esp32.fault:
                raise Esp32.fault
            Esp32.made = options

        def capture(self):
            if Esp32.wait_ms:
                Esp32.ms += Esp32.wait_ms.pop(0)
            return Esp32.pictures.pop(0) if Esp32.pictures else None

        def free_buffer(self):
            pass

        def deinit(self):
            Esp32.made = None


raises("no firmware", OSError, "this firmware has no module camera", esp32_camera.Esp32Camera)
sys.modules["camera"] = Esp32
esp32_camera.ticks_ms = lambda: Esp32.ms
raises("size", ValueError, "100x100 of rgb565; wanted 96x96, ", esp32_camera.Esp32Camera, 100, 100)
raises("old firmware", ValueError, "no pictures of 128x128", esp32_camera.Esp32Camera, 128, 128)
Esp32.fault = RuntimeError("Camera Init Failed")
raises("absent", OSError, "no camera answers (Camera Init Failed)", esp32_camera.Esp32Camera, 96, 96)
Esp32.fault = None
camera = esp32_camera.Esp32Camera(96, 96, xclk_freq=10000000)
equal("options", [Esp32.made[k] for k in ("pixel_format", "frame_size", "fb_count", "grab_mode", "xclk_freq")],
      ["RGB565", "R96X96", 2, "LATEST", 10000000])
equal("format", (camera.format, camera.size), ("rgb565", "96x96"))
old = bytes(len(PICTURE))
Esp32.pictures, Esp32.wait_ms = [old, PICTURE], [0, 8]
equal("stale", [camera.capture() == PICTURE, camera.stale, camera.lost], [True, 1, 0])
Esp32.pictures, Esp32.wait_ms = [PICTURE[:-192], PICTURE], [8, 8]
equal("a row short", [camera.capture() == PICTURE, camera.lost], [True, 1])
Esp32.pictures, Esp32.wait_ms = [PICTURE[:-192]] * 3, [8, 8, 8]
raises("always short", OSError, "gave 18240 bytes, wanted 18432, 3 times", camera.capture)
raises("silent", OSError, "the camera gave no picture", camera.capture)
camera.stop()
equal("stopped", Esp32.made, None)
Esp32.pictures = PICTURE = old = None  # room for those of another camera
gc.collect()


class Image:
    def __init__(self, content):
        self.content = content

    def bytearray(self):
        return bytearray(self.content)


class Csi:
    """The module csi; sensor below is the older one."""

    RGB565, GRAYSCALE, QQQVGA = "RGB565", "GRAYSCALE", "QQQVGA"
    calls, faults, picture = [], 0, b""

    class CSI:
        def __getattr__(self, name):
            if name.startswith("_"):
                raise AttributeError(name)
            return lambda *options: Csi.calls.append((name,) + options)

        def snapshot(self, time=0):
            if Csi.faults:
                Csi.faults -= 1
                raise RuntimeError("Capture Failed: -5")
            return Image(Csi.picture)


class Sensor(Csi):
    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *options, **more: Csi.calls.append((name,) + options)

    def snapshot(self):
        return Csi.CSI().snapshot()


raises("not OpenMV", OSError, "neither csi nor sensor", openmv_camera.OpenMVCamera)
Csi.picture = bytes(range(240)) * 40
for name, module in (("csi", Csi), ("sensor", Sensor())):
    sys.modules[name] = module
    Csi.calls = []
    camera = openmv_camera.OpenMVCamera(80, 60)
    equal(name, (bytes(camera.capture()) == Csi.picture, camera.format, camera.size), (True, "rgb565le", "80x60"))
    names = ["reset", "pixformat", "framesize", "framebuffers"]
    wanted = names if name == "csi" else ["reset", "set_pixformat", "set_framesize", "set_framebuffers", "skip_frames"]
    equal(name + " calls", [call[0] for call in Csi.calls], wanted)
    Csi.faults = 1
    camera.capture()
    equal(name + " late", camera.lost, 1)
    Csi.faults = 3
    raises(name + " silent", OSError, "the camera gave no picture (Capture Failed: -5)", camera.capture)
    Csi.picture, whole = bytes(80 * 60 * 2), Csi.picture
    raises(name + " dark", OSError, "nothing but 0x00: is its lens covered?", openmv_camera.OpenMVCamera, 80, 60)
    Csi.picture = whole[:-160]
    raises(name + " short", OSError, "gave 9440 bytes, wanted 9600", camera.capture)
    Csi.picture = whole
    del sys.modules[name]
