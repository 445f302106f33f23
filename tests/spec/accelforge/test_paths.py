from __future__ import annotations

import pytest

from accelax.errors import SpecError


@pytest.mark.parametrize(
    ("path", "value", "read"),
    [
        ("arch.GLB.size", "512", lambda s: s.arch.find("GLB").size),
        ("arch.nodes[1].size", 512, lambda s: s.arch.find("GLB").size),
        ("arch.GLB.actions.read.energy", "512", lambda s: s.arch.find("GLB").actions[0].energy),
        ("arch.PE.spatial[0].fanout", 512, lambda s: s.arch.find("PE").spatial[0].fanout),
        ("arch.PE.spatial.y.fanout", 512, lambda s: s.arch.find("PE").spatial[1].fanout),
        ("workload.rank_sizes.M", 512, lambda s: s.lowered().einsums[0].bound("m")),
        ("workload.einsums.Z.n_instances", 512, lambda s: s.lowered().einsums[0].n_instances),
        ("workload.n_instances", "512", lambda s: s.lowered().n_instances),
        ("variables.fresh", "512", lambda s: s.variables["fresh"]),
    ],
)
def test_a_path_sets_a_value(matmul, path, value, read):
    spec = matmul()
    spec.set(path, value)
    assert read(spec) == 512


def test_rules_mapper_and_mapping(matmul):
    spec = matmul(mapped=True)
    spec.set("rules.halo", "exact")
    spec.set("mapper.metrics", "128")
    spec.set("mapping.nodes[1].tile_shape", "8")
    assert spec.rules.halo == "exact"
    assert spec.objectives == ("edp",)
    assert spec.lowered().mapping.nodes[1].tile_shape == 8


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("arch.GBL.size", 8, "no component 'GBL'; did you mean 'GLB'"),
        ("arch.GLB.sise", 8, "no field 'sise'; did you mean 'size'"),
        ("arch.GLB.size", [1], "expected a number or an expression"),
        ("arch.GLB.size", -8, "at least 0"),
        ("arch.GLB.size", "words", "'words' is not defined"),
        ("arch.GLB.actions.raed.energy", 8, "did you mean 'read'"),
        ("arch.nodes[9].size", 8, "no item 9"),
        ("workload.rank_sizes.M", 0, "at least 1"),
        ("workload.rank_size.M", 1, "no field 'rank_size'; did you mean 'rank_sizes'"),
        ("rules.hallo", "exact", "did you mean 'halo'"),
        ("rules.halo", "some", "'some'"),
        ("architecture.GLB.size", 8, "no value"),
        ("arch", 8, "no value"),
        ("arch..size", 8, "path"),
        ("mapper.metrics", "fast", "unknown metric"),
    ],
)
def test_what_can_not_be_set_leaves_the_specification_as_it_was(matmul, path, value, reason):
    spec = matmul()
    before = spec.lowered()
    with pytest.raises(SpecError) as caught:
        spec.set(path, value)
    assert reason in str(caught.value)
    assert spec.lowered() == before
