# SPDX-License-Identifier: MIT
"""midge.help(): the calls of a board's midge, for who is at its REPL. It leaves RAM again when it has printed."""

import sys

_TOPICS = {
    "load": """\
model = midge.load("x.midge")   from a file; in ROMFS it is used in place, and only the arena takes RAM
midge.load(path, arena)         models that do not run at the same time may share a bytearray
model                           at the prompt: ops, shapes, memory
model.info()                    name, file_bytes, arena_bytes, ops, weights ("flash" or "ram"), metadata
model.labels  .inputs  .outputs""",
    "run": """\
r = model(values)               real values of one input, a list or an array; several inputs are several arguments
r.label  r.score  r.scores      the best class, its score, all of them
model.run(x, out=y)             raw quantised bytes, without allocating
model.reset()                   forget what a model with state has seen
model.profile(values)           microseconds of each op""",
    "stream": """\
for r in model.stream(imu):     a window slides over a sensor; each answer once
    print(r.label)
options: hop (new samples a run), smoothing (0 to 1), threshold, votes=(k, n), refractory_ms, every=True
async for works too. midge.sensors.find(i2c) gives the motion sensor on a bus""",
    "listen": """\
from i2s_microphone import I2SMicrophone
mic = I2SMicrophone(0, sck=Pin(10), ws=Pin(11), sd=Pin(12))
for word in midge.listen(mic, model): print(word.label)
options: threshold, mean, refractory_ms; several models may listen together""",
    "watch": """\
for r in midge.watch(model, camera): print(r.label)    rows go into the network as they come
midge.track()                   follows the boxes of a network that finds things from picture to picture""",
    "learn": """\
learner = midge.Learner("embedding.midge", "mine")     kept in files mine.*
learner.teach("door", x)        an example; five of each class will do
learner(x).label                ask; learner.save() keeps it, learner.forget("door"), learner.counts()""",
    "power": """\
for beat in midge.duty(1000): ...      wake up each second; beat.share is how much of it was awake
midge.off(ms)                   sleep; midge.cascade((name, gate), ...) runs a network only where a cheap test asks""",
    "files": """\
on the PC: midge install, midge upload MODEL.midge [--romfs], midge verify MODEL.midge; midge --help lists the rest""",
}


def help(topic=None):
    """Print what there is about a topic, or the list of topics.

    Raises ValueError for an unknown one, with those that there are.
    """
    try:
        if topic is None:
            print('midge.help("load") and so on:', " ".join(sorted(_TOPICS)))
            print(_TOPICS["load"], _TOPICS["run"], sep="\n")
        elif topic in _TOPICS:
            print(_TOPICS[topic])
        else:
            raise ValueError("no help on %r; topics: %s" % (topic, " ".join(sorted(_TOPICS))))
    finally:
        sys.modules.pop(__name__, None)
        package = sys.modules.get(__name__.rpartition(".")[0])
        if package is not None and hasattr(package, "manual"):
            del package.manual
