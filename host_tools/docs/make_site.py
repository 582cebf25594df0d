# SPDX-License-Identifier: MIT
"""Lay out what the site is made of: the documents where they are in the repository, what they link to, and pages made
from docstrings.

    make_site.py FOLDER

A link to a source file leads to a page that shows it, one to a folder to the list of its files.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)#\s]+)(#[^)]*)?\)")
# What notebooks and scripts call on a PC. Talking to boards is in link.
API = ("midge.api", "midge.link.install", "midge.link.upload", "midge.link.verify", "midge.link.flash",
       "midge.link.simulator", "midge.errors")
LANGUAGES = {".py": "python", ".toml": "toml", ".c": "c", ".h": "c", ".sh": "sh", ".mk": "make", ".yml": "yaml"}


def tracked(*patterns: str) -> list[str]:
    """Return the files of the repository that match."""
    done = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def shown(path: Path) -> str:
    """Return a page for a file that is no page, or for a folder."""
    name = path.relative_to(ROOT).as_posix()
    if path.is_dir():
        return "\n".join([f"# {name}/", "", *(f"- `{inside}`" for inside in tracked(f"{name}/**"))])
    return f"# {name}\n\n````{LANGUAGES.get(path.suffix, 'text')}\n{path.read_text(encoding='utf-8')}\n````\n"


def lay_out(out: Path) -> None:
    """Write all pages."""
    shutil.rmtree(out, ignore_errors=True)
    pages = [name for name in tracked("*.md") if not name.startswith((".github/", "tests/"))]
    for name in [*pages, *tracked("host_tools/**/*.png", "host_tools/**/*.svg")]:
        target = out / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if not name.endswith(".md"):
            shutil.copyfile(ROOT / name, target)
            continue
        place = (ROOT / name).parent

        def link(found: re.Match[str], place: Path = place, target: Path = target) -> str:
            there = Path(os.path.normpath(place / found[1]))
            known = there.is_relative_to(ROOT) and there.exists()
            if not known or there.suffix in (".md", ".png", ".svg"):
                return found[0]
            page = out / "source" / f"{there.relative_to(ROOT).as_posix()}.md"
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(shown(there), encoding="utf-8")
            return found[0].replace(f"({found[1]}", f"({os.path.relpath(page, target.parent)}")

        target.write_text(LINK.sub(link, (ROOT / name).read_text(encoding="utf-8")), encoding="utf-8")
    (out / "api.md").write_text("# Python API on the PC\n\n" + "\n".join(
        f"## {module}\n\n::: {module}\n    options:\n      heading_level: 3\n" for module in API), encoding="utf-8")


if __name__ == "__main__":
    lay_out(Path(sys.argv[1]))
