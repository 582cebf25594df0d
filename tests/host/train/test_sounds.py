# SPDX-License-Identifier: MIT
"""Training on sounds: one small model of made sounds, from folders to answers, and what its parts do."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from midge.convert.pipeline import convert_graph
from midge.core.batch import Engine
from midge.errors import UserError
from midge.evaluate.streams import Ear, Event, evaluate_stream
from midge.fileformat.read import decode
from midge.graph import Tensor, sound
from midge.graph.builder import Builder
from midge.samples.sounds import Clip, Clips, read_sounds
from midge.train.folds import deal_folds
from midge.train.sounds import augment
from midge.train.sounds.features import FEATURES, FRAME_HOP, FrontEnd, to_pcm, to_reals
from midge.train.sounds.network import KERNELS, Shape, Weights, logits, unfold, window_frames, windowed
from midge.train.sounds.recipe import Listener, Options, fit, window_of
from tests.support.clips import MAKERS, made_sound, made_stream, write_clips
from tests.support.command import midge, refusal

RNG = np.random.default_rng(3)


def clips(groups: dict[str, list[str]], seconds: float = 0.5) -> Clips:
    made = [Clip(f"{label}/{label}_{who}_{i}.wav", label, RNG.normal(size=int(seconds * 16000)).astype(np.float32) / 10,
                 group=who) for label, names in groups.items() for i, who in enumerate(names)]
    return Clips(made, "made", grouped_by="names" if all(c.group for c in made) else "")


def test_groups_are_never_parted() -> None:
    found = clips({"yes": list("aabbccddee"), "no": list("abcdeabcde")})
    folds = deal_folds(found.clips, found.grouped_by, found.title, 3, 0)
    each = {who: {int(f) for f, c in zip(folds, found.clips, strict=True) if c.group == who} for who in "abcde"}
    assert all(len(inside) == 1 for inside in each.values()) and set(folds) == {0, 1, 2}
    with pytest.raises(UserError, match="all files of 'no' are of one part, 'a'"):
        found = clips({"yes": list("aabbcc"), "no": list("aaa")})
        deal_folds(found.clips, found.grouped_by, found.title, 3, 0)


def test_without_groups_every_fold_has_of_each_class() -> None:
    found = clips({"yes": [""] * 9, "no": [""] * 6})
    folds = deal_folds(found.clips, found.grouped_by, found.title, 3, 0)
    for label in ("yes", "no"):
        counts = np.bincount([f for f, c in zip(folds, found.clips, strict=True) if c.label == label])
        assert len(counts) == 3 and np.ptp(counts) <= 1


def test_one_class_alone_would_always_be_answered() -> None:
    with pytest.raises(UserError, match="made: one class only, 'yes'; add a folder .* or leave out --no-unknown"):
        fit(clips({"yes": list("aabb")}), Options(other=False))


def test_segments_leave_no_beginning_out() -> None:
    """The next segment of a long sound begins where, or before, the last window in this one does, whatever its room."""
    for room in (8, 14, None):
        listener = Listener(clips({"yes": ["a", "b"]}).clips, ["yes"], Shape(112, 1), np.zeros(2, int), Options(), room)
        noise = RNG.normal(size=8 * 16000).astype(np.float32) / 10
        one, other = listener._segments(noise, noise, False)[:2]
        apart = next(k for k in range(1, len(one)) if np.array_equal(other[:9], one[k:k + 9]))
        assert apart <= 2 * listener.room


def test_windows_leave_no_rest() -> None:
    for seconds in (0.1, 0.5, 0.93, 1.6):
        frames = window_frames(seconds)
        assert (frames - 5) % 3 == 0 and Shape(frames, 2).steps >= 4
    assert window_of(clips({"cry": ["a"] * 3}, 5.0)) == 1.6 and window_of(clips({"yes": ["a"] * 3}, 0.4)) == 0.8


def test_the_front_end_goes_on_over_calls_of_any_length() -> None:
    """Frames are those of one frame at a time; that they are TFLM's is tested with the front end itself."""
    pcm = to_pcm(0.3 * RNG.normal(size=50 * FRAME_HOP + 7))
    heard = FrontEnd().run(pcm)
    assert heard.shape == (51, 40) and heard.dtype == np.int8
    build = Builder("one")
    x = Tensor("sound", (FRAME_HOP,), "int16")
    made = convert_graph(build.graph([x], [sound.features(build, x, sound.Micro(160), FEATURES, "int8")]), [], "one", 0)
    (reals,) = Engine(made.blob).run([pcm[:50 * FRAME_HOP].reshape(50, FRAME_HOP)])
    np.testing.assert_allclose(reals[:, 0], to_reals(heard[:50]), atol=1e-4)


