"""Analog-to-digital converters: a regression over B. Murmann's survey of published converters.

A figure of merit, the larger the better, is bounded by the sampling rate of one converter and by its resolution; the
lower bound gives the energy of a conversion, which is then moved to the node and the resolution. The coefficients are
those of Accelergy's ADC plug-in (Andrulis et al.), the upper 80 % quantile of the survey.
"""

from __future__ import annotations

import math

from accelax.components.estimate import Attribute, Estimate
from accelax.components.numbers import Number, ceil, exp, log, maximum, minimum
from accelax.components.registry import Declined, component

FOM_OF_RATE = (213.7806687348118, -2.8719030399529957)
"""Constant, and slope over the logarithm of the rate in Hz."""
FOM_OF_BITS = (128.3068287398817, 3.2205225111842)
"""Constant and slope over the bits, which are rounded up to the next whole ones."""
ENERGY = (26.0496215686518 - 1.4702022133784405, 1.8800369206815004, -2.8291256050594527)
"""Logarithm of pJ per unit of the figure of merit: constant, slopes over the logarithms of nm and of the bits."""
AREA = (1.3461916439910742, 0.9932794744745022, 0.18071538424508238, 0.29912426192653485)
"""Logarithm of µm² per converter: constant, slopes over the logarithms of nm, of Hz and of pJ."""
LEAST_BITS = 4.0


def adc_energy_pJ(resolution: Number, technology: Number, rate: Number, *, relaxed: bool = False) -> Number:
    """pJ of one conversion of ``resolution`` bits at ``technology`` nm by a converter of ``rate`` conversions a second.

    The source takes the bound by resolution at the next whole bit, which makes it a staircase; ``relaxed`` takes it
    on the straight line through the stairs instead, equal at whole bits, for gradients.

    >>> round(float(adc_energy_pJ(8, 32, 1e9)), 3)
    1.714
    """
    bits = maximum(resolution, LEAST_BITS)
    by_rate = FOM_OF_RATE[0] + FOM_OF_RATE[1] * log(rate)
    by_bits = FOM_OF_BITS[0] + FOM_OF_BITS[1] * (bits if relaxed else ceil(bits))
    signal_to_noise = 20 * math.log10(2) * bits + 10 * math.log10(1.5)
    merit = minimum(by_rate, by_bits) - signal_to_noise
    node = exp(ENERGY[0] + ENERGY[1] * log(technology) + ENERGY[2] * log(bits))
    return 0.5 * exp(-math.log(10) / 10 * merit) * node


def adc_area_um2(energy_pJ: Number, technology: Number, rate: Number) -> Number:
    """µm² of one converter that takes ``energy_pJ`` per conversion at ``rate`` conversions a second.

    >>> round(float(adc_area_um2(adc_energy_pJ(8, 32, 1e9), 32, 1e9)))
    5972
    """
    constant, of_node, of_rate, of_energy = AREA
    return exp(constant + of_node * log(technology) + of_rate * log(rate) + of_energy * log(energy_pJ))


@component(
    "adc", "pim_adc", "sar_adc", "array_adc", "pim_array_adc", "cim_adc", "cim_array_adc", "murmann_adc",
    accuracy=75,
    source="regression over Murmann's ADC performance survey, as in Accelergy's ADC plug-in",
    formula="10^((SNDR - min(FOM(rate), FOM(bits))) / 10) / 2 * nm^1.88 * bits^-2.83 * 4.8e10",
    attributes={
        "resolution": Attribute("bit", valid=(4, 20)),
        "adc_resolution": Attribute("bit", valid=(4, 20)),
        "throughput": Attribute("1/s", valid=(1e3, 1e11)),
        "n_adcs": Attribute(),
        "relaxed": Attribute(kind="flag"),
        "static_share": Attribute(least=0.0, above=False, most=1.0),
    },
)  # fmt: skip
def survey_adc(
    *,
    technology: Number,
    throughput: Number,
    resolution: Number | None = None,
    adc_resolution: Number | None = None,
    n_adcs: Number = 1,
    relaxed: bool = False,
    static_share: Number = 0.0,
) -> Estimate:
    """``n_adcs`` converters that share ``throughput`` conversions a second; energy is of one conversion.

    ``static_share`` of it flows whether they convert or not: 0 as Accelergy takes it, 0.2 as hwcomponents does.

    Raises:
        Declined: no resolution is stated.
    """
    bits = adc_resolution if resolution is None else resolution
    if bits is None:
        raise Declined("the attribute 'resolution' is missing", "resolution")
    rate = throughput / n_adcs
    energy = adc_energy_pJ(bits, technology, rate, relaxed=relaxed)
    area = n_adcs * adc_area_um2(energy, technology, rate)
    dynamic, latency = (1 - static_share) * energy, 1 / rate
    return Estimate(
        {"convert": dynamic, "read": dynamic, "sample": dynamic, "write": 0.0, "update": 0.0},
        area,
        static_share * energy * 1e-12 * throughput,
        {"convert": latency, "read": latency, "sample": latency},
    )
