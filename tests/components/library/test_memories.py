"""SRAM, caches, register files, smart buffers and DRAM against figures of CACTI and of published energy tables."""

from __future__ import annotations

import numpy as np
import pytest

import accelax.components.library  # noqa: F401 - enters the estimators
from accelax.components import REGISTRY, NoEstimate
from accelax.components.library import sram as law
from accelax.components.library.smart_buffers import address_bits

SRAM_FIGURES = [
    # class, attributes, read and write in pJ, of CACTI as Accelergy's users have it
    ("SRAM", {"technology": 45, "width": 128, "depth": 512}, 9.65, 12.62),
    ("smartbuffer_SRAM", {"technology": 45, "width": 64, "depth": 16384, "n_banks": 32}, 32.3, 26.1),
    ("smartbuffer_SRAM", {"technology": 45, "width": 256, "depth": 2048}, 51.9, 66.3),
    ("smartbuffer_SRAM", {"technology": 45, "width": 16, "depth": 192}, 0.68, 1.58),
    ("smartbuffer_SRAM", {"technology": 32, "width": 64, "depth": 16384, "n_banks": 32}, 18.18, 14.14),
]
REGISTER_FIGURES = [
    # width, depth, read and write in pJ of a smart register file at 45 nm
    (16, 12, 0.311, 0.272), (16, 16, 0.385, 0.336), (16, 24, 0.539, 0.472), (16, 192, 3.01, 2.86),
    (16, 224, 3.50, 3.35), (32, 192, 5.98, 5.69), (8, 2048, 15.2, 15.2), (64, 4096, 121, 121), (64, 8192, 242, 242),
    (512, 1, 0.26, 0.08),
]  # fmt: skip


def price(kind: str, **attributes):
    return REGISTRY.choose(kind, attributes).estimate


def test_sram_is_within_a_tenth_of_cacti_in_the_median() -> None:
    errors = []
    for kind, attributes, read, write in SRAM_FIGURES:
        energies = price(kind, **attributes).energy_pJ
        errors += [abs(energies["read"] / read - 1), abs(energies["write"] / write - 1)]

    assert np.median(errors) < 0.02
    assert np.max(errors) < 0.2


def test_a_knot_is_cacti_s_own_figure() -> None:
    estimate = price("SRAM", technology=45, width=64, depth=16384)

    assert estimate.energy_pJ["read"] == pytest.approx(32.29)
    assert estimate.energy_pJ["write"] == estimate.energy_pJ["update"] == pytest.approx(26.07)
    assert estimate.area_um2 == pytest.approx(429589, rel=0.1)
    assert estimate.leak_power_W == pytest.approx(3.34e-6, rel=0.1)
    assert estimate.latency_s["read"] == pytest.approx(1.65e-9, rel=0.3)


def test_between_knots_energy_is_a_power_law() -> None:
    middle = price("SRAM", technology=45, width=64, depth=64 * 2**2.5).energy_pJ["read"]

    assert middle == pytest.approx((2.756 * 3.386) ** 0.5)


def test_smaller_than_cacti_s_least_memory_follows_accelergy_s_rule() -> None:
    least = price("SRAM", technology=45, width=32, depth=64)
    small = price("SRAM", technology=45, width=16, depth=16)

    assert small.energy_pJ["read"] / least.energy_pJ["read"] == pytest.approx((0.3 + 0.7 / 2) * 0.25**0.78)
    assert small.area_um2 / least.area_um2 == pytest.approx(1 / 8)
    assert small.leak_power_W / least.leak_power_W == pytest.approx(1 / 8)


def test_a_second_port_and_banks() -> None:
    plain = price("SRAM", technology=45, width=64, depth=1024)
    ported = price("SRAM", technology=45, width=64, depth=1024, n_rw_ports=2)
    banked = price("SRAM", technology=45, width=64, depth=1024, n_banks=16)

    assert ported.energy_pJ["read"] / plain.energy_pJ["read"] == pytest.approx(1.28)
    assert ported.area_um2 / plain.area_um2 == pytest.approx(2**1.1)
    assert banked.energy_pJ["read"] == plain.energy_pJ["read"]
    assert banked.area_um2 > plain.area_um2
    assert banked.latency_s["read"] < plain.latency_s["read"]
    assert price("SRAM", technology=45, width=64, depth=1024, n_rdwr_ports=2).area_um2 == ported.area_um2


