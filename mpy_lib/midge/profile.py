# SPDX-License-Identifier: MIT
"""Show where a model's time goes: each node is run and timed on its own.

    >>> wand.profile()
     us    share  op
     1234   61 %  CONV_2D  conv1
     ...
"""

try:
    from time import ticks_diff, ticks_us
except ImportError:  # CPython
    from time import perf_counter_ns

    def ticks_us():
        return perf_counter_ns() / 1000

    def ticks_diff(end, start):
        return end - start


class Profile:
    """The time of each node: .nodes, (op, name, microseconds) in execution order, and .total_us; prints as a table."""

    def __init__(self, nodes):
        self.nodes = nodes
        self.total_us = sum([us for _, _, us in nodes])

    def __repr__(self):
        ops = max([len(op) for op, _, _ in self.nodes])
        lines = ["%10s  %5s  op" % ("us", "share")]
        for op, name, us in self.nodes:
            line = "%10.1f  %3d %%  %-*s  %s" % (us, 100 * us / self.total_us if self.total_us else 0, ops, op, name)
            lines.append(line.rstrip())
        lines.append("%10.1f         total" % self.total_us)
        return "\n".join(lines)


def profile(model, x=(), runs=10):
    """Return a Profile with the mean time of each node, in microseconds.

    x     real values for the inputs, as model(x) takes them; without them, the nodes run on what is in the arena
    runs  how often each node is run
    """
    if runs < 1:
        raise ValueError("runs is %r, wanted 1 or more" % (runs,))
    core = model._core
    for i in range(len(x)):
        core.write(x[i], i)
    n = core.info()[6]
    spent = [0] * n
    core.run()  # the first run fills the caches
    for _ in range(runs):
        for k in range(n):
            start = ticks_us()
            core.step(k)
            spent[k] += ticks_diff(ticks_us(), start)
    nodes = []
    for k in range(n):
        _, op, name = core.node(k)
        nodes.append((op, name, spent[k] / runs))
    return Profile(nodes)
