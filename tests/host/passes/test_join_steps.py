# SPDX-License-Identifier: MIT
"""An LSTM that is written out step by step becomes one op, with the same answers; what is none stays as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest

from midge.convert import pipeline
from midge.convert.pipeline import convert_graph, run_passes
from midge.core.binding import Model
from midge.graph import Graph, Tensor
from midge.graph.builder import Builder
from midge.importers.recurrent_cells import columns, lstm
from midge.passes.join_steps import join_steps

STEPS, FEATURES = 5, 3
rng = np.random.default_rng(11)


class Written:
    """A network of LSTM cells, one after the other, as converters write them out."""

    def __init__(self) -> None:
        self.build = Builder("steps")
        self.x = Tensor("x", (1, STEPS, FEATURES), "float32")
        self.states: list[Tensor] = []

    def rows(self, backwards: bool = False) -> list[Tensor]:
        """Return the input's steps, each as a gathering of TensorFlow's list takes it."""
        major = self.build.transpose(self.x, (1, 0, 2))
        order = range(STEPS)[:: -1 if backwards else 1]
        return [self.build.add("GATHER", [major, self.build.constant(np.array(t, np.int32))], (1, FEATURES), axis=0)
                for t in order]

    def layer(self, rows: list[Tensor], units: int, other_last: bool = False) -> list[Tensor]:
        """Return the hidden states of a layer. other_last: the last step has weights of its own."""
        build, batch, wide = self.build, 1, rows[0].shape[1]
        made = [self._weights(units, wide) for _ in range(2)]
        zeros = build.constant(np.zeros((batch, units), np.float32))
        h, c, found = zeros, zeros, []
        for t, row in enumerate(rows):
            kernel, recurrent, bias = made[other_last and t == STEPS - 1]
            new, old = (build.add("FULLY_CONNECTED", [a, w, None], (batch, 4 * units), keep_num_dims=True)
                        for a, w in ((row, kernel), (h, recurrent)))
            total = build.binary("ADD", build.binary("ADD", new, old), bias)
            i, f, g, o = (build.like("TANH" if k == 2 else "LOGISTIC", columns(build, total, k, units))
                          for k in range(4))
            states = lstm(build, i, f, g, o, c, lambda t: build.like("TANH", t), "step")
            assert states[0] is not None and states[1] is not None
            h, c = states[0], states[1]
            found.append(h)
            self.states.append(c)
        return found

    def _weights(self, units: int, wide: int) -> list[Tensor]:
        shapes = (4 * units, wide), (4 * units, units), (4 * units,)
        return [self.build.constant(rng.normal(0, 0.6, shape).astype(np.float32)) for shape in shapes]

    def listed(self, entries: list[Tensor]) -> Tensor:
        """Return a list that is written entry by entry, as the loops of .tflite files do."""
        build, wide = self.build, entries[0].shape[1]
        whole = build.constant(np.zeros((STEPS, 1, wide), np.float32))
        for t, entry in enumerate(entries):
            parts = [build.along(whole, 0, 0, t)] if t else []
            parts.append(build.reshape(entry, (1, 1, wide)))
            parts += [build.along(whole, 0, t + 1, STEPS)] if t + 1 < STEPS else []
            whole = build.concatenate(parts, 0)
        return whole

    def graph(self, *outputs: Tensor) -> Graph:
        return Graph("steps", [self.x], list(outputs), self.build.nodes)


def answers(graph: Graph, x: np.ndarray) -> list[np.ndarray]:
    model = Model(convert_graph(graph, [], "steps", 0).blob)
    for _ in range(2):  # each run starts from zeros
        model.write(x.tolist(), 0)
        model.run()
    return [np.array(model.read(i)) for i in range(len(graph.outputs))]


def check(graph: Graph, lstms: int, cells: int = 0) -> Graph:
    """Convert with the pass and without, and compare. lstms, cells: how many ops and single steps there have to be."""
    passed = run_passes(graph.copy())
    found = Counter(node.op for node in passed.nodes)
    assert (found["UNIDIRECTIONAL_SEQUENCE_LSTM"], found["TANH"]) == (lstms, 2 * cells)
    x = rng.normal(0, 1, STEPS * FEATURES)
    joined = answers(graph, x)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "GRAPH_PASSES", tuple(p for p in pipeline.GRAPH_PASSES if p is not join_steps))
        for mine, theirs in zip(joined, answers(graph, x), strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)
    return passed


@pytest.mark.parametrize("backwards", [False, True])
def test_the_last_state(backwards: bool) -> None:
    net = Written()
    check(net.graph(net.layer(net.rows(backwards), 4)[-1]), 1)


def test_layers_over_lists() -> None:
    """As return_sequences=True has them: the second layer reads what the first has written to its list."""
    net = Written()
    first = net.listed(net.layer(net.rows(), 4))
    rows = [net.build.add("GATHER", [first, net.build.constant(np.array(t, np.int32))], (1, 4), axis=0)
            for t in range(STEPS)]
    passed = check(net.graph(net.listed(net.layer(rows, 2))), 2)
    assert "CONCATENATION" not in {node.op for node in passed.nodes}


def test_a_list_of_other_cells_is_put_together_once() -> None:
    net = Written()
    passed = check(net.graph(net.listed([net.build.like("LOGISTIC", row) for row in net.rows()])), 0)
    assert Counter(node.op for node in passed.nodes)["CONCATENATION"] == 1


def test_the_last_cell_state_and_every_hidden_one() -> None:
    net = Written()
    hidden = net.layer(net.rows(), 4)
    check(net.graph(net.states[-1], *hidden), 1)


def test_a_cell_state_on_the_way_that_others_read_keeps_the_steps() -> None:
    net = Written()
    hidden = net.layer(net.rows(), 4)
    check(net.graph(hidden[-1], net.build.like("NEG", net.states[1])), 0, STEPS)


def test_a_step_with_weights_of_its_own_is_no_part() -> None:
    net = Written()
    check(net.graph(net.layer(net.rows(), 4, other_last=True)[-1]), 1, 1)


def test_what_feeds_on_its_own_answer_keeps_its_steps() -> None:
    """A decoder, whose next input is made of its last state."""
    net = Written()
    build, rows = net.build, net.rows()

    class Fed(list[Tensor]):
        """The rows, each made when its step is written."""

        def __iter__(self) -> Iterator[Tensor]:
            yield rows[0]
            for row in rows[1:]:
                yield build.binary("ADD", row, build.along(build.nodes[-1].outputs[0], 1, 0, FEATURES))

    check(net.graph(net.layer(Fed(rows), 4)[-1]), 0, STEPS)
