"""What an estimator says of a component, and what it demands of the component's attributes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from accelax.components.numbers import Number


@dataclass(frozen=True)
class Estimate:
    """One instance of a component: pJ per action, µm², watts of leakage and seconds per action.

    An action that is missing from ``latency_s`` takes no time of its own.

    >>> Estimate({"read": 1.5}, area_um2=20.0).energy_pJ["read"]
    1.5
    """

    energy_pJ: Mapping[str, Number]
    area_um2: Number = 0.0
    leak_power_W: Number = 0.0
    latency_s: Mapping[str, Number] = field(default_factory=dict)


@dataclass(frozen=True)
class Attribute:
    """What an estimator demands of one attribute.

    A number below ``least`` (or at it, where ``above`` is set) or beyond ``most`` is an error. Outside ``valid``, the
    range that the estimator's source covers, the estimate is an extrapolation, and a warning says so. A ``text`` is one
    of ``choices``, in any case; ``values`` are a list of numbers, such as a histogram; a ``flag`` is true or false.

    >>> Attribute("bit", valid=(1, 64)).kind
    'number'
    """

    unit: str = ""
    valid: tuple[float, float] = (-math.inf, math.inf)
    least: float = 0.0
    above: bool = True
    most: float = math.inf
    whole: bool = False
    kind: Literal["number", "text", "values", "flag"] = "number"
    choices: tuple[str, ...] = ()


TECHNOLOGY = Attribute("nm", valid=(7, 130))
"""The node that most estimators scale between; the attribute may be written ``45nm``."""
BITS = Attribute("bit", whole=True)
COUNT = Attribute("", whole=True)
SHARE = Attribute("", least=0.0, above=False, most=1.0)
"""A mean value between 0 and 1."""
VOLTAGE = Attribute("V")
SECONDS = Attribute("s")


def first_stated(*values: Number | None) -> Number:
    """The first of several names' values that is stated; the last is the default.

    >>> first_stated(None, 8, 32)
    8
    """
    return next(value for value in values if value is not None)
