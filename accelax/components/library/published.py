"""Parts whose energy and area a paper states at one size and node, brought to another.

Width scales energy and area linearly; depth scales area linearly and energy as :func:`depth_energy_scale` says; a
converter doubles with each bit; energy goes with the square of the voltage; nodes follow Stillmaker and Baas. Power of
leakage is kept over voltages, as in the library that CiMLoop draws these parts from: a source that states it does so at
one voltage.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from accelax.components.estimate import Estimate
from accelax.components.numbers import Number
from accelax.components.scaling import area_scale, depth_energy_scale, energy_scale, leakage_scale


@dataclass(frozen=True)
class Published:
    """What a source states of one part: pJ per action, µm², nm, and watts of leakage where it states them."""

    energy_pJ: Mapping[str, float]
    area_um2: float
    technology: float
    leak_power_W: float = 0.0

    def scaled(
        self,
        technology: Number,
        *,
        width: Number = 1.0,
        depth: Number = 1.0,
        more_bits: Number = 0.0,
        voltage: Number = 1.0,
        area: Number = 1.0,
    ) -> Estimate:
        """The part at another node, and at ``width``, ``depth`` and ``voltage`` times the published ones.

        ``more_bits`` is the resolution above the published one; ``area`` multiplies the area alone.

        >>> adc = Published({"convert": 2.0}, 100.0, 32)
        >>> float(adc.scaled(32, more_bits=1).energy_pJ["convert"]), float(adc.scaled(32, more_bits=1).area_um2)
        (4.0, 200.0)
        """
        size = width * 2.0**more_bits
        energy = energy_scale(self.technology, technology) * voltage**2 * size * depth_energy_scale(1.0, depth)
        return Estimate(
            {action: value * energy for action, value in self.energy_pJ.items()},
            self.area_um2 * area_scale(self.technology, technology) * size * depth * area,
            self.leak_power_W * leakage_scale(self.technology, technology) * size * depth,
        )


def for_actions(energy: float, *actions: str, free: tuple[str, ...] = ()) -> dict[str, float]:
    """One energy for several actions, and none for those in ``free``.

    >>> for_actions(2.0, "read", "convert", free=("write",))
    {'read': 2.0, 'convert': 2.0, 'write': 0.0}
    """
    return {**dict.fromkeys(actions, energy), **dict.fromkeys(free, 0.0)}
