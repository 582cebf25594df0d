# SPDX-License-Identifier: MIT
"""Make the embedding of words that lies in host_tools/demo/words: python -m tests.train.words FILE [STEPS]

It learns from real words of some hundred people (English, Arabic; those of $SHARED/data that are listed below) and from
1200 made-up words by espeak-ng and flite. The words that tests/train/learning.py measures by are not among them.
"""

from __future__ import annotations

import sys
from pathlib import Path
from time import perf_counter

from midge.errors import UserError
from midge.files import write_whole
from midge.progress import Advance
from midge.samples.sound_files import read_sound, resample
from midge.samples.sounds import RATE_HZ, Clip, Clips
from midge.train.sounds.embedding import Options, train_embedding
from tests.support import SHARED

DATA = SHARED / "data"
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
STEPS, MADE_UP = 2000, 1200


def clip_of(path: Path, label: str, person: str) -> Clip | None:
    """Return a recording, or None where it cannot be read."""
    try:
        sound = read_sound(path)
    except UserError:
        return None
    mono = sound.mono - sound.mono.mean()
    return Clip(str(path), label, resample(mono, sound.rate_hz, RATE_HZ), RATE_HZ, person)


def spoken() -> Clips:
    """Return the words to learn from: whoever says them is told by names."""
    found: list[Clip | None] = []
    for name, language in (("arabic_speech_commands_30people", "arabic"), ("speech_commands_10x30", "english")):
        for folder in sorted(path for path in (DATA / name).iterdir() if path.is_dir()):
            found += [clip_of(path, f"{language} {folder.name}", f"{language} {path.name[:8]}")
                      for path in sorted(folder.glob("*.wav"))]
    for name in ("fsdd_takes_5_24", "fsdd_subset"):
        for path in sorted((DATA / name).glob("*.wav")):
            digit, person = path.stem.split("_")[:2]
            found.append(clip_of(path, f"english {DIGITS[int(digit)]}", f"digits {person}"))
    amelia = DATA / "wakeword_precise_public_domain/amelia/en"
    found += [clip_of(path, "amelia", "amelia") for path in sorted(amelia.iterdir())]
    return Clips([clip for clip in found if clip is not None], "words", grouped_by="names")


def stage(what: str, count: int) -> Advance:
    """Print each tenth of what is done."""
    start, done = perf_counter(), 0

    def advance(n: int) -> None:
        nonlocal done
        if (done + n) * 10 // count > done * 10 // count:
            print(f"{what}: {done + n} of {count} in {perf_counter() - start:.0f} s", flush=True)
        done += n

    return advance


def main(out: Path, steps: int = STEPS) -> None:
    """Train, and write the file."""
    made = train_embedding(spoken(), Options(steps=steps, made_up=MADE_UP, judge=False), "words", stage=stage)
    write_whole(out, lambda aside: aside.write_bytes(made.blob))
    facts = made.facts()
    print(f"{out}: {facts['clips']:,} clips of {facts['words']} words and {facts['made_up_clips']:,} of made-up ones; "
          f"{len(made.blob):,} B, arena {facts['arena_bytes']:,} B, {facts['macs']:,} MACs each 30 ms; "
          f"{made.seconds:.0f} s")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
