# SPDX-License-Identifier: MIT
"""Measure midge train --word: python -m tests.train.wake [word ...]

VOICES=<dir> adds neural voices, NEGATIVES=<dir> sounds without the word.

A word of the crowd that spoke for Picovoice's benchmark, made from its name and 20 of its recordings, is played to
the others of them and to all other speech of $SHARED/data, which nothing is trained on. One choice was made by it:
that words alone are among the speech that is not the word. Who spoke is not named there: some may have spoken more
than once.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np

from midge.errors import UserError
from midge.evaluate.streams import Ear
from midge.samples.sound_files import SOUNDS, read_sound
from midge.train.sounds.word import Options, train_word
from tests.support import SHARED

from .sounds import listen, sounds_of

DATA = SHARED / "data"
OTHERS = ("wakeword_precise_public_domain/amelia", "fsdd_subset", "fsdd_takes_5_24")
IN_FOLDERS = ("arabic_speech_commands_30people", "speech_commands_10x30")
TAKES = 20


def measure(word: str) -> None:
    """Train on a word, and print what it is worth."""
    folder = DATA / "wakeword_picovoice" / word.replace(" ", "_")
    readable = [path for path in sorted(folder.iterdir()) if path.suffix in SOUNDS and _can_be_read(path)]
    chosen = set(np.random.default_rng(1).permutation(len(readable))[:TAKES].tolist())
    voices = os.environ.get("VOICES")
    start = perf_counter()
    before = os.times()
    with tempfile.TemporaryDirectory() as place:
        for i in chosen:
            (Path(place) / readable[i].name).symlink_to(readable[i].resolve())
        options = Options(voices=Path(voices) if voices else None)
        made = train_word(word, takes=place, negatives=os.environ.get("NEGATIVES") or None, options=options,
                          name=word)
    after = os.times()
    cpu = sum(after[:4]) - sum(before[:4])
    low, high = made.false.interval
    of = "negatives" if made.own_speech else "made speech"
    print(f"{word}: {perf_counter() - start:.0f} s, {cpu:.0f} s of one core; spoken {made.spoken}; {made.takes} takes; "
          f"threshold {made.threshold}, found of made voices {made.found.value:.1%}; {made.false.count} false in "
          f"{made.false.hours:.2f} h of {of} ({low:.2g} to {high:.2g} an hour); file {len(made.blob):,} B, "
          f"arena {made.conversion.plan.arena_size:,} B, {made.conversion.macs:,} MACs")
    words = [x for i, path in enumerate(readable) if i not in chosen for x in sounds_of(path)]
    folders = [DATA / name for name in OTHERS]
    folders += [p for p in sorted((DATA / "wakeword_picovoice").iterdir()) if p.is_dir() and p != folder]
    folders += [p for name in IN_FOLDERS for p in sorted((DATA / name).iterdir()) if p.is_dir()]
    listen(Ear(made.blob, word), words, [x for place in folders for x in sounds_of(place)])


def _can_be_read(path: Path) -> bool:
    try:
        read_sound(path)
    except UserError:
        return False
    return True


if __name__ == "__main__":
    for asked in sys.argv[1:] or ["alexa"]:
        measure(asked)
