# SPDX-License-Identifier: MIT
"""A scripted newcomer in a real browser: from an empty folder to an emulated board that answers, and what can go wrong.

    make test-studio

Pictures of all pages are kept in build/studio/ for people to look at.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator

import numpy as np
import pytest

from midge.link.simulator import Simulator
from midge.resources import folder
from midge.studio.practice import EMULATED
from midge.studio.server import STATIC
from midge.studio.studio import Studio
from midge.train.taught import load_taught
from tests.support.boards import Board, built
from tests.support.command import printed
from tests.support.studio import PAGES, WIDTHS, Newcomer, newcomer, serving

pytestmark = [pytest.mark.slow, pytest.mark.emulator]
MOST_BYTES, FIRST_PAINT_MS, MOST_CLICKS, MOST_SECONDS = 500_000, 1000, 25, 300


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Studio, Newcomer]]:
    """A studio and who looks at it; the tests here follow one another as a person's steps do."""
    firmware = Simulator(EMULATED).firmware
    built(str(firmware), f"make firmware BOARD={EMULATED}")
    with serving(tmp_path_factory.mktemp("studio") / "project") as (studio, door), newcomer(door) as person:
        yield studio, person


def test_the_page_is_small_and_there_at_once(opened: tuple[Studio, Newcomer]) -> None:
    _, person = opened
    person.see("No board is plugged in")
    person.page.reload()  # of a browser that has been started; nothing is kept of the page
    person.see("No board is plugged in")
    paint = person.page.evaluate("() => performance.getEntriesByName('first-contentful-paint')[0].startTime")
    size = sum(path.stat().st_size for place in (STATIC, folder("page")) for path in place.rglob("*") if path.is_file())
    print(f"first paint after {paint:.0f} ms, {size:,} B in all")
    assert size <= MOST_BYTES and paint <= FIRST_PAINT_MS
    person.picture("board-empty")


def test_from_an_empty_folder_to_the_first_right_answer(opened: tuple[Studio, Newcomer]) -> None:
    studio, person = opened
    started = time.monotonic()
    person.start_a_practice_board()
    for movement, label in (("circle", "circle"), ("wing", "wing"), ("rest", "idle")):
        person.record(movement, label)
    person.click("link", re.compile("^Train"))
    person.click("button", "Train")
    person.see("What was taken for what", 60)
    person.put_it_on_the_board(60)
    person.see("12 runs gave the same")
    person.picture("deploy")
    person.listen()
    person.page.locator(".score").first.wait_for(timeout=20_000)
    person.choose("circle")
    person.page.locator(".answer").get_by_text("circle", exact=True).wait_for(timeout=30_000)
    seconds = time.monotonic() - started
    print(f"{person.clicks} clicks and {seconds:.0f} s to the first right answer")
    assert person.clicks <= MOST_CLICKS and seconds <= MOST_SECONDS
    assert studio.shelf.labels() == {"circle": 5, "idle": 5, "wing": 5}
    report = studio.project.report()
    assert report is not None and report["accuracy"]["share"] >= 0.7
    person.page.wait_for_timeout(4000)
    person.picture("live")


def test_the_program_that_is_shown_runs(opened: tuple[Studio, Newcomer]) -> None:
    studio, person = opened
    person.go("deploy")
    program = person.page.locator("pre[aria-label='In your own program']").inner_text()
    assert studio.bench.practice is not None
    studio.bench.practice.move("wing")
    studio.bench.worker.stop(10)  # what it listened to on the page before
    said = Board(studio.bench.practice.simulator).run(program + "\n    break\n", timeout_s=30)
    assert said.startswith(("wing 0.", "wing 1."))
    person.go("live")


def test_the_threshold_tells_what_it_means(opened: tuple[Studio, Newcomer]) -> None:
    studio, person = opened
    report = studio.project.report()
    assert report is not None
    slider = person.page.get_by_role("slider", name="It answers from a score of")
    for threshold in (0.5, 0.95):
        slider.fill(str(threshold))
        row = next(r for r in report["thresholds"] if r["threshold"] == threshold)
        person.see(f"{math.floor(100 * row['found'] + 0.5)} % of what is to be answered is answered then")
        person.see(f"about {math.floor(row['false_per_hour_made'] + 0.5)} false answers")
        person.see(f"threshold={threshold:.2f}")


