"""Greedy packing: what each rule decides, on numbers worked by hand, and on machines."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelax.errors import SpecError
from accelax.spec.timeloop.packing import IN_MEMORY_STEPS, PackingStep, pack, packed
from tests.spec.timeloop.conftest import node

ISAAC = {"tile": 16, "macro": 12, "crossbar": 8, "column": 128, "cim_unit": 128}
RAELLA = {"tile": 16, "macro": 8, "crossbar": 4, "column": 512, "cim_unit": 512}


def weights_of(**ranks: int) -> dict[str, int]:
    """Sizes of a convolution of 32 images, one group."""
    return {"C": 1, "M": 1, "R": 1, "S": 1, "P": 1, "Q": 1, "N": 32, "G": 1, "L": 4} | ranks


def used(found: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    """Without the factors that are 1."""
    return {name: real for name, factors in found.items() if (real := {r: f for r, f in factors.items() if f > 1})}


def test_the_first_layer_of_resnet_on_isaac() -> None:
    # 3*7*7 = 147 rows do not fit in 128, the largest part that does is 49; 4 slices leave 32 of 128 columns for 64
    # channels; C = 3 and M = 2 fill 6 of 8 crossbars. 16 tiles share 32 images.
    found = pack(weights_of(C=3, M=64, R=7, S=7, P=112, Q=112), ISAAC, IN_MEMORY_STEPS)
    assert used(found) == {
        "cim_unit": {"R": 7, "S": 7},
        "column": {"L": 4, "M": 32},
        "crossbar": {"C": 3, "M": 2},
        "tile": {"N": 16},
    }


def test_a_layer_with_many_weights_goes_out_to_the_tiles() -> None:
    # 512*3*3 rows: 512 down a column of RAELLA, 3 and then 3 over crossbars and macros. 3 slices leave 170 columns;
    # the largest part of 512 channels is 128, and 4 stay: one to each crossbar does not fit beside 3, so 2 macros and
    # 2 tiles hold them. 8 tiles of 16 are left for 32 images.
    found = pack(weights_of(C=512, M=512, R=3, S=3, P=7, Q=7, L=3), RAELLA, IN_MEMORY_STEPS)
    assert used(found) == {
        "cim_unit": {"C": 512},
        "column": {"L": 3, "M": 128},
        "crossbar": {"R": 3},
        "macro": {"S": 3, "M": 2},
        "tile": {"M": 2, "N": 8},
    }


def test_a_prime_goes_to_the_first_rank_that_has_it() -> None:
    # of 12 * 2 the largest divisor below 9 is 8 = 2*2*2: two of them are in C, the third is in M
    assert pack({"C": 12, "M": 2}, {"row": 9}, [PackingStep("CM")]) == {"row": {"C": 4, "M": 2}}
    assert pack({"C": 12, "M": 2}, {"row": 9}, [PackingStep("MC")]) == {"row": {"M": 2, "C": 4}}
    assert pack({"C": 12, "M": 2}, {"row": 7}, [PackingStep("MC")]) == {"row": {"M": 2, "C": 3}}


def test_the_order_of_the_names_says_nothing() -> None:
    fanouts = {"outer": 4, "inner": 4}
    for only in itertools.permutations(fanouts):
        assert used(pack({"M": 8}, fanouts, [PackingStep("M", only=only)])) == {"inner": {"M": 4}, "outer": {"M": 2}}
    assert used(pack({"M": 8}, fanouts, [PackingStep("M", without=("inner",))])) == {"outer": {"M": 4}}


def test_one_lane_takes_nothing() -> None:
    assert pack({"M": 8}, {"outer": 1, "inner": 4}, [PackingStep("M")]) == {"inner": {"M": 4}}


def test_a_fanout_used_alone_takes_no_other_rank() -> None:
    steps = [PackingStep("C", alone=True), PackingStep("M")]
    assert pack({"C": 2, "M": 2}, {"row": 8}, steps) == {"row": {"C": 2, "M": 1}}


def test_a_fanout_more_than_half_full_is_closed() -> None:
    steps = [PackingStep("C"), PackingStep("M")]
    assert pack({"C": 5, "M": 2}, {"row": 9}, steps) == {"row": {"C": 5, "M": 1}}
    assert pack({"C": 5, "M": 2}, {"row": 10}, steps) == {"row": {"C": 5, "M": 2}}


def test_a_rank_given_already_leaves_the_fanout_out() -> None:
    # M is 2 in the row already, so both ranks of the step go to the column; 12 / 2 = 6 of M are left
    found = pack({"C": 2, "M": 12}, {"column": 8, "row": 8}, [PackingStep("CM")], {"row": {"M": 2}})
    assert found == {"column": {"C": 2, "M": 3}}
    # other given factors only take room: 8 // 3 = 2
    assert pack({"C": 4, "M": 3}, {"row": 8}, [PackingStep("C")], {"row": {"M": 3}}) == {"row": {"C": 2}}


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (PackingStep("X"), "cannot pack 'X': not a dimension of the problem"),
        (PackingStep("M", only=("rows",)), "cannot pack into 'rows': it has no fan-out; did you mean 'row'"),
        (PackingStep("M", without=("rows",)), "cannot pack into 'rows'"),
    ],
)
def test_mistakes_in_a_step(step: PackingStep, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        pack({"M": 8}, {"row": 4}, [step])
    assert message in str(caught.value)


@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=3),
    st.lists(st.integers(2, 40), min_size=1, max_size=3),
)
@settings(max_examples=80, deadline=None)
def test_the_innermost_fanout_is_filled_best_and_nothing_is_lost(sizes: list[int], lanes: list[int]) -> None:
    ranks = dict(zip("MNK", sizes, strict=False))
    fanouts = {f"level{place}": width for place, width in enumerate(lanes)}
    found = pack(ranks, fanouts, [PackingStep(tuple(ranks))])
    divisors = [[d for d in range(1, size + 1) if size % d == 0] for size in ranks.values()]
    products = {math.prod(choice) for choice in itertools.product(*divisors)}
    innermost = found[f"level{len(lanes) - 1}"]
    assert math.prod(innermost.values()) == max(p for p in products if p <= lanes[-1])
    for rank, size in ranks.items():
        assert size % math.prod(factors[rank] for factors in found.values()) == 0
    for name, factors in found.items():
        assert math.prod(factors.values()) <= fanouts[name]


def test_a_packed_specification_has_the_factors_and_the_order(gemm, build) -> None:
    gemm["mapping"] = []
    spec = build(gemm)
    inside = packed(spec, [PackingStep("N"), PackingStep("M")], temporal_order="KM")
    constraints = inside.lowered().constraints
    place = next(i for i, level in enumerate(inside.lowered().machine.levels) if level.is_fanout)
    lanes = node(gemm, "PE")["spatial"]["meshX"] * node(gemm, "PE")["spatial"].get("meshY", 1)
    fixed = dict(constraints[place].fixed)
    assert fixed["N"] == max(d for d in (1, 2, 3, 4, 6, 12) if d <= lanes)
    assert constraints[0].order_inner[-2:] == ("M", "K")
    assert dict(spec.lowered().constraints[place].fixed) == {}, "the original stays as it was"


def test_packing_counts_what_is_fixed_in_time(gemm, build) -> None:
    gemm["mapping"] = []
    gemm["constraints"] = {"targets": [{"target": "GLB", "type": "temporal", "factors": ["N=6"]}]}
    inside = packed(build(gemm), [PackingStep("N")])
    place = next(i for i, level in enumerate(inside.lowered().machine.levels) if level.is_fanout)
    assert dict(inside.lowered().constraints[place].fixed)["N"] == 2
