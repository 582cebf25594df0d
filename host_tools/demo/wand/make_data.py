# SPDX-License-Identifier: MIT
"""Make synthetic recordings of an accelerometer in a hand-held wand.

No recording of a person is in here. A simulated person draws a hand path for a gesture; its second derivative is the
acceleration; gravity is added; the wand tilts with the arm, so that gravity moves between the axes; a model of a
+-4 g sensor adds noise, bias and clipping.

Frame: x along the wand, forward; y to the left; z up. A wand held level and still reads (0, 0, +1) g.

Strokes follow the minimum-jerk law (Flash and Hogan 1985, The coordination of arm movements: an experimentally
confirmed mathematical model, J. Neuroscience 5:1688) and overlap in time, as the strokes of handwriting do.

    python make_data.py                  write the demo's samples/ anew
    python make_data.py --npz wand.npz   write the whole data set, for another trainer
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

LABELS = ("idle", "circle", "wing", "slope", "thrust", "flick")
RATE_HZ = 50
SAMPLES = 96  # 1.92 s
RANGE_G = 4.0
LSB_G = RANGE_G / 32768  # LSM6DS3 and LSM9DS1 at +-4 g: 0.122 mg
SEED = 20261123

# Nobody is in two of these: a person is a number, and the number seeds both the style and the windows.
TRAIN_PEOPLE = range(120)
VALIDATION_PEOPLE = range(120, 140)
TEST_PEOPLE = range(140, 180)
WINDOWS_PER_LABEL = 12

GRAVITY = 9.81
_OVERSAMPLING = 8
_STEP_S = 1.0 / (RATE_HZ * _OVERSAMPLING)
_WINDOW_S = SAMPLES / RATE_HZ
_TIMELINE_S = 6.0
_GESTURE_AT_S = 2.0  # leaves room for a window that ends just after the gesture began
_TIME = np.arange(0.0, _TIMELINE_S, _STEP_S)
_FOREARM_M = 0.35


@dataclass(frozen=True)
class Person:
    """What stays the same from one window of a person to the next: the way of moving, the grip, the device."""

    tempo: float  # 1 is average, more is faster
    size: float  # 1 is average, more is larger
    sloppiness: float  # spread of one repetition to the next
    overlap: float  # share of a stroke that the next one runs into
    wrist: float  # share of a displacement that is a turn of the forearm, 0..1
    wing_aspect: float  # width of the W over its height
    slope_angle: float  # rad, of the first stroke of the slope
    circle_turn: float  # +1 or -1
    circle_start: float  # rad
    flick_down: float  # +1: the flick starts downwards
    returns_hand: float  # probability of bringing the hand back after drawing
    winds_up: float  # probability of a small move the other way before
    tremor_g: float
    tremor_hz: float
    step_hz: float
    grip: np.ndarray  # rad: roll, pitch, yaw of the sensor in the hand
    bias_g: np.ndarray
    gain: np.ndarray


@dataclass
class Motion:
    """A hand's way through the timeline; `position` [time, 3] in m, `angle` [time, 3] roll, pitch, yaw in rad."""

    position: np.ndarray
    angle: np.ndarray
    end_s: float

    @classmethod
    def at_rest(cls) -> Motion:
        return cls(np.zeros((_TIME.size, 3)), np.zeros((_TIME.size, 3)), _GESTURE_AT_S)


def make_person(number: int) -> Person:
    rng = np.random.default_rng([SEED, number])
    return Person(
        tempo=float(np.exp(rng.uniform(-0.35, 0.35))),
        size=float(np.exp(rng.uniform(-0.35, 0.35))),
        sloppiness=rng.uniform(0.06, 0.2),
        overlap=rng.uniform(0.0, 0.45),
        wrist=rng.uniform(0.1, 0.9),
        wing_aspect=rng.uniform(0.5, 1.5),
        slope_angle=np.radians(rng.uniform(25.0, 80.0)),
        circle_turn=1.0 if rng.random() < 0.3 else -1.0,
        circle_start=np.radians(rng.normal(90.0, 35.0)),
        flick_down=1.0 if rng.random() < 0.75 else -1.0,
        returns_hand=rng.uniform(0.2, 0.9),
        winds_up=rng.uniform(0.0, 0.6),
        tremor_g=rng.uniform(0.004, 0.03),
        tremor_hz=rng.uniform(7.0, 12.0),
        step_hz=rng.uniform(1.5, 2.2),
        grip=np.radians(rng.normal((0.0, 5.0, 0.0), (22.0, 14.0, 12.0))),
        bias_g=rng.normal(0.0, 0.025, 3),
        gain=1.0 + rng.normal(0.0, 0.01, 3),
    )


