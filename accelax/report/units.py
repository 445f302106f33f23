"""Units of the figures in results, and the prefix that suits the numbers of an axis."""

from __future__ import annotations

import math
from collections.abc import Iterable

_SI = {-15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P"}
_WORDS = {0: "", 3: "thousand ", 6: "million ", 9: "billion "}
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

_TIMELOOP = {"energy": "pJ", "delay": "cycles", "edp": "pJ·cycles", "last_level_accesses": "words"}
_ACCELFORGE = {"energy": "J", "delay": "s", "edp": "J·s"}
_FIELDS = {"energy_pJ": "pJ", "cycles": "cycles", "latency_s": "s", "area_um2": "µm²"}
_NAMES = {"edp": "energy-delay product", "energy_pJ": "energy", "latency_s": "latency", "area_um2": "area"}


def metric_units(dialect: str, metrics: Iterable[str]) -> dict[str, str]:
    """The unit of each metric of a search; one that has a combination of metrics is left out.

    >>> metric_units("accelforge", ["energy", "energy=0.3"])
    {'energy': 'J'}
    """
    known = _ACCELFORGE if dialect == "accelforge" else _TIMELOOP
    return {name: known[name] for name in metrics if name in known}


def field_unit(name: str) -> str:
    """The unit that the name of a figure ends in; nothing for others."""
    return _FIELDS.get(name, "")


def scale(values: Iterable[float], unit: str) -> tuple[float, str]:
    """The factor that brings ``values`` to handy numbers, and the unit with its prefix.

    >>> scale([5e9, 2e7], "pJ"), scale([0.0021], "s"), scale([4e6], "cycles"), scale([4e14], "pJ·cycles")
    ((1e-09, 'mJ'), (1000.0, 'ms'), (1e-06, 'million cycles'), (1e-12, '10¹² pJ·cycles'))
    """
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    offset, base = (-12, "J") if unit == "pJ" else (0, unit)
    if unit == "µm²":
        return (1e-6, "mm²") if largest >= 1e4 else (1.0, unit)
    power = 3 * math.floor(round(math.log10(largest) / 3, 9)) if largest else -offset
    if base in ("J", "s"):
        power = min(max(power + offset, -15), 15) - offset
        return 10.0**-power, f"{_SI[power + offset]}{base}"
    if base in ("cycles", "words"):
        power = min(max(power, 0), 9)
        return 10.0**-power, f"{_WORDS[power]}{base}"
    factor = f"10{str(power).translate(_SUPERSCRIPT)} " if power else ""
    return 10.0**-power, f"{factor}{base}".strip()


def axis_label(name: str, unit: str) -> str:
    """What an axis says: the name in words and its unit.

    >>> axis_label("edp", "J·s"), axis_label("energy=0.3", "")
    ('energy-delay product (J·s)', 'energy=0.3')
    """
    if name == "cycles":
        return unit
    title = _NAMES.get(name, name.replace("_", " "))
    return f"{title} ({unit})" if unit else title
