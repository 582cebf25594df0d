# SPDX-License-Identifier: MIT
"""Pictures of this PC's: of its camera, of a video, or of a folder.

OpenCV reads cameras and videos, as it talks to the camera by what each system has (V4L2, AVFoundation, Media
Foundation) and needs no other program; imageio would need FFmpeg's.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UserError
from ..optional import need
from ..samples.faults import noted, raise_faults
from ..samples.picture_files import PICTURES, is_picture, picture_files, read_picture

_FAILURES = 20  # pictures in a row that a camera does not give, until it is gone


def is_of_this_pc(camera: str) -> bool:
    """Tell whether --camera names pictures of this PC's: pc, pc1, a video or a folder."""
    return re.fullmatch(r"pc\d{0,2}|[^:,]+\.\w+", camera) is not None or Path(camera).exists() or "/" in camera


def pictures_of(camera: str, every_s: float = 0) -> Iterator[np.ndarray]:
    """Yield pictures, uint8 [height, width, 1 or 3].

    camera: pc or pcNUMBER, a video file, a picture, or a folder of them. every_s: of a video, what lies between two
    pictures. Raises UserError where there is none, or it ends at once; for bad files of a folder after the others.
    """
    path = Path(camera)
    if path.is_dir() or (path.is_file() and is_picture(path)):
        files, faults = picture_files(path) if path.is_dir() else [path], list[str]()
        if not files:
            raise UserError(f"{camera}: no pictures in this folder; put {', '.join(PICTURES)} files into it")
        for file in files:
            with noted(faults):
                yield read_picture(file)
        raise_faults(faults, "pictures")
        return
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")  # what is wrong is told here, in a line
    cv2 = need("cv2", "camera", "a camera of this PC, or a video")
    device = re.fullmatch(r"pc(\d{0,2})", camera)
    if device is None and not path.is_file():
        raise UserError(f"{camera}: no such file or folder; name pc, a video, or a folder of pictures")
    source = cv2.VideoCapture(int(device[1] or 0) if device else str(path))
    try:
        if not source.isOpened():
            raise UserError("this PC has no camera of that number, or another program uses it" if device else
                            f"{camera}: is no video that can be read; convert it to .mp4")
        yield from _frames(cv2, source, camera, every_s, is_live=device is not None)
    finally:
        source.release()


def _frames(cv2: Any, source: Any, camera: str, every_s: float, is_live: bool) -> Iterator[np.ndarray]:
    rate = source.get(cv2.CAP_PROP_FPS)
    step = max(round(every_s * rate), 1) if not is_live and 0 < rate < 1000 else 1
    failed = count = 0
    while failed < (_FAILURES if is_live else 1):
        whole, frame = source.read()
        if not whole or frame is None:
            failed += 1
            continue
        failed = 0
        if count % step == 0:
            yield np.ascontiguousarray(frame[..., ::-1]) if frame.ndim == 3 else frame[..., None]
        count += 1
    if not count:
        raise UserError(f"{camera}: gives no pictures; " + ("is its lens open, and may this program use it?" if is_live
                        else "copy it again, or convert it to .mp4"))
