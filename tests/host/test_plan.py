# SPDX-License-Identifier: MIT
"""The arena planner: nothing that is alive at the same time shares bytes, and little is wasted."""

from itertools import combinations, permutations

from hypothesis import given
from hypothesis import strategies as st

from midge.convert import convert
from midge.plan import Block, _place

blocks_strategy = st.lists(
    st.builds(
        lambda size, first, length: Block(size * 16, first, first + length),
        st.integers(1, 64),
        st.integers(0, 12),
        st.integers(0, 5),
    ),
    min_size=1,
    max_size=12,
)


def assert_sound(blocks: list[Block]) -> None:
    for a, b in combinations(blocks, 2):
        if a.meets(b):
            assert a.offset + a.size <= b.offset or b.offset + b.size <= a.offset, (a, b)
    assert all(b.offset >= 0 and b.offset % 16 == 0 for b in blocks)


@given(blocks_strategy)
def test_no_two_live_blocks_overlap(blocks: list[Block]) -> None:
    size = _place(sorted(blocks, key=lambda b: -b.size))
    assert_sound(blocks)
    assert size == max(b.offset + b.size for b in blocks)


@given(blocks_strategy.filter(lambda blocks: len(blocks) <= 5))
def test_greedy_by_size_is_near_the_best_order(blocks: list[Block]) -> None:
    best = min(_place(list(order)) for order in permutations(blocks))
    assert _place(sorted(blocks, key=lambda b: (-b.size, b.first))) <= 2 * best


def test_plan_of_the_wand(wand_tflite) -> None:
    plan = convert(wand_tflite).plan
    assert_sound(plan.blocks)
    peak = max(plan.live_bytes(i) for i in range(-1, 50))
    assert peak <= plan.arena_size <= 1.1 * peak


def test_every_real_model_is_planned_close_to_its_peak(shared) -> None:
    for name in ("mlperf-tiny/kws_ref_model", "mlperf-tiny/vww_96_int8", "edge-impulse-sdk/fomo.96x96.i8q"):
        result = convert(shared / "models" / f"{name}.tflite")
        assert_sound(result.plan.blocks)
        assert result.plan.arena_size == result.peak[0]
