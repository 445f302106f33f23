"""ISAAC and RAELLA: what the general model counts on them is what their parts do, counted in closed form."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import jax
import pytest

import accelax as ax
from accelax.ir import LoweredLevels, Mapping, Spatial, Storage, Temporal
from accelax.search.exhaustive import ExhaustiveSearch
from accelax.search.objective import parse_objective
from accelax.spec.timeloop.packing import IN_MEMORY_STEPS, packed
from accelax.spec.timeloop.specification import TimeloopSpecification
from tests.configs.in_memory_counts import FANOUTS, ISAAC, RAELLA, Loops, counts, rows_in_use

CIM = Path(__file__).parents[2] / "configs" / "cim"
VARIANTS = ("raella", "raella_no_speculation", "raella_no_speculation_2b_cells")
MACHINES = {"isaac": ISAAC, **dict.fromkeys(VARIANTS, RAELLA)}
LEVELS = ("chip", "tile", "macro")
"""The files of a whole chip; a tile or a macro alone leaves some out."""
LAYERS = {
    "first": {"C": 3, "M": 64, "R": 7, "S": 7, "P": 28, "Q": 28, "Wstride": 2, "Hstride": 2},
    "strided": {"C": 128, "M": 256, "R": 3, "S": 3, "P": 14, "Q": 14, "Wstride": 2, "Hstride": 2},
    "dense": {"C": 64, "M": 96, "R": 3, "S": 3, "P": 12, "Q": 12},
    "depthwise": {"C": 1, "M": 1, "R": 3, "S": 3, "P": 14, "Q": 14, "G": 96},
    "large": {"C": 512, "M": 512, "R": 3, "S": 3, "P": 7, "Q": 7},
    "connected": {"C": 512, "M": 1000, "R": 1, "S": 1, "P": 1, "Q": 1},
}


def machine(name: str, *more: str, levels: tuple[str, ...] = LEVELS, packing: bool = False) -> TimeloopSpecification:
    """A machine with more files, all below ``configs/cim``."""
    folder = "isaac" if name == "isaac" else "raella"
    files = ["problem.yaml", "chip.yaml", f"{folder}/variables.yaml", *more]
    files += [f"{folder}/{level}.yaml" for level in levels if level != "chip"]
    files += [f"raella/variants/{name}.yaml"] if folder == "raella" else []
    files += [f"packing/{level}.yaml" for level in levels] if packing else []
    spec = ax.Specification.from_yaml_files(*(CIM / file for file in files))
    assert isinstance(spec, TimeloopSpecification)
    return spec


def instance(layer: dict[str, int]) -> dict[str, int]:
    """A layer with what it leaves out."""
    return {"G": 1, "Wstride": 1, "Hstride": 1, **layer}


@pytest.fixture
def layer_file(tmp_path: Path) -> Any:
    """Writes a layer as a file."""

    def write(layer: dict[str, int]) -> str:
        path = tmp_path / "layer.yaml"
        path.write_text(f"problem: {{version: 0.4, instance: {instance(layer)}}}\n")
        return str(path)

    return write


def lowered(spec: ax.Specification) -> LoweredLevels:
    result = spec.lowered()
    assert isinstance(result, LoweredLevels)
    return result


def loops_of(spec: ax.Specification, mapping: Mapping) -> Loops:
    """The loops of a mapping by level, 1s left out."""
    extent, found, level = dict(lowered(spec).einsum.bounds), {}, ""
    for node in mapping.nodes:
        if isinstance(node, Storage):
            level = node.component
        elif isinstance(node, (Spatial, Temporal)):
            name = node.component if isinstance(node, Spatial) else level
            factor = extent[node.rank] // node.tile_shape
            extent[node.rank] = node.tile_shape
            if factor > 1:
                found.setdefault(name, {})[node.rank] = factor
    return found


def counted(spec: ax.Specification, mapping: Mapping) -> tuple[dict[str, float], dict[str, Any]]:
    """What the model counts, under the names of the closed form, and its whole result."""
    result = ax.evaluate(spec.with_mapping(mapping)).to_dict()

    def words(level: str, tensor: str, action: str) -> float:
        figures = result["levels"][level]["tensors"][tensor]
        return figures[action] * figures["utilized_instances"]

    found = {
        "pim_cell": words("pim_cell", "Weights", "reads"),
        "input_drivers": words("input_drivers", "Inputs", "reads"),
        "shift_add": words("shift_add", "Outputs", "updates"),
        "output_register updates": words("output_register", "Outputs", "updates"),
        "output_register reads": words("output_register", "Outputs", "reads"),
        "input_buffer reads": words("input_buffer", "Inputs", "reads"),
        "input_buffer fills": words("input_buffer", "Inputs", "fills"),
        "eDRAM_buf Inputs reads": words("eDRAM_buf", "Inputs", "reads"),
        "eDRAM_buf Inputs fills": words("eDRAM_buf", "Inputs", "fills"),
        "eDRAM_buf Outputs updates": words("eDRAM_buf", "Outputs", "updates"),
    }
    for level in ("timely_psubbuf", "column_readout", "output_quantize", "output_center_offset_correct"):
        if level in result["levels"]:
            found[level] = words(level, "Outputs", "reads")
    for level in ("inter_tile_network", "on_chip_network"):
        for tensor in ("Inputs", "Outputs"):
            found[f"{level} {tensor}"] = words(level, tensor, "reads")
    return found, result


def check(name: str, spec: ax.Specification, mapping: Mapping, layer: dict[str, int]) -> dict[str, Any]:
    """The model's counts and cycles are those of the closed form."""
    sizes, loops = dict(lowered(spec).einsum.bounds), loops_of(spec, mapping)
    expected = counts(MACHINES[name], loops, sizes, instance(layer))
    found, result = counted(spec, mapping)
    assert found == {part: expected[part] for part in found}, loops
    per_step = {"isaac": 100.0, "raella": 137.5}.get(name, 100.0)
    assert result["cycles"] == math.ceil(expected["steps"] * per_step)
    return result


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("name", ["isaac", "raella"])
def test_random_mappings_count_as_the_closed_form_does(name: str, layer: str, layer_file: Any) -> None:
    spec = machine(name, layer_file(LAYERS[layer]), packing=True)
    problem = ax.encode(spec)
    batch = problem.sample(jax.random.PRNGKey(7), 4)
    for i in range(4):
        check(name, spec, problem.decode(batch, i), LAYERS[layer])


