"""Sweeps from end to end, in one process."""

from __future__ import annotations

import json

import pytest

import accelax as ax
from accelax.spec.layers import Layer
from accelax.sweeps import SweepResult
from accelax.sweeps.journal import written
from accelax.sweeps.pricing import compilations

DEPTH, READ = "architecture.buffer.attributes.depth", "architecture.buffer.attributes.read_bandwidth"
MEMORY = "architecture.main_memory.attributes.read_bandwidth"


def evaluated(spec, row):
    """The figures that ``accelax.evaluate`` has for a row."""
    twin = spec.with_values({path: value for path, value in row["values"].items() if not path.startswith("rules.")})
    if "rules.halo" in row["values"]:
        twin.set("rules.halo", row["values"]["rules.halo"])
    return ax.evaluate(twin).to_dict()


def assert_equal(row, figures):
    assert row["valid"] is figures["valid"]
    assert row["cycles"] == figures["cycles"]
    assert row["latency_s"] == pytest.approx(figures["latency"], rel=1e-12, abs=0)
    for name in ("energy_pJ", "edp", "area_um2"):
        assert row[name] == pytest.approx(figures[name], rel=1e-12, abs=0)


def test_few_points_are_evaluated_one_by_one_and_exactly(small):
    before = compilations()
    found = ax.sweep(small, {DEPTH: [256, 512], READ: [1, 3]})
    assert compilations() == before
    assert [row["valid"] for row in found.points] == [False, False, True, True]
    for row in found.points:
        figures = evaluated(small, row)
        for name in ("energy_pJ", "cycles", "edp", "area_um2"):
            assert row[name] == figures[name]
    assert found.best()["values"] == {DEPTH: 512, READ: 3}
    assert found.points[0]["layers"]["violation"] == [1.0]


def test_many_points_take_one_compilation_over_several_chunks(small):
    seen = []
    before = compilations()
    axes = {DEPTH: [256, 512, 600], READ: [1.0, 2.5, 3.0, 7.0, 12.0], MEMORY: (1, 2)}
    axes[MEMORY] = [0.5, 1.0, 2.0, 4.0, 8.0]
    found = ax.sweep(small, axes, chunk=20, progress=seen.append)
    assert compilations() == before + 1
    assert found.header["traced"] == [DEPTH, READ, MEMORY]
    assert [progress.done for progress in seen] == [0, 20, 40, 60, 75]
    assert [row["point"] for row in found.points] == list(range(75))
    for row in found.points[::7]:
        assert_equal(row, evaluated(small, row))


def test_other_paths_are_grouped_by_their_values(small, tmp_path):
    reads = [float(n) for n in range(1, 71)]
    axes = {"rules.halo": ["timeloop", "exact"], READ: reads, "variables.technology": ["45nm"]}
    found = ax.sweep(small, axes, output=tmp_path / "r.jsonl", chunk=64)
    assert found.header["traced"] == [READ]
    assert len(found.points) == 140
    for row in (found.points[0], found.points[69], found.points[70], found.points[139]):
        assert_equal(row, evaluated(small, row))


def test_a_network_is_totalled_with_its_counts(small):
    alone = ax.sweep(small, {READ: [1, 3]}).points
    found = ax.sweep([Layer(small, "a", 3), Layer(small, "b")], {READ: [1, 3]})
    for one, both in zip(alone, found.points, strict=True):
        assert both["energy_pJ"] == 3 * one["energy_pJ"] + one["energy_pJ"]
        assert both["cycles"] == 4 * one["cycles"]
        assert both["edp"] == both["energy_pJ"] * 1e-12 * both["cycles"]
        assert both["area_um2"] == one["area_um2"]
    assert found.header["networks"] == {"": [["a", 3], ["b", 1]]}


def test_problems_are_an_axis(root):
    folder = root / "configs/workload/bert_base"
    machine = ax.Specification.from_yaml_files(root / "configs/arch/two_level.yaml", folder / "layer_03.yaml")
    files = [str(folder / "layer_01.yaml"), [str(folder / "layer_01.yaml"), str(folder / "layer_03.yaml")]]
    found = ax.sweep(machine, {"problem": files, READ: [3]}, map=True, tolerance=0.5, seconds=3)
    one, two = found.points
    assert one["valid"]
    assert two["valid"]
    assert [name for name, _ in found.layers_of(one)] == ["attention.projections"]
    assert len(found.layers_of(two)) == 2
    layer = ax.read_layers(root / "configs/arch/two_level.yaml", files[0])[0]
    again = ax.evaluate(layer.specification.with_mapping(found.mapping(0)))
    assert one["cycles"] == layer.count * again.to_dict()["cycles"]
    assert one["gap"] <= 0.5


