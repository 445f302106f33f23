"""Energies and areas by component."""

from __future__ import annotations

import pytest

from accelax.spec.timeloop.tables import COMPUTE, FILL, READ, UPDATE, component_name, read_tables


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("system_top_level.GLB[1..1]", "GLB"),
        ("GLB", "GLB"),
        ("a.b[1..4].RF[1..16]", "RF"),
        ("chip.mac[1..2]", "mac"),
        ("chip[1..2].mac", "mac"),
    ],
)
def test_component_names(written, name):
    assert component_name(written) == name


def test_the_first_action_that_is_there_wins_and_the_largest_of_its_entries():
    entries = [("write", 2), ("random_update", 3), ("read", 4), ("read", 5), ("leak", 0.1)]
    table = {"name": "x.GLB[1..2]", "actions": [{"name": name, "energy": energy} for name, energy in entries]}
    tables = read_tables({"tables": [table]}, {"tables": [{"name": "x.GLB", "area": 7}]})
    assert [tables.energy("GLB", actions) for actions in (READ, FILL, UPDATE, COMPUTE)] == [5, 2, 3, None]
    assert tables.energy("RF", READ) is None
    assert tables.areas == {"GLB": 7}
    assert tables.wire_energy() is None
