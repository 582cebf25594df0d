# SPDX-License-Identifier: MIT
"""Takes to measure training on: simulated people, and the recordings of SHARED where they are."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np

from midge.errors import UserError
from midge.samples.take_tables import parse_table
from midge.samples.takes import Take, read_takes
from tests.support import ROOT, SHARED

DATA = SHARED / "data"


@cache
def simulator() -> ModuleType:
    """Return the demo's simulator of people with a wand. Its people are synthetic."""
    path = ROOT / "host_tools/demo/wand/make_data.py"
    spec = importlib.util.spec_from_file_location("make_data", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["make_data"] = module  # where its dataclasses look for themselves
    spec.loader.exec_module(module)
    return module


def wand_person(number: int, indices: range) -> list[Take]:
    """Return takes of each class of one simulated person, repetitions `indices`."""
    made = simulator()
    return [Take(f"synthetic/{label}/person{number}-{i}.csv", label, made.make_window(number, label, i),
                 float(made.RATE_HZ), ("ax", "ay", "az"), ("g",) * 3, (made.RANGE_G,) * 3, person=str(number))
            for label in made.LABELS for i in indices]


def take(path: str, label: str, values: np.ndarray, rate_hz: float, **more: str) -> Take:
    """Return a take of an accelerometer, and of a gyroscope where there are six columns."""
    names = ("ax", "ay", "az", "gx", "gy", "gz")[:values.shape[1]]
    units = ("g", "g", "g", "dps", "dps", "dps")[:values.shape[1]]
    return Take(path, label, np.asarray(values, np.float32), rate_hz, names, units, **more)


def har_st() -> list[Take]:
    """Walking, running and standing at 26 Hz, in thousandths of g: 92 files."""
    return [take(t.path, t.label, t.values / 1000, t.rate_hz) for t in read_takes(DATA / "har_st", 26).takes]


def cgestures() -> list[Take]:
    """Gestures recorded with MicroPython at 100 Hz, int16 at +-2 g; some files are shorter than their header says,
    and those below a second are left out.
    """
    found = []
    for path in sorted((DATA / "har_emlearn/data/raw/cgestures/har_record").glob("*.npy")):
        values = np.frombuffer(path.read_bytes()[80:], "<i2")
        values = values[: len(values) // 3 * 3].reshape(-1, 3) / 16384
        if len(values) >= 100:
            found.append(take(str(path), path.stem.split("_")[-1], values, 100.0))
    return found


def punch_flex() -> list[Take]:
    """Punches and flexes of an Arduino Nano 33 BLE Sense, 119 samples each at 119 Hz."""
    found = []
    for label in ("punch", "flex"):
        path = DATA / f"gesture_punch_flex_ranjith/{label}.csv"
        rows = np.loadtxt(path, delimiter=",", skiprows=1)
        found += [take(f"{path}:{i}", label, rows[i:i + 119], 119.0) for i in range(0, len(rows) - 118, 119)]
    return found


def cyberry() -> list[Take]:
    """A wand with an MPU6050, 13 classes in 4 sessions, 150 samples at about 100 Hz.

    session_0905 is raw (8192 = 1 g, 65.5 = 1 dps, as a range of 4 g and 500 dps has it), others are in g and rad/s;
    session_0723 has 80 samples in what the others have 150 in, and is stretched. Damaged takes are left out.
    """
    found = []
    for path in sorted((DATA / "wand_cyberry").glob("session_*/*.txt")):
        try:
            values = parse_table(path.read_text(encoding="utf-8"), path.name).values
        except UserError:
            continue
        if path.parent.name == "session_0905":
            values = values / ([8192.0] * 3 + [65.5] * 3)
        else:
            values = values * ([1.0] * 3 + [180 / np.pi] * 3)
        if len(values) != 150:
            at = np.linspace(0, len(values) - 1, 150)
            values = np.stack([np.interp(at, np.arange(len(values)), column) for column in values.T], axis=1)
        found.append(take(str(path), re.sub(r"_\d+$", "", path.stem), values, 100.0, session=path.parent.name))
    return found


def seglearn() -> list[Take]:
    """Seven arm exercises of ten people with a watch at 50 Hz, from the package seglearn."""
    data = importlib.util.find_spec("seglearn")
    if data is None or data.origin is None:
        raise FileNotFoundError("the package seglearn: pip install seglearn==1.2.5")
    raw = np.load(Path(data.origin).parent / "data/watch_dataset.npy", allow_pickle=True).item()
    found = []
    for i, (x, y, who) in enumerate(zip(raw["X"], raw["y"], raw["subject"], strict=True)):
        label = str(raw["y_labels"][int(y)])
        found.append(take(f"seglearn:{i}", label, np.asarray(x) / ([9.80665] * 3 + [np.pi / 180] * 3), 50.0,
                          person=str(int(who))))
    return found


def har_watch() -> list[Take]:
    """Fifteen people who sit, stand up, walk, turn and sit down again with a watch: its accelerometer, 104 Hz."""
    found = []
    for path in sorted((DATA / "har_watch_23people").glob("s*/*.csv")):
        values = np.loadtxt(path, delimiter=",", skiprows=1, usecols=(0, 1, 2)) / 9.80665
        found.append(take(str(path), "errands", values, 104.0, person=path.parent.name))
    return found


def fans() -> dict[str, list[Take]]:
    """Fans at 200 Hz, 4096 to 1 g: the recordings of each mounting, the fan as it should be first."""
    found: dict[str, list[Take]] = {}
    for path in sorted((DATA / "fan_nxp_200hz").glob("*.csv")):
        mounting, label = path.stem.split("fan-")[1].rsplit("-", 1)
        values = np.loadtxt(path, delimiter=",", skiprows=1, usecols=(2, 3, 4)) / 4096
        found.setdefault(mounting, []).append(take(str(path), label, values, 200.0))
    return {mounting: sorted(takes, key=lambda t: t.label != "on") for mounting, takes in found.items()}


def fans_in_time() -> dict[str, tuple[list[Take], list[Take]]]:
    """The first and the second half of each recording of each mounting; the first is learned from."""
    found = {}
    for mounting, takes in fans().items():
        halves = [(replace(t, values=t.values[: len(t.values) // 2]), replace(t, values=t.values[len(t.values) // 2:]))
                  for t in takes]
        found[mounting] = ([first for first, _ in halves], [second for _, second in halves])
    return found


SETS: dict[str, Callable[[], list[Take]]] = {
    "har_st": har_st, "cgestures": cgestures, "punch_flex": punch_flex, "cyberry": cyberry, "seglearn": seglearn,
}
