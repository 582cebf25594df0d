# SPDX-License-Identifier: MIT
"""profile() times each op; the core steps from node to node as run() does."""

import midge
from check import equal, ok, raises
from tiny import classifier, pair

model = midge.load(classifier())
p = model.profile()
equal("nodes", [node[:2] for node in p.nodes], [("LUT", "relu"), ("COPY", "column")])
equal("total", p.total_us == sum([us for _, _, us in p.nodes]) and p.total_us >= 0, True)
text = repr(p)
equal("table", ["LUT   relu" in text, "COPY  column" in text, "total" in text], [True] * 3)
model.profile([[1, 2, 3]] * 4, runs=2)
raises("no runs", ValueError, "wanted 1 or more", model.profile, runs=0)
ok("with an input")
equal("no names", [node[0] for node in midge.load(pair()).profile(runs=1).nodes], ["DEQUANTIZE", "QUANTIZE"])

core = model._core
core.write([7] * 12)
for k in range(2):
    core.step(k)
equal("stepping", core.read(), [7] * 4)
core.write([8] * 12)
core.step(0)
core.step(0)
core.step(1)
equal("stepping back", core.read(), [8] * 4)
equal("numbers", [core.node(k)[0] for k in (1, 0)], [9, 10])
raises("no such node", IndexError, "2 nodes", core.step, 2)
raises("negative", IndexError, "2 nodes", core.node, -1)
