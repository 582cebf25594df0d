# SPDX-License-Identifier: MIT
# ruff: noqa: RUF001 (letters of the phonetic alphabet look like others)
"""The sounds of English: what synthesizers call them, words made of them, and words that are nearly another."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence

import numpy as np

from ...errors import UserError

# By their names in CMU's set, as flite takes them: what espeak-ng calls them, and the International Phonetic Alphabet.
VOWELS = {"aa": "A:", "ae": "a", "ah": "V", "ao": "O:", "aw": "aU", "ay": "aI", "eh": "E", "er": "3:", "ey": "eI",
          "ih": "I", "iy": "i:", "ow": "oU", "oy": "OI", "uh": "U", "uw": "u:"}
CONSONANTS = {"b": "b", "ch": "tS", "d": "d", "dh": "D", "f": "f", "g": "g", "hh": "h", "jh": "dZ", "k": "k", "l": "l",
              "m": "m", "n": "n", "ng": "N", "p": "p", "r": "r", "s": "s", "sh": "S", "t": "t", "th": "T", "v": "v",
              "w": "w", "y": "j", "z": "z", "zh": "Z"}
IPA = {"aa": "ɑː", "ae": "æ", "ah": "ʌ", "ao": "ɔː", "aw": "aʊ", "ay": "aɪ", "eh": "ɛ", "er": "ɜː", "ey": "eɪ",
       "ih": "ɪ", "iy": "iː", "ow": "oʊ", "oy": "ɔɪ", "uh": "ʊ", "uw": "uː", "ch": "tʃ", "dh": "ð", "g": "ɡ",
       "hh": "h", "jh": "dʒ", "ng": "ŋ", "r": "ɹ", "sh": "ʃ", "th": "θ", "y": "j", "zh": "ʒ"}  # others by their names
# What else espeak-ng says, in its accent en-us.
OTHERS = {"A": "aa", "0": "aa", "A@": "aa r", "A:r": "aa r", "aa": "ae", "&": "ae", "@": "ah", "a#": "ah", "@2": "ah",
          "@5": "ah", "@-": "ah", "O": "ao", "O2": "ao", "oo": "ao", "O@": "ao r", "o@": "ao r", "E2": "eh", "e": "eh",
          "e@": "eh r", "3": "er", "3:r": "er", "@r": "er", "I3": "er", "i": "iy", "I2": "ih", "I#": "ih",
          "i@": "ih r", "i@3": "ih r", "aI@": "ay ah", "aI3": "ay er", "aU@": "aw ah", "oU#": "ow", "o": "ow",
          "U@": "uh r", "u": "uw", "@L": "ah l", "t#": "t", "t2": "t", "?": "t", "l#": "l", "n-": "ah n", "r-": "r"}
NO_ONSET, NO_CODA = {"ng"}, {"hh", "w", "y"}
CLUSTERS = (
    ("b", "l"), ("b", "r"), ("d", "r"), ("f", "l"), ("f", "r"), ("g", "l"), ("g", "r"), ("k", "l"), ("k", "r"),
    ("k", "w"), ("p", "l"), ("p", "r"), ("s", "k"), ("s", "l"), ("s", "m"), ("s", "n"), ("s", "p"), ("s", "t"),
    ("s", "w"), ("t", "r"), ("t", "w"))
SYLLABLES = (0.2, 0.4, 0.3, 0.1)  # shares of words with one, two, ...
CLOSED = 0.5  # share of syllables that end in a consonant
LEAST_SOUNDS, MOST_SOUNDS = 4, 24  # of a word that is listened for
WORD = re.compile(r"[A-Za-z][A-Za-z']*(?:[ -][A-Za-z][A-Za-z']*)*")
CHANGED = 0.3  # share of a word's sounds that a word nearly like it has changed, at least


def made_up_words(count: int, rng: np.random.Generator) -> list[tuple[str, ...]]:
    """Return different words, each as the names of its sounds, with a "-" where a syllable begins."""
    onsets = [(), *((c,) for c in CONSONANTS if c not in NO_ONSET), *CLUSTERS]
    codas = [(c,) for c in CONSONANTS if c not in NO_CODA]
    vowels = list(VOWELS)
    found: dict[tuple[str, ...], None] = {}
    while len(found) < count:
        sounds: list[str] = []
        syllables = 1 + int(rng.choice(len(SYLLABLES), p=SYLLABLES))
        for _ in range(syllables):
            sounds += ["-", *onsets[int(rng.integers(len(onsets)))], vowels[int(rng.integers(len(vowels)))],
                       *(codas[int(rng.integers(len(codas)))] if rng.random() < CLOSED else ())]
        if len(sounds) > 3:  # a lone vowel is no word
            found[tuple(sounds)] = None
    return list(found)


def spell(word: Sequence[str]) -> str:
    """Return a word as one name: its sounds, and where its syllables begin."""
    return "".join(word).strip("-")


def as_flite(sounds: Sequence[str]) -> str:
    """Return sounds as flite's option -p takes them."""
    return " ".join(s for s in sounds if s not in "- ")


