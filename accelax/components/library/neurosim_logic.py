"""Small digital parts as NeuroSim prices them at 32 nm, affine in their bits; both sets of its figures.

They are parts of the compound components of compute-in-memory architectures: the address counter of a buffer, the
shift-and-add behind a converter, a flip-flop.
"""

from __future__ import annotations

from dataclasses import dataclass

from accelax.components.estimate import Estimate
from accelax.components.library.cells import CURRENT_SET, SET_2023
from accelax.components.numbers import Number
from accelax.components.scaling import area_scale, energy_scale, leakage_scale

NODE = 32
NAND_AREA_UM2 = 0.3268608


@dataclass(frozen=True)
class Affine:
    """A part of n bits at 32 nm: pJ, µm² and W, each as a constant and a slope per bit."""

    energy_pJ: tuple[float, float]
    area_um2: tuple[float, float]
    leak_power_W: tuple[float, float]

    def of(self, bits: Number, technology: Number) -> tuple[Number, Number, Number]:
        """Energy, area and leakage of one instance of ``bits`` bits."""
        constant, slope = zip(self.energy_pJ, self.area_um2, self.leak_power_W, strict=True)
        energy, area, leak = (c + s * bits for c, s in zip(constant, slope, strict=True))
        return (
            energy * energy_scale(NODE, technology),
            area * area_scale(NODE, technology),
            leak * leakage_scale(NODE, technology),
        )


ADDER = {
    SET_2023: Affine((0.001369784, 0.002439393), (2.94175, 5.883497), (1.906535e-10, 3.81307e-10)),
    CURRENT_SET: Affine((0.000137386, 0.00202083), (0.0, 2.941747), (0.0, 2.231477e-10)),
}
SHIFT_ADD = {
    SET_2023: Affine((0.00007503, 0.01054337), (0.0, 10.786406), (0.0, 9.1435e-10)),
    CURRENT_SET: Affine((0.0001378, 0.0163318), (0.0, 10.786406), (0.0, 9.46174e-10)),
}
"""Of n bits per addition into a register of twice as many."""
FLIP_FLOP = {
    SET_2023: Affine((0.0, 0.003107891), (0.0, 2.614886), (0.0, 2.412321e-10)),
    CURRENT_SET: Affine((0.0, 0.004770342), (0.0, 2.614886), (0.0, 2.410088e-10)),
}


def part(figures: Affine, action: str, bits: Number, technology: Number) -> Estimate:
    """An estimate with one action.

    >>> round(float(part(ADDER["2023"], "add", 9, 32).energy_pJ["add"]), 6)
    0.023324
    """
    energy, area, leak = figures.of(bits, technology)
    return Estimate({action: energy}, area, leak)
