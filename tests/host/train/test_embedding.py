# SPDX-License-Identifier: MIT
"""Networks that embed: of movements, in closed form, of sounds, and what a board's Learner makes of both."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import midge
from midge.core.batch import Engine
from midge.errors import UserError
from midge.fileformat.read import decode
from midge.samples.pictures import Pictures, Size, read_pictures
from midge.samples.sounds import Clips, read_sounds
from midge.samples.takes import Takes
from midge.train import embedding as of_movements
from midge.train.embedding import Options, discriminants, train_embedding
from midge.train.pictures import embedding as of_pictures
from midge.train.sounds import embedding as of_sounds
from midge.train.sounds.features import to_pcm
from midge.train.sounds.phones import CONSONANTS, VOWELS, made_up_words, spell
from midge.train.sounds.voices import speak
from tests.support.clips import write_clips
from tests.support.command import midge as command
from tests.support.command import refusal
from tests.support.shots import write_pictures
from tests.train.sets import wand_person

SEEN = ("idle", "thrust", "slope", "flick")


def people(*numbers: int, count: int = 7) -> Takes:
    """Takes of four gestures by simulated people."""
    return Takes([take for n in numbers for take in wand_person(n, range(count)) if take.label in SEEN], "people")


def test_discriminants_are_those_of_their_equations() -> None:
    rng = np.random.default_rng(1)
    targets = np.repeat(np.arange(4), 50)
    features = rng.normal(size=(200, 6)) * [1, 5, 1, 1, 1, 1] + np.eye(4, 6)[targets] * 8
    head = discriminants(features, targets, 3)
    found = head.scores(features)
    within = np.mean([np.cov(found[targets == c].T, bias=True) for c in range(4)], axis=0)
    assert np.abs(within - np.diag(np.diag(within))).max() < 0.05 and np.abs(np.diag(within) - 1).max() < 0.2
    assert np.abs(found.mean(axis=0)).max() < 1e-9
    between = found.var(axis=0)
    assert list(between) == sorted(between, reverse=True)


def test_gestures_of_people_who_were_left_out() -> None:
    made = train_embedding(people(141, 142, 143), Options(values=16))
    assert list(made.shots) == ["141", "142", "143"] and made.windows.group_kind == "person"
    assert np.mean([shots[0].closed.value for shots in made.shots.values()]) >= 0.75
    file = decode(made.blob)
    at, count = map(int, file.metadata["learn.others"].split(","))
    assert count == 128 and file.metadata["sensor.rate_hz"] == "50" and at >= 0
    learner: Any = midge.Learner(midge.load(made.blob))
    assert len(learner._others) == 128 * 16
    for label in ("wing", "circle"):
        for take in (take for take in wand_person(150, range(5)) if take.label == label):
            learner.teach(label, take.values)
    asked = [take for take in wand_person(150, range(5, 12)) if take.label in ("wing", "circle", "thrust")]
    said = [(take.label, learner(take.values).label) for take in asked]
    assert sum(true == label for true, label in said) >= 11
    assert sum(true == "thrust" and label != "uncertain" for true, label in said) <= 2
    assert train_embedding(people(141, 142, 143), Options(values=16, judge=False)).blob == made.blob


def test_convolutions_beside_the_features(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of a row's values are theirs; a board gives what was fitted, and the same takes the same bytes."""
    monkeypatch.setattr(of_movements, "STEPS", 120)
    options = Options(values=16, head="cnn", judge=False)
    made = train_embedding(people(141, 142, 143), options)
    plain = train_embedding(people(141, 142, 143), replace(options, values=8, head="ridge"))
    rows, features = (Engine(m.blob, threads=1).run([m.windows.values])[0].reshape(len(m.windows.values), -1)
                      for m in (made, plain))
    assert rows.shape[1] == 16 and made.conversion.macs > plain.conversion.macs
    for k in range(8):  # the first half are the discriminants alone, in another step
        assert np.corrcoef(rows[:, k], features[:, k])[0, 1] > 0.98
    within = [rows[made.windows.targets == t][:, 8:].std(axis=0) for t in np.unique(made.windows.targets)]
    assert 0 < np.mean(within) < 0.7 * rows[:, 8:].std(axis=0).mean()
    assert train_embedding(people(141, 142, 143), options).blob == made.blob


