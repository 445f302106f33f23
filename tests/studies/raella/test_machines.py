"""The architectures: what the data of a layer set in them, and their areas."""

from __future__ import annotations

import pytest

from accelax.errors import SpecError
from accelax.studies.raella.machines import ARCHITECTURES, Machine, architecture_of
from accelax.studies.raella.networks import layers_of
from accelax.studies.raella.statistics import Statistics

RECORDED = Statistics(0.1, 0.2, 1.2, 0.6, 0.05, slices=2, slices_narrow=4, adc_share=0.4)


def test_each_architecture_reads_its_own_statistics() -> None:
    layer = layers_of("resnet18")[3]
    isaac, narrow, plain, raella = (entry.variables(layer, RECORDED) for entry in ARCHITECTURES)
    assert isaac == {"INPUT_VALUE": 0.1, "WEIGHT_VALUE": 0.6}
    assert plain == {"INPUT_VALUE": 0.2, "WEIGHT_VALUE": 0.05, "ADC_SHARE": 1.0, "INPUT_PASSES": 1.0}
    assert narrow == plain
    assert raella == {"INPUT_VALUE": 1.2, "WEIGHT_VALUE": 0.05, "ADC_SHARE": 0.4, "INPUT_PASSES": 1.0}
    assert [entry.slices(RECORDED) for entry in ARCHITECTURES] == [None, 4, 2, 2]


def test_signed_inputs_take_two_passes_on_raella() -> None:
    layer = layers_of("qdqbert")[0]
    assert architecture_of("raella").variables(layer, RECORDED)["INPUT_PASSES"] == 2.0
    assert "INPUT_PASSES" not in architecture_of("isaac_like").variables(layer, RECORDED)


def test_an_unknown_architecture() -> None:
    with pytest.raises(SpecError, match="did you mean 'isaac_like'"):
        architecture_of("isaac_lik")


@pytest.fixture(scope="module")
def raella() -> Machine:
    return Machine(architecture_of("raella"))


def test_sizes_and_areas(raella: Machine) -> None:
    assert raella.lanes == {
        "tile": 16, "macro": 8, "crossbar": 4, "column": 512, "cim_unit": 512, "bitwise_virtualization": 64,
    }  # fmt: skip
    assert raella.slices(RECORDED) == 2
    # 16 tiles of 8 macros of 4 crossbars with 4 converters of 845.18 um2 each.
    assert raella.area_um2["column_readout"] == pytest.approx(16 * 8 * 4 * 4 * 845.18)
    assert sum(raella.area_um2.values()) == pytest.approx(10.70e6, rel=1e-3)


def test_prices_follow_the_data(raella: Machine) -> None:
    layers = [layers_of("resnet18")[3], layers_of("qdqbert")[0]]
    image, signed = raella.prices(layers, [RECORDED, RECORDED])
    names = raella.problem.structure.level_names
    readout, cell = names.index("column_readout"), names.index("pim_cell")
    assert image.energies[0, readout] == pytest.approx(0.4 * 1.42)
    assert signed.energies[0, readout] == pytest.approx(2 * 0.4 * 1.42)
    # 100 ns, 11/8 of it with speculation, and twice that for two passes.
    assert 8 / image.hardware.read_bandwidth[cell] == pytest.approx(137.5)
    assert 8 / signed.hardware.read_bandwidth[cell] == pytest.approx(275.0)
    assert isinstance(image.hardware.read_bandwidth[cell], float)
    spec = raella.layer_specification(layers[0], RECORDED).lowered()
    assert [level.read_energy for level in spec.machine.levels if not level.is_fanout] == pytest.approx(
        [
            energy
            for energy, fanout in zip(image.energies[0], raella.problem.structure.is_fanout, strict=True)
            if not fanout
        ]
    )


def test_settings_are_put_into_the_specification() -> None:
    machine = Machine(architecture_of("isaac_like"), batch=4, tiles=2, settings={"variables.MACROS_PER_TILE": 3})
    assert machine.lanes["tile"] == 2
    assert machine.lanes["macro"] == 3
    assert machine.lowered.einsum.bound("N") == 4
    # Weights of 8 bits in cells of 2.
    assert machine.slices(RECORDED) == 4
