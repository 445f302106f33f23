"""How numbers are written for people: counts in full, quantities with an SI prefix."""

from __future__ import annotations

import math

_PREFIXES = {-18: "a", -15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P"}


def count(value: float | None) -> str:
    """A count with its thousands separated; a fraction keeps six digits, and a missing value is a dash.

    >>> count(86016), count(2574.5), count(None)
    ('86,016', '2,574.5', '-')
    """
    if value is None:
        return "-"
    if not math.isfinite(value):
        return str(value)
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.1f}"


def quantity(value: float | None, unit: str) -> str:
    """``value`` with four digits and the SI prefix that suits it.

    >>> quantity(5.9234e-5, "J"), quantity(0, "s"), quantity(None, "s")
    ('59.23 µJ', '0 s', '-')
    """
    if value is None:
        return "-"
    if value == 0 or not math.isfinite(value):
        return f"{value:g} {unit}"
    power = min(max(3 * math.floor(math.log10(abs(value)) / 3), -18), 15)
    return f"{value / 10.0**power:.4g} {_PREFIXES[power]}{unit}"


def share(part: float, whole: float) -> str:
    """``part`` as a percentage of ``whole``.

    >>> share(1, 8), share(1, 0)
    ('12.5 %', '-')
    """
    return f"{100 * part / whole:.1f} %" if whole else "-"
