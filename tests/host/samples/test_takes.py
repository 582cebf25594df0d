# SPDX-License-Identifier: MIT
"""Labelled takes: what is read from whom, and that each fault is named with its file, its line and its remedy."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from midge.errors import UserError
from midge.samples.take_tables import parse_table
from midge.samples.takes import GRAVITY, read_takes

HEADER = ("# midge take: 1\n# label: {label}\n# rate_hz: 50\n# units: g,g,g\n# range: 4,4,4\n# samples: {count}\n"
          "ax,ay,az\n")


def rows(count: int = 40, seed: int = 0) -> list[str]:
    values = np.random.default_rng(seed).normal(0, 0.3, (count, 3))
    return [",".join(f"{v:.5f}" for v in row) for row in values]


def write(folder: Path, label: str, index: int, change: Callable[[str], str] = str) -> Path:
    lines = rows(seed=index + 100 * len(label))
    path = folder / label / f"{label}-{index}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(change(HEADER.format(label=label, count=len(lines)) + "\n".join(lines) + "\n"), encoding="utf-8")
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for label in ("circle", "wing"):
        for i in range(3):
            write(tmp_path / "data", label, i)
    return tmp_path / "data"


def test_takes_of_a_folder(data: Path) -> None:
    (data / "circle/uncut").mkdir()
    (data / "circle/uncut/long.csv").write_text("nonsense", encoding="utf-8")
    found = read_takes(data)
    assert (found.labels, found.rate_hz, len(found.takes), found.notes) == (["circle", "wing"], 50.0, 6, [])
    take = found.takes[0]
    assert (take.units, take.range, take.columns, take.line) == (("g",) * 3, (4.0,) * 3, ("ax", "ay", "az"), 8)
    np.testing.assert_allclose(take.values[0], [float(v) for v in rows(seed=600)[0].split(",")], rtol=1e-6)


def line(number: int, text: str) -> Callable[[str], str]:
    """Replace a line, counted from 1."""
    return lambda whole: "\n".join(text if i == number else t for i, t in enumerate(whole.split("\n"), 1))


FAULTS = [
    (line(12, "0.1,a.2,0.3"), r"circle-1\.csv:12: 'a\.2' in column 2 is no number; mend"),
    (line(12, "0.1,nan,0.3"), r"circle-1\.csv:12: 'nan' in column 2 is not finite"),
    (line(12, "0.1,1e99,0.3"), r"circle-1\.csv:12: '1e99' in column 2 is not finite"),
    (line(12, "0.1,0.2"), r"circle-1\.csv:12: 2 values in this line, 3 wanted"),
    (lambda t: t[: t.rindex("\n", 0, -2) + 1], r"circle-1\.csv:46: the header tells of 40 samples, there are 39: the "
                                               r"take was cut short; record it again"),
    (lambda t: t + "0,0,0\n", r"circle-1\.csv:48: the header tells of 40 samples, there are 41"),
    (line(6, "# samples: many"), r"samples: many"),
    (line(3, "# rate_hz: -3"), r"'rate_hz: -3', numbers above 0"),
    (line(3, "# rate: 3"), r"circle-1\.csv: tells neither its rate nor times; say --rate"),
    (line(3, "# rate_hz: 100"), r"circle-1\.csv:8: 100 samples a second, most takes have 50; record it again"),
    (line(4, "# units: g,g"), r"2 units for 3 columns"),
    (line(4, "# units: dps,dps,dps"), r"circle-1\.csv:8: units dps,dps,dps; .* have g,g,g"),
    (line(7, "gx,gy,gz"), r"circle-1\.csv:8: columns gx,gy,gz; .* have ax,ay,az"),
    (line(2, "# label: wing"), r"circle-1\.csv:1: its header says 'label: wing', its folder 'circle'"),
    (lambda t: t[: t.index("ax,ay")], r"circle-1\.csv: no samples in it"),
    (lambda t: t[: t.index("az\n") + 3], r"circle-1\.csv: column names, and no samples"),
    (lambda t: "\n".join(t.split("\n")[:7] + ["1,2,3"] * 40), r"circle-1\.csv:8: no axis ever changes"),
]


@pytest.mark.parametrize(("change", "text"), FAULTS, ids=[text[:60] for _, text in FAULTS])
def test_faults_are_named(data: Path, change: Callable[[str], str], text: str) -> None:
    write(data, "circle", 1, change)
    with pytest.raises(UserError, match=text) as refused:
        read_takes(data)
    assert "\n" not in str(refused.value)


def test_several_faults(data: Path) -> None:
    for i in range(3):
        write(data, "wing", i, line(9, "x"))
    with pytest.raises(UserError, match=r"3 faults in the takes:(\n  .*wing-[012]\.csv:9: .*){3}$"):
        read_takes(data)


def test_a_name_of_two_lines_is_told_in_one(tmp_path: Path) -> None:
    for name in ("a\nmidge: all is well", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "take.csv").write_text("ax,ay\n1,2\n")
    with pytest.raises(UserError, match=r"2 faults in the takes:\n  .*a\\nmidge: all is well.take\.csv: .*\n  .*: .*$"):
        read_takes(tmp_path)


def test_too_little(data: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder"):
        read_takes(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="no takes in it"):
        read_takes(tmp_path / "empty")
    write(data, "slope", 0)
    with pytest.raises(UserError, match=r"slope-0\.csv: the only take of 'slope'.*capture --label slope"):
        read_takes(data)
    (data / "slope/slope-0.csv").unlink()
    with pytest.raises(UserError, match="slope: no takes in this class's folder"):
        read_takes(data)
    (data / "slope").rmdir()
    for path in (data / "wing").iterdir():
        path.unlink()
    (data / "wing").rmdir()
    with pytest.raises(UserError, match=r"one class only, 'circle' \(3 takes\)"):
        read_takes(data)


def test_doubts_are_noted(data: Path) -> None:
    flat = [f"{4 if 8 < i < 14 else 0.01 * i:.3f},0.5,{0.02 * i:.3f}" for i in range(40)]
    write(data, "circle", 0, lambda t: t[: t.index("az\n") + 3] + "\n".join(flat) + "\n")
    write(data, "wing", 1, lambda t: (data / "wing/wing-0.csv").read_text(encoding="utf-8"))
    notes = read_takes(data).notes
    assert len(notes) == 3
    assert "circle-0.csv:8: ay never changes" in notes[0]
    assert "circle-0.csv:8: ax is saturated, 5 samples in a row at 4 g; set the sensor to a larger range" in notes[1]
    assert "wing-1.csv: the same recording as" in notes[2]


def test_g_and_metres_are_not_mixed(data: Path) -> None:
    """Without units, gravity tells; with them, one is converted to the other."""
    rng = np.random.default_rng(1)

    def fill(label: str, i: int, factor: float, units: str) -> None:
        values = factor * rng.normal([0.1, -0.9, 0.3], 0.2, (40, 3))
        body = "\n".join(",".join(f"{v:.4f}" for v in row) for row in values)
        (data / label / f"{label}-{i}.csv").write_text(
            f"# rate_hz: 50\n{f'# units: {units}' if units else '# note: none'}\nax,ay,az\n{body}\n",
            encoding="utf-8")

    for i in range(3):
        fill("circle", i, 1, "")
        fill("wing", i, 9.80665 if i == 1 else 1, "")
    with pytest.raises(UserError, match=r"wing-1\.csv:4: gravity is 8\.62 there, 0\.956 in circle-0\.csv: g and"):
        read_takes(data)
    fill("wing", 0, 9.80665, "")
    fill("wing", 2, 9.80665, "")
    with pytest.raises(UserError, match=r"g and m/s2 are mixed; convert them"):
        read_takes(data)
    for i in range(3):
        fill("circle", i, 1, "g,g,g")
        fill("wing", i, 9.80665, "m/s2,m/s2,m/s2")
    found = read_takes(data)
    assert {t.units for t in found.takes} == {("g",) * 3}
    assert max(np.abs(t.values).max() for t in found.takes) < 3


def test_one_recording_under_two_labels(data: Path) -> None:
    text = (data / "wing/wing-0.csv").read_text(encoding="utf-8").replace("label: wing", "label: circle")
    (data / "circle/circle-7.csv").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"under another label \('wing' and 'circle'\)"):
        read_takes(data)


FOREIGN = {
    "semicolons, decimal commas, CRLF": "time;x;y;z\r\n" + "".join(
        f"{i / 50:.2f};{i % 7},5;{i % 3},25;1\r\n".replace(".", ",") for i in range(20)),
    "milliseconds, byte order mark": "\ufefftimestamp,x,y,z\n" + "".join(
        f"{1657544371648 + 20 * i},{i % 7 + .5},{i % 3 + .25},1\n" for i in range(20)),
    "blanks, microseconds last": "x y z time_us\n" + "".join(
        f"{i % 7 + .5}  {i % 3 + .25} 1 {20000 * i}\n" for i in range(20)),
    "tabs, seconds": "t\tx\ty\tz\t\n" + "".join(
        f"{i / 50}\t{i % 7 + .5}\t{i % 3 + .25}\t1\t\n" for i in range(20)),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_tables_of_others(name: str) -> None:
    table = parse_table(FOREIGN[name], name)
    assert table.columns == ["x", "y", "z"]
    assert table.rate_hz == pytest.approx(50, rel=1e-3)
    np.testing.assert_allclose(table.values, [[i % 7 + 0.5, i % 3 + 0.25, 1] for i in range(20)], atol=1e-9)


def test_names_may_be_missing() -> None:
    table = parse_table("1,2,3\n4,5,6\n", "bare.csv")
    assert table.columns == ["ax", "ay", "az"] and table.lines == [1, 2] and table.rate_hz is None


def test_uneven_times_are_resampled() -> None:
    times = np.arange(60) * 0.02 + np.random.default_rng(0).uniform(-0.006, 0.006, 60)
    table = parse_table("time,x\n" + "".join(f"{t:.5f},{2 * t:.5f}\n" for t in times), "uneven.csv")
    even = times[0] + np.arange(60) * (times[-1] - times[0]) / 59
    np.testing.assert_allclose(table.values[:, 0], 2 * even, atol=1e-4)
    assert len(table.notes) == 1 and table.notes[0].startswith("uneven times, resampled to ")


@pytest.mark.parametrize(("times", "text"), [
    ([0, 20, 40, 30, 50], r"t\.csv:5: the time goes backwards, from 40 to 30"),
    ([0, 20, 40, 400, 420, 440, 460], r"t\.csv:5: samples are missing: 360 between two times where"),
    ([5, 5, 5], "all its times are the same"),
])
def test_times_that_cannot_be(times: list[int], text: str) -> None:
    with pytest.raises(UserError, match=text):
        parse_table("ms,x\n" + "".join(f"{t},{i}\n" for i, t in enumerate(times)), "t.csv")


def recording(values: object, **more: object) -> str:
    sensors = [{"name": name, "units": "m/s2"} for name in ("accX", "accY", "accZ")]
    return json.dumps({"payload": {"device_type": "BOARD", "interval_ms": 10, "sensors": sensors, "values": values,
                                   **more}})


def export(path: Path, extra: dict[str, str] | None = None) -> Path:
    rng = np.random.default_rng(1)
    with zipfile.ZipFile(path, "w") as archive:
        names = [f"training/{label}.json.{i}.json" for label in ("up", "down") for i in range(2)]
        for name in names:
            archive.writestr(name, recording(rng.normal(0, 9, (30, 3)).tolist()))
        for name, text in (extra or {}).items():
            archive.writestr(name, text)
        files = [{"path": names[0], "label": {"type": "label", "label": "Up!"}},
                 {"path": names[1], "label": {"type": "label", "label": "Up!"}}]
        archive.writestr("info.labels", json.dumps({"version": 1, "files": files}))
    return path


def test_exports_of_edge_impulse(tmp_path: Path) -> None:
    found = read_takes(export(tmp_path / "export.zip"))
    assert found.labels == ["Up!", "down"] and found.rate_hz == 100
    assert found.takes[0].units == ("g",) * 3 and found.takes[0].board == "BOARD"
    assert 0.5 < np.concatenate([t.values for t in found.takes]).std() * GRAVITY / 9 < 1.5


@pytest.mark.parametrize(("text", "wanted"), [
    ("{", "not a recording of Edge Impulse"),
    ("[1]", "not a recording of Edge Impulse"),
    (recording([[1, 2]]), "sample 1 has 2 values, its sensors are 3"),
    (recording([[1, 2, 3], [1, 2, float("nan")]]), "sample 2 holds 'nan'"),
    (recording([]), "holds no samples"),
    (recording([[1, 2, 3]], interval_ms=0), "its interval_ms is 0"),
    (recording([[1, 2, 3]], interval_ms=10**400), "not a recording of Edge Impulse .OverflowError"),
    (recording([[1, 2, 10**400]]), "sample 1 holds '10000"),
])
def test_damaged_exports(tmp_path: Path, text: str, wanted: str) -> None:
    with pytest.raises(UserError, match=rf"bad\.json: .*{wanted}|{wanted}"):
        read_takes(export(tmp_path / "export.zip", {"training/bad.json": text}))


def test_zip_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK nothing")
    with pytest.raises(UserError, match="not a zip file"):
        read_takes(tmp_path / "a.zip")
