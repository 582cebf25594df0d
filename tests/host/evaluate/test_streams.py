# SPDX-License-Identifier: MIT
"""Models on sound that goes on: answers, what is counted, and how sure rates are."""

from __future__ import annotations

import json
from array import array
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from midge import listen, load
from midge.convert.pipeline import convert_graph
from midge.errors import UserError
from midge.evaluate.streams import Ear, Event, Rate, evaluate_stream, read_events, read_stream
from midge.graph import Tensor
from midge.graph.builder import Builder
from tests.support.command import midge, refusal
from tests.support.waves import wave_bytes

HOP, RATE_HZ = 480, 16000


def loudness_model(metadata: dict[str, str]) -> bytes:
    """Return a model that says how loud its 30 ms are as "loud", and how silent as "silence"."""
    build = Builder("loudness")
    x = Tensor("sound", (HOP,), "int16")
    real = build.binary("MUL", build.add("CAST", [x], x.shape), build.scalar(1 / 32768))
    loud = build.reduce("MEAN", build.like("ABS", real), [0], keep=True)
    silent = build.binary("SUB", build.scalar(1.0), loud)
    graph = build.graph([x], [build.reshape(build.concatenate([loud, silent], 0), [1, 2])])
    graph.metadata = {"stream.hop": str(HOP), "sensor.rate_hz": str(RATE_HZ), "stream.quiet": "silence", **metadata}
    return convert_graph(graph, ["loud", "silence"], "loudness", 0).blob


def bursts(levels: list[tuple[float, float]]) -> np.ndarray:
    """Return sound of levels, each for some seconds."""
    return np.concatenate([np.full(round(seconds * RATE_HZ), level * 32768, np.int16) for seconds, level in levels])


def ear(**metadata: str) -> Ear:
    return Ear(loudness_model({f"stream.{name}": text for name, text in metadata.items()}), "loudness")


def test_answers_once_until_it_was_below_and_has_rested() -> None:
    heard = ear(threshold="0.5", mean="2", refractory_ms="600")
    pcm = bursts([(0.3, 0), (0.9, 0.8), (0.3, 0), (0.3, 0.8), (0.09, 0), (0.09, 0.8), (0.3, 0), (1.5, 0.9)])
    means = heard.hear(pcm, lambda n: None)
    answers = [round((hop + 1) * 0.03, 2) for hop, i in heard.answers(means, [0.5, 0.5])]
    # 0.3 s and two hops; 1.5 s likewise; what begins 0.1 s later is an echo; what does 0.8 s later is none.
    assert answers == [0.36, 1.56, 2.34]
    assert heard.answers(means, [0.5, 0.01]) == heard.answers(means, [0.5, 0.99]), "what is quiet is never answered"


def test_an_echo_is_one_as_long_as_it_lasts() -> None:
    heard = ear(threshold="0.5", refractory_ms="900")
    means = heard.hear(bursts([(0.3, 0.8), (0.3, 0), (1.5, 0.8), (0.03, 0), (0.3, 0.8)]), lambda n: None)
    assert [hop for hop, _ in heard.answers(means, [0.5, 0.5])] == [0, 71]


class Played:
    """A microphone that gives the samples of an array, then raises EOFError."""

    rate_hz, name, timeout_ms, overflow, scales, typecode = RATE_HZ, "array", 1000, False, None, "h"

    def __init__(self, pcm: np.ndarray) -> None:
        self.pcm, self.at = pcm, 0

    def clear(self) -> None:
        pass

    def wait_ms(self, n: int) -> int:
        return 0

    def read_into(self, buffer: Any) -> int:
        if self.at + len(buffer) > len(self.pcm):
            raise EOFError
        buffer[:] = array("h", self.pcm[self.at:self.at + len(buffer)].tolist())
        self.at += len(buffer)
        return len(buffer)


