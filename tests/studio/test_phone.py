# SPDX-License-Identifier: MIT
"""A phone as a sensor, in Chromium with made-up sensors, over HTTPS with the studio's own certificate.

    make test-studio
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from midge.samples.takes import read_take
from midge.studio.phone import PhoneDoor, serving_phone
from midge.studio.studio import Studio
from tests.support.studio import Newcomer, newcomer, serving

pytest.importorskip("segno")
pytestmark = [pytest.mark.slow]
GRAVITY = 9.80665


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Studio, Newcomer, PhoneDoor]]:
    folder = tmp_path_factory.mktemp("studio") / "project"
    with serving(folder) as (studio, door), newcomer(door, ignore_https_errors=True) as person:
        phone = PhoneDoor(studio.project.hidden, "127.0.0.1")
        with serving_phone(studio, phone):
            yield studio, person, phone


def test_a_phone_that_moves_is_recorded(opened: tuple[Studio, Newcomer, PhoneDoor]) -> None:
    studio, person, door = opened
    page = person.page.context.new_page()
    devtools = page.context.new_cdp_session(page)
    for kind in ("accelerometer", "linear-acceleration", "gyroscope"):
        devtools.send("Emulation.setSensorOverrideEnabled", {"enabled": True, "type": kind})

    def hold(x: float, y: float, z: float, turn: float = 0.0) -> None:
        for kind, reading in (("accelerometer", (x, y, z)), ("linear-acceleration", (0.0, 0.0, 0.0)),
                              ("gyroscope", (turn, 0.0, 0.0))):
            devtools.send("Emulation.setSensorOverrideReadings", {
                "type": kind, "reading": {"xyz": dict(zip("xyz", reading, strict=True))}})

    hold(0, 0, GRAVITY)
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(door.address())
    page.get_by_role("button", name="Send movements").click()
    hold(0, 0, GRAVITY)
    page.get_by_text("Sending. Go on at the computer.").wait_for()
    assert page.evaluate("async () => (await axe.run()).violations.map((v) => v.id)") == []
    page.screenshot(path=person.shots / "phone.png")

    person.go("record")
    person.see("The phone")
    person.page.get_by_label("Name of the movement").fill("still")
    person.page.get_by_role("spinbutton", name="Takes").fill("1")
    person.page.get_by_role("spinbutton", name="Seconds each").fill("1")
    person.page.get_by_text("after a countdown", exact=True).click()
    page.bring_to_front()
    hold(0, 0, GRAVITY, np.pi / 2)
    studio.act("record", {"label": "still", "count": 1, "seconds": 1, "countdown": 0, "way": "countdown"})
    for i in range(100):  # a hand trembles
        hold(0, 0, GRAVITY + 0.1 * (-1) ** i, np.pi / 2)
        page.wait_for_timeout(50)
        if studio.shelf.labels().get("still") and studio.bench.facts.taking is None:
            break
    (path,) = studio.shelf.files("still", 2)
    take = read_take(path)
    assert (take.rate_hz, take.columns[:3], take.units[0], take.units[3]) == (50, ("ax", "ay", "az"), "g", "dps")
    mean = take.values.mean(axis=0)
    assert np.allclose(mean[:3], [0, 0, 1], atol=0.02), mean
    assert abs(mean[3] - 90) < 2 and abs(mean[4:]).max() < 1, mean
    page.close()


def test_movements_are_alike_on_both_systems_and_evenly_spaced(
    opened: tuple[Studio, Newcomer, PhoneDoor]
) -> None:
    _, person, door = opened
    page = person.page.context.new_page()
    page.goto(door.address())
    android, iphone, times, gap = page.evaluate("""async () => {
        const { measured, Evenly } = await import("/static/phone.js");
        const event = (sign) => ({ accelerationIncludingGravity: { x: 0, y: 0, z: sign * 9.80665 },
            rotationRate: { alpha: 1, beta: 2, gamma: 3 } });
        const rows = [];
        const evenly = new Evenly(50, (some) => rows.push(...some));
        for (const at of [0, 7, 31, 33, 60, 90, 130, 171, 200]) evenly.add(at, [at]);
        const times = rows.slice();
        rows.length = 0;
        evenly.add(2000, [2000]);
        evenly.add(2045, [2045]);
        return [measured(event(1), false), measured(event(-1), true), times, rows];
    }""")
    assert android == iphone == [0, 0, pytest.approx(1), 1, 2, 3]
    assert times == pytest.approx(list(range(0, 201, 20)), abs=1e-3)
    assert gap == pytest.approx([2000, 2020, 2040], abs=1e-3)
    page.close()


def test_a_code_is_shown_and_good_once(opened: tuple[Studio, Newcomer, PhoneDoor]) -> None:
    _, person, door = opened
    person.go("record")
    person.page.get_by_text("Use a phone").click()
    code = person.page.locator("img.code")
    code.evaluate("(image) => image.complete || new Promise((done) => { image.onload = done; })")
    assert code.evaluate("(image) => image.naturalWidth") > 100
    assert person.violations() == []
    person.picture("phone-code")
    address = door.address()
    other = person.page.context.browser.new_context(ignore_https_errors=True)
    page = other.new_page()
    assert page.goto(address).status == 200
    stranger = person.page.context.browser.new_context(ignore_https_errors=True).new_page()
    assert stranger.goto(address).status == 401
    assert "used already" in stranger.inner_text("body")
    assert stranger.goto(f"https://{door.hosts[0]}/static/phone.js").status == 401
    other.close()
    stranger.context.close()
