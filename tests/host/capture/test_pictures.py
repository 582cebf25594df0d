# SPDX-License-Identifier: MIT
"""Pictures over a line: whole and to the bit, or counted as lost; and those of this PC's."""

from __future__ import annotations

import base64
import io
import struct
import types
import zlib
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from PIL import Image

from midge.capture import pc_camera
from midge.capture.pc_camera import is_of_this_pc, pictures_of
from midge.capture.pictures import PLANES, AnswerReader, PictureReader, unpacked
from midge.errors import UserError
from midge.graph.sight import FORMATS
from midge.samples.camera_pictures import decode, encode
from tests.support.command import midge, printed, refusal


def frame(kind: bytes, body: bytes) -> bytes:
    return b"\x02" + kind + base64.b64encode(body + struct.pack("<I", zlib.crc32(body))) + b"\x03\r\n"


def nibbles(row: bytes) -> bytes:
    """What show.py's native loop writes, by itself."""
    out: list[int] = []
    before = 0
    for byte in row:
        d, before = byte - before, byte
        out += [d & 15] if -8 < d < 8 else [8, byte & 15, byte >> 4]
    out += [0] * (len(out) % 2)
    return bytes(low | high << 4 for low, high in zip(out[::2], out[1::2], strict=True))


def frames_of(number: int, raw: np.ndarray, format: str, packed: bool) -> list[bytes]:
    """What a board prints of a picture, uint8 [height, width, bytes]."""
    frames = []
    for y, row in enumerate(raw.reshape(len(raw), -1)):
        apart = b"".join(row[first::step].tobytes() for first, step in PLANES[format.split("-")[0]])
        flags, data = (2, nibbles(apart)) if packed else (0, apart)
        frames.append(frame(b"p", struct.pack("<HHIB", number, y, len(apart), flags) + data))
    return frames


