# SPDX-License-Identifier: MIT
"""What a studio calls models, how it words what commands say, and what it tells of an installation that lacks parts."""

from __future__ import annotations

from pathlib import Path

import pytest

from midge.errors import UserError
from midge.studio import static_files
from midge.studio.lessons import as_clicks
from midge.studio.studio import open_studio


def test_a_model_is_called_by_what_it_is_of(tmp_path: Path) -> None:
    studio = open_studio(tmp_path)
    assert studio.project.settings.model == "wand"
    studio.act("settings", {"kind": "picture"})
    assert studio.project.settings.model == "eye"
    assert open_studio(tmp_path).project.settings.model == "eye"
    studio.act("settings", {"kind": "sound"})
    assert studio.project.settings.model == "ear"
    studio.act("settings", {"model": "bell"})
    studio.act("settings", {"kind": "picture"})
    assert studio.project.settings.model == "bell"
    studio.act("settings", {"model": "wand"})
    studio.project.model_file().write_bytes(b"")
    studio.act("settings", {"kind": "motion"})
    studio.act("settings", {"kind": "sound"})
    assert studio.project.settings.model == "wand"  # it is there already


def test_a_folder_of_pictures_has_no_wand(tmp_path: Path) -> None:
    (tmp_path / "data/cup").mkdir(parents=True)
    (tmp_path / "data/cup/cup-1.jpg").touch()
    assert open_studio(tmp_path).project.settings.model == "eye"
    assert not (tmp_path / "midge.toml").exists()


@pytest.mark.parametrize(("said", "shown"), [
    ("record an idle class, 30 s of rest and walking about: midge capture --label idle --seconds 30",
     "record an idle class, 30 s of rest and walking about, on the page Record, under the name idle"),
    ("for others, record two or three people (--person)",
     "for others, record two or three people, whose names the page Record has under Sensor and person"),
    ("name them, as fist_ann_1.jpg, or tell with --groups or --person-from", "name them, as fist_ann_1.jpg"),
    ("give it more, or make pictures smaller: --size 48x48",
     "give it more, or take smaller pictures: Record, Pictures and camera, 48"),
    ("which takes pixels as they are; leave out --pixels",
     "which takes pixels as they are; choose whole numbers under It takes pictures as"),
    ("record it again, remove it, or choose a shorter window: --window 0.5", "record it again, remove it"),
])
def test_what_to_click_stands_in_for_what_to_type(said: str, shown: str) -> None:
    assert as_clicks(said) == shown


def test_what_an_installation_lacks_is_told_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(static_files, "folder", lambda name: tmp_path / name)
    said = static_files.lacking()
    assert "uPlot" in said and "the core for browsers" in said and said.endswith("to have it: make page")
    assert not static_files.can_answer(tmp_path)
    (tmp_path / "page").mkdir()
    (tmp_path / "page/uPlot.js").touch()
    assert "uPlot" not in static_files.lacking()
    (tmp_path / "page/midge.wasm").touch()
    assert static_files.lacking() == ""


def test_a_kind_that_is_none_is_refused(tmp_path: Path) -> None:
    for kind in ("smell", ["motion"], 3):
        with pytest.raises(UserError, match="wanted"):
            open_studio(tmp_path).act("settings", {"kind": kind})


@pytest.mark.parametrize("blob", [b"", b"MIDGE", b"\0" * 400])
def test_a_model_that_is_damaged_is_no_network_for_a_learner(tmp_path: Path, blob: bytes) -> None:
    studio = open_studio(tmp_path)
    studio.project.model_file().write_bytes(blob)
    assert studio.state()["embeddings"] == []