def minimum_jerk(start_s: float, duration_s: float) -> np.ndarray:
    """Rise from 0 to 1 over the timeline: 10 u^3 - 15 u^4 + 6 u^5."""
    u = np.clip((_TIME - start_s) / duration_s, 0.0, 1.0)
    return u**3 * (10.0 - 15.0 * u + 6.0 * u**2)


def draw_strokes(
    rng: np.random.Generator, person: Person, motion: Motion, strokes: Iterable[tuple[tuple[float, ...], float]]
) -> None:
    """Append strokes (displacement in m, duration in s) to a motion, each running a little into the next."""
    for displacement, duration_s in strokes:
        spread = person.sloppiness
        duration_s *= np.exp(rng.normal(0.0, spread)) / person.tempo
        length = person.size * np.exp(rng.normal(0.0, spread))
        off_course = rng.normal(0.0, spread * np.linalg.norm(displacement), 3)
        displacement = length * np.asarray(displacement) + person.size * off_course
        motion.position += minimum_jerk(motion.end_s, duration_s)[:, None] * displacement
        motion.end_s += duration_s * (1.0 - person.overlap)
    motion.end_s += duration_s * person.overlap


def draw_circle(rng: np.random.Generator, person: Person, motion: Motion) -> None:
    duration_s = 1.1 * np.exp(rng.normal(0.0, person.sloppiness)) / person.tempo
    u = np.clip((_TIME - motion.end_s) / duration_s, 0.0, 1.0)
    speed = np.sin(np.pi * u) ** rng.uniform(0.7, 1.6)
    turned = np.cumsum(speed) / np.sum(speed)
    sweep = 2.0 * np.pi * rng.uniform(0.85, 1.25)
    angle = person.circle_start + rng.normal(0.0, 0.25) + person.circle_turn * sweep * turned
    width, height = 0.14 * person.size * np.exp(rng.normal(0.0, person.sloppiness, 2))
    # The hand draws in the upright plane; growing y is to the left, so a positive turn is clockwise for the drawer.
    outline = np.stack([np.zeros_like(angle), -width * np.cos(angle), height * np.sin(angle)], axis=1)
    motion.position += outline - outline[0]
    motion.end_s += duration_s


def draw_wing(rng: np.random.Generator, person: Person, motion: Motion) -> None:
    right = -0.1 * person.wing_aspect
    down = ((0.0, right, -0.2), 0.3)
    up = ((0.0, right, 0.2), 0.3)
    draw_strokes(rng, person, motion, [down, up, down, up])


def draw_slope(rng: np.random.Generator, person: Person, motion: Motion) -> None:
    angle = person.slope_angle
    down_left = (0.0, 0.3 * np.cos(angle), -0.3 * np.sin(angle))
    draw_strokes(rng, person, motion, [(down_left, 0.4), ((0.0, -0.28, 0.0), 0.38)])


def draw_thrust(rng: np.random.Generator, person: Person, motion: Motion) -> None:
    lift = rng.normal(0.0, 0.05)
    draw_strokes(rng, person, motion, [((0.3, 0.0, lift), 0.3)])
    motion.end_s += rng.exponential(0.06)
    draw_strokes(rng, person, motion, [((-0.27, 0.0, -lift), 0.42)])


