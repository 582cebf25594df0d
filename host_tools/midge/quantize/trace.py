# SPDX-License-Identifier: MIT
"""Every value inside a network while samples go through it, computed by the core that runs on the boards.

A copy of the graph is lowered like any other, but planned so that no tensor shares its bytes: after a run all of them
are in the arena. So float and quantised networks are looked at in the same way, and no second implementation of the ops
is needed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from ..convert.pipeline import run_passes
from ..core.batch import to_raw, to_real
from ..core.binding import Model
from ..graph import Graph, Tensor
from ..lowering import lower
from ..lowering.program import Program
from ..passes.dead_channels import drop_dead_channels
from ..program.arena import ALIGNMENT, ArenaPlan, whole
from ..program.elide_state_copies import elide_state_copies
from ..program.emit import emit
from ..program.packing.scratch import take_scratch
from ..progress import Advance

Worker = TypeVar("Worker")


class Trace:
    """A graph made ready to be looked into. The graph itself stays as it is.

    tensors: what can be seen, in order of appearance; names of one and the same bytes are seen once.
    """

    def __init__(self, graph: Graph) -> None:
        originals = list(graph.tensors())
        copied, twins = graph.copied()
        copied = run_passes(copied, leave_out=(drop_dead_channels,))  # exact, but it changes the shapes of tensors
        program = lower(copied, graph.name)
        elide_state_copies(program)
        take_scratch(program)
        plan = _plan_apart(program)
        self.blob = emit(program, plan)
        self.name = graph.name
        self.stateful = any(t.is_state for t in copied.tensors())
        self._inputs = [(t, plan.offsets[id(t)]) for t in copied.inputs]
        back = {id(twins[id(t)]): t for t in originals}
        self._roots: dict[int, Tensor] = {}
        for tensor in originals:
            twin = twins[id(tensor)]
            root, at = program.place(twin)
            if at == 0 and root.size == twin.size:
                self._roots[id(tensor)] = back.get(id(root), tensor)
        written = {id(t): t for t in [*copied.inputs, *(t for step in program.steps for t in step.outputs)]}
        # What can be seen, with the tensor of the copy and the place of its bytes.
        self._seen = [(back[key], t, plan.offsets[key]) for key, t in written.items() if key in back]
        self.tensors = [tensor for tensor, _, _ in self._seen]

    def root(self, tensor: Tensor) -> Tensor:
        """Return the tensor under which the bytes of this one are seen."""
        return self._roots.get(id(tensor), tensor)

    def model(self) -> Model:
        """Return a model of the graph with an arena of its own."""
        return Model(self.blob)

    def walk(self, model: Model, sample: Sequence[np.ndarray]) -> Iterator[tuple[Tensor, np.ndarray]]:
        """Run one sample; yield each tensor with its real values, float32 of its shape. Copy what you keep."""
        for x, (tensor, offset) in zip(sample, self._inputs, strict=True):
            place = np.frombuffer(model.arena, tensor.dtype, tensor.elements, offset)
            place[:] = to_raw(x, tensor.dtype, tensor.scale, tensor.zero_point).reshape(-1)
        model.run()
        for tensor, stored, offset in self._seen:
            raw = np.frombuffer(model.arena, stored.dtype, stored.elements, offset).reshape(stored.shape)
            yield tensor, to_real(raw, stored.scale, stored.zero_point)

    def share(
        self, count: int, make: Callable[[], Worker], each: Callable[[Model, Worker, int], None],
        progress: Advance | None = None,
    ) -> list[Worker]:
        """Let the machine's cores share `count` samples: each has a model and what `make` gives it to write to."""
        threads = 1 if self.stateful else min(os.cpu_count() or 1, max(count, 1))

        def part(worker: int) -> Worker:
            model, own = self.model(), make()
            for i in range(worker, count, threads):
                each(model, own, i)
                if progress is not None:
                    progress(1)
            return own

        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(part, range(threads)))


def _plan_apart(program: Program) -> ArenaPlan:
    """Return an arena in which every tensor and scratch has its own bytes."""
    size = 0
    starts: dict[int, int] = {}
    offsets: dict[int, int] = {}
    scratch: dict[int, int] = {}

    def take(count: int) -> int:
        nonlocal size
        start, size = size, size + -(-count // ALIGNMENT) * ALIGNMENT
        return start

    inputs_outputs = [*program.graph.inputs, *program.graph.outputs]
    for tensor in [*inputs_outputs, *(t for step in program.steps for t in [*step.inputs, *step.outputs])]:
        root, at = program.place(tensor)
        if not root.is_constant:
            if id(root) not in starts:
                starts[id(root)] = take(root.size)
                offsets[id(root)] = starts[id(root)]
            offsets[id(tensor)] = starts[id(root)] + at
    for i, step in enumerate(program.steps):
        if step.scratch:
            scratch[i] = take(step.scratch)
    blocks = [whole(t.size, -1, len(program.steps)) for t in program.graph.tensors() if t.is_state]
    for block, tensor in zip(blocks, (t for t in program.graph.tensors() if t.is_state), strict=True):
        block.tensors.append(tensor)
    return ArenaPlan(size, blocks, offsets, scratch)
