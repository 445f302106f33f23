"""The arrays of a chain of levels."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accelax.encode import encode_lowered
from accelax.errors import UnsupportedError
from accelax.ir import LoweredLevels
from accelax.ir.level_machine import Level, LevelCompute
from tests.model.levels.machines import PLAIN, chain, gemm


def two_storages(**register: object) -> LoweredLevels:
    """gemm(2, 3, 4) on three PEs: a fan-out and a storage of that name, and a register that the storage gates."""
    levels = [
        (Level("DRAM", **PLAIN), [("M", 2)]),
        (Level("PE", is_fanout=True), [("N", 3)]),
        (Level("PE", mesh_x=3, **PLAIN), [("K", 4)]),
        (Level("Register", mesh_x=3, power_gated_at="PE", **{**PLAIN, **register}), []),
    ]
    return chain(gemm(2, 3, 4), levels, LevelCompute("MAC", mesh_x=3, energy=1.0))


def test_a_gate_is_a_storage_even_where_a_fanout_shares_its_name() -> None:
    assert encode_lowered(two_storages()).structure.power_gate == (0, 1, 2, 2)


def test_a_storage_is_found_by_its_name() -> None:
    machine = two_storages().machine
    assert [machine.storage_index(name) for name in ("DRAM", "PE", "Register")] == [0, 2, 3]
    with pytest.raises(KeyError):
        machine.storage_index("GLB")


def test_a_component_without_energies_is_refused_with_its_path() -> None:
    with pytest.raises(UnsupportedError, match="'Register' without an ERT entry") as storage:
        encode_lowered(two_storages(read_energy=None))
    assert storage.value.path == "architecture.Register"
    plain = two_storages()
    compute = replace(plain.machine.compute, energy=None)
    with pytest.raises(UnsupportedError, match="'MAC' without an ERT entry") as unit:
        encode_lowered(replace(plain, machine=replace(plain.machine, compute=compute)))
    assert unit.value.path == "architecture.MAC"
