# SPDX-License-Identifier: MIT
"""Every value inside a network while samples go through it, computed by the core that runs on the boards.

A copy of the graph is lowered like any other; after each node its outputs are read from the arena before anything
overwrites them. So float and quantised networks are looked at in the same way, and no second implementation of the
ops is needed.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from _midge import Model

from .. import format as midge_format
from ..convert import UnsupportedModel
from ..engine import Progress, to_raw, to_real
from ..ir import Graph, Tensor, verify
from ..lower import lower
from ..passes import PASSES
from ..passes.channels import drop_channels
from ..plan import plan_arena

Worker = TypeVar("Worker")


class Trace:
    """A graph made ready to be looked into. The graph itself stays as it is.

    tensors: what can be seen, in order of appearance; names of one and the same bytes are seen once.
    """

    def __init__(self, graph: Graph) -> None:
        memo: dict[int, object] = {id(t.data): t.data for t in graph.tensors() if t.data is not None}
        originals = list(graph.tensors())
        copied = copy.deepcopy(graph, memo)
        for function in PASSES:
            if function is not drop_channels:  # exact, but it changes the shapes of tensors
                copied = verify(function(copied))
        program, refused = lower(copied)
        if refused:
            raise UnsupportedModel(graph.name, [(node.op, node.name, reason) for node, reason in refused])
        plan = plan_arena(program)
        self.blob = midge_format.write(program, plan)
        self.name = graph.name
        self.inputs = copied.inputs
        self._offsets = [plan.offsets[id(t)] for t in copied.inputs]
        self.stateful = any(t.is_state for t in copied.tensors())
        self._seen_inputs = graph.inputs
        back = {id(memo[id(t)]): t for t in originals if id(t) in memo}
        self._roots: dict[int, Tensor] = {}
        for tensor in originals:
            twin = memo.get(id(tensor))
            if isinstance(twin, Tensor):
                self._roots[id(tensor)] = back.get(id(program.root(twin)), tensor)
        last: dict[int, tuple[int, Tensor]] = {}  # a tensor is whole when the last step that writes to it has run
        for i, step in enumerate(program.steps):
            for out in step.outputs:
                last[id(out)] = (i, out)
        self._after: dict[int, list[tuple[Tensor, Tensor, int]]] = {}
        self.tensors: list[Tensor] = list(graph.inputs)
        for i, out in sorted(last.values(), key=lambda pair: pair[0]):
            if id(out) in back and id(out) in plan.offsets:
                self._after.setdefault(i, []).append((back[id(out)], out, plan.offsets[id(out)]))
                self.tensors.append(back[id(out)])

    def root(self, tensor: Tensor) -> Tensor:
        """The tensor under which the bytes of this one are seen."""
        return self._roots.get(id(tensor), tensor)

    def model(self) -> Model:
        return Model(self.blob)

    def walk(self, model: Model, sample: Sequence[np.ndarray]) -> Iterator[tuple[Tensor, np.ndarray]]:
        """Run one sample; yield each tensor with its real values, float32 of its shape. Copy what you keep."""
        for i, (x, tensor) in enumerate(zip(sample, self.inputs, strict=True)):
            raw = to_raw(x, tensor.dtype, tensor.scale, tensor.zero_point).reshape(tensor.shape)
            place = np.frombuffer(model.arena, tensor.dtype, tensor.elements, self._offsets[i])
            place[:] = raw.reshape(-1)
            yield self._seen_inputs[i], to_real(raw, tensor.scale, tensor.zero_point)
        for k in model.walk():
            for tensor, stored, offset in self._after.get(k, ()):
                raw = np.frombuffer(model.arena, stored.dtype, stored.elements, offset).reshape(stored.shape)
                yield tensor, to_real(raw, stored.scale, stored.zero_point)

    def share(
        self, count: int, make: Callable[[], Worker], each: Callable[[Model, Worker, int], None],
        progress: Progress | None = None,
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