def optimum(spec: ax.Specification) -> Mapping:
    """The mapping with the least energy-delay product, by scoring all."""
    search = ExhaustiveSearch(ax.encode(spec), parse_objective("edp"))
    found: list[Mapping] = []
    while not search.done:
        found = search.advance(math.inf, 5.0) or found
    assert search.size < 1000
    return found[-1]


@pytest.mark.parametrize("name", MACHINES)
def test_the_optimum_of_the_packed_mapspace_counts_as_the_closed_form_does(name: str, layer_file: Any) -> None:
    layer = LAYERS["strided"]
    spec = machine(name, layer_file(layer), packing=True)
    assert check(name, spec, optimum(spec), layer)["valid"]


# The first convolution of ResNet-18's third stage on RAELLA, by hand: 16 tiles, 2 x 2 x 2 macros, 3 crossbars, 3 x 128
# columns, 384 rows, and 7 x 14 positions of 8 bits: 784 activations.
CONVERSIONS = 16 * 8 * 3 * 384 * 784


def worked_example(name: str = "raella") -> dict[str, Any]:
    more = ("workload/resnet18_layer3_0_conv1.yaml", "mapping/raella_resnet18_layer3_0_conv1.yaml")
    spec = machine(name, *more)
    assert spec.mapping is not None
    return check(name, spec, spec.mapping, LAYERS["strided"])


