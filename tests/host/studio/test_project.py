# SPDX-License-Identifier: MIT
"""The folder of a project: what is kept in midge.toml, what is wrong with one, and that one studio has it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from midge.errors import UserError
from midge.studio.project import Project, Settings, changed, locked


def test_settings_outlive_the_studio_and_leave_the_rest_of_the_file_alone(tmp_path: Path) -> None:
    mine = "# mine\n[other]\nkey = 1\n\n[studio]\nrate_hz = 50\n\n[last]\nx = [1, 2]\n"
    (tmp_path / "midge.toml").write_text(mine)
    project = Project(tmp_path)
    assert project.settings == Settings(rate_hz=50.0)
    project.change({"person": 'an"na\n\\ ', "count": 7})
    assert Project(tmp_path).settings == Settings(rate_hz=50.0, person='an"na \\', count=7)
    text = (tmp_path / "midge.toml").read_text()
    assert text.startswith("# mine\n[other]\nkey = 1\n") and text.endswith("[last]\nx = [1, 2]\n")
    assert text.count("[studio]") == 1


@pytest.mark.parametrize("text", ["[studio\n", "[studio]\nrate_hz = 'fast'\n", "studio = 1\n", "\x00",
                                  "[studio]\ncount=1e9\n", "[studio]\nnothing = 1\n"])
def test_a_damaged_file_is_told_and_not_written_over(tmp_path: Path, text: str) -> None:
    (tmp_path / "midge.toml").write_text(text)
    project = Project(tmp_path)
    assert project.note.startswith("midge.toml: ") and "mend or remove it" in project.note
    project.change({"count": 3})
    assert project.settings.count == 3 and (tmp_path / "midge.toml").read_text() == text


@pytest.mark.parametrize("values", [{"model": "../x"}, {"model": "a/b"}, {"model": ""}, {"rate_hz": float("nan")},
                                    {"kind": "smell"}, {"camera": "rgb565"}, {"mic": "0"}, {"eye": "a:b:c"},
                                    {"front": "../x.tflite"}, {"pixels": "0..2"}, {"side": 4}, {"steps": -1},
                                    {"rate_hz": True}, {"count": 0}, {"seconds": 1e9}, {"person": 3}, {"no": 1}])
def test_settings_that_cannot_be(values: dict[str, object]) -> None:
    with pytest.raises(UserError, match="wanted"):
        changed(Settings(), values)


@pytest.mark.parametrize("wires", ["", "1,sck=2,ws=3,sd=4,right", "pdm", "pdm,clk=33,data=32,power=17,right"])
def test_a_microphone_is_named_as_for_the_command(wires: str) -> None:
    assert changed(Settings(mic="0,sck=1,ws=2,sd=3"), {"mic": wires}).mic == wires


@pytest.mark.parametrize("name", ["data", "models", "reports", ".studio"])
def test_a_folder_that_is_none_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("")
    with pytest.raises(UserError, match="name a folder that can be written to, or a new one"):
        Project(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"accuracy": 1}', "\x00"])
def test_a_report_that_is_damaged_is_none(tmp_path: Path, text: str) -> None:
    project = Project(tmp_path)
    project.report_file("json").write_text(text)
    assert project.report() is None


def test_one_studio_a_project(tmp_path: Path) -> None:
    with locked(Project(tmp_path)) as place:
        place.write("http://127.0.0.1:1")
        place.flush()
        told = re.escape("is open in another studio (http://127.0.0.1:1); go on there")
        with pytest.raises(UserError, match=told), locked(Project(tmp_path)):
            pass
    with locked(Project(tmp_path)):
        pass


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="name a folder"):
        Project(tmp_path / "file")


def test_a_report_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    project = Project(tmp_path)
    for text in ("{", "[]", "{}", "\xff"):
        project.report_file("json").write_text(text)
        assert project.report() is None
