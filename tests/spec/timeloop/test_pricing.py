"""Pricing by hand-worked numbers: compounds of compounds, ranges, scales, leakage, areas, and what goes wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from accelax.components import REGISTRY, Attribute, Estimate, Registry, component
from accelax.components.energy_tables import EnergyTables
from accelax.errors import SpecError, UnsupportedError
from accelax.spec.specification import Specification
from accelax.spec.timeloop.priced_machine import PricedMachine, estimate_tables
from accelax.spec.timeloop.specification import TimeloopSpecification

TEXT = (Path(__file__).parent / "components.yaml").read_text(encoding="utf-8")
MINE = Registry()


@component("memory", accuracy=80, source="tests", registry=MINE, attributes={"width": Attribute("bit", most=1e6)})
def flat_memory(*, width: Any, depth: Any, technology: Any, n_banks: Any = 1) -> Estimate:
    """0.5 pJ per bit, 1 more for a write; a tenth in a node of 22 nm."""
    factor = technology / 45
    energies = {"read": 0.5 * width * factor, "write": 0.5 * width * factor + 1.0}
    return Estimate(energies, area_um2=width * depth * n_banks, leak_power_W=1e-9 * depth)


@component("adder", accuracy=70, source="tests", registry=MINE)
def ripple_adder(*, bits: Any) -> Estimate:
    """0.1 pJ, 5 µm² and 1 nW per bit."""
    return Estimate({"add": 0.1 * bits}, area_um2=5.0 * bits, leak_power_W=1e-9 * bits)


@component("intmac", accuracy=70, source="tests", registry=MINE)
def mac(*, datawidth: Any) -> Estimate:
    """1/16 pJ per bit."""
    return Estimate({"mac_random": datawidth / 16})


def spec_of(tmp_path: Path, *edits: tuple[str, str]) -> TimeloopSpecification:
    text = TEXT
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "spec.yaml"
    path.write_text(text, encoding="utf-8")
    spec = Specification.from_yaml_files(path)
    assert isinstance(spec, TimeloopSpecification)
    return spec


def tables(tmp_path: Path, *edits: tuple[str, str]) -> EnergyTables:
    return PricedMachine(spec_of(tmp_path, *edits).state, MINE).tables


def problems(tmp_path: Path, *edits: tuple[str, str]) -> list[str]:
    spec = spec_of(tmp_path, *edits)
    with pytest.raises(SpecError) as caught:
        _ = PricedMachine(spec.state, MINE).machine
    for problem in caught.value.problems:
        assert problem.location is not None
        assert problem.location.file.endswith("spec.yaml")
    return [f"{problem.location.line}: {problem.message}" for problem in caught.value.problems if problem.location]


def test_a_primitive_component_has_what_its_estimator_says(tmp_path):
    found = tables(tmp_path)
    assert found.energy("DRAM", "read") == 32.0
    assert found.energy("DRAM", "write") == 33.0
    assert found.energy("DRAM", "leak") == pytest.approx(4096e-9 * 2e-9 * 1e12)
    assert found.area("DRAM") == 64 * 4096 * 2  # n_banks is 2 unless the file says otherwise
    assert [entry.action for entry in found.energies if entry.component == "DRAM"] == ["read", "write", "leak"]


def test_a_compute_unit_may_know_its_action_by_another_name(tmp_path):
    assert tables(tmp_path).energy("MAC", "mac_random") == 1.0
    assert PricedMachine(spec_of(tmp_path).state, MINE).machine.compute.energy == 1.0


def test_a_compound_adds_up_what_its_parts_do(tmp_path):
    found = tables(tmp_path)
    read = 0.5 * 64 * 22 / 45 + 2 * 10 * (0.1 * 10)
    write = 2 * (0.5 * 64 * 22 / 45 + 1) + 10 * (0.1 * 10)
    assert found.energy("GLB", "read") == pytest.approx(0.5 * read)
    assert found.energy("GLB", "write") == pytest.approx(0.5 * write)
    assert found.energy("GLB", "update") == found.energy("GLB", "write")
    assert found.area("GLB") == 3 * (2 * 64 * 1024 + 2 * 50)
    leak = 1e-9 * 1024 + 2 * 10 * 1e-9 * 10  # all parts leak where the class does not say how
    assert found.energy("GLB", "leak") == pytest.approx(0.5 * leak * 2e-9 * 1e12)


def test_the_terms_of_an_entry_make_its_energy(tmp_path):
    for entry in tables(tmp_path).energies:
        assert entry.energy == pytest.approx(entry.scale * sum(term.total for term in entry.terms))
    entry = next(e for e in tables(tmp_path).energies if (e.component, e.action) == ("GLB", "read"))
    assert [(term.part, term.kind, term.what, term.count, term.scale) for term in entry.terms] == [
        ("storage", "memory", "read", 1, 1),
        ("adders[0..1]", "adder", "add", 2, 10),
    ]


def test_a_compound_of_compounds_with_arguments_and_instances(tmp_path):
    found = tables(tmp_path)
    one = 0.5 * 32 * 22 / 45 + 2 * 10 * 0.1 * 4
    reads = {entry.arguments["used"]: entry.energy for entry in found.energies if entry.action == "read" and
             entry.component == "RF"}  # fmt: skip
    assert reads == {1: pytest.approx(one), 2: pytest.approx(2 * one)}
    write = (0.5 * 32 * 22 / 45 + 1) * 1 + 10 * 0.1 * 4
    assert found.energy("RF", "write") == pytest.approx(2 * 0.5 * write)
    assert found.area("RF") == 2 * 2 * (2 * 32 * 16 + 2 * 20)  # two halves, n_instances 2
    assert found.instances["RF"] == 4
    machine = PricedMachine(spec_of(tmp_path).state, MINE).machine
    level = next(level for level in machine.levels if level.name == "RF" and not level.is_fanout)
    assert level.read_energy == pytest.approx(2 * one)  # of several arguments the largest counts
    assert level.update_energy == found.energy("RF", "write")


def test_the_machine_has_the_energies_and_areas(tmp_path):
    priced = PricedMachine(spec_of(tmp_path).state, MINE)
    glb = next(level for level in priced.machine.levels if level.name == "GLB")
    assert glb.read_energy == priced.tables.energy("GLB", "read")
    assert glb.leak_energy == priced.tables.energy("GLB", "leak")
    assert glb.area_um2 == priced.tables.area("GLB")


TABLES = "\nERT: {version: 0.4, tables: [{name: GLB, actions: [{name: read, energy: 5}%s]}]}\n\nmapping:"


def test_a_complete_table_is_left_alone(tmp_path):
    given = ("\nmapping:", TABLES % ", {name: write, energy: 6}")
    found = PricedMachine(spec_of(tmp_path, given).state, MINE)
    glb = next(level for level in found.machine.levels if level.name == "GLB")
    assert (glb.read_energy, glb.fill_energy, glb.update_energy, glb.leak_energy) == (5, 6, 6, 0)
    assert glb.area_um2 == 0
    assert [entry.terms for entry in found.tables.energies if entry.component == "GLB"] == [(), ()]
    with pytest.raises(KeyError):
        found.tables.area("GLB")


def test_what_a_table_lacks_is_priced(tmp_path):
    found = PricedMachine(spec_of(tmp_path, ("\nmapping:", TABLES % "")).state, MINE)
    glb = next(level for level in found.machine.levels if level.name == "GLB")
    assert glb.read_energy == 5
    assert glb.fill_energy == found.tables.energy("GLB", "update") > 6
    assert glb.leak_energy == 0


def test_estimates_are_made_beside_a_complete_table(tmp_path):
    given = ("\nmapping:", TABLES % ", {name: write, energy: 6}")
    found = estimate_tables(spec_of(tmp_path, given, ("subclass: memory", "subclass: memorie")).state, MINE)
    assert found.energy("GLB", "read") == tables(tmp_path).energy("GLB", "read")
    assert len(found.notes) == 1
    assert "cannot price 'DRAM'" in found.notes[0]


def test_a_class_without_parts_gives_attributes_to_an_estimator(tmp_path):
    plain = "  - {name: narrow, attributes: {width: 8, depth: 4, class_only: 1}}\n  - name: pair\n"
    edits = ("  - name: pair\n", plain), ("subclass: memory", "subclass: narrow")
    with pytest.raises(SpecError, match="no estimator knows the class 'narrow'"):
        tables(tmp_path, *edits)


def test_an_attribute_chooses_the_estimator(tmp_path):
    mine = Registry()
    for accuracy in (50, 60):
        component("memory", accuracy=accuracy, source="tests", registry=mine)(_named(f"of_{accuracy}", accuracy))
    component("adder", source="tests", registry=mine)(ripple_adder)
    component("intmac", source="tests", registry=mine)(mac)

    def read(*edits: tuple[str, str]) -> float:
        return PricedMachine(spec_of(tmp_path, *edits).state, mine).tables.energy("DRAM", "read")

    assert read() == 60
    assert read(("depth: 4096", "depth: 4096, plug_in: 'of_50'")) == 50
    with pytest.raises(SpecError, match=r"of_60: its accuracy of 60 % is below the 70 % asked for; of_50: .* 70 %"):
        read(("depth: 4096", "depth: 4096, min_accuracy: 70"))


def _named(name: str, energy: float) -> Any:
    def function(*, width: Any) -> Estimate:
        return Estimate({"read": energy, "write": energy}, area_um2=width)

    function.__name__ = name
    return function


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("subclass: memory", "subclass: memry", 55, "no estimator knows the class 'memry', and no file defines it"),
        ("class: memory\n", "class: memry\n", 14, "cannot price 'GLB': no estimator knows the class 'memry'"),
        ("width: 64, depth: 4096", "depth: 4096, widt: 64", 55, "'width' is missing; did you mean 'widt'"),
        ("depth: lines}", "depth: lines, technology: -45}", 66, "must be above 0, not -45"),
        ("depth: lines}", 'depth: lines, technology: "fast"}', 66, "must be a number, not 'fast'"),
        ('"22nm"', '"fast"', 59, "must be a number, not 'fast'"),
        ("        depth: depth\n", "        depth: depht\n", 19, "'depht'"),
        ("max(32, width)", "max(32, widht)", 18, "name 'widht' is not defined; did you mean 'width'"),
        ("max(32, width)", "2e6", 18, "at most 1e+06, not 2e+06"),
        ("margin: 2", "margin: margin * 2", 12, "the attributes form a circle: margin -> margin"),
        ("depth: must_specify}", "depth: must_specify, ports: must_specify}", 70,
         "the attribute 'ports' is missing: the class 'pair' wants it specified"),
        ("class: buffer,", "class: pair,", 39, "the classes contain each other: pair -> pair"),
        ("repeat: width / 32", "repeat: -1", 28, "expected a number of at least 0, got -1"),
        ("repeat: width / 32", "repeat: many", 28, "expected a number of at least 0, got 'many'"),
        ("area_scale: margin", "area_scale: [2]", 16, "expected a number of at least 0, got [2]"),
        ('"adders[0..1]", actions', '"adders[0..2]", actions', 33, "adders[0..2] is not among the parts adders[0..1]"),
        ("adders[0..1]\n", "adders[0..width/3]\n", 20, "means 22.3333 parts"),
        ("name: storage, actions: [{name: read", "name: storag, actions: [{name: read", 32,
         "the class has no subcomponent 'storag'; did you mean 'storage'"),
        ("name: storage, actions: [{name: read", "name: storage, actions: [{name: red", 14,
         "it has no action 'red'; did you mean 'read'"),
        ("    - name: read\n      sub", "    - name: raed\n      sub", 63,
         "the class 'buffer' has no action 'read'; did you mean 'raed'"),
        ('used]", actions: [{name: read}', 'used]", actions: [{name: get}', 39, "class 'buffer' has no action 'get'"),
        ("name: adders[0..1]", "name: adders[0..", 20, "expected a name such as 'adder'"),
        ("used: 1..2", "used: 1..many", 42, "expected a number of at least 0, got 'many'"),
        ("used: 1..2", "used: 1..2.5", 42, "expected a range of whole numbers, got '1..2.5'"),
        ('    subcomponents:\n    - {name: "halves', '    subcomponent:\n    - {name: "halves', 38,
         "unknown key 'subcomponent' in a component class; did you mean 'subcomponents'"),
        ("  - name: pair\n", "  - name: buffer\n", 36, "the class 'buffer' is defined twice"),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_their_place(tmp_path, old, new, line, message):
    found = problems(tmp_path, (old, new))
    assert any(told.startswith(f"{line}: ") and message in told for told in found), found
    assert len(found) == len(set(found))


def test_all_mistakes_are_told_at_once(tmp_path):
    edits = ("subclass: memory", "subclass: memry"), ("bits: address_bits", "bit: address_bits")
    found = problems(tmp_path, *edits, ("    attributes: {datawidth: 16}\n", ""))
    assert [name for name in ("DRAM", "GLB", "RF", "MAC") if any(f"'{name}'" in told for told in found)] == [
        "DRAM", "GLB", "RF", "MAC",
    ]  # fmt: skip


def test_leakage_needs_a_clock(tmp_path):
    found = problems(tmp_path, ("global_cycle_seconds: 2e-9, ", ""))
    assert all("it leaks, and the attribute 'global_cycle_seconds' is missing" in told for told in found)
    assert len(found) == 3  # DRAM, GLB and RF; MAC does not leak


def test_tables_do_not_wait_for_what_only_an_evaluation_needs(tmp_path):
    sparse = (
        "    energy_scale: 0.5\n",
        "    energy_scale: 0.5\n    sparse_optimizations: {action_optimization: [%s]}\n",
    )
    gating = "{type: gating, options: [{target: A, condition_on: [Z]}]}"
    priced = PricedMachine(spec_of(tmp_path, (sparse[0], sparse[1] % gating)).state, MINE)
    assert priced.tables.energy("GLB", "read") > 0
    with pytest.raises(UnsupportedError, match="sparse"):
        _ = priced.machine


def test_an_estimator_that_is_added_counts_from_then_on(tmp_path):
    spec = spec_of(tmp_path, ("class: memory\n", "class: SRAM\n"), ("subclass: memory", "subclass: tests_late"),
                   ("class: adder", "class: intadder"))  # fmt: skip
    with pytest.raises(SpecError, match="no estimator knows the class 'tests_late'"):
        spec.lowered()
    component("tests_late", source="tests")(_named("tests_late", 3.0))
    try:
        assert spec.energy_tables().energy("DRAM", "read") == 3.0
        component("tests_late", source="tests")(_named("tests_late", 4.0))
        assert spec.energy_tables().energy("DRAM", "read") == 4.0
        assert spec.lowered().machine.levels[0].read_energy == 4.0
    finally:
        REGISTRY._estimators.pop("tests_late")


def test_plug_ins_that_a_file_names_are_not_run(tmp_path):
    named = ("\nmapping:", "\nglobals: {version: 0.4, accelergy_plug_ins: [mine.py]}\nmapping:")
    with pytest.raises(UnsupportedError, match="plug-ins that a file names"):
        _ = PricedMachine(spec_of(tmp_path, named).state, MINE).tables


def test_prices_carry_traced_numbers(tmp_path):
    jax = pytest.importorskip("jax")
    spec = spec_of(tmp_path)

    def read(lines: Any) -> Any:
        return PricedMachine(spec.with_values({"variables.lines": lines}).state, MINE).tables.area("GLB")

    assert read(1024) == 3 * (2 * 64 * 1024 + 2 * 50)
    assert float(jax.jit(read)(1024.0)) == read(1024)
    assert float(jax.grad(read)(1024.0)) == 3 * 2 * 64