def test_takes_are_renamed_trimmed_deleted_and_brought_back(opened: tuple[Studio, Newcomer]) -> None:
    studio, person = opened
    person.go("train")
    person.page.get_by_role("button", name=re.compile("of idle called (idle|unknown): open")).first.click()
    person.page.locator(".opened .take").first.click()
    dialog = person.page.get_by_role("dialog")
    dialog.get_by_label("Name of this take").fill("calm")
    dialog.get_by_role("button", name="Rename").click()
    person.see("The take is called calm now.")
    assert studio.shelf.labels() == {"calm": 1, "circle": 5, "idle": 4, "wing": 5}
    person.page.get_by_role("button", name="Undo").first.click()
    person.see("is idle again")
    person.go("record")
    person.open_takes("wing", 5)
    person.page.locator(".take").first.click()
    dialog.get_by_label("First sample that stays").fill("20")
    person.picture("take")
    assert person.violations() == []
    dialog.get_by_role("button", name="Trim").click()
    person.see("The take is trimmed.")
    person.page.get_by_role("button", name="Undo").first.click()
    person.see("is whole again")
    first = person.page.locator(".takes li").first
    first.hover()
    first.get_by_role("button", name=re.compile("^Delete")).click()
    person.see("The take is deleted.")
    assert studio.shelf.labels()["wing"] == 4
    person.page.get_by_role("button", name="Undo").first.click()
    person.see("is back")
    assert studio.shelf.labels() == {"circle": 5, "idle": 5, "wing": 5}


def test_the_board_is_taught_by_itself(opened: tuple[Studio, Newcomer]) -> None:
    """A network of the takes goes there; two names are taught and tried, one is forgotten, one is saved."""
    studio, person = opened
    practice = studio.bench.practice
    assert practice is not None
    person.go("teach")
    person.click("button", "Make one of the takes here")
    person.page.get_by_role("option", name="wand-learn.midge").wait_for(state="attached", timeout=60_000)
    person.click("button", "Open the learner on the board")
    person.page.get_by_label("Name").wait_for(timeout=60_000)
    person.page.get_by_role("spinbutton", name="Times").fill("3")
    for movement, label in (("flick", "snap"), ("slope", "slide")):
        person.choose(movement)
        person.page.get_by_label("Name").fill(label)
        person.click("button", f"Teach {label} 3 times")
        person.page.locator(".known li").filter(has_text=label).get_by_text("3 examples").wait_for(timeout=90_000)
    person.choose("flick")
    person.click("button", "Try it")
    person.page.locator(".answer:not(.none)").wait_for(timeout=60_000)
    assert person.violations() == []
    person.picture("teach")
    person.click("button", "Stop")
    person.click("button", "Forget slide")
    person.page.locator(".known").get_by_text("slide").wait_for(state="hidden")
    person.click("button", "Save")
    person.see("All is saved.")
    kept = load_taught(studio.project.models / "wand-learn.taught")
    assert {label: len(rows) for label, rows in kept.classes.items()} == {"snap": 3}
    person.click("button", "Close the learner")
    person.page.get_by_role("button", name="Open the learner on the board").wait_for()
    practice.move("circle")


def test_commands_go_on_where_the_page_stopped(opened: tuple[Studio, Newcomer]) -> None:
    studio, _ = opened
    again = studio.project.root / "again.midge"
    printed("train", studio.project.data, "-o", again, "--name", "wand")
    assert again.read_bytes() == studio.project.model_file().read_bytes()
    again.unlink()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_shut_out(opened: tuple[Studio, Newcomer], scheme: str, width: str) -> None:
    """Axe finds nothing on any page, nothing is wider than the screen, and a picture of each is kept."""
    _, person = opened
    assert person.is_shut_out(PAGES, scheme, width) == {}


