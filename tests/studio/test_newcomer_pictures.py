# SPDX-License-Identifier: MIT
"""A scripted newcomer teaches pictures: Chromium's camera sees a file, and an emulated board answers.

    make test-studio
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from midge.link.simulator import Simulator
from midge.samples.picture_files import read_picture
from midge.studio.practice import EMULATED
from midge.studio.studio import Studio
from midge.train.taught import load_taught
from tests.support.boards import built
from tests.support.studio import Newcomer, newcomer, serving

pytestmark = [pytest.mark.slow, pytest.mark.emulator]
WIDTH, HEIGHT, FRAMES = 320, 240, 40
TAKES, STEPS, SIDE = 12, 100, 48


def scene(kind: str, rng: np.random.Generator) -> np.ndarray:
    """Return a picture, uint8 [HEIGHT, WIDTH, 3]: a disc or bars somewhere in the middle of a wall, or the wall."""
    wall = rng.normal(110, 6, (HEIGHT, WIDTH, 3)) + rng.uniform(-25, 25, 3)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    at_x, at_y, size = rng.uniform(130, 190), rng.uniform(95, 145), rng.uniform(45, 75)
    if kind == "disc":
        inside = (x - at_x) ** 2 + (y - at_y) ** 2 < size**2
    elif kind == "bars":
        inside = (np.abs(x - at_x) < size) & (np.abs(y - at_y) < size) & ((x // 16) % 2 == 0)
    else:
        inside = np.zeros((HEIGHT, WIDTH), bool)
    wall[inside] = (225, 205, 60)
    return np.asarray(wall.clip(0, 255), np.uint8)


class Eye:
    """The file that Chromium's camera plays from its beginning, each time that it is turned on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.show("nothing")

    def show(self, kind: str) -> None:
        """Have it see pictures of a kind."""
        rng = np.random.default_rng([*kind.encode()])
        parts = [f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F5:1 Ip A1:1 C420\n".encode()]
        for _ in range(FRAMES):
            y, u, v = (np.asarray(part, np.uint8) for part in
                       Image.fromarray(scene(kind, rng)).convert("YCbCr").split())
            parts += [b"FRAME\n", y.tobytes(), u[::2, ::2].tobytes(), v[::2, ::2].tobytes()]
        aside = self.path.with_suffix(".aside")
        aside.write_bytes(b"".join(parts))
        aside.replace(self.path)


@pytest.fixture(scope="module")
def eye(tmp_path_factory: pytest.TempPathFactory) -> Eye:
    return Eye(tmp_path_factory.mktemp("eye") / "seen.y4m")


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory, eye: Eye) -> Iterator[tuple[Studio, Newcomer]]:
    firmware = Simulator(EMULATED).firmware
    built(str(firmware), f"make firmware BOARD={EMULATED}")
    devices = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
               f"--use-file-for-fake-video-capture={eye.path}"]
    folder = tmp_path_factory.mktemp("studio") / "project"
    with serving(folder) as (studio, door), newcomer(door, devices) as person:
        yield studio, person


