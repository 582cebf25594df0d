# SPDX-License-Identifier: MIT
# ruff: noqa: RUF001 (letters of the phonetic alphabet look like others)
"""A word from its name: its sounds, what is nearly it, who speaks, and a model of it that a made speaker trains."""

from __future__ import annotations

import shutil
import sys
import types
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from midge.errors import UserError
from midge.evaluate.streams import Ear
from midge.fileformat.read import decode
from midge.samples.sounds import Clip, Clips
from midge.train.sounds import engines, phones, recipe, voices
from midge.train.sounds import word as of_word
from midge.train.sounds.engines import EspeakNg, Flite, Kokoro, Piper, Speech, Voice, find_engines, spoken
from midge.train.sounds.english import sentences
from midge.train.sounds.features import to_pcm
from tests.support.command import midge, refusal

VIEW_GLASS = ("v", "y", "-", "uw", " ", "g", "l", "-", "ae", "s")
SPEAKS = all(shutil.which(program) for program in ("espeak-ng", "flite"))


def test_sounds_in_the_letters_of_each_synthesizer() -> None:
    assert phones.as_flite(VIEW_GLASS) == "v y uw g l ae s"
    assert phones.as_espeak(VIEW_GLASS) == "'v|j|u: 'g|l|a|s"
    assert phones.as_ipa(VIEW_GLASS) == "vjˈuː ɡlˈæs"
    known = set(phones.VOWELS) | set(phones.CONSONANTS)
    assert {s for said in phones.OTHERS.values() for s in said.split()} <= known and set(phones.IPA) <= known


def test_what_is_nearly_a_word_is_not_the_word() -> None:
    rng = np.random.default_rng(0)
    known = {*phones.VOWELS, *phones.CONSONANTS, "-", " "}
    made = [phones.nearly(VIEW_GLASS, rng) for _ in range(400)]
    assert len(set(made)) > 150 and all(set(word) <= known for word in made)
    assert all(word != VIEW_GLASS and any(s in phones.VOWELS for s in word) for word in made)
    assert VIEW_GLASS[:4] in made and VIEW_GLASS[5:] in made  # its words alone
    assert ("g", "l", "-", "ae", "s", " ", "v", "y", "-", "uw") in made  # and the other way round
    assert made == [phones.nearly(VIEW_GLASS, rng) for rng in [np.random.default_rng(0)] for _ in range(400)]


def test_other_speech_has_none_of_the_word() -> None:
    made = sentences(300, "view glass", np.random.default_rng(0))
    english = [speech.text for speech in made if speech.text]
    assert 150 < len(english) < 260 and not any("glass" in text.split() for text in english)
    assert all(speech.text or set(speech.sounds) <= {*phones.VOWELS, *phones.CONSONANTS, "-", " "} for speech in made)


def test_words_that_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ("日本", "word2vec", "", "a-", "--x"):
        with pytest.raises(UserError, match="an English word or several are wanted, of letters and spaces"):
            phones.sounds_of(text)
    said = {"uh": "V\n", "hmmm": "h_'@_m_m q\n", "long": "_".join(["b", "I"] * 20)}
    monkeypatch.setattr("shutil.which", lambda name: name)
    monkeypatch.setattr("subprocess.run", lambda command, **_: types.SimpleNamespace(stdout=said[command[-1]]))
    with pytest.raises(UserError, match="1 sounds are too short: it would be heard in other words; 4 to 24 are wanted"):
        phones.sounds_of("uh")
    with pytest.raises(UserError, match="espeak-ng says a sound in it, 'q', that is none of American English"):
        phones.sounds_of("hmmm")
    with pytest.raises(UserError, match="40 sounds are too long for one answer"):
        phones.sounds_of("long")
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(UserError, match="how a word sounds is asked of espeak-ng, which is not here: apt-get install"):
        phones.sounds_of("alexa")


@pytest.mark.skipif(not SPEAKS, reason="espeak-ng and flite speak here")
def test_real_synthesizers() -> None:
    assert phones.sounds_of("view glass") == VIEW_GLASS
    assert phones.sounds_of("Fire alarm")[:5] == ("f", "-", "ay", "-", "er")
    rng = np.random.default_rng(1)
    for engine in (Flite(), EspeakNg()):
        for what in (Speech("alexa"), Speech(sounds=VIEW_GLASS)):
            voice = engine.voice(rng)
            x = spoken(engine, what, voice)
            assert 0.2 < len(x) / 16000 < 2 and np.abs(x).max() > 0.05
            assert np.array_equal(x, spoken(engine, what, voice))


