# SPDX-License-Identifier: MIT
"""midge.help() says what there is and leaves RAM again; what begins with _ aside, midge shows what a user may use."""

import gc
import sys

import midge
from check import equal, ok, raises

TOPICS = ("files", "learn", "listen", "load", "power", "run", "stream", "watch")


def used():
    gc.collect()
    return gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0


shown = dir(midge)  # on boards it asks for every name that there is, as Tab does, and finds what comes later too
equal("no gc, no sys", [name for name in ("gc", "sys") if name in shown], [])
loaded = [name for name in ("learn", "listener", "manual", "rhythm", "tracker") if "midge." + name in sys.modules]
equal("and nothing has been imported for it", loaded, [])

midge.help("run")  # what is interned stays
before = used()
midge.help()
for topic in TOPICS:
    midge.help(topic)
raises("an unknown topic", ValueError, "topics: files learn", midge.help, "nothing")
after = used()
equal("it is gone", "midge.manual" in sys.modules, False)
equal("so is its text", after - before < 512, True)
ok("help")