def test_every_point_is_searched_from_the_one_before(small, monkeypatch, tmp_path):
    from accelax.sweeps import searching

    starts = []
    original = searching.Started
    monkeypatch.setattr(searching, "Started", lambda inner, given: starts.append(len(given)) or original(inner, given))
    machine = ax.Specification.from_dict({k: v for k, v in small._raw.items() if k != "mapping"})
    file = tmp_path / "r.jsonl"
    found = ax.sweep(machine, {DEPTH: [512, 600, 700]}, map=True, tolerance=0.3, seconds=3, chunk=2, output=file)
    assert starts == [1]
    assert all(row["valid"] and row["gap"] <= 0.3 for row in found.points)
    for row in found.points:
        mapping = found.mapping(row["point"])
        again = ax.evaluate(machine.with_values(row["values"]).with_mapping(mapping)).to_dict()
        assert (row["energy_pJ"], row["cycles"]) == (again["energy_pJ"], again["cycles"])
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:2]))
    ax.sweep(machine, {DEPTH: [512, 600, 700]}, map=True, tolerance=0.3, seconds=3, chunk=2, output=file)
    assert starts == [1, 1]


def test_a_mapping_searched_once_is_kept_also_in_the_file(small, tmp_path):
    machine = ax.Specification.from_dict({k: v for k, v in small._raw.items() if k != "mapping"})
    file = tmp_path / "r.jsonl"
    found = ax.sweep(machine, {DEPTH: [512, 600]}, map="once", tolerance=0.3, seconds=3, output=file)
    assert found.mapping(0) == found.mapping(1)
    again = ax.evaluate(machine.with_values({DEPTH: 600}).with_mapping(found.mapping(1))).to_dict()
    assert found.points[1]["energy_pJ"] == again["energy_pJ"]
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:-1]))
    resumed = ax.sweep(machine, {DEPTH: [512, 600]}, map="once", tolerance=0.3, seconds=3, output=file)
    assert resumed.points == found.points


def test_the_accelforge_dialect_is_swept_point_by_point(tree):
    found = ax.sweep(tree, {"arch.global_buffer.leak_power": [1e-5, 2e-5]})
    for row, leak in zip(found.points, (1e-5, 2e-5), strict=True):
        tree.set("arch.global_buffer.leak_power", leak)
        figures = ax.evaluate(tree).to_dict()
        assert row["energy_pJ"] == figures["energy"] * 1e12
        assert row["cycles"] is None
        assert row["edp"] == pytest.approx(figures["edp"], rel=1e-12)
    assert found.best("delay") is found.points[0]


def test_a_point_that_cannot_be_evaluated_is_a_row_with_its_reason(small):
    found = ax.sweep(small, {"problem.instance.M": [512, 500], READ: [1, 3]})
    assert [row["valid"] for row in found.points] == [True, True, False, False]
    assert "the factors of 'M' make 512" in found.points[2]["reason"]
    assert found.points[2]["energy_pJ"] is None


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ({"architecture.buffer.attributes.dept": [1]}, "nothing called 'dept'; did you mean 'depth'"),
        ({"architecture.bufer.attributes.depth": [1]}, "did you mean 'buffer'"),
        ({"architecture.buffer.atributes.depth": [1]}, "nothing called 'atributes'; did you mean 'attributes'"),
        ({"problem.instanc.M": [1]}, "nothing called 'instanc'; did you mean 'instance'"),
        ({"architecture.nodes[9].attributes.depth": [1]}, r"no item 9 in architecture.nodes"),
        ({DEPTH: [512, "abc"]}, rf"cannot evaluate 'abc'.*\(by the axis {DEPTH}\)"),
        ({DEPTH: (512, 64)}, f"{DEPTH}: the range is reversed"),
        ({DEPTH: [0, 64]}, "expected an integer of at least 1, got 0"),
        ({"rules.hallo": ["exact"]}, "unknown rule 'hallo'; did you mean 'halo'"),
        ({"rules.halo": ["exac"]}, "did you mean 'exact'"),
        ({"problem": ["nowhere.yaml"]}, "nowhere.yaml"),
    ],
)
def test_wrong_paths_and_values_are_named_before_anything_is_written(small, tmp_path, axes, message):
    with pytest.raises(ax.SpecError, match=message):
        ax.sweep(small, axes, output=tmp_path / "r.jsonl")
    assert not (tmp_path / "r.jsonl").exists()