@pytest.mark.parametrize("mean", [1, 3])
@pytest.mark.parametrize("refractory_ms", [0, 90, 500])
def test_answers_are_those_of_a_board(mean: int, refractory_ms: int) -> None:
    """midge.listen, the boards' own code, gives the same answers at the same samples."""
    rng = np.random.default_rng(mean + refractory_ms)
    levels = rng.choice([0.0, 0.31, 0.47, 0.52, 0.73, 0.9], 300)
    pcm = bursts([(0.03 * n, level) for n, level in zip(rng.integers(1, 9, 300), levels, strict=True)])
    blob = loudness_model({"stream.threshold": "0.5", "stream.mean": str(mean),
                           "stream.refractory_ms": str(refractory_ms)})
    heard, listener = list[tuple[int, str]](), load(blob)
    with suppress(EOFError):
        for word in listen(Played(pcm), listener):
            heard.append((word.at // HOP - 1, word.label))
    mine = Ear(blob, "loudness")
    found = mine.answers(mine.hear(pcm, lambda n: None), mine.thresholds)
    assert len(heard) > 20 and heard == [(hop, mine.labels[i]) for hop, i in found]


def test_counting() -> None:
    heard = ear(threshold="0.5", refractory_ms="0")
    pcm = bursts([(1, 0), (0.3, 0.8), (1, 0), (0.3, 0.8), (2, 0), (0.3, 0.6), (5.1, 0)])
    # The first event is answered twice, the second not at all, and the burst at 4.6 s is no event.
    events = [Event("loud", 0.9, 2.6), Event("loud", 6.5, 7.0)]
    result = evaluate_stream(heard, pcm, events, lambda n: None, tolerance_s=0.5)
    own = result.own
    assert (own.found, own.events, own.repeated, own.false.count) == (1, 2, 1, 1)
    assert result.missed == [events[1]] and [label for _, label in result.mistaken] == ["loud"]
    assert own.latency_s == pytest.approx(1.02 - 2.6)
    assert own.false.hours == pytest.approx((10 - 2.2 - 1.0) / 3600)
    strict = next(p for p in result.curve if p.threshold == 0.7)
    assert (strict.found, strict.false.count) == (1, 0)
    assert [p.threshold for p in result.curve] == sorted({0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.97, 0.99})


@pytest.mark.parametrize(("count", "low", "high"), [(0, 0.0, 2.9957), (1, 0.0513, 4.7439), (10, 5.4254, 16.9622)])
def test_intervals_of_rates_are_those_of_tables(count: int, low: float, high: float) -> None:
    """Garwood's table for chances of 0.05 on each side."""
    assert Rate(count, 1.0).interval == pytest.approx((low, high), abs=1e-3)
    assert Rate(count, 2.0).interval == pytest.approx((low / 2, high / 2), abs=1e-3)


def test_none_in_so_many_hours_proves_little() -> None:
    assert Rate(0, 1.74).interval[1] == pytest.approx(1.72, abs=0.01)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "sounds"
    (folder / "b").mkdir(parents=True)
    for name, level in (("a.wav", 0.0), ("b/c.wav", 0.7), ("d.wav", 0.0)):
        (folder / name).write_bytes(wave_bytes(np.full((8000, 1), level), RATE_HZ))
    (tmp_path / "m.midge").write_bytes(loudness_model({"stream.threshold": "0.5"}))
    return tmp_path


def test_files_are_joined_by_name(data: Path) -> None:
    pcm, places = read_stream(data / "sounds", RATE_HZ)
    assert len(pcm) == 24000 and places == {"a.wav": (0, 0.5), "b/c.wav": (0.5, 1.0), "d.wav": (1.0, 1.5)}
    (data / "e.csv").write_text("file,start,end,label\nb/c.wav,,,loud\n\nd.wav,0.1,0.2,loud\n", encoding="utf-8")
    assert read_events(data / "e.csv", places, ["loud"]) == [Event("loud", 0.5, 1.0), Event("loud", 1.1, 1.2)]


def test_sounds_that_front_ends_do_not_hear(data: Path) -> None:
    (data / "sounds/slow.wav").write_bytes(wave_bytes(np.zeros((4000, 1)), 4000))
    with pytest.raises(UserError, match=r"slow.wav: 4000 samples a second; the front end hears up to 7500 Hz"):
        read_stream(data / "sounds", RATE_HZ)
    assert "midge evaluate --events tells" in refusal("evaluate", data / "m.midge", data / "sounds/slow.wav")


@pytest.mark.parametrize(("line", "words"), [
    ("x.wav,0,1,loud", "no file 'x.wav' among the sounds; they are named as 'a.wav'"),
    ("a.wav,0,1,cry", "no label 'cry'; the model has loud, silence"),
    ("a.wav,0,loud", "3 columns; wanted a file, its start and end"),
    ("a.wav,now,1,loud", "'now' to '1' are no seconds"),
    ("a.wav,0.2,0.9,loud", "from 0.2 to 0.9 s of a.wav, which has 0.50 s"),
    ("", "no events in it"),
])
def test_events_that_do_not_do(data: Path, line: str, words: str) -> None:
    (data / "e.csv").write_text(line, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        read_events(data / "e.csv", {"a.wav": (0, 0.5)}, ["loud", "silence"])
    assert words in str(caught.value)


def test_at_a_terminal(data: Path) -> None:
    (data / "e.csv").write_text("b/c.wav,,,loud\n", encoding="utf-8")
    picture = data / "curve.png"
    done = midge("evaluate", data / "m.midge", data / "sounds", "--events", data / "e.csv", "--png", picture)
    assert done.returncode == 0, done.stderr
    for words in ("1 events, joined without a reset", "found    100.0% at 0.5 (1 of 1", "proves only that",
                  "an hour"):
        assert words in done.stdout, words
    assert picture.read_bytes()[:4] == b"\x89PNG"
    said = midge("evaluate", data / "m.midge", data / "sounds", "--events", data / "e.csv", "--json").stdout
    facts = json.loads(said)
    assert facts["found"] == 1 and facts["false"]["count"] == 0 and facts["curve"][0]["threshold"] == 0.3


def test_a_model_that_takes_no_sound(data: Path) -> None:
    build = Builder("floats")
    x = Tensor("x", (3,), "float32")
    (data / "n.midge").write_bytes(convert_graph(build.graph([x], [build.like("ABS", x)]), [], "floats", 0).blob)
    (data / "e.csv").write_text("b/c.wav,,,loud\n", encoding="utf-8")
    assert "takes no samples of sound" in refusal("evaluate", data / "n.midge", data / "sounds", "--events",
                                                  data / "e.csv")
