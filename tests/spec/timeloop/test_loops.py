"""From directives to the LoopTree: tile shapes, orders, splits, residuals, and factors that do not fold."""

from __future__ import annotations

import pytest

from accelax.errors import SpecError, UnsupportedError
from accelax.ir import Compute, Spatial, Storage, Temporal
from tests.spec.timeloop.conftest import node


def loops(mapping, kind):
    return [(n.rank, n.tile_shape) for n in mapping.nodes if isinstance(n, kind)]


def test_the_whole_tree_of_the_small_gemm(gemm, build):
    everything = ("A", "B", "Z")
    assert build(gemm).mapping.nodes == (
        Storage("DRAM", everything),
        Temporal("M", 16), Temporal("N", 4), Temporal("K", 4),
        Storage("GLB", everything),
        Temporal("N", 4), Temporal("K", 2), Temporal("M", 8),
        Spatial("K", 2, "PE", "Y"), Spatial("N", 2, "PE", "Y"), Spatial("M", 2, "PE", "X"),
        Storage("RF", everything),
        Temporal("N", 1), Temporal("M", 1), Temporal("K", 1),
        Compute("gemm", "MAC"),
    )  # fmt: skip


def test_without_a_split_every_spatial_loop_is_on_x(gemm, build):
    del gemm["mapping"][2]["split"]
    assert {n.dimension for n in build(gemm).mapping.nodes if isinstance(n, Spatial)} == {"X"}


def test_omitted_unit_ranks_are_put_innermost_and_counted_by_the_split(gemm, build):
    gemm["mapping"][2].update(permutation=["M", "N"], split=2)  # K=1 is inserted at the front: X gets K and M
    spatial = [(n.rank, n.dimension) for n in build(gemm).mapping.nodes if isinstance(n, Spatial)]
    assert spatial == [("N", "Y"), ("M", "X"), ("K", "X")]


def test_omitted_ranks_with_a_factor_follow_outermost_in_problem_order(gemm, build):
    gemm["mapping"][3]["permutation"] = ["K"]
    assert [n.rank for n in build(gemm).mapping.nodes if isinstance(n, Temporal)][-3:] == ["N", "M", "K"]


def test_zero_is_the_full_bound_and_missing_is_one(gemm, build):
    for entry in gemm["mapping"]:
        entry["factors"] = []
    gemm["mapping"][3]["factors"] = ["M=0", "N=0", "K=0"]
    assert loops(build(gemm).mapping, Temporal)[:3] == [("M", 16), ("N", 12), ("K", 20)]
    assert loops(build(gemm).mapping, Temporal)[-3:] == [("N", 1), ("M", 1), ("K", 1)]


def test_residual_factors_fold(gemm, build):
    gemm["problem"]["instance"]["M"] = (
        15  # 2 passes of 4 PEs with 2 rows each; in the last, 4 PEs, and 1 row in the last
    )
    gemm["mapping"][3]["factors"] = ["M=2,1", "N=2", "K=2"]
    spec = build(gemm)
    assert [tile for rank, tile in loops(spec.mapping, Temporal) if rank == "M"] == [16, 8, 1]
    assert spec.lowered().constraints[3].residual == (("M", 1),)
    gemm["problem"]["instance"]["M"] = 14
    with pytest.raises(
        SpecError, match="factors of 'M' make 15, but its size is 14: GLB 2, PE \\(spatial\\) 4, RF 2,1"
    ):
        build(gemm).lowered()


def test_a_nominal_tile_may_exceed_the_bound(gemm, build):
    gemm["problem"]["instance"]["M"] = 8  # 1 of 2 rounds of the buffer, 4 PEs, 2 rows each
    gemm["mapping"][1]["factors"] = ["M=2,1", "K=2"]
    assert [tile for rank, tile in loops(build(gemm).mapping, Temporal) if rank == "M"] == [16, 8, 1]


def test_a_residual_at_the_outermost_level_has_no_loop_tree(gemm, build):
    gemm["mapping"][0]["factors"] = ["M=2,1", "N=3", "K=5"]
    with pytest.raises(UnsupportedError, match="residual factor M=2,1 at the outermost level"):
        build(gemm).lowered()


