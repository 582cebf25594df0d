# SPDX-License-Identifier: MIT
"""listen(): words by the mean of their scores, sounds from start to end, several models, gates, and what was lost."""

import gc
from array import array

import midge
from check import equal, ok, raises
from midge.gates import loud
from pretended import LATE, LOST, Mic, heard
from tiny import classifier, ear

HOP = {"stream_hop": "4", "sensor_rate_hz": "400"}  # of 10 ms
word = midge.load(ear(stream_threshold="0.6", stream_mean="3", stream_refractory_ms="50", **HOP))


def events(hops, *models, **options):
    return heard(hops, *models, **options)[1]


equal("mean of three", events([0, 900, 900, 0], word), [("word", "yes", 0.6, 12)])
equal("below", events([0, 900, 899, 0, 899, 900, 0], word), [])
equal("scores start as zeros", events([899, 899, 2], word), [("word", "yes", 0.6, 12)])
equal("once as long as it lasts", events([900] * 20, word), [("word", "yes", 0.6, 8)])
again = [900, 900, 0, 0, 900, 900, 0, 0, 0, 900, 900]
equal("not twice within 50 ms", [e[3] for e in events(again, word)], [8, 44])
equal("sooner", [e[3] for e in events(again, word, refractory_ms=0)], [8, 24, 44])
equal("given", events([0, 500, 0], word, threshold=0.5, mean=1), [("word", "yes", 0.5, 8)])
plain = midge.load(ear(**HOP))
equal("by default", events([499, 500, 0, 600], plain), [("word", "yes", 0.5, 8)])

# Several labels, each with its own threshold and mean; those that are quiet are no answers.
two = midge.load(ear(2, stream_threshold="0.5,0.8", stream_mean="1,2", **HOP))
found = events([(500, 0), (0, 800), (0, 799), (0, 801), (0, 0)], two)
equal("for each label", found, [("word", "yes", 0.5, 4), ("word", "no", 0.8, 16)])
found = events([(900, 900)], midge.load(ear(2, stream_quiet="yes", **HOP)))
equal("quiet", found, [("word", "no", 0.9, 4)])
found = events([(900, 900)], two, mean=1)
equal("two at once", [e[1] for e in found], ["yes", "no"])

# Several models hear the same.
found = events([0, 500, 900, 900, 0], word, plain)
equal("two models", [(e[2], e[3]) for e in found], [(0.5, 8), (0.7667, 16)])

# A voice that has to be there: its score is the other of the two.
voice = midge.load(ear(1, **HOP))
equal("voice", events([400, 400, 600], midge.load(ear(stream_threshold="0.3", **HOP)), voice=voice)[0][3], 12)

# Sounds last: they start at one score and end below another.
hum = midge.load(ear(1, stream_threshold="0.7", stream_end="0.3", stream_refractory_ms="0", **HOP))
hops = [0, 700, 500, 300, 299, 600, 0, 800]
equal("start and end", [(e[0], e[3]) for e in events(hops, hum)], [("start", 8), ("end", 20), ("start", 32)])
equal("end given", [e[0] for e in events([700, 0], word, threshold=0.7, mean=1, end=0.5)], ["start", "end"])

# What was lost is counted, and nothing reaches across the gap. Late hops are waited for; silence is an error.
listener, found = heard([900, LOST, 900, 900, 900], word)
equal("lost", (listener.lost, found), (1, [("word", "yes", 0.6, 12)]))
listener, found = heard([900, LATE, LATE, 900, LATE, 0], word)
equal("late", (found, listener.samples), ([("word", "yes", 0.6, 8)], 12))
raises("silent", OSError, "the pretended gave no sample for 40 ms", next, midge.listen(Mic([LATE] * 9), word))

# A gate: models rest while it is closed, and begin afresh.
listener, found = heard([900, 1, 900, 900, 900], word, gate=lambda samples: samples[0] > 1)
equal("gate", (found, listener.samples), ([("word", "yes", 0.6, 16)], 20))

gate = loud(rise=3, step=2)
quiet, noisy = array("h", [10, 0, -10, 0] * 8), array("h", [100, 0, -100, 0] * 8)
equal("loud", [gate(x) for x in [noisy, quiet, quiet, noisy, noisy, quiet]], [False, False, False, True, True, False])
equal("extremes", [gate(array("h", [x, 0] * 240)) for x in (-32768, 32767)], [False, False])

# Words of 32 bits, scaled.
wide = Mic([900 << 16, 900 << 16, 0x7FFFFFFF, -0x80000000])
wide.typecode, wide.scales = "i", array("f", [1 / 65536])
equal("32 bits", events(None, plain, mic=wide, mean=2)[0], ("word", "yes", 0.9, 8))



def refuses(name, text, *models):
    raises(name, ValueError, text, midge.listen, Mic([]), *models)


refuses("no model", "got no models")
raises("no mean", ValueError, "a mean of 0 scores", midge.listen, Mic([]), word, mean=0)
raises("settings", ValueError, "got 2 settings for 1 labels", midge.listen, Mic([]), word, threshold=(0.5, 0.6))
refuses("no sound", "tiny takes no samples of sound; convert it", midge.load(classifier()))
slow = midge.load(ear(stream_hop="4", sensor_rate_hz="16000"))
refuses("rate", "the microphone gives 400 samples a second, the model takes 16000", slow)

try:
    import asyncio
except ImportError:
    asyncio = None


async def hear_both():
    found, others = [], []

    async def count():
        while len(others) < 3:
            others.append(1)
            await asyncio.sleep(0)

    task = asyncio.create_task(count())
    try:
        async for h in midge.listen(Mic([0, LATE, 900, 900, 0]), word):
            found.append(h.at)
    except EOFError:
        pass
    await task
    return found, len(others)


if asyncio:
    equal("async", asyncio.run(hear_both()), ([12], 3))


class Endless(Mic):
    def read_into(self, buffer):
        self.left -= 1
        if not self.left:
            raise EOFError
        buffer[0] = 300
        return len(buffer)


if hasattr(gc, "mem_alloc"):
    for typecode, scales in (("h", None), ("i", array("f", [0.001]))):
        mic = Endless([])
        mic.typecode, mic.scales, mic.left = typecode, scales, 3
        listener = midge.listen(mic, word, two, voice=voice, threshold=0.99)
        for _ in range(2):  # the first round also makes what is kept
            mic.left = 500
            gc.collect()
            gc.disable()
            before = gc.mem_alloc()
            try:
                next(listener)
            except EOFError:
                after = gc.mem_alloc()
            gc.enable()
        equal("samples", listener.samples >= 3992, True)
        if after - before > 200:  # the exception itself
            raise AssertionError("499 hops allocate %d B" % (after - before))
    ok("heap")