def scene(height: int = 12, width: int = 16, seed: int = 1) -> np.ndarray:
    """Smooth colours with some noise, as cameras see."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    smooth = np.stack([128 + 100 * np.sin(x / 5 + y / 9 + i) for i in range(3)], 2)
    return np.clip(smooth + rng.normal(0, 3, smooth.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("format", sorted(FORMATS))
def test_pictures_are_what_the_camera_gave(format: str, packed: bool) -> None:
    raws = [encode(scene(seed=i), format) for i in range(3)]
    said = b"boot noise\r\n".join(b"".join(frames_of(i, raw, format, packed)) for i, raw in enumerate(raws))
    reader = PictureReader(format, 16, 12)
    shots = [shot for at in range(0, len(said), 37) for shot in reader.feed(said[at : at + 37])]
    assert [shot.number for shot in shots] == [0, 1, 2] and reader.lost == 0
    for shot, raw in zip(shots, raws, strict=True):
        assert (shot.pixels == decode(raw, format)).all()
        assert format in ("yuv422", "uyvy") or (encode(shot.pixels if shot.pixels.shape[2] == 3 else np.repeat(
            shot.pixels, 3, 2), format) == raw).all()


def test_every_byte_comes_through_nibbles() -> None:
    rng = np.random.default_rng(0)
    for row in (bytes(range(256)), bytes(range(255, -1, -1)), bytes(100), rng.bytes(999), b"\xff\x00" * 9):
        assert unpacked(nibbles(row), len(row)) == row
    assert len(unpacked(nibbles(bytes(100))[:20], 100)) == 40  # and what is cut off is short


@pytest.mark.parametrize("format", sorted(FORMATS))
def test_colours_survive_the_way_to_a_camera_and_back(format: str) -> None:
    flat = np.full((2, 4, 3), (200, 120, 40), np.uint8)
    back = decode(encode(flat, format), format)
    wanted = flat if format != "grey" else flat.mean(axis=2, keepdims=True)
    assert np.abs(back.astype(int) - (encode(flat, "grey") if format == "grey" else wanted)).max() <= 8


@pytest.mark.parametrize("harm", ["damaged", "missing", "first missing", "picture missing", "cut off", "lost"])
def test_what_does_not_come_whole_is_lost_and_nothing_else(harm: str) -> None:
    raws = [encode(scene(seed=i), "rgb565") for i in range(4)]
    frames = [frames_of(i, raw, "rgb565", True) for i, raw in enumerate(raws)]
    late = 0
    if harm == "damaged":
        frames[1][5] = frames[1][5][:20] + b"?" + frames[1][5][21:]
    elif harm == "missing":
        del frames[1][5]
    elif harm == "first missing":
        del frames[1][0]
    elif harm == "picture missing":
        frames[1] = []
    elif harm == "cut off":
        frames[1][5] = frames[1][5][:20]
    else:
        frames[1][5:] = [frame(b"p", struct.pack("<HHIB", 1, 5, 0, 1))]
        late = 1
    reader = PictureReader("rgb565", 16, 12)
    shots = reader.feed(b"".join(part for parts in frames for part in parts))
    assert [shot.number for shot in shots] == [0, 2, 3] and (reader.lost, reader.late) == (1, late)


def test_hostile_frames_give_no_picture() -> None:
    rng = np.random.default_rng(4)
    for format in (*FORMATS, "jpeg"):
        reader = PictureReader(format, 16, 2)
        for _ in range(300):
            flags = int(rng.integers(0, 16))
            head = struct.pack("<HHIB", *(int(rng.integers(0, most)) for most in (3, 3, 99)), flags)
            for shot in reader.feed(frame(b"p", head + rng.bytes(int(rng.integers(0, 40))))):
                assert shot.pixels.ndim == 3
    answers = AnswerReader()
    for text in (b"", b"[]", b'{"number": 1}', b'{"number":1,"label":"a","score":1,"boxes":[[1]],"ms":1,"lost":0}',
                 b'{"number":1,"label":"a","score":1,"boxes":[["a",1,2,3]],"ms":1,"lost":0}', b"\xff"):
        assert answers.feed(frame(b"a", text)) == []
    sound = b'{"number":7,"label":null,"score":0,"boxes":[["a",0.5,1,2,3,4]],"ms":9,"lost":2}'
    found = answers.feed(frame(b"a", sound))
    assert found[0].boxes == [("a", 0.5, 1, 2, 3, 4)] and (found[0].label, found[0].lost) == ("", 2)


def test_a_cameras_own_jpeg_is_kept_as_it_is() -> None:
    buffer = io.BytesIO()
    Image.fromarray(scene(64, 64)).save(buffer, "JPEG")
    jpeg = buffer.getvalue()
    parts = [jpeg[at : at + 300] for at in range(0, len(jpeg), 300)]
    said = [frame(b"p", struct.pack("<HHIB", 0, i, 300 * i, 4 | 8 * (i == len(parts) - 1)) + part)
            for i, part in enumerate(parts)]
    shots = PictureReader("jpeg", 64, 64).feed(b"".join(said))
    assert shots[0].jpeg == jpeg and shots[0].pixels.shape == (64, 64, 3)
    assert PictureReader("jpeg", 640, 480).feed(b"".join(said)) == []  # it says to be of another size
    assert PictureReader("jpeg", 8, 8).feed(b"".join(said)) == []
    reader = PictureReader("jpeg", 64, 64)
    assert reader.feed(b"".join(said[:-2] + said[-1:])) == []
    reader.feed(frame(b"p", struct.pack("<HHIB", 1, 0, 0, 4) + parts[0]))
    assert reader.lost == 1


def save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def test_a_folder_becomes_a_class_and_what_is_doubtful_is_named(tmp_path: Path) -> None:
    sharp = np.zeros((64, 64, 3), np.uint8)
    sharp[16:48, 16:48] = 200
    x = np.linspace(0, 255, 64)
    blurred = np.repeat(np.repeat((128 + 90 * np.sin(x / 40))[None, :, None], 64, 0), 3, 2).astype(np.uint8)
    kinds = {"a.png": sharp, "b.png": sharp // 20, "c.png": 255 - sharp // 2, "d.png": blurred,
             "e.png": np.full_like(sharp, 90)}
    for name, pixels in kinds.items():
        save(tmp_path / "in" / name, pixels)
    out = tmp_path / "data"
    text = printed("capture", "--camera", tmp_path / "in", "--label", "cup", "--count", 9, "--countdown", 0,
                   "--person", "ann", "--session", "", "--out", out)
    files = sorted((out / "cup").iterdir())
    assert [path.name for path in files] == [f"cup_ann_{i:03}.png" for i in range(1, 6)]
    for path, pixels in zip(files, kinds.values(), strict=True):
        with Image.open(path) as image:
            assert (np.asarray(image) == pixels).all()
    lines = [line for line in text.splitlines() if "cup_ann" in line]
    assert [line.split()[-1] if not line.endswith(".png") else "" for line in lines] == [
        "", "dark", "overexposed", "blurred", "over"]
    assert "9 were wanted" in text and f"midge train {out}" in text
    printed("capture", "--camera", tmp_path / "in", "--label", "cup", "--countdown", 0, "--person", "ann",
            "--session", "", "--out", out)
    assert (out / "cup/cup_ann_006.png").exists()  # none is overwritten


class Video:
    """cv2.VideoCapture as far as it is used: frames of blue, green and red."""

    frames: ClassVar[list[np.ndarray | None]] = []
    opened: object = None

    def __init__(self, name: object) -> None:
        Video.opened, self.at = name, iter(Video.frames)

    def isOpened(self) -> bool:
        return bool(Video.frames)

    def get(self, what: int) -> float:
        return 10.0

    def read(self) -> tuple[bool, np.ndarray | None]:
        frame = next(self.at, None)
        return frame is not None, frame

    def release(self) -> None:
        Video.opened = None


@pytest.fixture
def cv2(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.SimpleNamespace(VideoCapture=Video, CAP_PROP_FPS=5)
    monkeypatch.setattr(pc_camera, "need", lambda *names: module)
    Video.frames = [np.full((8, 8, 3), (i, 0, 255), np.uint8) for i in range(20)]


def test_a_camera_of_this_pc_and_a_video(cv2: None, tmp_path: Path) -> None:
    shots = list(pictures_of("pc2"))
    assert len(shots) == 20 and shots[3][0, 0].tolist() == [255, 0, 3]  # red first
    video = tmp_path / "cups.mp4"
    video.touch()
    assert [shot[0, 0, 2] for shot in pictures_of(str(video), every_s=0.5)] == [0, 5, 10, 15]
    assert Video.opened is None  # it is given back
    Video.frames = []
    for name, words in (("pc", "this PC has no camera of that number"), (str(video), "is no video that can be read")):
        with pytest.raises(UserError, match=words):
            list(pictures_of(name))
    Video.frames = [None] * 30
    with pytest.raises(UserError, match="gives no pictures"):
        list(pictures_of("pc"))


def test_a_real_video(tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2", reason="no OpenCV; pip install 'midge[camera]'")
    path = tmp_path / "v.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10.0, (64, 48))
    for i in range(10):
        writer.write(np.full((48, 64, 3), (0, 20 * i, 255), np.uint8))
    writer.release()
    printed("capture", "--camera", path, "--label", "x", "--count", 3, "--every", 0.3, "--countdown", 0,
            "--out", tmp_path / "data")
    greens = []
    for file in sorted((tmp_path / "data/x").iterdir()):
        with Image.open(file) as image:
            greens.append(np.asarray(image)[..., 1].mean())
    np.testing.assert_allclose(greens, [0, 60, 120], atol=6)


def test_which_camera_is_meant(tmp_path: Path) -> None:
    assert all(is_of_this_pc(camera) for camera in ("pc", "pc1", str(tmp_path), "no/such.mp4", "such.mp4"))
    assert not any(is_of_this_pc(camera) for camera in ("file", "esp32,grey,96x96", "mine:camera"))


@pytest.mark.parametrize(("options", "words"), [
    (("--camera", "no/such.mp4"), "no/such.mp4: no such file or folder"),
    (("--camera", "pc", "--continuous"), "--camera takes pictures one by one"),
])
def test_what_makes_no_sense(tmp_path: Path, options: tuple[str, ...], words: str, cv2: None) -> None:
    assert words in refusal("capture", "--label", "cup", "--countdown", 0, "--out", tmp_path, *options)


def test_a_camera_that_is_absent(tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    text = refusal("capture", "--label", "cup", "--countdown", 0, "--out", tmp_path, "--camera", "pc73")
    assert text.startswith("midge: this PC has no camera of that number, or another program uses it")


def test_without_opencv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "cv2", None)
    done = midge("capture", "--label", "cup", "--countdown", 0, "--out", tmp_path, "--camera", "pc")
    assert done.returncode == 1 and "pip install 'midge[camera]'" in done.stderr
