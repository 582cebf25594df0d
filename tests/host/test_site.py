# SPDX-License-Identifier: MIT
"""The site has every page of the documents, and its links lead somewhere; `make docs` has mkdocs say so too."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.support.script import load_script

site = load_script(ROOT / "host_tools/docs/make_site.py")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site")
    site.lay_out(out)
    return out


def test_the_contents_list_every_page(pages: Path) -> None:
    listed = set(re.findall(r": (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.M))
    there = {path.relative_to(pages).as_posix() for path in pages.rglob("*.md")}
    shown = {page for page in there if not page.startswith("source/")}
    assert listed <= there
    assert shown - listed == {"host_tools/docs/README.md"}  # a table of contents itself


def test_links_lead_to_pages(pages: Path) -> None:
    links = [(path, link) for path in pages.rglob("*.md") if "source" not in path.parts
             for link in re.findall(r"\]\(([^)#\s:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))]
    assert len(links) > 60
    assert [f"{path.name}: {link}" for path, link in links if not (path.parent / link).is_file()] == []


def test_the_reference_is_of_modules_that_are_there() -> None:
    for module in site.API:
        assert (ROOT / "host_tools" / module.replace(".", "/")).with_suffix(".py").is_file()