def draw_flick(rng: np.random.Generator, person: Person, motion: Motion) -> None:
    """Turn the wrist fast and bring it back; the sensor sits a lever away from the joint."""
    lever_m = 0.12
    pitch = person.flick_down * np.radians(rng.uniform(35.0, 75.0)) * person.size**0.5
    out_s, back_s = np.array([0.2, 0.36]) * np.exp(rng.normal(0.0, person.sloppiness, 2)) / person.tempo
    hold_s = rng.exponential(0.05)
    turn = minimum_jerk(motion.end_s, out_s)
    turn -= rng.uniform(0.8, 1.0) * minimum_jerk(motion.end_s + out_s + hold_s, back_s)
    sideways = rng.normal(0.0, 0.3) * pitch
    motion.angle += turn[:, None] * (rng.normal(0.0, 0.2) * pitch, pitch, sideways)
    motion.position[:, 0] += lever_m * (np.cos(pitch * turn) - 1.0)
    motion.position[:, 1] += lever_m * np.sin(sideways * turn)
    motion.position[:, 2] -= lever_m * np.sin(pitch * turn)
    motion.end_s += out_s + hold_s + back_s


def wind_up(rng: np.random.Generator, person: Person, motion: Motion) -> None:
    """Move a little before the gesture proper."""
    away = rng.normal(0.0, 0.05, 3)
    draw_strokes(rng, person, motion, [(tuple(away), 0.3)])


def bring_back(rng: np.random.Generator, person: Person, motion: Motion) -> None:
    """Return, slowly, to about where the drawing began; the gesture's end is not moved."""
    start_s = motion.end_s + rng.uniform(0.05, 0.5)
    duration_s = rng.uniform(0.45, 1.0) / person.tempo
    displacement = -motion.position[-1] * rng.uniform(0.6, 1.1)
    motion.position += minimum_jerk(start_s, duration_s)[:, None] * displacement


def hold_still(rng: np.random.Generator, person: Person, motion: Motion) -> None:
    """Nothing but tremor, or, one time in three, not even that: the wand lies on the table."""


def walk(rng: np.random.Generator, person: Person, motion: Motion) -> None:
    """Bounce with each step, swing with each stride, and jolt at each heel strike."""
    steps = person.step_hz * _TIME + rng.random()
    bounce_m, swing_m = rng.uniform(0.01, 0.045), rng.uniform(0.01, 0.15)
    jolt_m = 0.001 * rng.uniform(0.2, 2.0) * (0.5 * rng.normal(0.0, 1.0, 3) + (0.0, 0.0, 1.0))
    stride = np.sin(np.pi * steps)
    motion.position[:, 2] += bounce_m * np.sin(2.0 * np.pi * steps)
    motion.position[:, 0] += swing_m * stride
    motion.position[:, 1] += 0.2 * swing_m * np.cos(np.pi * steps)
    motion.position += np.exp(-((steps % 1.0 - 0.3) ** 2) / 0.004)[:, None] * jolt_m
    motion.angle[:, 1] += swing_m * 1.5 * stride


def fidget(rng: np.random.Generator, person: Person, motion: Motion) -> None:
    """Play with the wand: small strokes and turns with no plan."""
    at_s = 0.2
    while at_s < _TIMELINE_S - 0.5:
        duration_s = rng.uniform(0.2, 0.7)
        rise = minimum_jerk(at_s, duration_s)[:, None]
        motion.position += rise * rng.normal(0.0, 0.05, 3)
        motion.angle += rise * rng.normal(0.0, np.radians(14.0), 3)
        at_s += rng.uniform(0.15, 0.9)


def reach(rng: np.random.Generator, person: Person, motion: Motion) -> None:
    """Pick the wand up, put it down, lower the arm: one large move with a large turn."""
    at_s = _GESTURE_AT_S + rng.uniform(-0.8, 0.8)
    duration_s = rng.uniform(0.5, 1.4) / person.tempo
    rise = minimum_jerk(at_s, duration_s)[:, None]
    motion.position += rise * rng.normal(0.0, 0.22, 3)
    motion.angle += rise * np.radians(rng.normal(0.0, (25.0, 40.0, 25.0)))