def test_a_layer_worked_by_hand() -> None:
    result = worked_example()
    readout = result["levels"]["column_readout"]["tensors"]["Outputs"]
    assert result["valid"]
    assert CONVERSIONS == 115_605_504
    assert readout["reads"] * readout["utilized_instances"] == CONVERSIONS * 8
    assert result["cycles"] == 784 * 137.5
    # 1.42 pJ is a 7-bit conversion; of those, typically 42 % take place
    assert readout["energy_pJ"] == pytest.approx(CONVERSIONS * 1.42 * 0.42, rel=1e-9)


def test_without_speculation_every_column_is_converted_and_a_step_is_shorter() -> None:
    result = worked_example("raella_no_speculation")
    assert result["cycles"] == 784 * 100
    energy = result["levels"]["column_readout"]["tensors"]["Outputs"]["energy_pJ"]
    assert energy == pytest.approx(CONVERSIONS * 1.42, rel=1e-9)


def test_two_bit_cells_take_four_slices() -> None:
    spec = machine("raella_no_speculation_2b_cells", "workload/resnet18_layer3_0_conv1.yaml")
    assert dict(lowered(spec).einsum.bounds)["L"] == 4 * 8
    assert dict(lowered(machine("raella", "workload/resnet18_layer3_0_conv1.yaml")).einsum.bounds)["L"] == 3 * 8


