# SPDX-License-Identifier: MIT
"""A phone that answers by itself, with the core as WebAssembly; its microphone and camera; and one that goes to sleep.

    make test-studio
"""

from __future__ import annotations

import re
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from midge.api import convert
from midge.core.binding import Model
from midge.link.demo import recordings, wand
from midge.resources import folder
from midge.samples.picture_files import read_picture
from midge.samples.recordings import read_recording
from midge.samples.sound_files import read_sound
from midge.studio.phone import PhoneDoor, serving_phone
from midge.studio.studio import Studio
from tests.support.front_end import small_network
from tests.support.studio import Newcomer, newcomer, serving

pytest.importorskip("segno")
pytestmark = [pytest.mark.slow]
DEVICES = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
RUNS = 12


@contextmanager
def phone_of(place: Path, kind: str) -> Iterator[tuple[Studio, Newcomer, PhoneDoor, Any]]:
    """Open a studio for a kind of takes, and a phone's page beside its own."""
    with serving(place / "project") as (studio, door), newcomer(door, DEVICES, ignore_https_errors=True) as person:
        studio.act("settings", {"kind": kind})
        phone = PhoneDoor(studio.project.hidden, "127.0.0.1")
        with serving_phone(studio, phone):
            page = person.page.context.new_page()
            page.set_viewport_size({"width": 360, "height": 740})
            yield studio, person, phone, page


def until(so: Callable[[], bool], page: Any, seconds: float = 30) -> None:
    """Wait until something is so, with the browser going on."""
    end = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < end, "it took too long"
        page.wait_for_timeout(100)


def core_is_there() -> None:
    """Skip where nobody has compiled the core for browsers."""
    if not (folder("page") / "midge.wasm").is_file():
        pytest.skip("no core for browsers; run: make page")


def wing() -> np.ndarray:
    """Return a movement, float32 [samples, 3] in g."""
    return next(read_recording(path) for name, path in recordings() if name == "wing")


def test_the_browser_computes_the_bits_of_this_computer(tmp_path: Path) -> None:
    """Raw inputs through a network of movements and one of sound, whose state goes on; and real values, quantised."""
    core_is_there()
    rng = np.random.default_rng(5)
    with phone_of(tmp_path, "motion") as (_, _, door, page):
        page.goto(door.address())
        for blob in (wand(), convert(small_network(1), front_end="micro", name="net").blob):
            model = Model(blob)
            size, out = bytearray(_input_bytes(model)), bytearray(_output_bytes(model))
            rows = rng.integers(0, 256, (RUNS, len(size)), dtype=np.uint8)
            wanted = []
            for row in rows:
                model.run(row.tobytes(), out)
                wanted.append(list(out))
            found = page.evaluate("""async ([file, rows]) => {
                const { Model } = await import("/static/core.js");
                const model = await Model.load(Uint8Array.from(file).buffer);
                const { core } = model;
                return rows.map((row) => {
                    model.put(Uint8Array.from(row));
                    model.run();
                    return [...new Uint8Array(core.memory.buffer, core.output_data(), core.output_size())];
                });
            }""", [list(blob), rows.tolist()])
            assert found == wanted
        model, window = Model(wand()), bytearray(96 * 3)
        values = rng.normal(0, 1.5, 96 * 3).astype(np.float32)
        model.push(window, values.tolist())
        model.run(window)
        scores = page.evaluate("""async ([file, values]) => {
            const { Model } = await import("/static/core.js");
            const model = await Model.load(Uint8Array.from(file).buffer);
            for (let at = 0; at < values.length; at += 12) model.push(values.slice(at, at + 12));
            return [...model.run()];
        }""", [list(wand()), values.tolist()])
        assert scores == model.read()
        hungry = bytearray(wand())
        hungry[20:24] = (2**32 - 16).to_bytes(4, "little")  # of arena
        hungry[12:16] = zlib.crc32(hungry[16:]).to_bytes(4, "little")
        for file, why in ((bytes(400), "not a .midge file"), (hungry, "larger than 2 GB")):
            wrong = page.evaluate("""async (file) => {
                const { Model } = await import("/static/core.js");
                return Model.load(Uint8Array.from(file).buffer).then(() => "", (error) => error.message);
            }""", list(file))
            assert why in wrong


def _input_bytes(model: Model) -> int:
    _, dtype, shape, *_ = model.input(0)
    return int(np.prod(shape)) * np.dtype(dtype).itemsize


