"""The search over a chain of levels: optima with proofs, bounds that hold, walks in slices."""

from __future__ import annotations

import math

import pytest

import accelax as ax
from accelax.evaluation import evaluate
from accelax.search.chain import ChainSearch
from accelax.search.objective import exact_values, parse_objective
from tests.search.brute_force import optimum
from tests.search.chain.machines import clustered, conv1d, gemm


def searched(spec: ax.Specification, objective: str, slice_seconds: float = 5.0) -> tuple[float, ChainSearch]:
    """The best value that the search finds, and the search when it is done."""
    goal = parse_objective(objective)
    search, best = ChainSearch(ax.encode(spec), goal), math.inf
    for _ in range(200):
        if search.done:
            break
        for mapping in search.advance(best, slice_seconds):
            result = evaluate(spec.with_mapping(mapping))
            assert spec.mapspace.contains(mapping), spec.mapspace.violations(mapping)
            if result.valid:
                best = min(best, exact_values(result.to_dict(), goal)[0])
        assert search.lower_bound <= best
    return best, search


@pytest.mark.parametrize("objective", ["energy", "delay", "edp", "last_level_accesses"])
def test_the_optimum_of_a_matrix_product_is_found_and_proved(objective):
    spec = gemm(sizes={"M": 12, "N": 8, "K": 6}, BUF={"dataspace": {"keep": ["A", "B", "Z"]}})
    best, search = searched(spec, objective)
    if objective != "last_level_accesses":
        assert best == pytest.approx(optimum(spec)[objective][0], rel=1e-9)
    assert search.done
    assert search.lower_bound >= 0.95 * best


def test_reuse_across_a_level_without_loops_is_not_missed():
    """M = N = 16, K = 32; register tile 4 x 4 x 1, buffer with M = N = 1, DRAM with K innermost.

    The output stays through both levels: a bound that treats levels one by one claims more than is achievable.
    """
    spec = gemm(depth=1024, sizes={"M": 16, "N": 16, "K": 32}, BUF={"dataspace": {"keep": ["A", "B", "Z"]}})
    best, search = searched(spec, "energy")
    assert search.lower_bound <= best * (1 + 1e-12)
    assert best <= 1.02 * search.lower_bound


@pytest.mark.parametrize("objective", ["energy", "edp"])
def test_a_window_is_bounded_below_its_optimum(objective):
    spec = conv1d(P=8, R=3, K=4, depth=24)
    best, search = searched(spec, objective)
    exact = optimum(spec)[objective][0]
    assert search.lower_bound <= exact * (1 + 1e-9)
    assert search.lower_bound >= 0.75 * exact
    assert best >= exact * (1 - 1e-9)


@pytest.mark.parametrize(("objective", "changes"), [("energy", {}), ("delay", {"write_bandwidth": 1}), ("edp", {})])
def test_what_lanes_outside_decide_is_not_left_open(objective, changes):
    """Who shares a register file, what first visits of reduced sums leave out, and fills beside updates."""
    spec = clustered({"M": 2, "N": 4, "K": 12}, **changes)
    best, search = searched(spec, objective)
    assert best == pytest.approx(optimum(spec)[objective][0], rel=1e-9)
    assert search.done
    assert best * 0.995 <= search.lower_bound <= best


@pytest.mark.parametrize("objective", ["energy", "delay", "edp"])
@pytest.mark.parametrize("unlimited", [True, False])
def test_a_tensor_that_stays_inside_costs_the_outermost_level_nothing(objective, unlimited):
    """B is in the buffer from the beginning: no fill of it is paid, nor time on the way from the memory."""
    outside = {"dataspace": {"keep": ["A", "Z"], "bypass": ["B"]}}
    spec = gemm(sizes={"M": 2, "N": 8, "K": 6}, DRAM=outside, BUF={"dataspace": {"keep": ["A", "B", "Z"]}})
    spec.set("ERT.tables[1].actions[1].energy", 100)  # a fill of the buffer
    for direction in ("read", "write") if unlimited else ():
        spec.set(f"architecture.DRAM.attributes.{direction}_bandwidth", None)
    best, search = searched(spec, objective)
    exact = optimum(spec)[objective][0]
    assert search.lower_bound <= exact * (1 + 1e-9)
    assert search.lower_bound >= (0.9 * exact if unlimited else 0.0)
    assert best >= exact * (1 - 1e-9)
    alone = ChainSearch(ax.encode(spec), parse_objective(objective))
    while not alone.done:
        alone.advance(math.inf, 5.0)
    assert alone.lower_bound <= exact * (1 + 1e-9), "the bound holds without a mapping that lowers it"


def test_slices_too_short_for_a_walk_still_end_it():
    spec = gemm(sizes={"M": 12, "N": 8, "K": 6})
    short, _ = searched(spec, "edp", slice_seconds=1e-4)
    long, _ = searched(spec, "edp")
    assert short == long


def test_a_buffer_that_holds_nothing_leaves_nothing():
    spec = gemm(depth=1, BUF={"dataspace": {"keep": ["A", "B", "Z"]}})
    best, search = searched(spec, "edp")
    assert math.isinf(best)
    assert search.done


def test_negative_energies_and_mixed_objectives_get_no_bound():
    problem = ax.encode(gemm())
    search = ChainSearch(problem, parse_objective({"energy": 1, "last_level_accesses": 1}))
    assert search.done
    assert search.lower_bound == 0
    figures = problem.hardware.replace(read_energy=tuple(-1.0 for _ in problem.hardware.read_energy))
    search = ChainSearch(problem.replace(hardware=figures), parse_objective("energy"))
    assert search.done
    assert search.advance(math.inf, 1.0) == []


def test_the_search_says_which_placement_holds_the_gap():
    spec = conv1d(P=8, R=3, K=4, depth=24)
    _, search = searched(spec, "energy")
    assert search.explain().startswith("the bound is held by the mappings where BUF keeps ")
    assert search.explain().endswith("(searched to its end)")
