from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from accelax import Specification
from accelax.encode import encode
from accelax.encode.tree_mapping import encode_mapping
from accelax.encode.tree_problem import encode_tree
from accelax.ir import Mapping
from accelax.ir.tree_machine import Comparison
from accelax.model.tree import evaluate_tree
from accelax.search.objective import parse_objective
from accelax.search.tree import TreeSearch
from tests.model.tree_cases import DRAM, GLB, REG, TENSORS, dimension, lowered, mac, matmul, memory
from tests.search.brute_force import optimum
from tests.search.small_problems import problems

GOLDEN = Path(__file__).parents[2] / "golden" / "map-accelforge"
QUICK = (
    "conv1x1_stride2_2lvl_edp",
    "bmm_6x40x24x36_2d_edp",
    "mm_160x96x64_toll_edp",
    "mm_96x50x30_2lvl_tight_edp",
)
HELD = replace(DRAM, keep=TENSORS)


def searched(problem, metric, seconds=20.0):
    """The search run to its end, and the best of its candidates with its exact value."""
    search = TreeSearch(problem, parse_objective(metric))
    best, mapping, spent = math.inf, None, 0.0
    while not search.done and spent < seconds:
        for candidate in search.advance(best, 0.5):
            value = exact(problem, candidate, metric)
            if value < best:
                best, mapping = value, candidate
        spent += 0.5
    return search, best, mapping


def exact(problem, mapping: Mapping, metric: str) -> float:
    numbers = encode_mapping(problem.lowered, mapping)
    cost = evaluate_tree(problem.structure, problem.workload, problem.hardware, numbers)
    assert cost.violation <= 1e-12
    return float({"energy": cost.energy, "delay": cost.latency, "edp": cost.edp}[metric])


def encoded(*components, einsum=None, **fields):
    return encode_tree(replace(lowered(components, [], einsum or matmul(4, 4, 4)), mapping=None, **fields))


def test_a_stationary_output_by_hand():
    """4 x 4 x 4 from DRAM into three words: Z stays below the loops over m and n, A and B are fetched 64 times.

    DRAM at 100 J and 120 J per bit of 8: 128 reads, 16 writes. The buffer at 2 J and 3 J: 128 values come and go; of Z
    there are 64 updates, 48 of them of what is there already, and 16 that leave.
    """
    problem = encoded(HELD, replace(GLB, size_bits=24.0, keep=TENSORS))
    search, best, mapping = searched(problem, "energy")
    assert search.done
    assert search.lower_bound == pytest.approx(best, rel=1e-8)
    dram = 8 * (100 * 128 + 120 * 16)
    buffer = 8 * (3 * 128 + 2 * 128 + 3 * 64 + 2 * 48 + 2 * 16)
    assert best == pytest.approx(dram + buffer + 64 * 0.5)
    assert mapping.nodes[0].tensors == TENSORS


def test_a_machine_without_a_choice_costs_its_computations():
    """With DRAM alone every value comes and goes 64 times, but the first visits to the 16 outputs."""
    problem = encoded(HELD)
    search, best, _ = searched(problem, "energy")
    assert search.done
    assert best == pytest.approx(8 * (100 * (64 + 64 + 48) + 120 * 64) + 32)


def test_what_does_not_fit_has_no_bound():
    problem = encoded(HELD, replace(GLB, size_bits=16.0, keep=TENSORS))
    search, best, mapping = searched(problem, "edp")
    assert search.done
    assert mapping is None
    assert best == search.lower_bound == math.inf


def test_power_gating_and_leakage_by_spread():
    """Gated lanes leak only where used, so for energy alone one lane is best when nothing else costs."""
    free = replace(HELD, actions=tuple(replace(a, energy=0.0, throughput=math.inf) for a in HELD.actions))
    unit = mac(0.0, 1.0, spatial=(dimension("v", 4, power_gateable=True),), leak_power=8.0)
    problem = encoded(free, unit)
    _, best, _ = searched(problem, "energy")
    assert best == pytest.approx(64 / 4 * 8.0 * (4 / 4 / 4))  # the squared rule: 4 lanes leak as 1 / 4


def test_bounds_hold_from_the_first_moment_and_grow():
    spec = Specification.from_yaml_files(GOLDEN / "mm_256_4lvl_bypass_energy" / "input.yaml")
    best = json.loads((GOLDEN / "mm_256_4lvl_bypass_energy" / "expected.json").read_text())["objective_value"]
    search, last = TreeSearch(encode(spec), parse_objective("energy")), 0.0
    for _ in range(6):
        search.advance(math.inf, 0.05)
        assert last <= search.lower_bound <= best * (1 + 1e-9)
        last = search.lower_bound
    assert last > 0.5 * best