_GESTURES: dict[str, Callable[[np.random.Generator, Person, Motion], None]] = {
    "circle": draw_circle,
    "wing": draw_wing,
    "slope": draw_slope,
    "thrust": draw_thrust,
    "flick": draw_flick,
}
_IDLE: tuple[tuple[float, Callable[[np.random.Generator, Person, Motion], None]], ...] = (
    (0.2, hold_still),
    (0.25, walk),
    (0.25, fidget),
    (0.15, reach),
)  # the rest: a window that holds only the beginning or the end of a gesture


def make_window(number: int, label: str, index: int) -> np.ndarray:
    """Simulate one recording.

    Args:
        number: The person.
        label: One of LABELS.
        index: Which repetition; the same three arguments give the same window.

    Returns:
        Accelerations in g, [SAMPLES, 3] float32, as the sensor would report them.
    """
    rng = np.random.default_rng([SEED, number, LABELS.index(label), index])
    person = make_person(number)
    motion = Motion.at_rest()
    tremor = 1.0
    if label == "idle":
        pick = rng.random()
        for share, behave in _IDLE:
            pick -= share
            if pick < 0.0:
                behave(rng, person, motion)
                start_s = _GESTURE_AT_S - _WINDOW_S * rng.uniform(0.2, 0.8)
                if rng.random() < 0.5:  # not held for a gesture but hanging from the arm, in a pocket, on the table
                    motion.angle += np.radians(rng.normal(0.0, 45.0, 3))
                tremor = float(behave is not hold_still or rng.random() < 0.67)
                break
        else:
            start_s = gesture_remnant(rng, person, motion)
    else:
        began_s = perform(rng, person, motion, label)
        cut_s = 0.1 * (motion.end_s - began_s)
        earliest_s, latest_s = motion.end_s - _WINDOW_S - cut_s, began_s + cut_s
        if earliest_s > latest_s:  # slower than the window: keep its middle
            earliest_s = latest_s = (earliest_s + latest_s) / 2.0
        start_s = rng.uniform(earliest_s, latest_s)
    return sense(rng, person, motion, start_s, tremor)


def perform(rng: np.random.Generator, person: Person, motion: Motion, gesture: str) -> float:
    """Draw a gesture with what people do around it; returns when the gesture proper began, in s."""
    if rng.random() < person.winds_up:
        wind_up(rng, person, motion)
    began_s = motion.end_s
    _GESTURES[gesture](rng, person, motion)
    if rng.random() < person.returns_hand:
        bring_back(rng, person, motion)
    return began_s


def gesture_remnant(rng: np.random.Generator, person: Person, motion: Motion) -> float:
    """Draw a gesture and return the start of a window that sees at most a quarter of it, in s."""
    began_s = perform(rng, person, motion, str(rng.choice(list(_GESTURES))))
    seen_s = rng.uniform(0.0, 0.25) * (motion.end_s - began_s)
    return began_s + seen_s - _WINDOW_S if rng.random() < 0.5 else motion.end_s - seen_s


def sense(rng: np.random.Generator, person: Person, motion: Motion, start_s: float, tremor: float) -> np.ndarray:
    """Turn a hand's motion into what the sensor reports in the window that begins at `start_s`."""
    drift = smooth_noise(rng, 0.01)
    position = motion.position + drift
    acceleration = np.gradient(np.gradient(position, _STEP_S, axis=0), _STEP_S, axis=0) / GRAVITY
    phase = rng.uniform(0.0, 2.0 * np.pi, 3)
    shake = np.sin(2.0 * np.pi * person.tremor_hz * _TIME[:, None] + phase)
    force = acceleration + tremor * person.tremor_g * shake + (0.0, 0.0, 1.0)

    # The forearm pivots at the elbow: a hand that is further left points further left.
    angle = motion.angle + np.radians(rng.normal(0.0, 6.0, 3))
    angle[:, 1] -= person.wrist * position[:, 2] / _FOREARM_M
    angle[:, 2] += person.wrist * position[:, 1] / _FOREARM_M
    force = turn_into(force, angle)
    force = turn_into(force, np.broadcast_to(person.grip, force.shape))

    first = round(start_s / _STEP_S)
    span = force[first : first + SAMPLES * _OVERSAMPLING]
    reading = span.reshape(SAMPLES, _OVERSAMPLING, 3).mean(axis=1)  # the sensor's own decimation filter
    reading = reading * person.gain + person.bias_g + rng.normal(0.0, 0.003, reading.shape)
    counts: np.ndarray = np.clip(np.round(reading / LSB_G), -32768, 32767)
    return (counts * LSB_G).astype(np.float32)


