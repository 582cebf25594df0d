# SPDX-License-Identifier: MIT
"""Sounds from files of every kind, and what is said about files that do not do."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from midge.errors import UserError
from midge.samples.sound_files import read_sound, resample
from midge.samples.sounds import holds_sounds, read_sounds
from tests.support.waves import wave_bytes

TONE = 0.5 * np.sin(np.arange(1600) * 2 * np.pi * 440 / 16000)


@pytest.mark.parametrize(("kind", "bits", "error"), [
    ("pcm", 8, 1 / 128), ("pcm", 16, 1 / 2**15), ("pcm", 24, 1 / 2**23), ("pcm", 32, 1e-7), ("float", 32, 1e-7),
    ("float", 64, 1e-7)])
@pytest.mark.parametrize("extensible", [False, True])
def test_every_plain_wav(tmp_path: Path, kind: str, bits: int, error: float, extensible: bool) -> None:
    both = np.stack([TONE, -TONE / 2], axis=1)
    path = tmp_path / "x.wav"
    path.write_bytes(wave_bytes(both, 22050, kind, bits, extensible))
    sound = read_sound(path)
    assert sound.rate_hz == 22050 and sound.values.shape == both.shape
    np.testing.assert_allclose(sound.values, both, atol=error)
    np.testing.assert_allclose(sound.mono, TONE / 4, atol=error)


@pytest.mark.parametrize("suffix", [".flac", ".ogg"])
def test_other_files(tmp_path: Path, suffix: str) -> None:
    soundfile = pytest.importorskip("soundfile")
    soundfile.write(tmp_path / f"x{suffix}", np.tile(TONE, 4), 16000)
    sound = read_sound(tmp_path / f"x{suffix}")
    assert sound.rate_hz == 16000 and sound.values.shape == (6400, 1)
    assert np.abs(sound.values[800:1600, 0] - np.tile(TONE, 4)[800:1600]).max() < 0.05


def test_a_header_written_before_the_end_was_known(tmp_path: Path) -> None:
    data = bytearray(wave_bytes(TONE[:, None], 16000))
    data[40:44] = b"\xff\xff\xff\xff"
    (tmp_path / "x.wav").write_bytes(data)
    assert len(read_sound(tmp_path / "x.wav").values) == len(TONE)


def test_resampling_keeps_tones_and_leaves_out_what_does_not_fit() -> None:
    pytest.importorskip("scipy")
    at = np.arange(44100) / 44100
    low, high = (np.sin(2 * np.pi * hz * at).astype(np.float32) for hz in (1000, 12000))
    wanted = np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000)
    np.testing.assert_allclose(resample(low, 44100, 16000)[500:-500], wanted[500:-500], atol=0.01)
    assert np.abs(resample(high, 44100, 16000)[500:-500]).max() < 0.01
    assert resample(low, 44100, 44100) is low


def _damage(write: Callable[[bytes], bytes]) -> bytes:
    return write(wave_bytes(TONE[:, None], 16000))


@pytest.mark.parametrize(("data", "words"), [
    (b"", "an empty file"),
    (wave_bytes(TONE[:0, None], 16000), "no samples in it"),
    (b"ID3\x04" + bytes(100), "an MP3 file, though named .wav; convert it: ffmpeg"),
    (b"\xff\xfb\x90\x00" + bytes(100), "an MP3 file"),
    (b"OggS" + bytes(100), "an Ogg file"),
    (b"hello, this is text", "no WAV file"),
    (_damage(lambda b: b[:1000]), "cut off: its header tells 0.10 s, 0.03 s are there"),
    (_damage(lambda b: b[:30]), "without a format"),
    (_damage(lambda b: b[:36]), "without samples"),
    (_damage(lambda b: b[:22] + struct.pack("<H", 0) + b[24:]), "its format is damaged"),
    (_damage(lambda b: b[:32] + bytes(4) + b[36:]), "its format is damaged"),
    (wave_bytes(np.full((1600, 1), np.nan), 16000, "float", 32), "no finite numbers"),
])
def test_damaged_files(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / "x.wav").write_bytes(data)
    with pytest.raises(UserError, match="x.wav") as caught:
        read_sound(tmp_path / "x.wav")
    assert words in str(caught.value) and "\n" not in str(caught.value)


def _write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def _tone(hz: float, rate: int = 16000, size: float = 0.5, seconds: float = 0.2) -> np.ndarray:
    made: np.ndarray = size * np.sin(np.arange(int(rate * seconds)) * 2 * np.pi * hz / rate)[:, None]
    return made


def good(count: int = 3) -> dict[str, bytes]:
    return {f"{label}/{label}_{name}_{i}.wav": wave_bytes(_tone(hz + 7 * i + 20 * k), 16000)
            for label, hz in (("high", 900), ("low", 300)) for k, name in enumerate(["ann", "bob", "cho"])
            for i in range(count)}


def test_a_folder_of_sounds(tmp_path: Path) -> None:
    pytest.importorskip("scipy")
    stereo = np.concatenate([_tone(500, 8000), _tone(500, 8000)], axis=1)
    files = {**good(), "low/low_dee_0.wav": wave_bytes(stereo, 8000),
             "low/low_dee_1.wav": wave_bytes(np.clip(_tone(310, size=3) + 0.1, -1, 1), 16000),
             "low/notes.txt": b"nothing", "high/high_ann_9.wav": good()["high/high_ann_0.wav"]}
    data = _write(tmp_path, files)
    assert holds_sounds(data) and not holds_sounds(data / "low")
    found = read_sounds(data)
    assert found.labels == ["high", "low"] and len(found.clips) == 21
    assert {c.group for c in found.clips} == {"ann", "bob", "cho", "dee"}
    assert "part 2 of their names" in found.grouped_by
    assert all(len(c.values) == 3200 and abs(c.values.mean()) < 0.02 for c in found.clips)
    notes = "\n".join(found.notes)
    for words in ("low_dee_0.wav: have 2 channels, which were mixed into one", "have 8000 samples a second",
                  "low_dee_1.wav: are clipped", "are shifted by a constant voltage", "the same recording as"):
        assert words in notes, words


def test_groups_from_a_table(tmp_path: Path) -> None:
    data = _write(tmp_path / "data", good())
    table = tmp_path / "who.csv"
    lines = [f"{p.name},{'xyz'[i % 3]}\n" for i, p in enumerate(sorted(data.rglob("*.wav")))]
    table.write_text("".join(lines), encoding="utf-8")
    assert [c.group for c in read_sounds(data, table).clips] == list("xyz" * 6)
    table.write_text("".join(lines[1:]), encoding="utf-8")
    with pytest.raises(UserError, match="has no line for high_ann_0.wav"):
        read_sounds(data, table)
    table.write_text("high_ann_0.wav\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"who.csv:1: .*names no group"):
        read_sounds(data, table)


@pytest.mark.parametrize(("files", "words"), [
    ({}, "no sounds in it"),
    ({"low/1.wav": wave_bytes(_tone(300), 16000), "high/1.wav": wave_bytes(_tone(900), 16000)}, "2 clips of 2 classes"),
    ({**good(), "odd/1.wav": wave_bytes(_tone(500), 16000)}, "the only sound of 'odd'"),
    ({**good(), "low/zero.wav": wave_bytes(_tone(300, size=1e-5), 16000)}, "zero.wav: silent"),
    ({**good(), "low/short.wav": wave_bytes(_tone(300)[:1000], 16000)}, "0.062 s long"),
    ({**good(), "low/slow.wav": wave_bytes(_tone(300, 4000), 4000)}, "4000 samples a second"),
    ({f"{label}/{i}.wav": wave_bytes(_tone(100 * i), 16000) for label in ("noise", "background") for i in (3, 5)},
     "only sounds of 'background', 'noise', which are never answered"),
    ({**good(), "none/notes.txt": b""}, "no sounds in this class's folder"),
    ({**good(), "low/mp3.wav": b"ID3" + bytes(99), "low/e.wav": b""}, "2 faults in the sounds:"),
    ({**good(), "low/twin.wav": good()["high/high_ann_0.wav"]}, "under another label"),
])
def test_folders_that_do_not_do(tmp_path: Path, files: dict[str, bytes], words: str) -> None:
    (tmp_path / "data").mkdir()
    with pytest.raises(UserError) as caught:
        read_sounds(_write(tmp_path / "data", files))
    assert words in str(caught.value) and str(caught.value).count("\n") == (2 if "2 faults" in words else 0)
