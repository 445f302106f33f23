from __future__ import annotations

from pathlib import Path

import pytest

from accelax.errors import SpecError
from accelax.ir.rules import Rules
from accelax.spec.accelforge import AccelForgeSpecification
from accelax.spec.specification import Specification

GOLDEN = Path(__file__).parents[2] / "golden" / "accelforge-evaluate"
CASES = sorted(path.name for path in GOLDEN.iterdir())


@pytest.mark.golden
@pytest.mark.parametrize("case", CASES)
def test_every_recorded_input_lowers_and_its_mapping_is_written_back(case, tmp_path):
    spec = Specification.from_yaml_files(GOLDEN / case / "input.yaml")
    assert isinstance(spec, AccelForgeSpecification)
    lowered = spec.lowered()
    assert lowered.mapping == spec.mapping
    hash(lowered)
    data = [path for path in (GOLDEN / case).iterdir() if path.suffix == ".yaml"]
    text = "\n".join(path.read_text() for path in data).split("\nmapping:")[0]
    (tmp_path / "again.yaml").write_text(f"{text}\n{spec.mapping.to_yaml()}")
    assert Specification.from_yaml_files(tmp_path / "again.yaml").lowered() == lowered


def test_the_dialect_its_rules_and_defaults(matmul):
    spec = matmul()
    assert spec.dialect == "accelforge"
    assert spec.rules == Rules.accelforge()
    assert spec.mapping is None
    assert spec.objectives == ("energy",)
    assert spec.search_settings == {}


@pytest.mark.parametrize(
    ("metrics", "objectives"),
    [
        (1, ("latency",)),
        (2, ("energy",)),
        (3, ("energy", "latency")),
        (128, ("edp",)),
        ("ENERGY", ("energy",)),
        ("Metrics.LATENCY | Metrics.ENERGY", ("latency", "energy")),
        (["energy_delay_product"], ("edp",)),
    ],
)
def test_objectives(matmul, metrics, objectives):
    assert matmul(lambda data: data.update(mapper={"metrics": metrics})).objectives == objectives


@pytest.mark.parametrize("metrics", [0, 4, "speed", []])
def test_unknown_metrics_are_reported(matmul, metrics):
    with pytest.raises(SpecError, match=r"metric|expected a sum"):
        matmul(lambda data: data.update(mapper={"metrics": metrics}))


def test_search_settings_are_handed_on(matmul):
    settings = {"max_fused_loops": 1, "explore_imperfect_spatial_loops": True}
    assert matmul(lambda data: data.update(mapper={"metrics": 2, **settings})).search_settings == settings


def test_objects_can_be_changed_and_are_validated(matmul):
    spec = matmul()
    spec.arch.find("GLB").size = 512
    spec.arch["PE"].spatial[0].fanout = "2 * 3"
    machine = spec.lowered().machines[0]
    assert machine.components[1].size_bits == 512
    assert machine.components[2].spatial[0].fanout == 6
    with pytest.raises(SpecError, match=r"Memory.size: expected a number or an expression, got \[1\]"):
        spec.arch.find("GLB").size = [1]
    with pytest.raises(SpecError, match="unknown field 'sise'; did you mean 'size'"):
        spec.arch.find("GLB").sise = 3
    with pytest.raises(KeyError):
        spec.arch.find("LLB")
    with pytest.raises(SpecError, match="did you mean 'GLB'"):
        spec.find("GLBB")


def test_with_mapping_is_a_specification_of_its_own(matmul):
    spec = matmul(mapped=True)
    other = matmul().mapping
    assert other is None
    twin = spec.with_mapping(spec.mapping)
    twin.arch.find("GLB").size = 1
    twin.rules = Rules()
    assert spec.arch.find("GLB").size == "8*1024"
    assert spec.rules == Rules.accelforge()
    assert twin.lowered().mapping == spec.mapping


def test_several_documents_are_joined():
    parts = [
        {"arch": {"nodes": [{"tag": "Memory", "name": "DRAM", "size": "inf", "component_class": "dummy"}]}},
        {"arch": {"nodes": [{"tag": "Compute", "name": "MAC", "component_class": "dummy"}]}},
        {"workload": {"rank_sizes": {"M": 4}, "bits_per_value": {"All": 8}}},
        {"workload": {"einsums": ["Y[m] = X[m]"]}},
    ]
    lowered = AccelForgeSpecification(parts).lowered()
    assert [component.name for component in lowered.machines[0].components] == ["DRAM", "MAC"]
    with pytest.raises(SpecError, match="two different values"):
        AccelForgeSpecification([*parts, {"workload": {"rank_sizes": {"M": 5}}}])


def test_problems_carry_the_place_in_the_file(tmp_path):
    path = tmp_path / "arch.yaml"
    path.write_text(
        "arch:\n"
        "  nodes:\n"
        "  - !Memory {name: DRAM, sise: inf, area: 0, leak_power: 0}\n"
        "  - !Compute\n"
        "    name: MAC\n"
        "    component_class: dummy\n"
        "    total_latency: 1 +\n"
        "workload:\n"
        "  rank_sizes: {M: 4}\n"
        "  bits_per_value: {All: 8}\n"
        "  einsums:\n"
        "  - 'Y[m] = X[k'\n"
        "mapper: {metrics: fast}\n"
    )
    with pytest.raises(SpecError) as caught:
        Specification.from_yaml_files(path)
    places = {(problem.path, problem.location.line) for problem in caught.value.problems}
    assert places == {
        ("arch.nodes[0].size", 3),
        ("arch.nodes[0].sise", 3),
        ("workload.einsums[0].einsum", 12),
        ("mapper.metrics", 13),
    }


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data: data.pop("workload"), "missing section 'workload'"),
        (lambda data: data.update(mappers={}), "unknown section 'mappers'; did you mean 'mapper'"),
        (lambda data: data.update(arch=3), "expected a mapping with 'nodes'"),
        (lambda data: data.update(workload=[1]), "expected a mapping with 'einsums'"),
        (lambda data: data.update(variables=[1]), "mapping of names"),
        (lambda data: data.update(variables={"a": "b", "b": "a"}) or data["workload"].update(n_instances="a"),
         "a cycle"),
        (lambda data: data["workload"].update(einsums="Z[m] = A[m]"), "list of Einsums"),
        (lambda data: data["workload"]["einsums"][0].update(tensor_accesses=[{"name": "B"}]),
         "a tensor of the Einsum's text"),
        (lambda data: data["workload"]["einsums"][0].update(tensor_accesses=[{"name": "A", "output": True}]),
         "'output' of 'A' is given by the Einsum's text"),
        (lambda data: data["arch"]["nodes"].append("x"), "expected a node with a tag"),
    ],
)  # fmt: skip
def test_mistakes_in_sections(matmul, change, reason):
    with pytest.raises(SpecError, match=reason):
        matmul(change)


def test_text_and_accesses_complete_each_other(matmul):
    extra = [{"name": "W", "bits_per_value": 4, "persistent": True}]
    tensors = (
        matmul(lambda data: data["workload"]["einsums"][0].update(tensor_accesses=extra)).lowered().einsums[0].tensors
    )
    assert [(t.bits_per_value, t.persistent) for t in tensors] == [(8, False), (4, True), (8, False)]