def test_nodes_between_cacti_s_are_linear_and_those_beyond_are_powers() -> None:
    def read(node: float) -> float:
        return price("SRAM", technology=node, width=64, depth=1024).energy_pJ["read"]

    assert read(32) / read(45) == pytest.approx(0.5520)
    assert read(38.5) / read(45) == pytest.approx((1 + 0.5520) / 2)
    assert read(11) / read(22) == pytest.approx(0.5**0.5)
    assert read(180) / read(90) == pytest.approx(4.0)


@pytest.mark.parametrize("kind", ["SRAM", "smartbuffer_SRAM", "smartbuffer_RF", "regfile", "cache"])
@pytest.mark.parametrize("varied", ["width", "depth"])
def test_a_larger_memory_never_costs_less(kind: str, varied: str) -> None:
    sizes = np.unique(np.round(np.geomspace(4, 4096, 60)))
    estimates = [price(kind, **{"technology": 45, "width": 64, "depth": 512, varied: size}) for size in sizes]

    for values in (
        [e.energy_pJ["read"] for e in estimates],
        [e.energy_pJ["write"] for e in estimates],
        [e.area_um2 for e in estimates],
        [e.leak_power_W for e in estimates],
    ):
        assert np.all(np.diff(values) >= -1e-12 * np.abs(values[1:]))


def test_knots_grow_with_width_and_depth() -> None:
    for knots in (np.array(law.READ_PJ), np.array(law.WRITE_PJ)):
        assert knots.shape == (len(law.WIDTHS), len(law.DEPTHS))
        assert np.all(np.diff(knots, axis=0) > 0)
        assert np.all(np.diff(knots, axis=1) > 0)


def test_a_cache_reads_tags_and_all_ways() -> None:
    plain = price("SRAM", technology=45, width=128, depth=256).energy_pJ["read"]
    one, four = (
        price("cache", technology=45, width=128, depth=256, associativity=ways, tag_size=32) for ways in (1, 4)
    )

    assert one.energy_pJ["read"] == pytest.approx(
        plain + price("SRAM", technology=45, width=32, depth=256).energy_pJ["read"]
    )
    assert four.energy_pJ["read"] > one.energy_pJ["read"]


@pytest.mark.parametrize(("width", "depth", "read", "write"), REGISTER_FIGURES)
def test_smart_register_files_match_the_published_tables(width: int, depth: int, read: float, write: float) -> None:
    energies = price("smartbuffer_RF", technology=45, width=width, depth=depth).energy_pJ

    assert energies["read"] == pytest.approx(read, rel=0.03)
    assert energies["write"] == pytest.approx(write, rel=0.03)


def test_a_register_file_worked_by_hand() -> None:
    estimate = price("regfile", technology=45, width=8, depth=64)

    assert estimate.energy_pJ["write"] == pytest.approx(64 * 0.02947)  # 1.88608
    assert estimate.energy_pJ["read"] == pytest.approx(64 * 0.02947 + 8 * 0.009)  # 1.95808
    assert estimate.area_um2 == pytest.approx(64 * (8 * 5.98 + 71))  # 7605.76
    assert estimate.leak_power_W == pytest.approx(1.606e-6, rel=2e-3)


def test_a_smart_buffer_adds_one_addition_and_two_adders() -> None:
    memory = price("SRAM", technology=32, width=64, depth=1000)
    smart = price("smartbuffer_SRAM", technology=32, width=64, depth=1000)

    assert smart.energy_pJ["read"] - memory.energy_pJ["read"] == pytest.approx(0.001369784 + 10 * 0.002439393)
    assert smart.area_um2 - memory.area_um2 == pytest.approx(2 * (2.94175 + 10 * 5.883497))
    aladdin = price("smartbuffer_SRAM", technology=45, width=64, depth=1000, address_adder="Aladdin")
    memory = price("SRAM", technology=45, width=64, depth=1000)
    assert aladdin.energy_pJ["read"] - memory.energy_pJ["read"] == pytest.approx(0.266 * 10 / 32, rel=1e-2)


