# SPDX-License-Identifier: MIT
"""A studio that is open in Debian's Chromium, and what is asked of each of its pages."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn

from midge.studio.project import Project
from midge.studio.server import HOST, Door, application
from midge.studio.studio import Studio
from tests.support import ROOT

AXE = ROOT / "build/browser/node_modules/axe-core/axe.min.js"
SHOTS = ROOT / "build/studio"
WIDTHS = {"narrow": (360, 740), "wide": (1280, 900), "4k": (3840, 2160)}
PAGES = ("board", "record", "train", "deploy", "live", "teach", "report")


@contextmanager
def serving(folder: Path) -> Iterator[tuple[Studio, Door]]:
    """Serve a project's studio from a thread."""
    studio, door = Studio(Project(folder)), Door(0)
    app = application(studio, door.keys, door.hosts)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", ws="websockets-sansio"))
    thread = Thread(target=server.run, args=([door.socket],), daemon=True)
    thread.start()
    try:
        yield studio, door
    finally:
        studio.close()
        server.should_exit = True
        thread.join(10)


@dataclass
class Newcomer:
    """Somebody who looks at the page and clicks. elsewhere: requests that would have left this machine."""

    page: Any
    home: str
    clicks: int = 0
    elsewhere: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    shots: Path = SHOTS

    def click(self, role: str, name: str | re.Pattern[str]) -> None:
        """Click on what has a role and a name, as a screen reader tells them."""
        self.page.get_by_role(role, name=name, exact=isinstance(name, str)).click()
        self.clicks += 1

    def choose(self, name: str) -> None:
        """Have the simulated hand do something."""
        self.page.locator(".hand").get_by_text(name, exact=True).click()
        self.clicks += 1

    def see(self, text: str | re.Pattern[str], seconds: float = 20) -> None:
        """Wait until a text is to be seen."""
        self.page.get_by_text(text, exact=False).first.wait_for(timeout=1000 * seconds)

    def start_a_practice_board(self) -> None:
        """Start one, and see its sensor."""
        self.click("button", "Start a practice board")
        self.click("link", "Record takes")
        self.see("LSM9DS1")

    def record(self, movement: str, label: str) -> None:
        """Have the hand move, and record five takes of that."""
        self.choose(movement)
        self.click("button", f"Record 5 takes of {label}")
        self.see(re.compile(f"{label}, take 2 of 5"), 40)
        if movement == "circle":
            self.see(re.compile("recording"))
            self.picture("recording")
        self.page.get_by_role("button", name="Stop recording").wait_for(state="hidden", timeout=60_000)

    def practise(self) -> None:
        """Start a practice board on the page Board, and wait until it runs."""
        self.go("board")
        self.click("button", "Start a practice board")
        self.page.get_by_role("button", name="Stop the practice board").wait_for(timeout=30_000)

    def train(self, **wishes: str) -> None:
        """Train, and wait for the report; wishes: what goes into the fields of "More about the training", by label."""
        self.go("train")
        self.page.get_by_text("More about the training").click()
        for label, value in wishes.items():
            self.page.get_by_label(label).fill(value)
        self.click("button", "Train")
        self.see("What was taken for what", 600)

    def put_it_on_the_board(self, seconds: float = 120) -> None:
        """From a report to a board that has the model."""
        self.click("link", "Put it on the board")
        self.click("button", "Upload and verify")
        self.see("It is on the board", seconds)

    def listen(self) -> None:
        """From a board that has the model to its answers."""
        self.click("link", "See its answers")
        self.click("button", re.compile("^Start (listening|looking)$"))

    def open_a_confusion(self) -> None:
        """Open the takes behind a cell of the report's matrix."""
        self.go("train")
        self.page.get_by_role("button", name=re.compile("open the takes")).first.click()

    def kept_to_this_machine(self, expected: str) -> None:
        """Check that the page asked nothing of another machine, and met no fault but the expected ones."""
        assert self.elsewhere == []
        assert [fault for fault in self.faults if expected not in fault] == []

    def go(self, name: str) -> None:
        """Go to a page by its address."""
        self.page.goto(f"{self.home}/#/{name}")
        self.page.locator(f".page[data-page={name}]").wait_for()

    def open_takes(self, label: str, count: int) -> None:
        """Choose a name on the page Record, and wait until its takes are shown."""
        self.page.get_by_role("button", name=f"{label} {count}", exact=True).click()
        self.clicks += 1
        self.page.locator(".shelf:not([aria-busy]) .take", has_text=label).first.wait_for()

    def picture(self, name: str) -> None:
        """Keep a picture of the whole page, for people to look at."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}.png", full_page=True)

    def is_shut_out(self, pages: Sequence[str], scheme: str, width: str, kind: str = "") -> dict[str, list[str]]:
        """Return what axe finds on pages in a scheme and width; nothing may be wider than the screen. Keep pictures."""
        page = self.page
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size(dict(zip(("width", "height"), WIDTHS[width], strict=True)))
        found = {}
        for name in pages:
            self.go(name)
            page.wait_for_timeout(1500 if name == "record" else 400)
            if name == "train":
                page.locator(".matrix").wait_for()
                for card in page.locator(".takes").all():
                    card.scroll_into_view_if_needed()
            if violations := self.violations():
                found[name] = violations
            wide = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, f"{name} is {wide} px wider than the screen"
            self.picture(f"{kind}{name}-{scheme}-{width}")
        return found

    def violations(self) -> list[str]:
        """Return what axe finds wrong with the page for people with disabilities."""
        found = self.page.evaluate("async () => (await axe.run()).violations")
        return [f"{rule['id']}: {node['html'][:150]} {node['any'][:1] and node['any'][0]['message']}"
                for rule in found for node in rule["nodes"]]


@contextmanager
def newcomer(door: Door, devices: Sequence[str] = (), **options: Any) -> Iterator[Newcomer]:
    """Open the page in a browser from which nothing gets out of this machine. devices: switches of what it fakes."""
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium; run: ports/toolchain.sh browser")
    if not AXE.is_file():
        pytest.skip("no axe-core; run: make test-studio")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", *devices])
        context = browser.new_context(viewport=dict(zip(("width", "height"), WIDTHS["wide"], strict=True)), **options)
        context.add_init_script(path=AXE)
        page = context.new_page()
        person = Newcomer(page, f"http://{door.hosts[0]}")

        def decide(route: Any) -> None:
            if urlsplit(route.request.url).hostname == HOST:
                route.continue_()
            else:
                person.elsewhere.append(route.request.url)
                route.abort()

        context.route("**/*", decide)
        page.on("pageerror", lambda error: person.faults.append(str(error)))
        page.on("console", lambda said: person.faults.append(said.text) if said.type in ("error", "warning") else None)
        page.goto(door.address())
        page.get_by_role("heading", level=1).wait_for()
        try:
            yield person
        finally:
            browser.close()