def test_a_synthesizer_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flite = tmp_path / "flite"
    flite.write_text("#!/bin/sh\nexec sleep 20\n")
    flite.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(engines, "TIMEOUT_S", 0.2)
    with pytest.raises(UserError, match=r"^flite -voice .*: said nothing for 0\.2 s, and was ended; try again"):
        spoken(Flite(), Speech("glass"), Flite().voice(np.random.default_rng(0)))


def test_no_one_who_speaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(UserError, match="nothing here can speak: apt-get install espeak-ng flite, or name a folder"):
        find_engines()
    with pytest.raises(UserError, match="no voices in it; put in Piper's"):
        find_engines(tmp_path)
    with pytest.raises(UserError, match="no such folder; name one with voices"):
        find_engines(tmp_path / "none")


def test_neural_voices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Piper and Kokoro as their packages' interfaces are; both were tried with real voices when this was written."""
    asked: list[Any] = []
    tone = np.sin(np.arange(22050) * 0.1).astype(np.float32)

    class PiperVoice:
        config = types.SimpleNamespace(num_speakers=904)

        @staticmethod
        def load(path: Path) -> PiperVoice:
            if path.stem == "broken":
                raise ValueError("no model")
            return PiperVoice()

        def synthesize(self, text: str, config: Any) -> list[Any]:
            asked.append((text, config.speaker_id))
            return [types.SimpleNamespace(audio_float_array=tone, sample_rate=22050)] * 2

    class KokoroVoices:
        def __init__(self, network: str, voices: str) -> None:
            self.voices = {name: np.full((510, 1, 256), i, np.float32) for i, name in enumerate(("af_a", "bm_b"))}

        def create(self, text: str, voice: np.ndarray, speed: float, lang: str, is_phonemes: bool) -> Any:
            asked.append((text, is_phonemes))
            assert voice.shape == (510, 1, 256) and 0 <= voice.max() <= 1 and 0.8 <= speed <= 1.25
            return tone, 24000

    settings = type("SynthesisConfig", (types.SimpleNamespace,), {})
    piper, kokoro = types.ModuleType("piper"), types.ModuleType("kokoro_onnx")
    vars(piper).update(PiperVoice=PiperVoice, SynthesisConfig=settings)
    vars(kokoro).update(Kokoro=KokoroVoices)
    monkeypatch.setitem(sys.modules, "piper", piper)
    monkeypatch.setitem(sys.modules, "kokoro_onnx", kokoro)
    monkeypatch.setattr("shutil.which", lambda name: None)
    for name in ("libritts.onnx", "libritts.onnx.json", "kokoro-v1.onnx", "voices-v1.bin"):
        (tmp_path / name).touch()
    found = find_engines(tmp_path)
    assert [type(engine) for engine in found] == [Piper, Kokoro] and all(engine.neural for engine in found)
    rng = np.random.default_rng(0)
    for engine, seconds in zip(found, (2.0, 22050 / 24000), strict=True):
        for what in (Speech("alexa"), Speech(sounds=VIEW_GLASS)):
            assert len(spoken(engine, what, engine.voice(rng))) == pytest.approx(16000 * seconds, abs=30)
    assert [text for text, _ in asked] == ["alexa", "[[vjˈuː ɡlˈæs]]", "alexa", "vjˈuː ɡlˈæs"]
    assert 0 <= asked[0][1] < 904 and [asked[2][1], asked[3][1]] == [False, True]
    with pytest.raises(UserError, match=r"is no voice of Piper \(no model\); get it anew"):
        Piper(tmp_path / "broken.onnx").voice(rng)
    monkeypatch.setitem(sys.modules, "piper", None)
    with pytest.raises(UserError, match=r"needs the package piper .*; pip install 'midge\[voices\]'"):
        Piper(tmp_path / "libritts.onnx").voice(rng)