@pytest.mark.parametrize(
    ("kind", "width", "depth", "pJ_per_ns"),
    [
        ("smartbuffer_SRAM", 64, 16384, 0.003351),
        ("smartbuffer_RF", 16, 192, 0.002416),
        ("smartbuffer_RF", 64, 4096, 0.1045),
    ],
)
def test_smart_buffers_leak_as_published(kind: str, width: int, depth: int, pJ_per_ns: float) -> None:
    leak = price(kind, technology=45, width=width, depth=depth).leak_power_W

    assert leak == pytest.approx(pJ_per_ns * 1e-12 / 1e-9, rel=0.1)


def test_address_bits() -> None:
    assert [address_bits(depth) for depth in (1, 2, 3, 64, 65)] == [1, 1, 2, 6, 7]


def test_metadata_buffers_have_actions_of_their_own() -> None:
    attributes = {"technology": 45, "width": 64, "depth": 12800, "metadata_storage_width": 32}
    both = price("smartbuffer_metadata", **attributes, metadata_storage_depth=4096, metadata_counter_width=9)

    assert both.energy_pJ["read"] == pytest.approx(28.4, rel=0.1)
    assert both.energy_pJ["metadata_read"] == pytest.approx(10.06, rel=0.1)
    assert both.energy_pJ["compression_count"] == pytest.approx(0.059 * 1.265, rel=0.01)
    none = price(
        "regfile_metadata", technology=45, width=8, depth=64, metadata_storage_width=0, metadata_storage_depth=0
    )
    assert none.energy_pJ["compression_count"] == 0.0


@pytest.mark.parametrize(
    ("type_", "pJ_per_bit"),
    [
        ("LPDDR4", 8),
        ("LPDDR", 40),
        ("DDR3", 70),
        ("GDDR5", 14),
        ("HBM2", 3.9),
        ("DDR4", 20),
        ("GDDR6", 7.5),
        ("HBM3", 4.05),
    ],
)
def test_dram_by_type_as_attribute_and_as_class(type_: str, pJ_per_bit: float) -> None:
    assert price("DRAM", width=64, type=type_.lower()).energy_pJ["read"] == pytest.approx(64 * pJ_per_bit)
    assert price(type_, width=64).energy_pJ["write"] == pytest.approx(64 * pJ_per_bit)


def test_dram_is_lpddr4_unless_stated_and_has_no_area() -> None:
    estimate = price("DRAM", width=256)

    assert dict(estimate.energy_pJ) == {"read": 2048.0, "write": 2048.0, "update": 2048.0}
    assert (estimate.area_um2, estimate.leak_power_W) == (0.0, 0.0)


def test_an_unknown_type_is_told_the_known_ones() -> None:
    with pytest.raises(NoEstimate, match="'type' must be one of LPDDR4, LPDDR, DDR3, GDDR5, HBM2, HMC, not 'SDRAM'"):
        price("DRAM", width=64, type="SDRAM")


def test_a_memory_outside_the_source_is_warned_of() -> None:
    choice = REGISTRY.choose("SRAM", {"technology": 7, "width": 1024, "depth": 1024})

    assert choice.warnings == (
        "technology = 7 nm is outside the range 22 to 90 nm of the source",
        "width = 1024 bit is outside the range 4 to 512 bit of the source",
    )


def test_many_memories_at_once() -> None:
    widths, depths, nodes = np.array([32.0, 40.0, 700.0]), np.array([64.0, 1e3, 1e5]), np.array([22.0, 40.0, 7.0])
    many = law.sram_estimate(widths, depths, nodes, 1, 1, 0.8)

    for position in range(3):
        one = law.sram_estimate(widths[position], depths[position], nodes[position], 1, 1, 0.8)
        assert many.energy_pJ["read"][position] == pytest.approx(one.energy_pJ["read"])
        assert many.area_um2[position] == pytest.approx(one.area_um2)


def test_the_slope_at_a_knot_is_between_those_beside_it() -> None:
    jax = pytest.importorskip("jax")

    def read(depth: float) -> object:
        return law.sram_estimate(64, depth, 45, 1, 1, 0.8).energy_pJ["read"]

    before, at, after = (float(jax.grad(read)(depth)) for depth in (1020.0, 1024.0, 1028.0))
    assert min(before, after) - 1e-6 <= at <= max(before, after) + 1e-6
