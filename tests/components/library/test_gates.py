"""Gates, flip-flops, adders and multiplexers: affine in their bits, worked by hand from NeuroSim's figures at 32 nm."""

from __future__ import annotations

import pytest

import accelax.components.library  # noqa: F401 - enters the estimators
from accelax.components import REGISTRY

FLIP_FLOP_PJ, FLIP_FLOP_UM2, FLIP_FLOP_W = 0.003107891, 2.614886, 2.412321e-10
TO_45 = 0.69302 / 0.456936
"""Stillmaker and Baas at 0.8 V: 0.70592 - 0.2896 + 0.2767 at 45 nm, 0.611776 - 0.62584 + 0.471 at 32 nm."""


def price(kind: str, **attributes):
    return REGISTRY.choose(kind, attributes).estimate


@pytest.mark.parametrize(
    ("kind", "share"), [("NAND_gate", 1 / 8), ("nor", 1 / 8), ("NOT_gate", 1 / 12), ("inverter", 1 / 12)]
)
def test_a_gate_spends_and_leaks_by_its_area(kind: str, share: float) -> None:
    """0.3268608 um2 is an eighth of a flip-flop, 0.2179072 um2 a twelfth."""
    gate = price(kind, technology=32, n_gates=5)

    for action in ("read", "compute", "switch"):
        assert gate.energy_pJ[action] == pytest.approx(5 * share * FLIP_FLOP_PJ, rel=1e-5)
    assert gate.area_um2 == pytest.approx(5 * share * FLIP_FLOP_UM2, rel=1e-5)
    assert gate.leak_power_W == pytest.approx(5 * share * FLIP_FLOP_W, rel=1e-5)


def test_a_flip_flop_at_another_node_and_supply() -> None:
    at_45, at_one_volt = (price("flip_flop", technology=45, width=2, voltage=volts) for volts in (0.8, 1.0))

    assert at_45.energy_pJ["write"] == pytest.approx(2 * FLIP_FLOP_PJ * TO_45, rel=1e-5)
    assert at_45.area_um2 == pytest.approx(2 * FLIP_FLOP_UM2 * 2.2)
    # 1.103 - 0.362 + 0.2767 at 1 V
    assert at_one_volt.energy_pJ["write"] / at_45.energy_pJ["write"] == pytest.approx(1.0177 / 0.69302)
    assert at_one_volt.leak_power_W / at_45.leak_power_W == pytest.approx(1.0177 / 0.69302)
    assert at_one_volt.area_um2 == at_45.area_um2


def test_there_are_two_sets_of_figures() -> None:
    old, new = (price("flip_flop", technology=32, n_bits=3, neurosim=name) for name in ("2023", "current"))

    assert old.energy_pJ["update"] == pytest.approx(3 * FLIP_FLOP_PJ)
    assert new.energy_pJ["update"] == pytest.approx(3 * 0.004770342)


def test_an_adder_has_a_constant_and_a_part_per_bit() -> None:
    adder = price("neurosim_adder", technology=32, n_bits=16)

    assert adder.energy_pJ["add"] == pytest.approx(0.001369784 + 16 * 0.002439393)
    assert adder.area_um2 == pytest.approx(2.94175 + 16 * 5.883497)
    assert adder.leak_power_W == pytest.approx(1.906535e-10 + 16 * 3.81307e-10)


def test_the_number_of_bits_goes_before_the_width() -> None:
    both = price("neurosim_adder", technology=32, n_bits=4, width=16)

    assert both.energy_pJ["add"] == price("neurosim_adder", technology=32, width=4).energy_pJ["add"]


def test_a_shift_add_may_have_a_short_register() -> None:
    usual, short = (price("shift_add", technology=32, n_bits=8, shift_register_n_bits=bits) for bits in (16, 9))

    assert usual.energy_pJ["shift_add"] == pytest.approx(0.00007503 + 8 * 0.01054337)
    assert usual.energy_pJ["shift_add"] - short.energy_pJ["shift_add"] == pytest.approx(7 * FLIP_FLOP_PJ)
    assert usual.leak_power_W - short.leak_power_W == pytest.approx(7 * FLIP_FLOP_W)


def test_a_multiplexer_of_five_inputs_has_four_switches_per_bit() -> None:
    """Three NAND gates and an inverter: 3 / 8 + 1 / 12 = 11 / 24 of a flip-flop."""
    mux = price("multiplexer", technology=32, width=6, n_inputs=5)

    assert mux.energy_pJ["select"] == pytest.approx(6 * 4 * 11 / 24 * FLIP_FLOP_PJ, rel=1e-5)
    assert mux.leak_power_W == pytest.approx(6 * 4 * 11 / 24 * FLIP_FLOP_W, rel=1e-5)
