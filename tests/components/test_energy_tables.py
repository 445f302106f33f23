from __future__ import annotations

import pytest

from accelax.components import Choice, Estimate, Estimator
from accelax.components.energy_tables import AreaEntry, EnergyEntry, EnergyTables, Term

CHOICE = Choice(Estimator("sram", ("SRAM",), Estimate, 80.0, "tests"), Estimate({"read": 2.0}))


def test_a_term_within_a_larger_one_multiplies_and_names_the_way():
    inner = Term("", "SRAM", "read", 2.0, CHOICE, 3, 0.5)
    assert inner.total == 3.0
    outer = inner.times(4, 10, "banks[0..3]").times(1, 2, "memory")
    assert (outer.part, outer.count, outer.scale, outer.total) == ("memory.banks[0..3]", 12, 10.0, 240.0)


def test_tables_are_looked_up_by_component_and_action():
    tables = EnergyTables((EnergyEntry("GLB", "read", 2.0), EnergyEntry("GLB", "read", 3.0)), (AreaEntry("GLB", 5.0),))
    assert tables.energy("GLB", "read") == 2.0
    assert tables.area("GLB") == 5.0
    with pytest.raises(KeyError, match="no energy of 'write' of 'GLB'"):
        tables.energy("GLB", "write")
    with pytest.raises(KeyError, match="no area of 'RF'"):
        tables.area("RF")
