"""Floating-point units by M. Horowitz's figures at 45 nm, and the MAC of Accelergy's published energy tables."""

from __future__ import annotations

from accelax.components.estimate import Attribute, Estimate, first_stated
from accelax.components.numbers import Number
from accelax.components.registry import component
from accelax.components.scaling import NOMINAL_V, SUPPLY, area_scale, logic_energy_scale

HOROWITZ = "M. Horowitz, ISSCC 2014: 0.4 and 0.9 pJ to add, 1.1 and 3.7 pJ to multiply 16 and 32 bit at 45 nm, 0.9 V"
TABLES = "the 32-bit fpmac of Accelergy's published energy tables at 45 nm"
WIDTH = Attribute("bit", valid=(16, 64), whole=True)
MANTISSA = Attribute("bit", valid=(7, 24), whole=True)
EXPONENT = Attribute("bit", valid=(4, 11), whole=True)
_FORMAT = {"mantissa_bits": MANTISSA, "exponent_bits": EXPONENT, "voltage": SUPPLY}
_NODE_NM = 45.0


def _adder_pJ(mantissa: Number) -> Number:
    """Linear in the mantissa with its hidden bit, through 11 bits (half) and 24 bits (single)."""
    return 0.4 + (0.9 - 0.4) * (mantissa - 10) / (23 - 10)


def _multiplier_pJ(mantissa: Number) -> Number:
    """A part in the square of the mantissa with its hidden bit and a constant one, through half and single."""
    square = (3.7 - 1.1) / (24**2 - 11**2)
    return 1.1 + square * ((mantissa + 1) ** 2 - 11**2)


def _at_node(actions: tuple[str, ...], energy: Number, area: Number, technology: Number, voltage: Number) -> Estimate:
    """A unit with its energy and area at 45 nm."""
    scale = logic_energy_scale(_NODE_NM, technology, voltage)
    return Estimate(dict.fromkeys(actions, energy * scale), area_um2=area * area_scale(_NODE_NM, technology))


@component(
    "fpadder", "fp_adder", accuracy=60, source=HOROWITZ, formula="linear in the mantissa", attributes=_FORMAT,
)  # fmt: skip
def fp_adder(
    *, technology: Number, mantissa_bits: Number = 23, exponent_bits: Number = 8, voltage: Number = NOMINAL_V
) -> Estimate:
    """A floating-point adder: 0.9 pJ and 4184 µm² in single precision at 45 nm; the exponent only takes area."""
    area = 4184.0 * (mantissa_bits + exponent_bits + 1) / 32
    return _at_node(("add", "read", "compute"), _adder_pJ(mantissa_bits), area, technology, voltage)


@component(
    "fpmultiplier", "fp_multiplier",
    accuracy=60, source=HOROWITZ, formula="affine in the square of the mantissa", attributes=_FORMAT,
)  # fmt: skip
def fp_multiplier(
    *, technology: Number, mantissa_bits: Number = 23, exponent_bits: Number = 8, voltage: Number = NOMINAL_V
) -> Estimate:
    """A floating-point multiplier: 3.7 pJ and 7700 µm² in single precision at 45 nm."""
    area = 7700.0 * ((mantissa_bits + 1) ** 2 + 24 * (exponent_bits - 8)) / 24**2
    actions = ("multiply", "read", "compute")
    return _at_node(actions, _multiplier_pJ(mantissa_bits), area, technology, voltage)


@component(
    "fpmac", "fp_mac", accuracy=65, source=HOROWITZ, formula="adder + multiplier", attributes=_FORMAT,
)  # fmt: skip
def fp_mac(
    *, technology: Number, mantissa_bits: Number, exponent_bits: Number = 8, voltage: Number = NOMINAL_V
) -> Estimate:
    """A floating-point MAC of one format, stated by its mantissa."""
    form = {
        "technology": technology, "mantissa_bits": mantissa_bits, "exponent_bits": exponent_bits, "voltage": voltage,
    }  # fmt: skip
    adder, multiplier = fp_adder(**form), fp_multiplier(**form)
    energy = adder.energy_pJ["compute"] + multiplier.energy_pJ["compute"]
    return Estimate(
        dict.fromkeys(("compute", "mac", "mac_random", "read"), energy), adder.area_um2 + multiplier.area_um2
    )


@component(
    "fpmac",
    accuracy=60, source=TABLES, formula="51.979 pJ * (width / 32)² at 45 nm",
    attributes={"width": WIDTH, "datawidth": WIDTH, "voltage": SUPPLY},
)  # fmt: skip
def table_fpmac(
    *, technology: Number, width: Number | None = None, datawidth: Number | None = None, voltage: Number = NOMINAL_V
) -> Estimate:
    """The fpmac of the tables: 51.979 pJ, 4120 µm² and 518.5 µW for 32 bits at 45 nm, by the square of the width."""
    share = (first_stated(width, datawidth, 32) / 32) ** 2
    scale = logic_energy_scale(_NODE_NM, technology, voltage) * share
    return Estimate(
        energy_pJ=dict.fromkeys(("compute", "mac", "mac_random", "read"), 51.979 * scale),
        area_um2=4120.0 * share * area_scale(_NODE_NM, technology),
        leak_power_W=518.524e-6 * scale,
    )