def test_networks_of_floats_and_graphs_answer_alike() -> None:
    frames, width, classes = window_frames(0.8), 12, 3
    sizes = [(200, width), *[(width, width)] * len(KERNELS), (width, classes)]
    weights = Weights([(RNG.normal(size=s) / np.sqrt(s[0]), RNG.normal(size=s[1])) for s in sizes],
                      [RNG.normal(size=(k, width)) / k for k in KERNELS])
    x = RNG.uniform(0, 26, (5, frames, 40)).astype(np.float32)
    made = convert_graph(windowed(weights, frames, 0.7, "net"), [], "net", 0)
    (scores,) = Engine(made.blob).run([x.reshape(5, 1, frames, 1, 40)])
    found = np.exp(0.7 * logits(weights, x))
    np.testing.assert_allclose(scores[:, 0], found / found.sum(axis=1, keepdims=True), atol=1e-5)
    assert unfold(x).shape == (5, (frames - 5) // 3 + 1, 200) and np.array_equal(unfold(x)[0, 1, :40], x[0, 3])


def test_variants_keep_length_and_level() -> None:
    noises = [augment.noise(RNG, 16000, 16000) for _ in range(3)]
    assert all(abs(np.sqrt(np.mean(n**2)) - 1) < 1e-6 for n in noises)
    knock = made_sound("knock", 0, RNG)
    for _ in range(20):
        heard = augment.vary(knock, 800, 400, RNG, 16000, noises)
        assert len(heard) == len(knock) + 1200 and np.abs(heard).max() <= 1
    segments = RNG.integers(-128, 128, (4, 60, 40)).astype(np.int8)
    warped = augment.warp(segments, 40, RNG)
    assert warped.shape == (4, 40, 40) and warped.min() >= -128 and warped.max() <= 127
    parts = [augment.strange(knock, RNG, 16000) for _ in range(20)]
    assert all(len(p) == len(knock) and not np.array_equal(p, knock) for p in parts)


def test_the_part_of_a_recording_in_which_something_is_said() -> None:
    said = 0.2 * np.sin(np.arange(9600) * 0.2) * np.repeat([1, 0.1, 0.6], 3200)
    for before, after, off in ((16000, 30000, 500), (40000, 5000, 500), (2000, 50000, 2000), (30000, 1000, 2400)):
        whole = np.concatenate([np.zeros(before), said, np.zeros(after)])
        whole += 0.002 * RNG.normal(size=len(whole))
        part = augment.loudest_part(whole, 14400, 16000)
        at = int(np.argmax(np.correlate(part, said, "valid")))
        assert len(part) == 14400 and abs(at - 2400) <= off, at
    assert augment.loudest_part(said, 14400, 16000) is said


def test_long_clips_are_cut_where_they_are_loud() -> None:
    x = np.concatenate([np.zeros(24000), made_sound("beep", 0, RNG), np.zeros(32000)]).astype(np.float32)
    found = Clips([Clip("a/1.wav", "a", x)])
    listener = Listener(found.clips, ["a"], Shape(window_frames(1.0), 1), np.zeros(1, int), Options())
    whole = listener.as_it_is(x, loud=False)
    loud = listener.as_it_is(x)
    assert len(whole) > 2 * len(loud) >= 2 and all(w.shape == (window_frames(1.0), 40) for w in whole)


@pytest.mark.slow
def test_sounds_are_trained_on(tmp_path: Path) -> None:
    """From folders to a file: judged by makers left out, played to sample by sample, and shown on a page."""
    pytest.importorskip("jax")
    data = write_clips(tmp_path / "sounds", 3)
    target, page = tmp_path / "knock.midge", tmp_path / "knock.html"
    done = midge("train", data, "-o", target, "--html", page, "--steps", "100", "--width", "16", "--folds", "2",
                 "--json")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["clips"] == 36 and facts["left_out"] == "group" and "part 2 of their names" in facts["grouped_by"]
    assert facts["accuracy"]["share"] > 0.85 and facts["accuracy"]["count"] == 36
    assert facts["float_agreement"]["share"] > 0.95 and facts["arena_bytes"] < 8000
    file = decode(target.read_bytes())
    assert file.labels == ["beep", "knock", "sweep", "other"]
    assert file.metadata["stream.hop"] == "480" and file.metadata["stream.quiet"] == "other"
    assert 0.5 <= float(file.metadata["stream.threshold"]) <= 0.95
    trade = facts["thresholds"]
    assert [row["threshold"] for row in trade] == [round(0.5 + 0.01 * i, 2) for i in range(46)]
    for name in ("found", "false_per_hour_made"):
        assert all(after[name] <= before[name] for before, after in pairwise(trade))
    text = page.read_text(encoding="utf-8")
    for words in ("<audio controls", "data:audio/wav;base64,", "36 clips, a window of 0.8", "groups left out"):
        assert words in text, words
    pcm, events = made_stream(12)
    heard = Ear(target.read_bytes(), "knock")
    result = evaluate_stream(heard, to_pcm(pcm), [Event(kind, a, b) for a, b, kind in events], lambda n: None)
    assert max(p.found for p in result.curve) >= 10 and result.curve[0].false.count <= 4
    assert "--head is of movements" in refusal("train", data, "-o", target, "--head", "dense")


def test_clips_from_a_folder_that_training_takes(tmp_path: Path) -> None:
    found = read_sounds(write_clips(tmp_path, 1))
    assert found.labels == ["beep", "knock", "sweep"] and {c.group for c in found.clips} == set(MAKERS)