def test_isaac_converts_four_times_as_often_and_dearer() -> None:
    """128 inputs fill the rows, 4 slices of 32 channels the columns: 9 x 256 / 32 arrays for every position and bit."""
    spec = machine("isaac", "workload/resnet18_layer3_0_conv1.yaml", packing=True)
    result = check("isaac", spec, optimum(spec), LAYERS["strided"])
    readout = result["levels"]["column_readout"]["tensors"]["Outputs"]
    conversions = 9 * (256 // 32) * 128 * (14 * 14 * 32) * 8
    assert conversions == 4 * CONVERSIONS
    assert readout["reads"] * readout["utilized_instances"] == conversions * 8
    # 16 mW over eight converters of 1.2 GS/s: 770.7 uJ
    assert readout["energy_pJ"] == pytest.approx(conversions * 16e-3 / (8 * 1.2e9) * 1e12, rel=1e-9)
    assert readout["energy_pJ"] == pytest.approx(770.7e6, rel=1e-4)


SIZES = {
    # words, instances
    "eDRAM_buf": {"isaac": (524288, 16), "raella": (524288, 16)},
    "output_quantize": {"isaac": (524288, 16), "raella": (524288, 16)},
    "input_buffer": {"isaac": (8192, 192), "raella": (16384, 128)},
    "output_register": {"isaac": (2048, 192), "raella": (2048, 512)},
    "inter_col_analog_inputs": {"isaac": (128, 1536), "raella": (512, 512)},
    "pim_cell": {"isaac": (2, 25165824), "raella": (8, 134217728)},
}


@pytest.mark.parametrize("name", ["isaac", "raella"])
def test_capacities(name: str) -> None:
    spec = machine(name, "workload/resnet18_layer3_0_conv1.yaml")
    levels = {level.name: level for level in lowered(spec).machine.levels if not level.is_fanout}
    for level, sizes in SIZES.items():
        words, instances = sizes[name]
        assert levels[level].size_words == words
        assert levels[level].mesh_x * levels[level].mesh_y == instances


@pytest.mark.parametrize("name", ["isaac", "raella"])
def test_more_inputs_than_rows_do_not_fit(name: str, layer_file: Any) -> None:
    """Windows side by side in a crossbar need more different inputs than one window."""
    layer = {"C": 16, "M": 1, "R": 3, "S": 3, "P": 14, "Q": 1}
    spec = machine(name, layer_file(layer))
    rows = {"isaac": 128, "raella": 512}[name]
    factors = {"isaac": {"C": 8, "R": 3, "S": 3}, "raella": {"C": 16, "R": 3, "S": 3}}[name]
    for side_by_side in (1, 2, 7, 14):
        slices = {"isaac": 4, "raella": 3}[name]
        targets = [
            {"target": "cim_unit", "type": "spatial", "factors": [f"{r}={f}" for r, f in factors.items()]},
            {"target": "crossbar", "type": "spatial", "factors": [f"C={16 // factors['C']}"]},
            {"target": "column", "type": "spatial", "factors": [f"P={side_by_side}", f"L={slices}"]},
            {"target": "input_buffer", "type": "temporal", "factors": [f"P={14 // side_by_side}"]},
            {"target": "chip", "type": "temporal", "factors": ["N=32"]},
        ]
        one = spec.with_constraints(targets)
        result = ax.evaluate(one).to_dict()
        assert one.mapping is not None
        inputs = rows_in_use(loops_of(one, one.mapping), instance(layer))
        assert inputs == factors["C"] * (side_by_side + 2) * 3
        assert result["valid"] == (inputs <= rows), result["reason_if_invalid"]


@pytest.mark.parametrize("name", ["isaac", "raella"])
@pytest.mark.parametrize("layer", ["first", "depthwise", "large"])
def test_packing_in_the_files_and_in_python_agree(name: str, layer: str, layer_file: Any) -> None:
    path = layer_file(LAYERS[layer])
    written = lowered(machine(name, path, packing=True))
    steps = lowered(packed(machine(name, path), IN_MEMORY_STEPS))
    for level, mine, other in zip(written.machine.levels, written.constraints, steps.constraints, strict=True):
        if level.name in FANOUTS and level.is_fanout:
            real = [{rank: f for rank, f in limits.fixed if f > 1} for limits in (mine, other)]
            assert real[0] == real[1], level.name


@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize("levels", [("chip", "macro"), ("chip", "tile", "macro")])
def test_a_macro_and_a_tile_stand_alone(name: str, levels: tuple[str, ...], layer_file: Any) -> None:
    layer = {"C": 32, "M": 16, "R": 3, "S": 3, "P": 4, "Q": 4}
    spec = machine(name, layer_file(layer), levels=levels, packing=True)
    spec.set("variables.TILES_PER_ARCH", 1)
    result = ax.map(spec, "edp", seconds=20, seed=1)
    assert result.gap == pytest.approx(0, abs=1e-6)
    assert result.mapping is not None
    found = ax.evaluate(spec.with_mapping(result.mapping)).to_dict()
    assert found["valid"]
    names = [level.name for level in lowered(spec).machine.levels]
    assert ("eDRAM_buf" in names) == ("tile" in levels)
    assert not any(level.is_fanout and level.name == "tile" for level in lowered(spec).machine.levels)
    # without quirks everything is priced as well, and leaks
    before = found["energy_pJ"]
    spec.set("variables.ARTIFACT_QUIRKS", "false")
    assert sum(level.leak_energy for level in lowered(spec).machine.levels) > 0
    assert ax.evaluate(spec.with_mapping(result.mapping)).to_dict()["energy_pJ"] != before


def test_every_file_is_covered() -> None:
    """Other machines stand in directories of their own, and have tests of their own."""
    covered = {"problem.yaml", "chip.yaml", "workload/resnet18_layer3_0_conv1.yaml"}
    covered |= {"mapping/raella_resnet18_layer3_0_conv1.yaml", *(f"packing/{level}.yaml" for level in LEVELS)}
    covered |= {f"{name}/{part}.yaml" for name in ("isaac", "raella") for part in ("variables", "tile", "macro")}
    covered |= {f"raella/variants/{name}.yaml" for name in VARIANTS}
    mine = set(CIM.glob("*.yaml"))
    for directory in ("isaac", "raella", "packing", "workload", "mapping"):
        mine |= set((CIM / directory).rglob("*.yaml"))
    assert {str(file.relative_to(CIM)) for file in mine} == covered
