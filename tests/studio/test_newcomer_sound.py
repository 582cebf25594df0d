# SPDX-License-Identifier: MIT
"""A scripted newcomer teaches sounds: Chromium's microphone hears a file, and an emulated board answers.

    make test-studio
"""

from __future__ import annotations

import re
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from midge.link.simulator import Simulator
from midge.samples.sound_files import read_sound
from midge.studio.here import Miss
from midge.studio.practice import EMULATED
from midge.studio.studio import Studio
from tests.support.boards import built
from tests.support.studio import Newcomer, newcomer, serving

pytestmark = [pytest.mark.slow, pytest.mark.emulator]
RATE = 48_000
TAKES, STEPS = 6, 120


def sound(kind: str, rng: np.random.Generator) -> np.ndarray:
    """Return one sound of half a second: a chirp that rises, two beeps, or faint noise."""
    t = np.arange(RATE // 2) / RATE
    if kind == "background":
        return rng.normal(0, 0.004, len(t))
    pitch = rng.uniform(0.85, 1.2)
    if kind == "chirp":
        tone = np.sin(2 * np.pi * pitch * (600 * t + 2400 * t**2))
    else:
        tone = np.sin(2 * np.pi * 1900 * pitch * t) * ((t % 0.25) < 0.12)
    return np.asarray(rng.uniform(0.3, 0.8) * tone * np.sin(np.pi * t / t[-1]) ** 0.3)


class Ear:
    """The file that Chromium's microphone plays from its beginning, each time that it is turned on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.play("background")

    def play(self, kind: str) -> None:
        """Have it hear sounds of a kind, each followed by a second of next to nothing."""
        rng = np.random.default_rng([*kind.encode()])
        pause = rng.normal(0, 0.001, RATE)
        x = np.concatenate([pause[:RATE // 2], *(np.concatenate([sound(kind, rng), pause]) for _ in range(12))])
        with wave.open(str(self.path), "wb") as out:
            out.setparams((1, 2, RATE, 0, "NONE", ""))
            out.writeframes(np.round(x * 32767).clip(-32768, 32767).astype("<i2").tobytes())


@pytest.fixture(scope="module")
def ear(tmp_path_factory: pytest.TempPathFactory) -> Ear:
    return Ear(tmp_path_factory.mktemp("ear") / "heard.wav")


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory, ear: Ear) -> Iterator[tuple[Studio, Newcomer]]:
    firmware = Simulator(EMULATED).firmware
    built(str(firmware), f"make firmware BOARD={EMULATED}")
    devices = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
               f"--use-file-for-fake-audio-capture={ear.path}", "--autoplay-policy=no-user-gesture-required"]
    folder = tmp_path_factory.mktemp("studio") / "project"
    with serving(folder) as (studio, door), newcomer(door, devices) as person:
        yield studio, person


def record(person: Newcomer, label: str, way: str = "") -> None:
    """Get ready to record what is heard; the microphone, which Chromium allows by itself here, is on already."""
    person.go("record")
    person.see("16000 samples a second")
    person.page.get_by_label("Name of the sound").fill(label)
    person.page.get_by_role("spinbutton", name="Takes").fill(str(TAKES))
    person.page.get_by_label("Seconds each").fill("0.8")
    if way:
        person.page.get_by_text(way, exact=True).click()


def test_from_an_empty_folder_to_sounds_that_are_recorded(opened: tuple[Studio, Newcomer], ear: Ear) -> None:
    studio, person = opened
    person.see("What is it to know?")
    person.page.get_by_text("Sounds", exact=True).click()
    person.see("Its microphone hears takes of yours")
    for label in ("chirp", "beeps", "background"):
        ear.play(label)
        record(person, label)
        person.click("button", f"Record {TAKES} takes of {label}")
        person.see(re.compile(f"{label}, take 2 of {TAKES}"), 40)
        person.page.wait_for_timeout(300)
        if label == "chirp":
            person.picture("sound-recording")
        person.page.get_by_role("button", name="Stop recording").wait_for(state="hidden", timeout=60_000)
        person.go("board")
    assert studio.shelf.labels() == {"background": TAKES, "beeps": TAKES, "chirp": TAKES}
    for path in studio.shelf.files("chirp", TAKES):
        heard = read_sound(path)
        assert heard.rate_hz == 16_000 and abs(len(heard.values) - 0.8 * 16_000) < 200
        spectrum = np.abs(np.fft.rfft(heard.mono))
        loudest = spectrum.argmax() * 16_000 / len(heard.mono)
        assert 400 < loudest < 4000 and np.abs(heard.mono).max() > 0.1


def test_pauses_part_what_goes_on(opened: tuple[Studio, Newcomer], ear: Ear) -> None:
    studio, person = opened
    ear.play("chirp")
    record(person, "more", "one after the other, parted by pauses")
    person.click("button", "Record more until I stop")
    person.see(re.compile("more: [4-9] takes so far"), 40)
    person.click("button", "Stop recording")
    person.page.get_by_role("button", name="Stop recording").wait_for(state="hidden")
    found = studio.shelf.files("more", 20)
    lengths = [len(read_sound(path).values) / 16_000 for path in found]
    *whole, _ = lengths  # newest first; the oldest may have begun before it was listened to
    assert len(whole) >= 3 and all(0.4 < seconds < 1.2 for seconds in whole), lengths
    studio.act("delete", {"takes": studio.shelf.takes("more")["takes"]})


def test_takes_are_played_trimmed_and_renamed(opened: tuple[Studio, Newcomer]) -> None:
    studio, person = opened
    person.go("record")
    person.open_takes("chirp", TAKES)
    before = len(person.page.context.pages)
    with person.page.expect_response(re.compile("/api/file")) as answer:
        person.page.get_by_role("button", name=re.compile("^Play")).first.click()
    assert answer.value.status in (200, 206) and answer.value.headers["content-type"] == "audio/wav"
    assert len(person.page.context.pages) == before
    person.page.locator(".take").first.click()
    dialog = person.page.get_by_role("dialog")
    dialog.locator("audio").wait_for()
    person.picture("sound-take")
    assert person.violations() == []
    dialog.get_by_label("First sample that stays").fill("2000")
    dialog.get_by_role("button", name="Trim").click()
    person.see("The take is trimmed.")
    lengths = sorted(len(read_sound(path).values) for path in studio.shelf.files("chirp", TAKES))
    assert lengths[0] == lengths[-1] - 2000
    person.page.get_by_role("button", name="Undo").first.click()
    person.see("is whole again")


def test_a_take_that_is_gone_is_told_when_it_is_to_be_played(opened: tuple[Studio, Newcomer]) -> None:
    """Somebody moved it away outside of the page, which cannot know."""
    studio, person = opened
    person.go("board")
    person.go("record")
    person.open_takes("chirp", TAKES)
    (path,) = studio.shelf.files("chirp", 1)
    play = person.page.get_by_role("button", name=re.compile(f"^Play.*{re.escape(path.name)}"))
    play.wait_for()
    person.page.wait_for_timeout(1000)  # a list that is on its way would be one without it
    aside = path.rename(studio.project.root / path.name)
    play.click()
    person.see("is not there any more")
    person.page.locator(".takes li").nth(TAKES - 1).wait_for(state="detached")
    person.click("button", "Understood")
    aside.rename(path)
    person.faults[:] = [fault for fault in person.faults if "404 (Not Found)" not in fault]


def test_the_board_answers_to_what_its_microphone_hears(opened: tuple[Studio, Newcomer]) -> None:
    studio, person = opened
    person.practise()
    person.train(**{"Steps of training": str(STEPS)})
    person.put_it_on_the_board()
    person.see("from i2s_microphone import I2SMicrophone")
    person.picture("sound-deploy")
    person.listen()
    person.page.locator(".score").first.wait_for(timeout=30_000)
    person.choose("beeps")
    person.page.locator(".answer").get_by_text("beeps", exact=True).wait_for(timeout=60_000)
    person.page.wait_for_timeout(1500)
    person.picture("sound-live")
    person.click("button", "Stop")
    report = studio.project.report()
    assert report is not None and report["kind"] == "sound" and report["accuracy"]["share"] >= 0.7
    person.open_a_confusion()
    person.page.locator(".opened .play").first.wait_for()


def test_this_computer_answers_and_near_misses_are_kept(opened: tuple[Studio, Newcomer], ear: Ear) -> None:
    studio, person = opened
    ear.play("chirp")
    person.go("live")
    person.page.get_by_text("on this computer", exact=True).click()
    person.click("button", "Start listening")
    person.page.locator(".answer").get_by_text("chirp", exact=True).wait_for(timeout=30_000)
    (path, *_) = studio.shelf.files("beeps", 1)  # as if it had been unsure of that
    heard = read_sound(path)
    studio.bench.misses.found.appendleft(Miss("one", "chirp", 0.6, heard.mono, heard.rate_hz))
    studio.hub.tell("misses")
    person.page.locator(".misses audio").first.wait_for()
    assert person.violations() == []
    person.picture("sound-misses")
    before = studio.shelf.labels()["chirp"]
    person.page.get_by_role("button", name="Keep as a take").first.click()
    person.see("It is a take of chirp now.")
    assert studio.shelf.labels()["chirp"] == before + 1


@pytest.mark.parametrize("width", ["narrow", "wide"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_shut_out(opened: tuple[Studio, Newcomer], scheme: str, width: str) -> None:
    _, person = opened
    assert person.is_shut_out(("board", "record", "train", "deploy", "live"), scheme, width, "sound-") == {}


def test_nothing_was_asked_of_another_machine(opened: tuple[Studio, Newcomer]) -> None:
    _, person = opened
    person.kept_to_this_machine("400 (Bad Request)")
