# SPDX-License-Identifier: MIT
"""Plan the arena: an offset for every tensor and scratch block, reusing the bytes of what is dead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from .ir import Tensor
from .lower import Program, Step

ALIGNMENT = 16


@dataclass
class Block:
    """A stretch of the arena, alive from step `first` to step `last` inclusive."""

    size: int
    first: int
    last: int
    tensors: list[Tensor] = field(default_factory=list)
    scratch_of: int | None = None
    offset: int = -1

    def meets(self, other: Block) -> bool:
        return self.first <= other.last and other.first <= self.last

    def __str__(self) -> str:
        return self.tensors[0].name if self.tensors else f"scratch of step {self.scratch_of}"


@dataclass
class Plan:
    """Offsets by tensor identity, scratch offsets by step, and what decides the size."""

    arena_size: int
    blocks: list[Block]
    offsets: dict[int, int]
    scratch: dict[int, int]

    def live_bytes(self, step: int) -> int:
        """Bytes in use while a step runs."""
        return sum(b.size for b in self.blocks if b.first <= step <= b.last)


def plan_arena(program: Program) -> Plan:
    """Place all blocks; tries several orders of greedy placement and keeps the smallest result."""
    blocks = _blocks(program)
    best: list[int] | None = None
    best_size = 0
    for order in _ORDERS:
        size = _place(sorted(blocks, key=order))
        if best is None or size < best_size:
            best, best_size = [b.offset for b in blocks], size
    for block, offset in zip(blocks, best or [], strict=True):
        block.offset = offset
    return Plan(
        arena_size=best_size,
        blocks=blocks,
        offsets={id(t): b.offset for b in blocks for t in b.tensors},
        scratch={b.scratch_of: b.offset for b in blocks if b.scratch_of is not None},
    )


_ORDERS: tuple[Callable[[Block], tuple[int, ...]], ...] = (
    lambda b: (-b.size, b.first),
    lambda b: (b.first, -b.size),
    lambda b: (-b.last, -b.size),
    lambda b: (b.first - b.last, -b.size),
    lambda b: (-b.size * (b.last - b.first + 1), b.first),
)


def _place(blocks: list[Block]) -> int:
    """Put each block, in the order given, into the lowest gap that holds it. Returns the size."""
    placed: list[Block] = []
    for block in blocks:
        taken = sorted((b for b in placed if b.meets(block)), key=lambda b: b.offset)
        offset = 0
        for other in taken:
            if offset + block.size <= other.offset:
                break
            offset = max(offset, other.offset + other.size)
        block.offset = offset
        placed.append(block)
    return max((b.offset + b.size for b in blocks), default=0)


def _round_up(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def _blocks(program: Program) -> list[Block]:
    """One block for each group of tensors that share bytes, and one for each scratch."""
    by_root: dict[int, Block] = {}
    last = len(program.steps)

    def touch(tensor: Tensor, step: int) -> None:
        root = program.root(tensor)
        if root.is_constant:
            return
        block = by_root.setdefault(id(root), Block(0, step, step))
        for member in [tensor, root] if root.is_state else [tensor]:
            if not any(t is member for t in block.tensors):
                block.tensors.append(member)
            block.size = max(block.size, _round_up(member.size))
        if root.is_state:  # never shares its bytes
            block.first, block.last = -1, last
        block.first, block.last = min(block.first, step), max(block.last, step)

    for tensor in program.graph.inputs:
        touch(tensor, -1)
    for i, step in enumerate(program.steps):
        for tensor in [*step.inputs, *step.outputs]:
            touch(tensor, i)
            if program.root(tensor).is_state:  # belongs to it alone, always
                touch(tensor, -1)
                touch(tensor, last)
    for tensor in program.graph.outputs:
        touch(tensor, last)
    blocks = _merge_in_place(program, by_root)
    blocks += [
        Block(_round_up(step.scratch), i, i, scratch_of=i) for i, step in enumerate(program.steps) if step.scratch
    ]
    return blocks


def _merge_in_place(program: Program, by_root: dict[int, Block]) -> list[Block]:
    """Give an element-by-element op's output the bytes of an input that dies there."""
    for i, step in enumerate(program.steps):
        if not step.op.in_place:
            continue
        out = by_root[id(program.root(step.outputs[0]))]
        for source in step.inputs:
            into = by_root.get(id(program.root(source)))
            if into is not None and into is not out and _can_take(into, out, i, source, step):
                into.tensors += out.tensors
                into.last = out.last
                for key, block in list(by_root.items()):
                    if block is out:
                        by_root[key] = into
                break
    unique: dict[int, Block] = {id(b): b for b in by_root.values()}
    return list(unique.values())


def _can_take(into: Block, out: Block, step: int, source: Tensor, taker: Step) -> bool:
    target = taker.outputs[0]
    same = (source.size, source.elements) == (target.size, target.elements)  # else it is broadcast to another dtype
    return into.last == step and out.first == step and same and into.size == out.size
