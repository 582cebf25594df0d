# SPDX-License-Identifier: MIT
"""The files that transcripts in the documents speak of: a row each."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from midge.api import convert
from midge.convert.pipeline import convert_model
from midge.fileformat.read import decode
from midge.samples.camera_pictures import camera_bytes
from midge.samples.take_format import Source, take_text
from tests.support import SHARED, WAND, WAND_MODEL
from tests.support.clips import made_stream, write_clips
from tests.support.device_scripts import DRIVERS
from tests.support.shots import write_pictures
from tests.support.waves import wave_bytes

KEYWORDS = SHARED / "models/mlperf-tiny/kws_ref_model_float32.tflite"
FEATURES = SHARED / "data/ready/kws01_mfcc_1000_visible.npz"
WAKE_WORDS, MANIFESTS = SHARED / "models/microwakeword", SHARED / "data/wakeword_manifests"
PERSON = SHARED / "models/tflite-micro/person_detect.tflite"
PERSON_SEEN = SHARED / "data/tflm_person_bmp/person.bmp"
ALEXA_SAID = SHARED / "data/wakeword_wav/alexa_1.wav"


@dataclass(frozen=True)
class File:
    """How a file is made, and of which one; it may be missing where there are no real models."""

    content: Callable[[], bytes]
    source: Path

    def missing(self) -> str:
        """Say what is missing to make it, or nothing."""
        return "" if self.source.exists() else f"no {self.source}; set SHARED=<dir>"


def copy(path: Path) -> File:
    """A file as it is, under another name."""
    return File(path.read_bytes, path)


def _wand() -> bytes:
    return convert_model(WAND_MODEL, (WAND / "labels.txt").read_text().split(), name="wand").blob


def _alexa() -> bytes:
    return convert(WAKE_WORDS / "v2_alexa.tflite", manifest=MANIFESTS / "v2_alexa.json", name="alexa").blob


def _gestures() -> bytes:
    """A recording of rest, a circle, rest and a wing, by the demo's simulated people."""
    parts = [f"{gesture}/person140-0.csv" for gesture in ("idle", "idle", "circle", "idle", "idle", "wing")]
    rows = [line for part in parts for line in (WAND / "samples" / part).read_text().splitlines()[1:]]
    return "\n".join(["x,y,z", *rows, ""]).encode()


def _takes() -> bytes:
    """Ten takes of each of six classes, by one simulated person, a folder for each class."""
    from tests.train.sets import simulator, wand_person

    source = Source("simulated", float(simulator().RATE_HZ), ("ax", "ay", "az"), ("g",) * 3)
    return _zipped({f"{take.label}/{Path(take.path).name}": take_text(
        take.values, source, take.label, "2026-11-29T06:00:00Z").encode() for take in wand_person(140, range(10))})


def _people() -> bytes:
    """Eight takes of each of four classes by each of three simulated people."""
    from tests.train.sets import simulator, wand_person

    files: dict[str, bytes] = {}
    for person in (141, 142, 143):
        source = Source("simulated", float(simulator().RATE_HZ), ("ax", "ay", "az"), ("g",) * 3, person=str(person))
        for take in wand_person(person, range(8)):
            if take.label in ("idle", "thrust", "slope", "flick"):
                files[f"{take.label}/{Path(take.path).name}"] = take_text(
                    take.values, source, take.label, "2026-11-29T06:00:00Z").encode()
    return _zipped(files)


def _clips() -> bytes:
    """Three made sounds of three kinds by each of four makers, a folder for each kind."""
    with tempfile.TemporaryDirectory() as place:
        folder = write_clips(Path(place), 3)
        return _zipped({path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.wav")})


def _shapes() -> bytes:
    """Five made pictures of three shapes by each of four makers, a folder for each shape."""
    with tempfile.TemporaryDirectory() as place:
        folder = write_pictures(Path(place), 5)
        return _zipped({path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.png")})


def _heard() -> bytes:
    """A stretch of sound with knocks, beeps and sweeps in it, and a table of the knocks."""
    pcm, events = made_stream(24)
    lines = [f"heard.wav,{start:.2f},{end:.2f},{kind}" for start, end, kind in events]
    return _zipped({"heard.wav": wave_bytes(pcm[:, None], 16000),
                    "truth.csv": "\n".join(["file,start,end,label", *lines, ""]).encode()})


def _zipped(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def _features(labelled: bool) -> bytes:
    """200 keywords to calibrate on, or all 600 with what was said."""
    file = io.BytesIO()
    with np.load(FEATURES) as data:
        if labelled:
            np.savez(file, x=data["mfcc"], y=data["y"])
        else:
            np.save(file, data["mfcc"][:200])
    return file.getvalue()


def _person_detector() -> bytes:
    return convert(PERSON, camera="rgb565,320x240", labels=["no person", "person"], arena_limit=39000,
                   name="person").blob


def _camera() -> bytes:
    """What the person detector's camera gives of the picture."""
    with tempfile.TemporaryDirectory() as place:
        (picture := Path(place, "person.png")).write_bytes(_person())
        return camera_bytes(picture, decode(_person_detector()).metadata, "person")[0]


def _person() -> bytes:
    """The picture that comes with the network, whose bytes are the int8 image."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(np.asarray(Image.open(PERSON_SEEN)) ^ 128).save(file, "png")
    return file.getvalue()


FILES: dict[str, File] = {
    "wand.tflite": copy(WAND_MODEL),
    "wand_int8.tflite": copy(WAND_MODEL),
    "wand.midge": File(_wand, WAND_MODEL),
    "labels.txt": copy(WAND / "labels.txt"),
    "okay_nabu.tflite": copy(WAKE_WORDS / "v2_okay_nabu.tflite"),
    "okay_nabu.json": copy(MANIFESTS / "v2_okay_nabu.json"),
    "alexa.tflite": copy(WAKE_WORDS / "v2_alexa.tflite"),
    "alexa.json": copy(MANIFESTS / "v2_alexa.json"),
    "alexa.midge": File(_alexa, WAKE_WORDS / "v2_alexa.tflite"),
    "alexa.wav": copy(ALEXA_SAID),
    "i2s_microphone.py": copy(DRIVERS / "i2s_microphone.py"),
    "microphone.py": copy(DRIVERS / "microphone.py"),
    "wing.csv": copy(WAND / "samples/wing/person140-0.csv"),
    "gestures.csv": File(_gestures, WAND_MODEL),
    "circle.csv": copy(WAND / "samples/circle/person140-0.csv"),
    "takes.zip": File(_takes, WAND_MODEL),
    "people.zip": File(_people, WAND_MODEL),
    "clips.zip": File(_clips, WAND_MODEL),
    "heard.zip": File(_heard, WAND_MODEL),
    "person_detect.tflite": copy(PERSON),
    "shapes.zip": File(_shapes, WAND_MODEL),
    "person.midge": File(_person_detector, PERSON),
    "camera.bin": File(_camera, PERSON_SEEN),
    "person.png": File(_person, PERSON_SEEN),
    "fomo.tflite": copy(SHARED / "models/edge-impulse-sdk/fomo.96x96.i8q.tflite"),
    "file_camera.py": copy(DRIVERS / "file_camera.py"),
    "kws_float.tflite": copy(KEYWORDS),
    "mfcc.npy": File(lambda: _features(labelled=False), FEATURES),
    "kws.npz": File(lambda: _features(labelled=True), FEATURES),
}