def test_what_is_worse_than_the_incumbent_is_not_looked_for():
    problem = encoded(HELD, replace(GLB, keep=TENSORS))
    _, best, _ = searched(problem, "energy")
    search = TreeSearch(problem, parse_objective("energy"))
    found = search.advance(best * 0.5, 5.0)
    assert search.done
    assert found == []
    assert search.lower_bound <= best * 0.5


def test_what_labels_do_not_describe_is_left_without_a_bound():
    problem = encoded(HELD, replace(GLB, may_keep=TENSORS, force_hierarchy_order=False))
    search = TreeSearch(problem, parse_objective("energy"))
    assert search.advance(math.inf, 1.0) == []
    assert search.done
    assert search.lower_bound == 0.0
    assert search.reason == "storages of GLB out of the order of the hierarchy"


def test_latency_that_is_no_sum_counts_as_nothing():
    odd = ("min", ("n_calls", "read"), ("const", 1e6))
    problem = encoded(replace(HELD, total_latency=odd), replace(GLB, may_keep=TENSORS))
    search, best, _ = searched(problem, "delay")
    assert search.done
    assert 0 < search.lower_bound < best


def test_no_storage_is_fetched_or_sent_twice_where_that_is_forbidden():
    slow = memory("GLB", 2.0, 3.0, 512.0, 256.0, size_bits=64.0, keep=TENSORS)
    _, least, _ = searched(encoded(HELD, slow), "energy")
    search, best, mapping = searched(encoded(HELD, replace(slow, no_refetch_from_above=("Z",))), "energy")
    assert search.done
    assert best >= least
    above = mapping.nodes[: next(i for i, n in enumerate(mapping.nodes) if getattr(n, "tensors", ()) == ("Z",))]
    assert "k" not in {node.rank for node in above if hasattr(node, "rank")}


@pytest.mark.golden
@pytest.mark.parametrize("case", QUICK)
def test_known_optima_are_found_and_proved(case):
    spec = Specification.from_yaml_files(GOLDEN / case / "input.yaml")
    expected = json.loads((GOLDEN / case / "expected.json").read_text())
    search, best, mapping = searched(encode(spec), expected["metric"])
    assert best == pytest.approx(expected["objective_value"], rel=1e-6)
    assert search.lower_bound == pytest.approx(best, rel=1e-8)
    assert search.lower_bound <= best
    assert spec.mapspace.contains(mapping)


@pytest.mark.parametrize("imperfect", [False, True])
def test_no_mapping_of_a_small_space_is_better(imperfect):
    """Against every mapping: both the value and the bound are the optimum."""
    gaps = []
    for spec in problems(seed=5, count=4, dialect="accelforge", imperfect=imperfect):
        best = optimum(spec)
        for metric in ("energy", "delay", "edp"):
            search, value, mapping = searched(encode(spec), metric)
            wanted = best["latency" if metric not in best else metric][0]
            assert search.lower_bound <= wanted * (1 + 1e-9)
            assert value == pytest.approx(wanted, rel=1e-9)
            assert spec.mapspace.contains(mapping)
            gaps.append(1 - search.lower_bound / wanted)
    assert np.median(gaps) < 1e-8
    assert max(gaps) < (0.25 if imperfect else 1e-8)


def test_tile_shapes_that_are_asked_for():
    """Every storage of GLB has m in tiles of 2, and k and n together of at most 4."""
    bounds = (Comparison(("m",), "==", 2), Comparison(("k", "n"), "product<=", 4))
    glb = replace(GLB, size_bits=64.0, keep=("A", "Z"), tile_shape_bounds=bounds)
    search, _, mapping = searched(encoded(HELD, glb), "energy")
    assert search.done
    tile = {"m": 4, "k": 4, "n": 4}
    for node in mapping.nodes:
        tile.update({node.rank: node.tile_shape} if hasattr(node, "rank") else {})
        if getattr(node, "component", "") == "GLB":
            assert tile["m"] == 2
            assert tile["k"] * tile["n"] <= 4


def test_registers_that_stream_hold_one_word():
    """REG of one word: each tensor can be kept there by itself, and only there."""
    reg = replace(REG, size_bits=8.0, may_keep=TENSORS)
    search, best, mapping = searched(encoded(HELD, reg), "energy")
    assert search.done
    held = [node.tensors for node in mapping.nodes if getattr(node, "component", "") == "REG"]
    assert held == [("Z",)]
    assert search.lower_bound == pytest.approx(best, rel=1e-8)
