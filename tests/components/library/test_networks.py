"""Routers, buses, wires and meshes at other widths, nodes and supplies, by hand."""

from __future__ import annotations

import pytest

import accelax.components.library  # noqa: F401 - enters the estimators
from accelax.components import REGISTRY

TO_45 = 0.69302 / 0.456936


def price(kind: str, **attributes):
    return REGISTRY.choose(kind, attributes).estimate


def test_a_router_goes_with_its_width_and_node() -> None:
    router = price("noc_router", technology=45, width=64)

    assert set(router.energy_pJ.values()) == {router.energy_pJ["transfer"]}
    assert router.energy_pJ["transfer"] == pytest.approx(20.74 / 4 * TO_45)
    assert router.area_um2 == pytest.approx(150e3 / 4 * 2.2)


def test_a_bus_takes_area_by_the_bit() -> None:
    bus = price("bus", technology=32, width=100)

    assert bus.energy_pJ["write"] == pytest.approx(5.4)
    assert bus.area_um2 == pytest.approx(2929.7)


def test_a_supply_of_a_router_is_that_of_logic() -> None:
    low, high = (price("router", technology=45, voltage=volts).energy_pJ["read"] for volts in (0.8, 1.0))

    assert high / low == pytest.approx(1.0177 / 0.69302)


def test_a_wire_is_a_capacitor_that_some_transfers_charge() -> None:
    """2 mm of 0.2 fF per um is 0.4 pF: at 1 V and a quarter of the time 0.1 pJ."""
    wire = price("wire", length=2e-3, voltage=1.0, activity=0.25)

    assert wire.energy_pJ["transfer"] == pytest.approx(0.1)
    assert wire.area_um2 == 0
    heavy = price("wire", length=2e-3, voltage=1.0, activity=0.25, capacitance_per_meter=6e-10)
    assert heavy.energy_pJ["transfer"] == pytest.approx(0.3)


def test_a_mesh_moves_words_of_its_datawidth_and_idles_for_nothing() -> None:
    mesh = price("mesh_noc", technology=32, n_PE_rows=2, n_PE_cols=2, width=64, datawidth=16, tile_side=1e-4)

    hop = 20.74 / 16 + 0.5 * 16 * 2e-10 * 1e-4 * 0.49 * 1e12
    assert mesh.energy_pJ["transfer_hop"] == pytest.approx(hop)
    assert mesh.energy_pJ["transfer"] == pytest.approx(2 * hop)
    assert mesh.energy_pJ["idle"] == 0
    assert mesh.area_um2 == pytest.approx(4 * 150e3 / 16)
