# SPDX-License-Identifier: MIT
"""stream() over a sensor: its windows, votes, rests, answers at the peak, and what it refuses."""

import midge
from check import equal, raises
from pretended import Sensor, answers
from tiny import classifier

# A network of which score k is the x of sample k of the window, so that a peak wanders from west to north.
model = midge.load(classifier())
found = answers(model, list(range(1, 11)), hop=1, smoothing=0, every=True)
equal("a window each hop", [score for _, score, _ in found], [4, 5, 6, 7, 8, 9, 10])
found = answers(model, list(range(1, 11)), hop=3, smoothing=0, every=True)
equal("hop", found, [("west", 4, 4), ("west", 7, 7), ("west", 10, 10)])
equal("a tenth of a second", len(answers(model, [1] * 43, every=True)), 4)
equal(
    "uncertain",
    [f[0] for f in answers(model, [1, 1, 1, 9, 1], hop=1, smoothing=0, threshold=5, every=True)],
    ["west", "south"],
)
equal("none sure", [f[0] for f in answers(model, [1] * 5, hop=1, threshold=5, every=True)], ["uncertain"] * 2)

# The same label in several windows: score "west" is the newest sample, so xs are its scores.
rising = [0, 0, 0] + [2, 4, 8, 16, 12, 3, 0, 0]
options = {"hop": 1, "smoothing": 0, "threshold": 3}
equal("at the peak", answers(model, rising, **options)[0], ("west", 16, 8))
equal("below", answers(model, [0, 0, 0, 2, 2, 2], **options), [])

steps = model.stream(Sensor(rising), every=True, **options)
found = []
try:
    for r in steps:
        found.append((r.label, r.answer and (r.answer.label, r.answer.score)))
except EOFError:
    pass
equal("every window and its answer", found[2:5], [("west", None), ("west", None), ("south", ("west", 16))])

# k of n: one window alone is none, two of three are; the label is lost when fewer win.
options = {"hop": 4, "smoothing": 0, "threshold": 3}
equal("at the first of equal ones", answers(model, [0, 0, 0, 4] * 4, **options), [("west", 4, 8)])
equal("one window", answers(model, [0, 0, 0, 9, 0, 0, 0, 0], votes=(2, 3), **options), [])
twice = [0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0]
equal("two of three", [f[0] for f in answers(model, twice, votes=(2, 3), **options)], ["west"])
equal("two of two", answers(model, twice, votes=(2, 2), **options), [])

# After an answer, rest: another label within 80 ms (eight samples) waits, the same one is none.
xs = [0, 0, 0, 9] + [0, 0, 0, 0] + [0, 0, 9, 0] + [0, 0, 0, 0] * 3
equal("no rest", [f[0] for f in answers(model, xs, **options)], ["west", "south"])
equal("rest", [f[0] for f in answers(model, xs, refractory_ms=200, **options)], ["west"])
lasting = [0, 0, 0, 9] + [0, 0, 0, 0] + [0, 0, 9, 0] * 6
equal("after the rest", [f[0] for f in answers(model, lasting, refractory_ms=80, **options)], ["west", "south"])
again = [0, 0, 0, 9] + [0, 0, 0, 0] + [0, 0, 0, 9] * 6
equal("no echo", [f[0] for f in answers(model, again, refractory_ms=80, **options)], ["west"])

# What the model says.
told = midge.load(
    classifier(
        sensor_rate_hz="100",
        sensor_columns="ax,ay,az",
        sensor_units="g,g,g",
        sensor_range="2,2,2",
        stream_hop="4",
        stream_threshold="3",
        stream_votes="2/3",
        stream_refractory_ms="40",
        stream_quiet="north,west",
    )
)
equal("told", [f[0] for f in answers(told, [0, 0, 9, 0] * 4)], ["south"])
equal("quiet", answers(told, [0, 0, 0, 9] * 4), [])


def refuses(name, text, **facts):
    sensor = Sensor([])
    for key in facts:
        setattr(sensor, key, facts[key])
    raises(name, ValueError, text, told.stream, sensor)


refuses("rate", "the sensor gives 119 samples a second, the network was trained on 100", rate_hz=119)
refuses("columns", "the sensor measures ax,ay,az,gx", columns=("ax", "ay", "az", "gx"))
refuses("units", "the sensor is in g,g,mg, the network was trained on g,g,g", units=("g", "g", "mg"))
refuses("range", "the sensor's range is 1,1,1, the network was trained on 2,2,2", range=(1, 1, 1))
raises(
    "a window of parts",
    ValueError,
    "a sample has 5 values, the window is [1, 4, 3]",
    model.stream,
    type("Five", (Sensor,), {"columns": ("a", "b", "c", "d", "e")})([]),
)
raises("a rest without a rate", ValueError, "refractory_ms needs", model.stream, lambda: None, refractory_ms=5)