def test_the_command_for_movements(tmp_path: Path) -> None:
    from midge.samples.take_format import Source, take_text

    for take in people(141, 142, 143, count=6).takes:
        source = Source("simulated", 50.0, ("ax", "ay", "az"), ("g",) * 3, person=take.person)
        (tmp_path / "takes" / take.label).mkdir(parents=True, exist_ok=True)
        (tmp_path / "takes" / take.label / Path(take.path).name).write_text(
            take_text(take.values, source, take.label, "2026-11-29T06:00:00Z"))
    takes, out = str(tmp_path / "takes"), str(tmp_path / "moves.midge")
    facts = json.loads(command("train", takes, "--embedding", "--values", "8", "-o", out, "--json").stdout)
    assert facts["values"] == 8 and list(facts["shots"]) == ["141", "142", "143"]
    assert facts["shots"]["141"][0]["shots"] == 5
    assert "has no head 'dense'; there are ridge, cnn" in refusal(
        "train", takes, "--embedding", "--head", "dense", "-o", out)
    assert "--values goes with --embedding" in refusal("train", takes, "--values", "8", "-o", out)
    assert "--made-up is of sounds" in refusal("train", takes, "--embedding", "--made-up", "8", "-o", out)
    for label in SEEN[:2]:
        shutil.rmtree(tmp_path / "takes" / label)
    assert "learns from different gestures, here are 2" in refusal("train", takes, "--embedding", "-o", out)


