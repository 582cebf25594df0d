# SPDX-License-Identifier: MIT
"""Recordings of sensors."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from midge.samples.recordings import read_recording


def test_recordings_are_read_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "six.csv"
    path.write_text("ax,ay,az,gx,gy,gz\n1,2,3,4,5,6\n\n-1, -2,-3,-4,-5,-6.5\n")
    recording = read_recording(path)
    assert recording.dtype == np.float32
    assert recording.tolist() == [[1, 2, 3, 4, 5, 6], [-1, -2, -3, -4, -5, -6.5]]
