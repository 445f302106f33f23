"""Register files with address adders, and buffers with metadata, by hand at 45 nm."""

from __future__ import annotations

import pytest

import accelax.components.library  # noqa: F401 - enters the estimators
from accelax.components import REGISTRY

TO_45 = 0.69302 / 0.456936
"""From 32 nm, where NeuroSim's adders are stated."""


def price(kind: str, **attributes):
    return REGISTRY.choose(kind, {"technology": 45, **attributes}).estimate


def adder_pJ(bits: int) -> float:
    """NeuroSim's adder of 2023 at 45 nm."""
    return (0.001369784 + bits * 0.002439393) * TO_45


def adder_um2(bits: int) -> float:
    return (2.94175 + bits * 5.883497) * 2.2


def test_a_small_register_file_is_cut_from_the_least_one() -> None:
    """12 words of 16 bit: half the width and (12 / 64)^0.78 of 64 words of 32 bit, and addresses of four bits."""
    buffer = price("smartbuffer_RF", width=16, depth=12)

    share = 0.5 * (12 / 64) ** 0.78
    assert buffer.energy_pJ["write"] == pytest.approx(share * 64 * 0.02947 + adder_pJ(4))
    assert buffer.energy_pJ["read"] == pytest.approx(share * (64 * 0.02947 + 32 * 0.009) + adder_pJ(4))
    cut = 0.5 * 12 / 64
    assert buffer.area_um2 == pytest.approx(cut * 64 * (5.98 * 32 + 71) + 2 * adder_um2(4))
    leak = cut * 64 * 25.1e-9 + 2 * (1.906535e-10 + 4 * 3.81307e-10) * TO_45
    assert buffer.leak_power_W == pytest.approx(leak)


def test_a_large_register_file_is_not_cut() -> None:
    buffer, plain = price("smartbuffer_RF", width=48, depth=128), price("regfile", width=48, depth=128)

    assert plain.energy_pJ["read"] == pytest.approx(128 * 0.02947 + 48 * 0.009)
    assert buffer.energy_pJ["read"] == pytest.approx(plain.energy_pJ["read"] + adder_pJ(7))
    assert buffer.area_um2 == pytest.approx(plain.area_um2 + 2 * adder_um2(7))


def test_addresses_may_be_stepped_by_aladdins_adder() -> None:
    memory = price("SRAM", width=64, depth=1024)
    buffer = price("smartbuffer_SRAM", width=64, depth=1024, address_adder="aladdin")
    adder = price("intadder", width=10)

    assert adder.energy_pJ["add"] == pytest.approx(1.265 * 0.21 * 10 / 32, rel=1e-3)
    for action, energy in memory.energy_pJ.items():
        assert buffer.energy_pJ[action] == pytest.approx(energy + adder.energy_pJ["add"])
    assert buffer.area_um2 == pytest.approx(memory.area_um2 + 2 * adder.area_um2)
    assert buffer.leak_power_W == pytest.approx(memory.leak_power_W + 2 * adder.leak_power_W)
    assert buffer.latency_s == memory.latency_s


@pytest.mark.parametrize("kind", ["smartbuffer_metadata", "regfile_metadata"])
def test_a_buffer_with_metadata_is_two_buffers_and_two_counters(kind: str) -> None:
    alone = {"smartbuffer_metadata": "smartbuffer_SRAM", "regfile_metadata": "smartbuffer_RF"}[kind]
    both = price(
        kind, width=64, depth=512, metadata_storage_width=8, metadata_storage_depth=128, metadata_counter_width=4
    )
    data, metadata, counter = (
        price(alone, width=64, depth=512),
        price(alone, width=8, depth=128),
        price("adder", width=4),
    )

    assert both.energy_pJ["read"] == pytest.approx(data.energy_pJ["read"])
    assert both.energy_pJ["metadata_write"] == pytest.approx(metadata.energy_pJ["write"])
    assert both.energy_pJ["compression_count"] == both.energy_pJ["decompression_count"]
    assert both.energy_pJ["compression_count"] == pytest.approx(counter.energy_pJ["add"])
    assert both.area_um2 == pytest.approx(data.area_um2 + metadata.area_um2 + 2 * counter.area_um2)
    assert both.leak_power_W == pytest.approx(data.leak_power_W + metadata.leak_power_W + 2 * counter.leak_power_W)


def test_without_metadata_its_buffer_is_the_least_one() -> None:
    none = price("regfile_metadata", width=64, depth=512, metadata_storage_width=0, metadata_storage_depth=0)

    assert none.energy_pJ["metadata_read"] == price("smartbuffer_RF", width=1, depth=1).energy_pJ["read"]
    assert none.energy_pJ["compression_count"] == 0
