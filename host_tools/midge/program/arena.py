# SPDX-License-Identifier: MIT
"""ArenaPlan the arena: an offset for every tensor and scratch block, reusing the bytes of what is dead.

Tensors that share bytes make up one block. Where some only cover part of it (a slice of another tensor, a part of a
concatenation, rows of an image), the block's parts live and die apart, and others may take their bytes before the whole
of it is dead.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

from ..graph import Tensor
from ..lowering.program import Program, Step

ALIGNMENT = 16


@dataclass(frozen=True)
class Piece:
    """Bytes `low` to `high` (exclusive) of a block, alive from step `first` to step `last` inclusive."""

    low: int
    high: int
    first: int
    last: int

    def meets(self, other: Piece) -> bool:
        """Tell whether there is a step at which both are alive."""
        return self.first <= other.last and other.first <= self.last


@dataclass(slots=True)
class Block:
    """Bytes that stay together, in pieces."""

    size: int
    pieces: list[Piece]
    tensors: list[Tensor] = field(default_factory=list)
    scratch_of: int | None = None
    offset: int = -1
    starts: dict[int, int] = field(default_factory=dict)  # where in it tensors begin, by identity; 0 for most

    @property
    def first(self) -> int:
        """Return the first step at which a piece of it is alive."""
        return min(p.first for p in self.pieces)

    @property
    def last(self) -> int:
        """Return the last step at which a piece of it is alive."""
        return max(p.last for p in self.pieces)

    @property
    def weight(self) -> int:
        """Return bytes times steps."""
        return sum((p.high - p.low) * (p.last - p.first + 1) for p in self.pieces)

    def __str__(self) -> str:
        return self.tensors[0].name if self.tensors else f"scratch of step {self.scratch_of}"


def whole(size: int, first: int, last: int, scratch_of: int | None = None) -> Block:
    """Return a block of one piece."""
    return Block(size, [Piece(0, size, first, last)], scratch_of=scratch_of)


@dataclass
class ArenaPlan:
    """Offsets by tensor identity, scratch offsets by step, and what decides the size."""

    arena_size: int
    blocks: list[Block]
    offsets: dict[int, int]
    scratch: dict[int, int]

    def live_bytes(self, step: int) -> int:
        """Return the bytes in use while a step runs."""
        return live_bytes(self.blocks, step)


def live_bytes(blocks: Sequence[Block], step: int) -> int:
    """Return the bytes in use while a step runs: no plan can do with less."""
    return sum(covered([(p.low, p.high) for p in b.pieces if p.first <= step <= p.last]) for b in blocks)


def covered(spans: Sequence[tuple[int, int]]) -> int:
    """Return how many bytes lie in at least one of the spans, such as those of an op that works in place."""
    count, end = 0, 0
    for low, high in sorted(spans):
        count += max(0, high - max(low, end))
        end = max(end, high)
    return count


def least_arena(blocks: Sequence[Block], steps: int) -> int:
    """Return the most bytes in use at one time, over all steps."""
    changes = [0] * (steps + 4)  # from step -1 on
    for piece in (p for b in blocks for p in b.pieces):
        changes[piece.first + 1] += piece.high - piece.low
        changes[piece.last + 2] -= piece.high - piece.low
    return max(accumulate(changes))


def plan_arena(program: Program) -> ArenaPlan:
    """Place all blocks, without and with outputs in parts of inputs, which saves bytes but binds blocks together."""
    plan, fewer = _plan(program, blocks_of(program)), blocks_of(program, in_parts=True)
    if len(fewer) == len(plan.blocks):
        return plan
    return min(plan, _plan(program, fewer), key=lambda p: p.arena_size)


def _plan(program: Program, blocks: list[Block]) -> ArenaPlan:
    """Place blocks: greedily in several orders, and from the best of them on by small changes of the order."""
    bound = least_arena(blocks, len(program.steps))
    conflicts = conflicts_of(blocks)
    improve(_best_order(blocks, conflicts, bound), conflicts, bound)
    offsets = {id(t): b.offset + b.starts.get(id(program.root(t)), 0) + program.place(t)[1]
               for b in blocks for t in b.tensors}
    scratch = {b.scratch_of: b.offset for b in blocks if b.scratch_of is not None}
    return ArenaPlan(_size(blocks), blocks, offsets, scratch)


_ORDERS: tuple[Callable[[Block], tuple[int, ...]], ...] = (
    lambda b: (-b.size, b.first),
    lambda b: (b.first, -b.size),
    lambda b: (-b.last, -b.size),
    lambda b: (b.first - b.last, -b.size),
    lambda b: (-b.weight, b.first),
)
_TRIES = 200


Conflicts = dict[int, list[tuple[Block, int, int]]]


def conflicts_of(blocks: Sequence[Block]) -> Conflicts:
    """Return for each block, by identity, those alive with it, and at which offsets from theirs they would overlap.

    Those offsets are open intervals, one for each two pieces that are alive at the same time; each ends where a block
    may begin.
    """
    found: Conflicts = {id(b): [] for b in blocks}
    before: list[tuple[Block, list[tuple[Block, int, int]], int, int]] = []
    for a in blocks:
        first, last, of_a = a.first, a.last, found[id(a)]
        for b, of_b, b_first, b_last in before:
            if b_first > last or first > b_last:
                continue
            for p in a.pieces:
                for q in b.pieces:
                    if p.first <= q.last and q.first <= p.last:
                        of_a.append((b, q.low - p.high, _round_up(q.high - p.low)))
                        of_b.append((a, p.low - q.high, _round_up(p.high - q.low)))
        before.append((a, of_a, first, last))
    return found


def _best_order(blocks: Sequence[Block], conflicts: Conflicts, bound: int) -> list[Block]:
    """Return the order that gives the least size, the first of equals."""
    best: tuple[int, list[Block]] | None = None
    for key in _ORDERS:
        order = sorted(blocks, key=key)
        size = place(order, conflicts)
        if best is None or size < best[0]:
            best = size, order
        if size <= bound:
            break
    return best[1] if best is not None else []


def improve(order: list[Block], conflicts: Conflicts, bound: int) -> list[Block]:
    """Return a better order, found by placing the topmost block earlier. The same for the same blocks.

    The blocks are where it puts them.
    """
    draw = random.Random(len(order))
    size = place(order, conflicts)
    for _ in range(_TRIES):
        if size <= bound:
            break
        top = max(range(len(order)), key=lambda i: order[i].offset + order[i].size)
        trial, at, offsets = list(order), draw.randrange(top + 1), [b.offset for b in order]
        trial.insert(at, trial.pop(top))
        if (found := place(trial, conflicts, at, size)) <= size:
            order, size = trial, found
        else:
            for block, offset in zip(order, offsets, strict=True):
                block.offset = offset
    return order


def place(blocks: Sequence[Block], conflicts: Conflicts, start: int = 0, most: float = math.inf) -> int:
    """Put each block, in the order given, to the lowest offset where it overlaps no other. Returns the size.

    start: those before it lie where they are. most: once the size is beyond it, the rest is not placed.

    Some order gives the best plan: take any plan and lower its blocks one after the other, those of the lowest
    offsets first.
    """
    for block in blocks[start:]:
        block.offset = -1
    size = _size(blocks[:start])
    for block in blocks[start:]:
        taken = [(other.offset + low, other.offset + high) for other, low, high in conflicts[id(block)]
                 if other.offset >= 0]
        taken.sort()
        offset = 0
        for low, high in taken:
            if offset <= low:
                break
            if high > offset:
                offset = high
        block.offset = offset
        size = max(size, _round_up(offset + block.size))
        if size > most:
            break
    return size


def _size(blocks: Sequence[Block]) -> int:
    return max((_round_up(b.offset + b.size) for b in blocks), default=0)


def _round_up(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


@dataclass
class _Touches:
    """Which bytes of a root tensor are used when."""

    tensors: list[Tensor] = field(default_factory=list)
    uses: list[tuple[int, int, int]] = field(default_factory=list)  # low, high, step

    def block(self, size: int) -> Block:
        edges = sorted({edge for low, high, _ in self.uses for edge in (low, high)})
        pieces: list[Piece] = []
        for low, high in pairwise(edges):
            steps = [step for a, b, step in self.uses if a <= low and high <= b]
            if not steps:
                continue
            piece = Piece(low, high, min(steps), max(steps))
            if pieces and (pieces[-1].high, pieces[-1].first, pieces[-1].last) == (low, piece.first, piece.last):
                piece = Piece(pieces.pop().low, high, piece.first, piece.last)
            pieces.append(piece)
        return Block(size, pieces, self.tensors)


def blocks_of(program: Program, in_parts: bool = False) -> list[Block]:
    """Return one block for each group of tensors that share bytes, and one for each scratch.

    in_parts: an op that works in place may also do so in a part of a tensor, such as some columns of gates.
    """
    by_root: dict[int, tuple[Tensor, _Touches]] = {}
    last = len(program.steps)

    def touch(tensor: Tensor, *steps: int) -> None:
        root, at = program.place(tensor)
        if root.is_constant or root.is_outside:
            return
        touches = by_root.setdefault(id(root), (root, _Touches()))[1]
        for member in [tensor, root] if root.is_state else [tensor]:
            if not any(t is member for t in touches.tensors):
                touches.tensors.append(member)
        if root.is_state:  # its bytes belong to it alone, always
            touches.uses += [(0, root.size, -1), (0, root.size, last)]
        touches.uses += [(at, at + tensor.size, step) for step in steps]

    for tensor in program.graph.inputs:
        touch(tensor, -1)
    for i, step in enumerate(program.steps):
        for tensor in [*step.inputs, *step.outputs]:
            touch(tensor, i)
    for tensor in program.graph.outputs:
        touch(tensor, last)
    blocks = {key: touches.block(root.size) for key, (root, touches) in by_root.items()}
    found = _merge_in_place(program, blocks, in_parts)
    return found + [whole(step.scratch, i, i, scratch_of=i) for i, step in enumerate(program.steps) if step.scratch]


def _merge_in_place(program: Program, by_root: dict[int, Block], in_parts: bool) -> list[Block]:
    """Give an element-by-element op's output the bytes of an input that dies there."""
    for i, step in enumerate(program.steps):
        if not step.op.in_place:
            continue
        out = by_root[id(program.root(step.outputs[0]))]
        for source in step.inputs:
            into = by_root.get(id(program.root(source)))
            if into is None or into is out:
                continue
            root, at = program.place(source)
            at += into.starts.get(id(root), 0)
            if (in_parts or into.size == source.size) and _can_take(program, into, at, out, i, source, step):
                into.tensors += out.tensors
                into.pieces += [Piece(p.low + at, p.high + at, p.first, p.last) for p in out.pieces]
                into.starts[id(program.root(step.outputs[0]))] = at
                for key, block in list(by_root.items()):
                    if block is out:
                        by_root[key] = into
                break
    unique: dict[int, Block] = {id(b): b for b in by_root.values()}
    return list(unique.values())


def _can_take(
    program: Program, into: Block, at: int, out: Block, step: int, source: Tensor, taker: Step
) -> bool:
    """Tell whether the output may take the bytes from `at` on of a block, those of an input that dies there."""
    target = taker.outputs[0]
    same = (source.size, source.elements) == (target.size, target.elements)  # else it is broadcast to another dtype
    whole_out = program.place(target)[1] == 0 and target.size == out.size and out.first == step
    dies = all(p.last <= step for p in into.pieces if p.low < at + source.size and p.high > at)
    root, low = program.place(source)
    others = [(program.place(t)[1], t.size) for t in taker.inputs if t is not source and program.root(t) is root]
    # What is read there under another name must be read where it is written, element by element.
    apart = all((start, size) == (low, source.size) or start >= low + source.size or start + size <= low
                for start, size in others)
    return same and whole_out and dies and apart and at % ALIGNMENT == 0