def smooth_noise(rng: np.random.Generator, amplitude_m: float) -> np.ndarray:
    """Slow wander of the hand, [time, 3] in m: a few sines below 1.5 Hz."""
    frequency_hz = rng.uniform(0.2, 1.5, (4, 3))
    phase = rng.uniform(0.0, 2.0 * np.pi, (4, 3))
    weight = rng.uniform(0.0, amplitude_m / 4.0, (4, 3))
    waves = weight * np.sin(2.0 * np.pi * frequency_hz * _TIME[:, None, None] + phase)
    wander: np.ndarray = waves.sum(axis=1)
    return wander


def turn_into(vectors: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Express vectors [time, 3] in a frame turned by `angle` [time, 3]: yaw about z, then pitch about y, then roll."""
    x, y, z = vectors.T
    (roll_cos, pitch_cos, yaw_cos), (roll_sin, pitch_sin, yaw_sin) = np.cos(angle.T), np.sin(angle.T)
    x, y = yaw_cos * x + yaw_sin * y, yaw_cos * y - yaw_sin * x
    x, z = pitch_cos * x - pitch_sin * z, pitch_cos * z + pitch_sin * x
    y, z = roll_cos * y + roll_sin * z, roll_cos * z - roll_sin * y
    return np.stack([x, y, z], axis=1)


def make_dataset(people: Iterable[int], windows_per_label: int = WINDOWS_PER_LABEL) -> tuple[np.ndarray, np.ndarray]:
    """Simulate every label for every person.

    Returns:
        Windows [n, SAMPLES, 3] float32 in g, and their indices into LABELS [n] int64.
    """
    keys = [(who, name, i) for who in people for name in LABELS for i in range(windows_per_label)]
    windows = np.stack([make_window(*key) for key in keys])
    return windows, np.array([LABELS.index(name) for _, name, _ in keys])


def read_sample(path: Path) -> np.ndarray:
    """Read one recording: CSV, a header line, one line per sample; returns [SAMPLES, 3] float32 in g."""
    return np.loadtxt(path, delimiter=",", skiprows=1, dtype=np.float32, ndmin=2)


def write_samples(folder: Path, per_label: int = 2) -> list[Path]:
    """Write demo recordings of held-out people to `folder/<label>/person<number>-<index>.csv`.

    They are the first windows of the first held-out people, not chosen by how well the model does on them.
    """
    paths = []
    for label in LABELS:
        for number in TEST_PEOPLE[:per_label]:
            path = folder / label / f"person{number}-0.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            window = make_window(number, label, 0)
            np.savetxt(path, window, fmt="%.3f", delimiter=",", header="x_g,y_g,z_g", comments="")
            paths.append(path)
    return paths


def main() -> None:
    parser = argparse.ArgumentParser(description="Make synthetic wand recordings.")
    parser.add_argument("--samples", type=Path, default=Path(__file__).parent / "samples", help="folder of CSV files")
    parser.add_argument("--npz", type=Path, help="write the whole data set here instead")
    arguments = parser.parse_args()
    if arguments.npz is None:
        paths = write_samples(arguments.samples)
        print(f"wrote {len(paths)} recordings, {sum(path.stat().st_size for path in paths)} B")
        return
    parts = {"train": TRAIN_PEOPLE, "validation": VALIDATION_PEOPLE, "test": TEST_PEOPLE}
    arrays: dict[str, np.ndarray] = {"labels": np.array(LABELS)}
    for part, people in parts.items():
        arrays[f"x_{part}"], arrays[f"y_{part}"] = make_dataset(people)
        print(f"{part}: {len(people)} people, {len(arrays[f'y_{part}'])} windows")
    np.savez_compressed(arguments.npz, allow_pickle=False, **arrays)


if __name__ == "__main__":
    main()
