"""Off-chip memories: an energy per bit that is transferred, by the type of the memory, and no area on the chip."""

from __future__ import annotations

from accelax.components.estimate import Attribute, Estimate
from accelax.components.numbers import Number
from accelax.components.registry import component

PJ_PER_BIT = {"LPDDR4": 8.0, "LPDDR": 40.0, "DDR3": 70.0, "GDDR5": 14.0, "HBM2": 3.9, "HMC": 4.2}
"""As Accelergy's CACTI plug-in has them: LPDDR from Malladi et al. (ISCA 2012), DDR3 from Chatterjee et al. (MICRO
2017), GDDR5 and HBM2 from O'Connor et al. (MICRO 2017)."""
RECENT_PJ_PER_BIT = {"DDR4": 20.0, "DDR5": 15.0, "LPDDR5": 6.0, "GDDR6": 7.5, "HBM": 6.0, "HBM3": 4.05, "HBM4": 3.2}
"""HBM3 and HBM4 as hwcomponents has them; the others are the round numbers of vendors' talks, good to a third."""
SOURCE = "energies per bit of Accelergy's CACTI plug-in, from public data and ISCA 2012 and MICRO 2017 papers"
RECENT_SOURCE = "vendors' public energies per bit; HBM3 and HBM4 from hwcomponents"
FORMULA = "width * pJ per bit of the type"
_WIDTH = Attribute("bit", valid=(1, 8192), whole=True)


def _transfers(width: Number, pJ_per_bit: float) -> Estimate:
    """A memory of which each access moves ``width`` bits."""
    return Estimate(dict.fromkeys(("read", "write", "update"), width * pJ_per_bit))


@component(
    "DRAM",
    accuracy=80, source=SOURCE, formula=FORMULA,
    attributes={"width": _WIDTH, "type": Attribute(kind="text", choices=tuple(PJ_PER_BIT))},
)  # fmt: skip
def dram(*, width: Number, type: str = "LPDDR4") -> Estimate:
    """A DRAM with accesses of ``width`` bits; only the type matters, neither node nor size.

    >>> float(dram(width=64).energy_pJ["read"])
    512.0
    """
    return _transfers(width, PJ_PER_BIT[type])


@component(
    "DRAM",
    accuracy=50, source=RECENT_SOURCE, formula=FORMULA,
    attributes={"width": _WIDTH, "type": Attribute(kind="text", choices=tuple(RECENT_PJ_PER_BIT))},
)  # fmt: skip
def recent_dram(*, width: Number, type: str) -> Estimate:
    """A DRAM of a type for which there is no measured figure in the literature; good to a third.

    >>> float(recent_dram(width=8, type="DDR4").energy_pJ["read"])
    160.0
    """
    return _transfers(width, RECENT_PJ_PER_BIT[type])


def _enter_class_of(kind: str, pJ_per_bit: float, accuracy: float, source: str) -> None:
    """Let the type of a memory be a class of its own: ``class: HBM2``."""

    def typed_dram(*, width: Number) -> Estimate:
        """A DRAM of this one type, with accesses of ``width`` bits."""
        return _transfers(width, pJ_per_bit)

    typed_dram.__name__ = f"dram_{kind.lower()}"
    formula = f"width * {pJ_per_bit:g} pJ"
    attributes = {"width": _WIDTH}
    component(
        kind, f"DRAM_{kind}", f"DRAM{kind}", accuracy=accuracy, source=source, formula=formula, attributes=attributes
    )(typed_dram)


for _kind, _pJ in PJ_PER_BIT.items():
    _enter_class_of(_kind, _pJ, 80, SOURCE)
for _kind, _pJ in RECENT_PJ_PER_BIT.items():
    _enter_class_of(_kind, _pJ, 50, RECENT_SOURCE)
