# SPDX-License-Identifier: MIT
"""What a .midge file is made of: a node's cost, and which bytes of the arena are alive when.

Everything is read from the file itself, so it holds for any file, whoever wrote it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

from .read import File, FileNode, FileTensor
from .spec import DATA, OUTSIDE, STATE, ZEROS


@dataclass
class Span:
    """A stretch of the arena that holds one value from node `first` to node `last` inclusive.

    -1 is before the first node (inputs and states), len(nodes) after the last one (outputs).
    """

    kind: str  # "tensor", "state" or "scratch"
    label: str
    offset: int
    size: int
    first: int
    last: int
    writers: list[int] = field(default_factory=list)
    readers: list[int] = field(default_factory=list)

    @property
    def end(self) -> int:
        """Return the offset of the first byte after it."""
        return self.offset + self.size


@dataclass
class NodeCost:
    """A node with what it takes."""

    node: FileNode
    inputs: list[FileTensor]
    outputs: list[FileTensor]
    flash: int  # bytes of constants that it is the first to name
    live: int  # bytes of the arena in use while it runs
    reads: list[Span]
    writes: list[Span]


@dataclass
class Anatomy:
    """A file, its nodes and its arena over time."""

    file: File
    nodes: list[NodeCost]
    spans: list[Span]

    @property
    def macs(self) -> int:
        """Return the multiplications of a run."""
        return sum(n.node.macs for n in self.nodes)

    @property
    def peak(self) -> int:
        """The node at which most bytes are in use."""
        return max(range(len(self.nodes)), key=lambda i: self.nodes[i].live)

    def parents(self, index: int) -> list[int]:
        """Return the nodes whose results a node reads, as they are when it runs."""
        return sorted({w for span in self.nodes[index].reads for w in span.writers if w < index})


def _last_written(spans: list[Span], t: FileTensor) -> list[Span]:
    """Return the spans that were last written where a tensor is, as many as cover it."""
    found, wanted = [], [(t.offset, t.offset + t.size)]
    for span in sorted(spans, key=lambda s: (max(s.writers, default=-1), s.first), reverse=True):
        rest = [part for low, high in wanted for part in ((low, min(high, span.offset)), (max(low, span.end), high))
                if part[0] < part[1]]
        if span.kind != "scratch" and rest != wanted:
            found.append(span)
            wanted = rest
    return found


def dissect(file: File) -> Anatomy:
    """Follow every tensor through the nodes of a decoded file."""
    states = [
        Span("state", "state", t.offset, t.size, -1, len(file.nodes)) for t in file.tensors if t.place == STATE
    ]
    spans = list(states)
    current: dict[int, Span] = {}  # by tensor: the span that holds its value now
    for index in file.inputs:
        t = file.tensors[index]
        if t.place == OUTSIDE:
            continue
        current[index] = Span("tensor", t.name, t.offset, t.size, -1, -1)
        spans.append(current[index])

    def spans_of(index: int) -> list[Span]:
        """Return the spans whose bytes a tensor names: its own, or those that were last written where it is."""
        t = file.tensors[index]
        if t.place in (DATA, OUTSIDE):
            return []
        if index in current:
            return [current[index]]
        return _last_written(spans, t)

    links: list[tuple[list[Span], list[Span]]] = []
    for i, node in enumerate(file.nodes):
        reads, writes = [], []
        for index in node.inputs:
            for span in spans_of(index):
                span.last = max(span.last, i)
                span.readers.append(i)
                reads.append(span)
        for index in node.outputs:
            t = file.tensors[index]
            held = current.get(index) or next((s for s in states if s.offset <= t.offset < s.end), None)
            if held is None:  # a first write; several nodes may fill one tensor piece by piece
                held = Span("tensor", t.name or node.name, t.offset, t.size, i, i)
                spans.append(held)
                current[index] = held
            held.last = max(held.last, i)
            held.writers.append(i)
            writes.append(held)
        if node.scratch_size:
            spans.append(Span("scratch", "scratch", node.scratch_offset, node.scratch_size, i, i))
        links.append((reads, writes))
    for index in file.outputs:
        for span in spans_of(index):
            span.last = len(file.nodes)
    flash = _flash(file)
    nodes = [
        NodeCost(
            node,
            [file.tensors[i] for i in node.inputs],
            [file.tensors[i] for i in node.outputs],
            flash[i],
            _covered([s for s in spans if s.first <= i <= s.last]),
            *links[i],
        )
        for i, node in enumerate(file.nodes)
    ]
    return Anatomy(file, nodes, spans)


def _covered(spans: list[Span]) -> int:
    """Return the bytes under any of the spans; in place, an output has the bytes of its input."""
    total = reached = 0
    for span in sorted(spans, key=lambda s: s.offset):
        total += max(0, span.end - max(reached, span.offset))
        reached = max(reached, span.end)
    return total


def _flash(file: File) -> list[int]:
    """Return the bytes of constants per node.

    A constant reaches to where the next one starts; the first node to name it has it.
    """
    named: list[list[int]] = []
    for node in file.nodes:
        places = [value for key, value in node.params.items() if key.endswith("_at")]
        places += [file.tensors[i].offset for i in node.inputs if file.tensors[i].place == DATA]
        named.append(places)
    initial = [t.initial for t in file.tensors if t.place == STATE and t.initial != ZEROS]
    starts = sorted({at for places in named for at in places} | set(initial))
    ends = dict(zip(starts, [*starts[1:], file.data_size], strict=False))  # a file need not have any
    seen = set(initial)
    sums = []
    for places in named:
        sums.append(sum(ends[at] - at for at in set(places) - seen))
        seen.update(places)
    return sums


@dataclass
class Change:
    """A node of the first model beside one of the second; None where there is no counterpart."""

    kind: str  # "same", "changed", "removed" or "added"
    before: NodeCost | None
    after: NodeCost | None


def compare(before: Anatomy, after: Anatomy) -> list[Change]:
    """Align the nodes of two models by op and output shape; a node that merely costs otherwise is "changed"."""

    def keys(anatomy: Anatomy) -> list[tuple[Any, ...]]:
        return [(n.node.op.name, n.outputs[0].dtype, n.outputs[0].shape) for n in anatomy.nodes]

    changes = []
    for _, i0, i1, j0, j1 in SequenceMatcher(None, keys(before), keys(after), autojunk=False).get_opcodes():
        for k in range(max(i1 - i0, j1 - j0)):
            a = before.nodes[i0 + k] if i0 + k < i1 else None
            b = after.nodes[j0 + k] if j0 + k < j1 else None
            if a is None or b is None:
                kind = "added" if a is None else "removed"
            else:
                kind = "same" if cost(a) == cost(b) else "changed"
            changes.append(Change(kind, a, b))
    return changes


def cost(n: NodeCost) -> dict[str, Any]:
    """Return what of a node is worth comparing between two files: all but addresses and names."""
    out = n.outputs[0]
    return {
        "op": n.node.op.name, "dtype": out.dtype, "shape": list(out.shape), "scale": out.scale,
        "zero_point": out.zero_point, "macs": n.node.macs, "flash_bytes": n.flash, "scratch_bytes": n.node.scratch_size,
        "params": {k: v for k, v in n.node.params.items() if not k.endswith("_at")},
    }
