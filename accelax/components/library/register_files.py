"""Register files: an array of registers in which every entry compares the address.

The figures are those of Accelergy's published energy tables of 2023 at 45 nm: a read selects one register (0.009 pJ a
bit) after every entry has compared the address (0.02947 pJ an entry); an entry takes 5.98 µm² per bit and 71 µm², and
leaks 25 nW.
"""

from __future__ import annotations

from accelax.components.estimate import Attribute, Estimate
from accelax.components.numbers import Number
from accelax.components.registry import component
from accelax.components.scaling import NOMINAL_V, SUPPLY, area_scale, logic_energy_scale

SOURCE = "Aladdin's registers and comparators, as in Accelergy's published energy tables at 45 nm"
FORMULA = "read: 0.009 pJ * width + 0.02947 pJ * depth at 45 nm; write: 0.02947 pJ * depth"
WIDTH = Attribute("bit", valid=(1, 512))
DEPTH = Attribute("words", valid=(1, 8192))
_NODE_NM = 45.0


def register_file(width: Number, depth: Number, technology: Number, voltage: Number) -> Estimate:
    """Registers of ``width`` bits with ``depth`` addresses."""
    scale = logic_energy_scale(_NODE_NM, technology, voltage)
    address = 0.02947 * depth * scale
    return Estimate(
        energy_pJ={"read": address + 0.009 * width * scale, "write": address, "update": address},
        area_um2=depth * (5.98 * width + 71.0) * area_scale(_NODE_NM, technology),
        leak_power_W=25.1e-9 * depth * scale,
    )


@component(
    "regfile", "register_file", "storage", "reg_storage",
    accuracy=70, source=SOURCE, formula=FORMULA, attributes={"width": WIDTH, "depth": DEPTH, "voltage": SUPPLY},
)  # fmt: skip
def regfile(*, technology: Number, width: Number, depth: Number, voltage: Number = NOMINAL_V) -> Estimate:
    """A register file: 64 entries of 8 bits read for 0.072 + 1.886 pJ at 45 nm.

    >>> round(float(regfile(technology=45, width=8, depth=64).energy_pJ["read"]), 3)
    1.958
    """
    return register_file(width, depth, technology, voltage)