class Whistler:
    """Whistles: each sound of English is a tone, a word a melody, and voices differ in pitch and pace."""

    name, neural = "whistler", False
    names = (*phones.VOWELS, *phones.CONSONANTS)

    def voice(self, rng: np.random.Generator) -> Voice:
        pitch, pace = rng.uniform(0.9, 1.1), rng.uniform(0.06, 0.09)
        return Voice(f"{pitch:.3f} {pace:.3f}", (pitch, pace))

    def say(self, what: Speech, voice: Voice) -> tuple[np.ndarray, int]:
        pitch, pace = voice.options
        sounds = what.sounds or (VIEW_GLASS if what.text == "view glass" else tuple(
            self.names[ord(letter) % len(self.names)] for letter in what.text))
        count = int(pace * 16000)
        at, envelope = np.arange(count) / 16000, np.hanning(count)
        parts = [np.zeros(count) if s in "- " else envelope * np.sin(
            2 * np.pi * pitch * 300 * 1.07 ** self.names.index(s) * at) for s in sounds if s != "-"]
        return 0.5 * np.concatenate(parts).astype(np.float32), 16000


def test_names_of_classes_are_spoken_to_train_on_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every network hears them, none is judged by them, and they have no more treble than the clips have."""
    monkeypatch.setattr(voices, "find_engines", lambda folder: [Whistler()])
    rng = np.random.default_rng(5)
    clips = [Clip(f"{label}_{who}.wav", label, 0.1 * rng.normal(size=8000).astype(np.float32), group=who,
                  recorded_hz=8000) for label in ("view_glass", "on", "noise") for who in "aabb"]
    found = Clips(clips, "made", grouped_by="names")
    assert voices.say_names(found, 0, None, 0) == ([], {})
    said, counts = voices.say_names(found, 12, None, 0)
    assert counts == {"whistler": 24} and sorted({c.label for c in said}) == ["on", "view_glass"]  # no word for noise
    assert all(voices.is_spoken(c) for c in said) and not any(voices.is_spoken(c) for c in clips)
    for clip in said:
        power = np.abs(np.fft.rfft(clip.values)) ** 2
        assert power[len(power) * 9 // 16:].sum() < 1e-3 * power.sum()

    trained: list[Any] = []
    monkeypatch.setattr(recipe, "fit_network", lambda shape, examples, *rest: trained.append(examples) or rest)
    monkeypatch.setattr(recipe, "logits", lambda weights, x: np.zeros((len(x), 3)))
    fitted = recipe.fit(found, recipe.Options(folds=2, variants=4, spoken=12))
    spoken_ones = fitted.heard.spoken
    assert set(fitted.heard.owners) == set(range(12)) == set(range(len(fitted.left_out))) and spoken_ones.any()
    assert fitted.facts()["spoken"] == {"whistler": 24} and fitted.labels == ["noise", "on", "view_glass"]
    assert len(trained) == 3  # without each part, and with all
    for examples in trained:
        assert set(np.flatnonzero(spoken_ones)) <= set(examples.used)
        assert examples.chances[spoken_ones[examples.used]].sum() == pytest.approx(0.5)
    assert len(trained[0].used) < len(trained[2].used) == len(spoken_ones)


def write_takes(folder: Path, count: int, label: str = "") -> Path:
    (folder / label).mkdir(parents=True)
    rng = np.random.default_rng(7)
    for i in range(count):
        x, rate = Whistler().say(Speech(sounds=VIEW_GLASS), Whistler().voice(rng))
        with wave.open(str(folder / label / f"{i}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(rate)
            before, after = (np.zeros(int(rate * s)) for s in rng.uniform(0.3, 1.5, 2))
            file.writeframes(to_pcm(np.concatenate([before, x, after])).tobytes())
    return folder


def test_a_word_is_learned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is found in voices that were left out, and its threshold keeps what was asked for on speech that was too."""
    monkeypatch.setattr(of_word, "sounds_of", lambda text: VIEW_GLASS)
    takes = write_takes(tmp_path / "mine", 4)
    options = of_word.Options(clips=60, steps=150, width=24, held_hours=0.05, false_per_hour=20)
    heard: list[tuple[float, int]] = []
    varied = recipe.Listener.varied

    def watched(self: recipe.Listener, clip: Clip, *rest: Any) -> list[np.ndarray]:
        found = varied(self, clip, *rest)
        if str(takes) in clip.path:
            heard.append((clip.seconds, len(found)))
        return found

    monkeypatch.setattr(recipe.Listener, "varied", watched)
    made = of_word.train_word("view glass", takes=takes, options=options, engines=[Whistler()], name="word")
    assert len(heard) >= 4 and all(seconds <= made.window_s and n == 1 for seconds, n in heard), heard
    file = decode(made.blob)
    assert file.labels == ["view glass", "other"] and file.metadata["stream.quiet"] == "other"
    assert float(file.metadata["stream.threshold"]) == pytest.approx(made.threshold)
    assert file.metadata["stream.mean"] == "12"  # of 30 ms: a word's scores are averaged for longer than a sound's
    assert made.takes == 4 and made.spoken["whistler"] > 100
    assert made.false.hours >= 0.05 and made.false.count <= 20 * made.false.hours
    assert made.found.count >= 3 and made.found.value >= 0.7, made.facts()
    ear = Ear(made.blob, "word")
    quiet = np.zeros(16000, np.int16)
    said = [to_pcm(Whistler().say(Speech("view glass"), Voice("", (1.0, 0.075)))[0]),
            to_pcm(Whistler().say(Speech("hello there my friend"), Voice("", (1.0, 0.075)))[0])]
    means = ear.hear(np.concatenate([quiet, said[0], quiet, said[1], quiet]), lambda n: None)
    answers = [(hop * 480 - 16000) / 16000 for hop, _ in ear.answers(means, ear.thresholds)]
    assert len(answers) == 1 and answers[0] < len(said[0]) / 16000 + 0.8, answers
    facts = made.facts()
    assert facts["sounds"] == "v y uw g l ae s" and facts["false_of"] == "made speech"


