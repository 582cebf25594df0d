# SPDX-License-Identifier: MIT
"""A Learner takes a sound when it is in the middle of what the network sees, from samples and from a microphone."""

from array import array

import midge
from check import equal, raises
from pretended import LATE, LOST, Mic
from tiny import rows

model = midge.load(rows())  # a row: the low bytes of a hop of four samples; five hops are seen


def take(hops, loud, size=1000):
    """Samples, each hop's number in them; some hops are loud."""
    return [(size if k in loud else 8, k, k, k) for k in range(hops)]


def samples(hops):
    return array("h", [x for hop in hops for x in hop])


def hop_of(source):
    """The hop after which the row was taken."""
    return learner.row(source)[1]


learner = midge.Learner(model)
equal("one loud hop", hop_of(samples(take(12, (4,)))), 6)
equal("bytes are int16 too", hop_of(bytes(samples(take(12, (4,))))), 6)
equal("wherever it is", [hop_of(samples(take(12, (k,)))) for k in (3, 5, 8)], [5, 7, 10])
equal("a longer one, in its middle", hop_of(samples(take(12, (4, 5, 6)))), 7)
equal("the louder one", hop_of(samples(take(12, (4,)) + take(12, (5,), 3000))), 7)
equal("at the end: silence follows", hop_of(samples(take(6, (5,)))), 0)
raises("too few", ValueError, "got 3 samples", learner.row, array("h", [1, 2, 3]))
raises("two sounds", ValueError, "got 2 inputs", learner.row, b"", b"")

learner.teach("clap", samples(take(12, (4,))))
raises("silence", ValueError, "silence", learner.teach, "nothing", array("h", bytes(96)))
raises("clipped", ValueError, "clipped", learner.teach, "loud", samples(take(12, (3, 4, 5, 6), 32767)))
raises("the same take", ValueError, "the same as what 'clap'", learner.teach, "clap", samples(take(12, (4,))))
equal("what was refused left nothing", learner.counts(), {"clap": 1})

# A microphone is waited for; what was lost starts afresh, and what is silent too long is an error.
equal("from a microphone", learner.row(Mic(take(12, (4,))))[1], 6)
mic = Mic(take(20, (4, 12)))
equal("one after the other", [learner.row(mic)[1], learner.row(mic)[1]], [6, 14])
equal("late hops", learner.row(Mic([LATE, LATE] + take(5, (3,)) + [LATE] + take(9, ())))[1], 0)
equal("after a loss", learner.row(Mic(take(4, (3,)) + [LOST] + take(12, (5,))))[1], 7)
raises("a dead microphone", OSError, "gave no sample for 40 ms", learner.row, Mic([LATE] * 9))
raises("nobody speaks", ValueError, "heard nothing in 10 s", learner.row, Mic([(8, 8, 8, 8)] * 1000))
wide = Mic([tuple(x << 16 for x in hop) for hop in take(12, (4,))])
wide.typecode, wide.scales = "i", array("f", [1 / 65536])
equal("32 bits", learner.row(wide)[1], 6)
slow = Mic(take(12, (4,)))
slow.rate_hz = 300
raises("another rate", ValueError, "the microphone gives 300 samples a second, the model takes 400", learner.row, slow)
raises("no hops", ValueError, "sees 1 hops", midge.Learner, midge.load(rows(learn_hops="1")))
raises("others beyond the end", ValueError, "beyond its end", midge.Learner, midge.load(rows(learn_others="0,9")))