def as_espeak(sounds: Sequence[str]) -> str:
    """Return sounds as espeak-ng takes them between [[ and ]]. The first syllable of each word is stressed."""
    words = "".join("\n" if s == " " else f"{VOWELS.get(s) or CONSONANTS[s]}|" for s in sounds if s != "-").split("\n")
    return " ".join(f"'{word.rstrip('|')}" for word in words if word)  # "|" parts what would be read as one sound


def as_ipa(sounds: Sequence[str]) -> str:
    """Return sounds in the International Phonetic Alphabet, the first vowel of each word stressed."""
    words, stressed = "", False
    for s in sounds:
        if s == " ":
            words, stressed = words + " ", False
        elif s != "-":
            if s in VOWELS and not stressed:
                words, stressed = words + "ˈ", True
            words += IPA.get(s, s)
    return words.strip()


def sounds_of(text: str) -> tuple[str, ...]:
    """Return the sounds of an English word, or of several, with "-" before each vowel and " " between words.

    Raises UserError where it is nothing to listen for, or where espeak-ng, which knows how it sounds, is missing.
    """
    if WORD.fullmatch(text.strip()) is None:
        raise UserError(f"--word '{text}': an English word or several are wanted, of letters and spaces; spell it as "
                        "it sounds, 'oh kay' for 'O.K.'")
    if shutil.which("espeak-ng") is None:
        raise UserError("how a word sounds is asked of espeak-ng, which is not here: apt-get install espeak-ng")
    done = subprocess.run(["espeak-ng", "-q", "-x", "--sep=_", "-v", "en-us", text], capture_output=True, text=True,
                          timeout=60)
    names = {name: ours for ours, name in (VOWELS | CONSONANTS).items()} | OTHERS
    found: list[str] = []
    for word in done.stdout.replace("\n", " ").split():
        for said in filter(None, re.sub(r"[',%=|]", "", word).split("_")):
            if said not in names:
                raise UserError(f"--word '{text}': espeak-ng says a sound in it, '{said}', that is none of American "
                                "English; spell it as it sounds")
            for ours in names[said].split():
                if ours != "r" or found[-1:] != ["r"]:
                    found += ["-", ours] if ours in VOWELS else [ours]
        found.append(" ")
    sounds = tuple(found[:-1])
    count = len([s for s in sounds if s not in "- "])
    if not LEAST_SOUNDS <= count <= MOST_SOUNDS:
        kind = "short: it would be heard in other words" if count < LEAST_SOUNDS else "long for one answer"
        raise UserError(f"--word '{text}': {count} sounds are too {kind}; {LEAST_SOUNDS} to {MOST_SOUNDS} are wanted, "
                        "6 or more are good")
    return sounds


def nearly(sounds: Sequence[str], rng: np.random.Generator) -> tuple[str, ...]:
    """Return what is nearly a word: some of its sounds are others, left out or swapped, or it is a part of it."""
    at = [i for i, s in enumerate(sounds) if s not in "- "]
    kind = rng.random()
    if kind < 0.3:  # a beginning or an end: a half of it, more or less
        cut = int(rng.integers(max(len(at) // 3, 2), max(2 * len(at) // 3, 2) + 1))
        part = sounds[:at[cut - 1] + 1] if rng.random() < 0.5 else sounds[at[len(at) - cut]:]
        return tuple(part) if any(s in VOWELS for s in part) else tuple(sounds[:at[-1]])
    made: list[str] = list(sounds)
    if kind < 0.4 and " " in made:  # its words in another order
        gap = made.index(" ")
        return (*made[gap + 1:], " ", *made[:gap])
    changes = int(rng.integers(max(2, round(CHANGED * len(at))), max(3, round(0.6 * len(at))) + 1))
    for i in rng.choice(at, min(changes, len(at)), replace=False):
        kin = [s for s in (VOWELS if made[i] in VOWELS else CONSONANTS) if s not in (made[i], *NO_ONSET)]
        made[i] = "" if rng.random() < 0.2 and made[i] in CONSONANTS else kin[int(rng.integers(len(kin)))]
    if rng.random() < 0.3:  # two neighbours swapped
        i = int(rng.integers(len(at) - 1))
        made[at[i]], made[at[i + 1]] = made[at[i + 1]], made[at[i]]
    return tuple(s for s in made if s)
