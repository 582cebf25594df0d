# SPDX-License-Identifier: MIT
"""Make the studio's pictures in the documents: somebody teaches a practice board, and two pages are photographed.

    build/venv/bin/python -m tests.studio.pictures      rewrites host_tools/docs/pictures/studio-*.png
"""

from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path

from PIL import Image

from tests.support import ROOT
from tests.support.studio import Newcomer, newcomer, serving

PICTURES = ROOT / "host_tools/docs/pictures"
COLOURS = 200
SIZE = (1180, 860)


def photograph(person: Newcomer, name: str) -> None:
    """Keep what is on the screen, in few colours."""
    shot = Image.open(io.BytesIO(person.page.screenshot())).convert("RGB")
    shot.quantize(COLOURS, dither=Image.Dither.NONE).save(PICTURES / f"studio-{name}.png", optimize=True)


def main() -> None:
    """Teach a practice board three movements."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder) / "wand") as (_, door), newcomer(door) as person:
        page = person.page
        page.set_viewport_size({"width": SIZE[0], "height": SIZE[1]})
        person.start_a_practice_board()
        for movement, label in (("rest", "idle"), ("wing", "wing"), ("circle", "circle")):
            person.record(movement, label)
        page.wait_for_timeout(5000)
        page.evaluate("() => window.scrollTo(0, 0)")
        photograph(person, "record")
        person.click("link", re.compile("^Train"))
        person.click("button", "Train")
        person.see("What was taken for what", 60)
        person.put_it_on_the_board(60)
        person.listen()
        page.locator(".score").first.wait_for(timeout=20_000)
        page.wait_for_timeout(9000)
        person.choose("wing")
        page.locator(".answer").get_by_text("wing", exact=True).wait_for(timeout=30_000)
        page.wait_for_timeout(500)
        page.mouse.move(0, 0)
        page.evaluate("() => window.scrollTo(0, 0)")
        photograph(person, "live")


if __name__ == "__main__":
    main()
