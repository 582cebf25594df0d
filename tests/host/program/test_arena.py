# SPDX-License-Identifier: MIT
"""The arena planner: nothing that is alive at the same time shares bytes, and little is wasted."""

from itertools import combinations, permutations

from hypothesis import given
from hypothesis import strategies as st

from midge.convert.pipeline import convert_model
from midge.program.arena import Block, Piece, conflicts_of, improve, live_bytes, place, whole

blocks_strategy = st.lists(
    st.builds(
        lambda size, first, length: whole(size * 16, first, first + length),
        st.integers(1, 64),
        st.integers(0, 12),
        st.integers(0, 5),
    ),
    min_size=1,
    max_size=12,
)


def assert_sound(blocks: list[Block]) -> None:
    for a, b in combinations(blocks, 2):
        for p in a.pieces:
            for q in b.pieces:
                below = a.offset + p.high <= b.offset + q.low or b.offset + q.high <= a.offset + p.low
                assert below or not p.meets(q), (a, b)
    assert all(b.offset >= 0 and b.offset % 16 == 0 for b in blocks)


@given(blocks_strategy)
def test_no_two_live_blocks_overlap(blocks: list[Block]) -> None:
    size = place(sorted(blocks, key=lambda b: -b.size), conflicts_of(blocks))
    assert_sound(blocks)
    assert size == max(b.offset + b.size for b in blocks)


def in_pieces(block: Block, cut: int, later: int) -> Block:
    """The block with its upper part alive for some steps longer, its lower one taken up later."""
    at = cut * block.size // 4
    lower = Piece(0, at, block.first, block.last)
    upper = Piece(at, block.size, block.first, block.last + later)
    return Block(block.size, [p for p in (lower, upper) if p.high > p.low])


pieces_strategy = st.builds(in_pieces, blocks_strategy.map(lambda b: b[0]), st.integers(0, 3), st.integers(0, 4))


@given(st.lists(pieces_strategy, min_size=1, max_size=10))
def test_no_two_live_pieces_overlap(blocks: list[Block]) -> None:
    conflicts = conflicts_of(blocks)
    order = improve(sorted(blocks, key=lambda b: -b.size), conflicts, 0)
    assert place(order, conflicts) >= max(live_bytes(blocks, i) for i in range(20))
    assert_sound(blocks)


@given(blocks_strategy.filter(lambda blocks: len(blocks) <= 6))
def test_small_plans_are_the_best_there_are(blocks: list[Block]) -> None:
    conflicts = conflicts_of(blocks)
    best = min(place(order, conflicts) for order in permutations(blocks))
    bound = max(live_bytes(blocks, i) for i in range(20))
    order = improve(sorted(blocks, key=lambda b: (-b.size, b.first)), conflicts, bound)
    assert place(order, conflicts) <= best


def test_plan_of_the_wand(wand_tflite) -> None:
    plan = convert_model(wand_tflite).plan
    assert_sound(plan.blocks)
    peak = max(plan.live_bytes(i) for i in range(-1, 50))
    assert peak <= plan.arena_size <= 1.1 * peak


def test_every_real_model_is_planned_close_to_its_peak(shared) -> None:
    for name in ("mlperf-tiny/kws_ref_model", "mlperf-tiny/vww_96_int8", "edge-impulse-sdk/fomo.96x96.i8q"):
        result = convert_model(shared / "models" / f"{name}.tflite")
        assert_sound(result.plan.blocks)
        assert result.plan.arena_size == result.peak[0]
