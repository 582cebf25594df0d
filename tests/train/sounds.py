# SPDX-License-Identifier: MIT
"""Measure training on sounds: python -m tests.train.sounds [part ...]

Parts: arabic (14 words, five speakers left out at a time), digits (English, a speaker at a time), spoken (the same
where synthesizers say digits, too; VOICES=<dir> adds neural voices), esc10 (ten everyday sounds, a fold at a time),
alexa (a finished wake word on sound that goes on). All by default. Recordings are read from $SHARED/data. Every clip is
answered by a network that heard nobody of its group. The strength of variants was chosen on two speakers of the digits;
nothing else was chosen by what is printed.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np

from midge.convert.front_end import of_step, put_front_end
from midge.convert.manifest import read_manifest
from midge.convert.pipeline import convert_graph
from midge.errors import UserError
from midge.evaluate.streams import Ear, Event, evaluate_stream
from midge.importers import open_source, read_model
from midge.samples.sound_files import SOUNDS, read_sound, resample
from midge.samples.sounds import Clips, read_sounds
from midge.train.sounds.features import to_pcm
from midge.train.sounds.model import train_sounds
from midge.train.sounds.recipe import Options
from tests.support import SHARED

DATA = SHARED / "data"
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SPOKEN = 40  # times that each digit is said


def linked(files: dict[str, list[Path]]) -> Clips:
    """Return the sounds of files by class."""
    with tempfile.TemporaryDirectory() as place:
        for label, paths in files.items():
            (Path(place) / label).mkdir()
            for path in paths:
                (Path(place) / label / path.name).symlink_to(path.resolve())
        return read_sounds(place)


def show(name: str, clips: Clips, options: Options) -> None:
    """Train, and print what it is worth."""
    start = perf_counter()
    made = train_sounds(clips, options, name)
    judged, fitted = made.judgement, made.fitted
    low, high = judged.strict.interval
    print(f"{name}: {judged.strict.value:.1%} ({low:.1%} to {high:.1%}) of {judged.strict.count} clips, "
          f"{int(fitted.folds.max()) + 1} folds by {clips.grouped_by or 'file'}")
    right = fitted.left_out.argmax(axis=1) == fitted.targets
    for fold in range(int(fitted.folds.max()) + 1):
        inside = fitted.folds == fold
        groups = sorted({c.group for c, mine in zip(clips.clips, inside, strict=True) if mine})
        print(f"  fold {fold}: {right[inside].mean():.1%} of {inside.sum()} ({', '.join(groups[:6])})")
    for c in judged.classes:
        print(f"  {c.name:16} {c.recall.value:.1%} of {c.takes}")
    print(f"  integers as floats {made.agreement.right} of {made.agreement.count}; file {len(made.blob):,} B, arena "
          f"{made.conversion.plan.arena_size:,} B, {made.conversion.macs:,} MACs each 30 ms; "
          f"{perf_counter() - start:.0f} s", flush=True)


def arabic() -> None:
    """Fourteen Arabic words by twenty people, five left out at a time."""
    show("arabic", read_sounds(DATA / "arabic_speech_commands_30people"), Options(other=False))


def digits() -> None:
    """English digits by six people, one left out at a time."""
    show("digits", read_digits(), Options(other=False, folds=6))


def spoken() -> None:
    """The same, where synthesizers say digits to train on."""
    voices = os.environ.get("VOICES")
    options = Options(other=False, folds=6, spoken=SPOKEN, voices=Path(voices) if voices else None)
    show("digits and made voices", read_digits(), options)


def read_digits() -> Clips:
    """Return the English digits of six people."""
    files = [*(DATA / "fsdd_takes_5_24").glob("*.wav"), *(DATA / "fsdd_subset").glob("*.wav")]
    by_class = {word: sorted(p for p in files if p.name.startswith(f"{i}_")) for i, word in enumerate(DIGITS)}
    return linked(by_class)


def esc10() -> None:
    """Ten everyday sounds, a fold left out at a time."""
    show("esc10", read_sounds(DATA / "esc10"), Options(other=False, folds=3))


def alexa() -> None:
    """microWakeWord's alexa: real speakers among other commands, a second of room between, nothing reset."""
    ear = Ear(wake_word("v2_alexa"), "alexa")
    words = sounds_of(DATA / "wakeword_picovoice" / "alexa")
    others = [x for name in ("smart_mirror", "snowboy", "view_glass")
              for x in sounds_of(DATA / "wakeword_picovoice" / name)]
    others += [x for folder in sorted((DATA / "arabic_speech_commands_30people").iterdir()) if folder.is_dir()
               for x in sounds_of(folder)]
    listen(ear, words, others)


def listen(ear: Ear, words: list[np.ndarray], others: list[np.ndarray]) -> None:
    """Play words among other sounds to a model, and print what it hears at each threshold."""
    rng = np.random.default_rng(0)
    parts, events, at = list[np.ndarray](), list[Event](), 0.0
    order = [(True, x) for x in words] + [(False, x) for x in others]
    for i in rng.permutation(len(order)):
        is_word, x = order[i]
        room = 0.001 * rng.normal(size=int(16000 * rng.uniform(0.8, 1.2)))
        if is_word:
            events.append(Event(ear.labels[0], at, at + len(x) / 16000))
        parts += [x, room]
        at += (len(x) + len(room)) / 16000
    result = evaluate_stream(ear, to_pcm(np.concatenate(parts)), events, lambda n: None)
    print(f"{ear.title}: {result.seconds / 3600:.2f} h, {len(events)} words among {len(others)} other sounds")
    for p in result.curve:
        low, high = p.false.interval
        own = "*" if p.threshold == result.own.threshold else " "
        print(f"  {own} {p.threshold:.2f}: {p.recall:.1%} of {p.events}, {p.false.count} false in "
              f"{p.false.hours:.2f} h ({low:.2g} to {high:.2g} an hour)", flush=True)


def wake_word(name: str) -> bytes:
    """Return a wake word of microWakeWord with its front end and what its manifest says."""
    manifest = read_manifest(DATA / "wakeword_manifests" / f"{name}.json")
    source = open_source(SHARED / "models/microwakeword" / f"{name}.tflite", None)
    graph, labels, _ = manifest.describe(read_model(source), name)
    return convert_graph(put_front_end(graph, name, of_step(manifest.step_ms)), labels, name, 0).blob


def sounds_of(folder: Path) -> list[np.ndarray]:
    """Return the sounds of a folder, or of a file, at 16 kHz; what cannot be read is said."""
    found = []
    for path in sorted(p for p in folder.iterdir() if p.suffix in SOUNDS) if folder.is_dir() else [folder]:
        try:
            sound = read_sound(path)
        except UserError as error:
            print(f"  left out: {str(error)[:100]}")
            continue
        found.append(resample(sound.mono, sound.rate_hz, 16000))
    return found


PARTS: dict[str, Callable[[], None]] = {
    "arabic": arabic, "digits": digits, "spoken": spoken, "esc10": esc10, "alexa": alexa}


def main() -> None:
    """Measure the parts that are asked for."""
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()


if __name__ == "__main__":
    main()