def test_pictures_are_taken_and_dropped(opened: tuple[Studio, Newcomer], eye: Eye) -> None:
    studio, person = opened
    person.page.get_by_text("Pictures", exact=True).click()
    person.see("Its camera sees takes of yours")
    studio.act("settings", {"side": SIDE})
    for label in ("disc", "bars"):
        eye.show(label)
        person.go("record")
        person.page.locator("video").wait_for()
        person.page.get_by_label("Name of what is seen").fill(label)
        person.page.get_by_role("spinbutton", name="Pictures").fill(str(TAKES))
        person.click("button", f"Take {TAKES} pictures of {label}")
        person.see(re.compile(f"{label}, picture [3-9] of {TAKES}"), 40)
        if label == "disc":
            person.picture("picture-recording")
        person.page.get_by_role("button", name="Stop recording").wait_for(state="hidden", timeout=60_000)
        person.go("board")
    for path in studio.shelf.files("disc", TAKES):
        assert read_picture(path).shape == (SIDE, SIDE, 3)
    taken = [read_picture(path).astype(float) for path in studio.shelf.files("disc", TAKES)]
    middle = np.mean(taken, axis=0)[SIDE // 2, SIDE // 2]
    assert middle[0] > middle[2] + 60  # the disc is yellow

    person.go("record")
    person.page.get_by_label("Name of what is seen").fill("nothing")
    rng = np.random.default_rng(3)
    files = []
    for i in range(TAKES):
        file = io.BytesIO()
        Image.fromarray(scene("nothing", rng)).save(file, "JPEG")
        files.append([f"wall {i}.jpg", list(file.getvalue())])
    person.page.evaluate("""(files) => {
        const given = new DataTransfer();
        for (const [name, bytes] of files) given.items.add(new File([new Uint8Array(bytes)], name));
        document.querySelector(".page").dispatchEvent(new DragEvent("drop", { dataTransfer: given, bubbles: true }));
    }""", files)
    person.see(f"{TAKES} files are takes of nothing now.", 40)
    assert studio.shelf.labels() == {"bars": TAKES, "disc": TAKES, "nothing": TAKES}


def test_a_picture_is_looked_at_and_deleted(opened: tuple[Studio, Newcomer]) -> None:
    studio, person = opened
    person.open_takes("disc", TAKES)
    person.page.locator(".take img").first.wait_for()
    person.page.locator(".take").first.click()
    dialog = person.page.get_by_role("dialog")
    dialog.locator("img").wait_for()
    person.picture("picture-take")
    assert person.violations() == []
    dialog.get_by_role("button", name="Delete", exact=True).click()
    person.see("The take is deleted.")
    assert studio.shelf.labels()["disc"] == TAKES - 1
    person.page.get_by_role("button", name="Undo").first.click()
    person.see("is back")


def test_the_board_answers_to_what_its_camera_sees(opened: tuple[Studio, Newcomer]) -> None:
    studio, person = opened
    person.practise()
    person.train(**{"Steps of training": str(STEPS), "The board's camera gives": "rgb565,80x60"})
    person.picture("picture-train")
    person.put_it_on_the_board()
    person.see('FileCamera("camera.bin", "rgb565", 80, 60)')
    person.listen()
    person.page.locator(".seen img").wait_for(timeout=60_000)
    person.page.locator(".answer").get_by_text(re.compile("^(disc|bars)$")).wait_for(timeout=60_000)
    person.picture("picture-live")
    person.click("button", "Stop")
    report = studio.project.report()
    assert report is not None and report["kind"] == "picture" and report["accuracy"]["share"] >= 0.7
    person.open_a_confusion()
    person.page.locator(".opened .take img").first.wait_for()


def test_the_board_is_taught_things(opened: tuple[Studio, Newcomer]) -> None:
    """A network of the takes goes there; its camera is shown two things, and tells them apart then."""
    studio, person = opened
    person.go("teach")
    person.click("button", "Make one of the takes here")
    person.page.get_by_role("option", name="eye-learn.midge").wait_for(state="attached", timeout=300_000)
    person.click("button", "Open the learner on the board")
    person.page.get_by_label("Name").wait_for(timeout=120_000)
    person.page.get_by_role("spinbutton", name="Times").fill("4")
    for thing in ("disc", "bars"):
        person.choose(thing)
        person.page.get_by_label("Name").fill(thing)
        person.click("button", f"Teach {thing} 4 times")
        person.page.locator(".known li").filter(has_text=thing).get_by_text("4 examples").wait_for(timeout=90_000)
    for thing in ("disc", "bars"):
        person.choose(thing)
        person.click("button", "Try it")
        person.page.locator(".answer").get_by_text(thing, exact=True).wait_for(timeout=60_000)
        person.click("button", "Stop")
    assert person.violations() == []
    person.picture("picture-teach")
    person.click("button", "Save")
    person.see("All is saved.")
    kept = load_taught(studio.project.models / "eye-learn.taught")
    assert {label: len(rows) for label, rows in kept.classes.items()} == {"disc": 4, "bars": 4}
    person.click("button", "Close the learner")
    person.page.get_by_role("button", name="Open the learner on the board").wait_for()


def test_this_computer_answers_to_its_camera(opened: tuple[Studio, Newcomer], eye: Eye) -> None:
    _, person = opened
    eye.show("bars")
    person.go("live")
    person.page.get_by_text("on this computer", exact=True).click()
    person.click("button", "Start looking")
    person.page.locator(".answer").get_by_text("bars", exact=True).wait_for(timeout=30_000)
    person.picture("picture-here")
    person.click("button", "Stop")
    assert person.page.locator("video").is_hidden()


@pytest.mark.parametrize("width", ["narrow", "wide"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_shut_out(opened: tuple[Studio, Newcomer], scheme: str, width: str) -> None:
    _, person = opened
    assert person.is_shut_out(("board", "record", "train", "deploy", "live"), scheme, width, "picture-") == {}


def test_nothing_was_asked_of_another_machine(opened: tuple[Studio, Newcomer]) -> None:
    _, person = opened
    person.kept_to_this_machine("400 (Bad Request)")