def test_words_are_embedded(tmp_path: Path) -> None:
    clips = read_sounds(write_clips(tmp_path, 2))
    options = of_sounds.Options(values=16, width=8, steps=25, window_s=0.8, judge=False)
    made = of_sounds.train_embedding(clips, options, "sounds")
    file = decode(made.blob)
    _, count = map(int, file.metadata["learn.others"].split(","))
    assert file.metadata["stream.hop"] == "480" and file.metadata["learn.hops"] == "27"
    learner: Any = midge.Learner(midge.load(made.blob), classes=3)
    assert len(learner._others) == 16 * count > 16 * of_sounds.NOISES
    # The row is what the stream gives, hop by hop, and has the length of all rows.
    pcm = to_pcm(clips.clips[0].values)
    row = np.frombuffer(learner.row(pcm), np.int8).astype(int)
    padded = np.concatenate([pcm, np.zeros(480 * 27, np.int16)])
    (rows,) = Engine(made.blob, threads=1).run([padded[:len(padded) // 480 * 480].reshape(-1, 480)])
    assert (np.round(rows.reshape(-1, 16) * 128).astype(int) == row).all(axis=1).any()
    assert 110 <= np.sqrt((row * row).sum()) <= 140
    for clip in clips.clips[::2]:
        learner.teach(clip.label, to_pcm(clip.values))
    said = [learner.label(learner.answer(learner.row(to_pcm(clip.values))).index) == clip.label
            for clip in clips.clips[1::2]]
    assert np.mean(said) >= 0.7


def test_what_no_embedding_is_made_of(tmp_path: Path) -> None:
    clips = read_sounds(write_clips(tmp_path, 2))
    lone = Clips([clip for clip in clips.clips if clip.label == clips.labels[0]], "lone")
    with pytest.raises(UserError, match="lone: an embedding learns from different words, here is 1"):
        of_sounds.train_embedding(lone)


def test_made_up_words() -> None:
    words = made_up_words(300, np.random.default_rng(3))
    assert len(set(words)) == 300 and words == made_up_words(300, np.random.default_rng(3))
    assert all(sound == "-" or sound in VOWELS or sound in CONSONANTS for word in words for sound in word)
    assert all(any(sound in VOWELS for sound in word) for word in words)
    assert spell(("-", "l", "uw", "-", "m", "ow", "s")) == "luw-mows"
    missing = [program for program in ("espeak-ng", "flite") if shutil.which(program) is None]
    if missing:
        with pytest.raises(UserError, match=f"made-up words need {missing[0]}, which is not here: apt-get install"):
            speak(1, 1, 0)
        return
    said = speak(3, 3, 0)
    assert len(said) == 9 and len({clip.label for clip in said}) == 3
    assert all(0.1 < clip.seconds < 3 and np.abs(clip.values).max() > 0.02 for clip in said)
    assert all((a.values == b.values).all() for a, b in zip(said, speak(3, 3, 0), strict=True))


def test_pictures_are_embedded(tmp_path: Path) -> None:
    data = write_pictures(tmp_path / "shapes", 4)
    found = read_pictures(data, Size(24, 24, True))
    options = of_pictures.Options(values=16, width=5, steps=120, camera="grey,48x24,24x24+12+0", judge=False)
    made = of_pictures.train_embedding(found, options, "shapes")
    file = decode(made.blob)
    assert file.metadata["camera.size"] == "48x24" and file.metadata["learn.others"].endswith(f",{of_pictures.OTHERS}")
    learner: Any = midge.Learner(midge.load(made.blob))
    new = read_pictures(write_pictures(tmp_path / "new", 4, seed=9), Size(24, 24, True))
    seen = [(picture.label, np.pad(picture.values, ((0, 0), (12, 12), (0, 0))).tobytes()) for picture in new.pictures]
    row = np.frombuffer(learner.row(seen[0][1]), np.int8).astype(int)
    assert 110 <= np.sqrt((row * row).sum()) <= 140
    for label, picture in seen[::4]:
        learner.teach(label, picture)
    right = [learner.label(learner(picture).index) == label for i, (label, picture) in enumerate(seen) if i % 4]
    assert np.mean(right) >= 0.8
    assert of_pictures.train_embedding(found, options, "shapes").blob == made.blob


def test_pictures_that_are_asked_were_not_trained_on(tmp_path: Path) -> None:
    found = read_pictures(write_pictures(tmp_path / "shapes", 2), Size(24, 24, True))
    parts = of_pictures.parts_left_out(found, of_pictures.Options())
    assert list(parts) == ["known things, new people"]  # three kinds are too few to leave two out
    used, asked = ({found.pictures[i].group for i in part} for part in parts["known things, new people"])
    assert used and asked and not used & asked and used | asked == {"ann", "bob", "cho", "dee"}
    more = [replace(p, label=p.label + suffix) for p in found.pictures for suffix in ("", " b")]
    parts = of_pictures.parts_left_out(Pictures(more, "more", [], found.grouped_by), of_pictures.Options())
    assert list(parts) == ["known things, new people", "new things"]
    used, asked = ({(more[i].label, more[i].group) for i in part} for part in parts["new things"])
    assert len({label for label, _ in asked}) == 2 and not {label for label, _ in asked} & {label for label, _ in used}
    assert not {group for _, group in asked} & {group for _, group in used}


def never(what: str, total: int) -> Callable[[int], None]:
    """Fail where work begins that takes its time."""
    raise AssertionError(what)


def test_the_command_for_pictures(tmp_path: Path) -> None:
    data, out = str(write_pictures(tmp_path / "shapes", 3)), str(tmp_path / "shapes.midge")
    done = command("train", data, "--embedding", "--width", "4", "--steps", "20", "--values", "8", "--size", "24x24",
                   "--camera", "rgb565,48x32", "--no-judge", "-o", out, "--json")
    facts = json.loads(done.stdout)
    assert (facts["classes"], facts["values"], facts["camera"], facts["shots"]) == (3, 8, "rgb565,48x32", {})
    assert "--embedding knows no --from" in refusal("train", data, "--embedding", "--from", "net.tflite", "-o", out)
    assert "no picture; wanted FORMAT" in refusal("train", data, "--embedding", "--camera", "rgb", "-o", out)
    with pytest.raises(UserError, match="no picture; wanted FORMAT"):  # at once, not after minutes of training
        of_pictures.train_embedding(read_pictures(data), of_pictures.Options(camera="rgb"), stage=never)
    one = Pictures(read_pictures(data).pictures[:12], "one")
    with pytest.raises(UserError, match="one: an embedding learns from different things, here are 1"):
        of_pictures.train_embedding(one)