def test_the_keyboard_alone_does(opened: tuple[Studio, Newcomer]) -> None:
    _, person = opened
    page = person.page
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(dict(zip(("width", "height"), WIDTHS["wide"], strict=True)))
    person.go("board")
    page.reload()
    page.get_by_role("heading", level=1).wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.className") == "skip"
    seen = []
    for _ in range(12):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("() => document.activeElement.textContent.trim()"))
    assert any(text.startswith("Record") for text in seen) and "Look again" in seen
    page.get_by_role("link", name=re.compile("^Train")).focus()
    page.keyboard.press("Enter")
    page.locator(".page[data-page=train]").wait_for()
    assert page.evaluate("() => document.activeElement.tagName") == "H1"
    cell = page.get_by_role("button", name=re.compile("open the takes")).first
    cell.wait_for()
    cell.press("Enter")
    page.locator(".opened .take").first.press("Enter")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")
    assert page.evaluate("() => document.activeElement.className").startswith("take")


def test_a_hundred_samples_of_six_axes_a_second_are_no_burden(opened: tuple[Studio, Newcomer]) -> None:
    """And they are seen soon: a step of the sensor, from the board's memory to the pixels."""
    studio, person = opened
    studio.act("settings", {"rate_hz": 119, "gyro_dps": 500})
    practice = studio.bench.practice
    assert practice is not None
    person.go("board")
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.4, (1000, 6)).astype(np.float32)
    practice.simulator.play(noise)
    person.go("record")
    person.see("119 samples a second")
    page = person.page
    page.wait_for_timeout(6500)  # until the curves are full
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})

    def busy() -> float:
        metrics = devtools.send("Performance.getMetrics")["metrics"]
        return float(next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration"))

    before, began = busy(), time.monotonic()
    page.wait_for_timeout(6000)
    share = (busy() - before) / (time.monotonic() - began)
    # The axis has marks as high as this only once the plot holds the step, and text is drawn with each plot.
    page.evaluate("""() => {
        const draw = CanvasRenderingContext2D.prototype.fillText;
        window.height = Infinity;
        CanvasRenderingContext2D.prototype.fillText = function (words, ...given) {
            if (!window.drawn && Number(words) >= window.height / 2)
                window.drawn = performance.timeOrigin + performance.now();
            return draw.call(this, words, ...given);
        };
    }""")
    latencies = []
    for height in (9, 40, 160):
        page.wait_for_timeout(300)
        page.evaluate("(height) => Object.assign(window, { drawn: 0, height })", height)
        stepped = time.time()
        practice.simulator.play(noise + np.float32([0, 0, 0, 0, 0, height]))
        page.wait_for_timeout(700)
        latencies.append(page.evaluate("() => window.drawn") - 1000 * stepped)
    took = ", ".join(f"{ms:.0f}" for ms in latencies)
    print(f"{100 * share:.1f} % of a core; from the sensor to the curve {took} ms")
    assert share <= 0.20
    assert 0 < sorted(latencies)[1] <= 150


def test_curves_show_the_latest_samples_in_the_theme_that_is_chosen(opened: tuple[Studio, Newcomer]) -> None:
    _, person = opened
    inks = person.page.evaluate("""async () => {
        const { Curves } = await import("/static/plot.js");
        const curves = new Curves(["a", "b"], 50, 6, null, "a test");
        document.querySelector("main").append(curves.element);
        await new Promise((done) => setTimeout(done, 200));
        curves.add(Array.from({ length: 700 }, (none, n) => [n < 500 ? 9 : 1, n < 500 ? 9 : -1]));
        const ink = (y) => { // the colour in the middle, at a height
            const { plot } = curves.view, { canvas } = plot.ctx;
            const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
            copy.drawImage(canvas, 0, 0);
            const at = [plot.bbox.left + 0.9 * plot.bbox.width, plot.valToPos(y, "y", true)];
            return [...copy.getImageData(Math.round(at[0]), Math.round(at[1]), 1, 1).data];
        };
        const found = {};
        for (const scheme of ["light", "dark"]) {
            document.documentElement.style.colorScheme = scheme;
            window.dispatchEvent(new Event("themechange"));
            await new Promise((done) => setTimeout(done, 200));
            found[scheme] = [ink(1), ink(-1), ink(0.4)];
        }
        found.range = [curves.low, curves.high];
        document.documentElement.style.colorScheme = "light dark";
        curves.close();
        curves.element.remove();
        return found;
    }""")
    first, second, between = inks["light"]
    assert first[:3] == pytest.approx([0, 0x72, 0xB2], abs=3) and second[:3] == pytest.approx([0xD5, 0x5E, 0], abs=3)
    assert inks["dark"][0][:3] == pytest.approx([0x56, 0xB4, 0xE9], abs=3) and between[3] == 0
    assert inks["range"] == [-2.5, 10.5]  # 9, which came before, is still seen at the left


def test_without_uplot_all_else_works(opened: tuple[Studio, Newcomer]) -> None:
    _, person = opened
    other = person.page.context.new_page()
    other.route("**/uPlot.*", lambda route: route.abort())
    other.goto(f"{person.home}/#/train")
    other.get_by_text("Curves need uPlot").wait_for()
    other.close()


def test_a_board_that_goes_away_is_told_and_nothing_is_lost(opened: tuple[Studio, Newcomer]) -> None:
    studio, person = opened
    studio.act("settings", {"rate_hz": 50, "gyro_dps": 0})
    person.go("board")
    person.choose("flick")
    person.go("record")
    person.see("50 samples a second")
    person.page.get_by_label("Name of the movement").fill("flick")
    person.page.get_by_role("button", name="Record 5 takes of flick").click()
    person.see("flick, take 2 of 5", 30)
    assert studio.bench.practice is not None
    studio.bench.practice.stop()
    person.page.get_by_role("alert").wait_for(timeout=30_000)
    told = person.page.get_by_role("alert").inner_text()
    print(told)
    assert "\n" not in told.replace("\nUnderstood", "") and "/dev/" in told
    assert person.violations() == []
    person.picture("board-gone")
    assert studio.shelf.labels()["flick"] >= 1
    person.page.get_by_role("button", name="Understood").click()
    person.page.get_by_role("alert").wait_for(state="hidden")


def test_hostile_names_are_text(opened: tuple[Studio, Newcomer]) -> None:
    """Names that came from elsewhere: a folder and a file that are script to a page that would let them."""
    studio, person = opened
    text = "# rate_hz: 50\nax,ay,az\n" + "".join(f"{i % 5},1,{i}\n" for i in range(50))
    folder = studio.project.data / "<img src=x onerror=alert(1)>"
    folder.mkdir()
    (folder / "'\"><svg onload=alert(1)>.csv").write_text(text)
    person.page.on("dialog", lambda dialog: person.faults.append("an alert came up"))
    person.go("board")
    person.go("record")
    person.page.reload()
    person.see("<img src=x onerror=alert(1)>")
    person.open_takes(folder.name, 1)
    person.page.wait_for_timeout(500)
    assert person.page.locator("main img, main svg[onload]").count() == 0
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def test_two_tabs_see_the_same(opened: tuple[Studio, Newcomer]) -> None:
    studio, person = opened
    other = person.page.context.new_page()
    other.goto(f"{person.home}/#/train")
    other.get_by_text("takes: circle").wait_for()
    studio.act("delete", {"takes": [studio.shelf.takes("wing")["takes"][0]]})
    other.get_by_role("link", name=re.compile("Record")).click()
    other.get_by_role("button", name="wing 4").wait_for()
    studio.act("undo", {})
    other.get_by_role("button", name="wing 5").wait_for()
    other.close()


def test_nothing_was_asked_of_another_machine(opened: tuple[Studio, Newcomer]) -> None:
    _, person = opened
    person.kept_to_this_machine("400 (Bad Request)")