def test_every_rank_that_does_not_fold_is_named(gemm, build):
    gemm["problem"]["instance"].update(M=17, K=21)
    with pytest.raises(SpecError) as caught:
        build(gemm).lowered()
    assert [p.message[:25] for p in caught.value.problems] == ["the factors of 'M' make 1", "the factors of 'K' make 2"]


def test_bypassed_tensors_are_not_kept(gemm, build):
    gemm["mapping"].append({"target": "GLB", "type": "dataspace", "bypass": ["B"]})
    kept = {n.component: n.tensors for n in build(gemm).mapping.nodes if isinstance(n, Storage)}
    assert kept == {"DRAM": ("A", "B", "Z"), "GLB": ("A", "Z"), "RF": ("A", "B", "Z")}


def test_constraints_alone_may_determine_the_mapping(gemm, build):
    expected = build(gemm).mapping
    gemm["constraints"] = {"version": 0.4, "targets": gemm.pop("mapping")}
    assert build(gemm).mapping == expected
    del gemm["constraints"]["targets"][0]
    assert build(gemm).mapping is None


def test_a_partial_mapping_is_a_mistake_unless_there_is_a_mapper(gemm, build):
    del gemm["mapping"][0]
    with pytest.raises(SpecError, match="factors of 'N' make 4, but its size is 12"):
        build(gemm).lowered()
    gemm["mapper"] = {"algorithm": "random"}
    assert build(gemm).lowered().mapping is None


def test_loops_only_for_nodes_that_own_some(gemm, build):
    gemm["mapping"].append({"target": "MAC", "type": "temporal", "factors": ["M=2"]})
    with pytest.raises(SpecError, match="'MAC' is no storage and owns no temporal loop, got M=2"):
        build(gemm)
    gemm["mapping"][-1] = {"target": "GLB", "type": "spatial", "factors": ["M=2"]}
    with pytest.raises(SpecError, match="'GLB' has no fan-out and owns no spatial loop"):
        build(gemm)


def test_parallel_branches_bypass_each_others_tensors(gemm, build):
    register = gemm["architecture"]["nodes"].pop(4)
    registers = []
    for name in "ABZ":
        twin = {**register, "name": f"reg{name}", "constraints": {"dataspace": {"keep": [name]}}}
        registers.append(twin)
    gemm["architecture"]["nodes"].insert(4, {"tag": "Parallel", "nodes": registers})
    gemm["mapping"][3]["target"] = "regB"
    kept = {n.component: n.tensors for n in build(gemm).mapping.nodes if isinstance(n, Storage)}
    assert {name: kept[name] for name in ("regA", "regB", "regZ")} == {"regA": ("A",), "regB": ("B",), "regZ": ("Z",)}
    registers[1]["constraints"]["dataspace"]["keep"] = ["A"]
    with pytest.raises(SpecError) as caught:
        build(gemm)
    assert "'A' is kept in several branches of a !Parallel: regA, regB" in str(caught.value)
    assert "no branch of this !Parallel keeps 'B'" in str(caught.value)
    registers[1]["constraints"]["dataspace"]["keep"] = ["B"]
    registers[1]["spatial"] = {"meshX": 2}
    with pytest.raises(SpecError, match="a component with a fan-out cannot stand in a !Parallel"):
        build(gemm)


def test_reuse_switches_reach_their_level(gemm, build):
    gemm["mapping"][1].update(no_reuse=["A"], rmw_first_update=["Z"])
    gemm["mapping"][2].update(no_reuse=["B"], no_link_transfer=["*"])
    node(gemm, "RF")["constraints"] = {"dataspace": {"no_coalesce": ["Z"]}}
    _, glb, fanout, register = build(gemm).lowered().reuse
    assert (glb.no_temporal_reuse, glb.rmw_first_update) == (("A",), ("Z",))
    assert (fanout.no_multicast, fanout.no_link_transfer) == (("B",), ("A", "B", "Z"))
    assert register.no_coalesce == ("Z",)