def _output_bytes(model: Model) -> int:
    _, dtype, shape, *_ = model.output(0)
    return int(np.prod(shape)) * np.dtype(dtype).itemsize


def test_the_phone_answers_to_its_own_movements(tmp_path: Path) -> None:
    core_is_there()
    with phone_of(tmp_path, "motion") as (studio, person, door, page):
        studio.project.model_file().write_bytes(wand())
        page.goto(door.address())
        page.get_by_role("button", name="Let the model answer on this phone").click()
        page.get_by_text("The model answers here; nothing is sent.").wait_for()
        page.evaluate("""(rows) => {
            let at = 0;
            setInterval(() => {
                const [x, y, z] = rows[at++ % rows.length].map((g) => 9.80665 * g);
                window.dispatchEvent(new DeviceMotionEvent("devicemotion", {
                    accelerationIncludingGravity: { x, y, z }, rotationRate: { alpha: 0, beta: 0, gamma: 0 } }));
            }, 20);
        }""", wing().tolist())
        page.locator(".answer").get_by_text("wing", exact=True).wait_for(timeout=30_000)
        assert page.evaluate("async () => (await axe.run()).violations.map((v) => v.id)") == []
        page.screenshot(path=person.shots / "phone-answers.png")
        page.get_by_role("button", name="Stop").click()
        page.get_by_text("Nothing is sent.").wait_for()


def test_a_phone_that_hears_is_recorded(tmp_path: Path) -> None:
    """Chromium's made-up microphone beeps once a second."""
    with phone_of(tmp_path, "sound") as (studio, person, door, page):
        page.goto(door.address())
        page.get_by_role("button", name="Send sound").click()
        page.get_by_text(re.compile("^Sending")).wait_for()
        studio.act("source", {"source": "phone"})
        studio.act("record", {"label": "beep", "count": 2, "seconds": 0.5, "countdown": 0, "way": "trigger"})
        until(lambda: studio.shelf.labels().get("beep") == 2 and studio.bench.facts.taking is None, page)
        for path in studio.shelf.files("beep", 2):
            heard = read_sound(path)
            assert heard.rate_hz == 16_000 and len(heard.values) == 8000 and np.abs(heard.mono).max() > 0.05
        page.screenshot(path=person.shots / "phone-sound.png")


def test_a_phone_that_sees_takes_pictures(tmp_path: Path) -> None:
    with phone_of(tmp_path, "picture") as (studio, person, door, page):
        page.goto(door.address())
        page.get_by_role("button", name="Turn on the camera").click()
        page.get_by_label("Name of what is seen").fill("ball")
        page.get_by_role("button", name="Take a picture").click()
        page.get_by_text("A picture of ball is on the computer.").wait_for()
        (path,) = studio.shelf.files("ball", 2)
        assert read_picture(path).shape == (96, 96, 3)
        assert page.evaluate("async () => (await axe.run()).violations.map((v) => v.id)") == []
        page.screenshot(path=person.shots / "phone-picture.png")


def test_a_phone_that_goes_to_sleep_is_told_and_comes_back(tmp_path: Path) -> None:
    """What it sent before is kept; when its page is in front again the recording can go on."""
    with phone_of(tmp_path, "sound") as (studio, person, door, page):
        page.goto(door.address())
        page.get_by_role("button", name="Send sound").click()
        page.get_by_text(re.compile("^Sending")).wait_for()
        studio.act("source", {"source": "phone"})
        person.go("record")
        studio.act("record", {"label": "beep", "count": 50, "seconds": 0.5, "countdown": 0, "way": "trigger"})
        until(lambda: studio.shelf.labels().get("beep", 0) >= 2, page)
        page.close()
        person.see("The phone: nothing comes from there any more", 30)
        person.picture("phone-asleep")
        kept = studio.shelf.labels()["beep"]
        assert kept >= 2 and studio.bench.facts.taking is None
        again = person.page.context.new_page()
        again.goto(f"https://{door.hosts[0]}/")
        again.get_by_role("button", name="Send sound").click()
        again.get_by_text(re.compile("^Sending")).wait_for()
        studio.act("record", {"label": "beep", "count": 1, "seconds": 0.5, "countdown": 0, "way": "trigger"})
        until(lambda: studio.shelf.labels()["beep"] == kept + 1, again)