def test_takes_and_negatives_that_do_not_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_word, "sounds_of", lambda text: VIEW_GLASS)
    options = of_word.Options(clips=20)
    for argument, folder, reason in (
        ("takes", write_takes(tmp_path / "two", 2), "2 takes of the word; 3 at least are wanted, 20 are good"),
        ("takes", tmp_path / "none", "no sounds in it; name a folder of .wav, .flac or .ogg files"),
        ("negatives", tmp_path / "none", "no sounds in it"),
    ):
        with pytest.raises(UserError, match=reason):
            asked: dict[str, Any] = {argument: folder}
            of_word.train_word("view glass", options=options, engines=[Whistler()], **asked)
    taught, held = of_word._negatives(write_takes(tmp_path / "five", 5))
    assert len(taught) == 3 and len(held) == 2 and not {c.path for c in taught} & {c.path for c in held}
    one = write_takes(tmp_path / "one", 1)
    taught, held = of_word._negatives(one)
    assert abs(len(taught[0].values) - len(held[0].values)) <= 1


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = str(tmp_path / "word.midge")
    for args, reason in (
        (["--word", "view glass", str(tmp_path)], f"--word knows no {tmp_path}: leave it out; recordings of the word "
         "are --takes, others --negatives"),
        (["--word", "view glass", "--folds", "3"], "--word knows no --folds: leave it out"),
        (["--takes", str(tmp_path)], "--takes goes with --word: add it, or leave it out"),
        (["--voices", "x", str(tmp_path)], f"--voices is of sounds; {tmp_path} holds movements: leave it out"),
        (["--voices", "x", str(write_takes(tmp_path / "sounds", 2, "yes"))],
         "--voices goes with --spoken or --word: add one of them, or leave it out"),
        ([], "nothing to train on; name a folder of takes, sounds or pictures, or a word: --word 'view glass'"),
    ):
        assert refusal("train", "-o", out, *args) == f"midge: {reason}"
    monkeypatch.setattr(of_word, "sounds_of", lambda text: VIEW_GLASS)
    monkeypatch.setattr(of_word, "find_engines", lambda voices: [Whistler()])
    monkeypatch.setattr(of_word.Options, "__init__", _small(of_word.Options.__init__))
    done = midge("train", "--word", "view glass", "-o", out, "--clips", "24", "--steps", "20", "--width", "8")
    assert done.returncode == 0, done.stderr
    assert "sounds        v y uw g l ae s" in done.stdout and f"wrote {out}" in done.stdout
    assert decode(Path(out).read_bytes()).labels == ["view glass", "other"]


def _small(init: Any) -> Any:
    def make(self: Any, *args: Any, **more: Any) -> None:
        init(self, *args, **{**more, "held_hours": 0.02})
    return make