def test_all_wrong_paths_are_reported_at_once(small):
    with pytest.raises(ax.SpecError) as caught:
        ax.sweep(small, {"architecture.bufer.attributes.depth": [1], "variables.nothing": [1]})
    paths = [problem.path for problem in caught.value.problems]
    assert paths == ["architecture.bufer.attributes.depth", "variables.nothing"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"map": "twice"}, "expected False, True or 'once'"),
        ({"objective": "speed"}, "unknown objective 'speed'"),
        ({"objective": "last_level_accesses"}, "totals energy, delay and edp"),
        ({"chunk": 0}, "chunk: expected how many"),
        ({"seconds": -1}, "seconds: expected a finite number that is not negative, got -1"),
        ({"tolerance": float("nan")}, "tolerance: expected a finite number"),
        ({"seed": -1}, "seed: expected a whole number"),
    ],
)
def test_wrong_arguments_are_refused(small, arguments, message):
    with pytest.raises(ax.SpecError, match=message):
        ax.sweep(small, {READ: [1]}, **arguments)


def test_without_a_mapping_the_sweep_says_what_to_do(small):
    machine = ax.Specification.from_dict({k: v for k, v in small._raw.items() if k != "mapping"})
    with pytest.raises(ax.SpecError, match="no complete mapping of layer 1: sweep with map=True or map='once'"):
        ax.sweep(machine, {READ: [1]})


def test_what_is_no_specification_is_refused():
    with pytest.raises(ax.SpecError, match="expected a specification, a layer or a list"):
        ax.sweep("arch.yaml", {READ: [1]})


def test_a_changed_specification_is_another_sweep(small, tmp_path):
    ax.sweep(small, {READ: [1]}, output=tmp_path / "r.jsonl")
    small.set(MEMORY, 7)
    with pytest.raises(ax.SpecError, match="the file is of another sweep: it has fingerprint"):
        ax.sweep(small, {READ: [1]}, output=tmp_path / "r.jsonl")


def test_results_are_read_again_as_they_were(small, tmp_path):
    pandas = pytest.importorskip("pandas")
    file = tmp_path / "r.jsonl"
    found = ax.sweep(small, {READ: [1, 3], MEMORY: [1, 2]}, mode="zip", objective="energy", output=file)
    read = SweepResult.read(file)
    assert read.points == found.points
    assert read.complete
    assert read.best("edp")["values"] == {READ: 3, MEMORY: 2}
    read.to_csv(tmp_path / "r.csv")
    table = pandas.read_csv(tmp_path / "r.csv")
    assert table["energy_pJ"].tolist() == [row["energy_pJ"] for row in found.points]
    assert read.frame()[READ].tolist() == [1, 3]
    assert read.points[0]["value"] == read.points[0]["energy_pJ"]
    with pytest.raises(ax.SpecError, match="did you mean 'energy'"):
        read.best("enrgy")
    with pytest.raises(ax.SpecError, match=r"x/r.csv: cannot be written"):
        read.to_csv(tmp_path / "x" / "r.csv")


def test_parts_of_one_sweep_are_joined_and_others_refused(small, tmp_path):
    file = tmp_path / "r.jsonl"
    ax.sweep(small, {READ: [1, 3]}, output=file)
    header, first, second = file.read_text().splitlines(keepends=True)
    file.unlink()
    (tmp_path / "r.jsonl.part0").write_text(header + second)
    (tmp_path / "r.jsonl.part1").write_text(header + first)
    assert [row["point"] for row in SweepResult.read(file).points] == [0, 1]
    other = {name: value for name, value in json.loads(header).items() if name != "crc"} | {"fingerprint": "other"}
    (tmp_path / "r.jsonl.part2").write_bytes(written(other))
    with pytest.raises(ax.SpecError, match=r"part2:1:1: the part is of another sweep"):
        SweepResult.read(file)


def test_parquet_is_written_or_its_package_named(small, tmp_path):
    pytest.importorskip("pandas")
    found = ax.sweep(small, {READ: [1, 3]})
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        with pytest.raises(ax.SpecError, match="pip install pyarrow"):
            found.to_parquet(tmp_path / "r.parquet")
        return
    import pandas

    found.to_parquet(tmp_path / "r.parquet")
    assert pandas.read_parquet(tmp_path / "r.parquet")[READ].tolist() == [1, 3]
