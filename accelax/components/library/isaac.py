"""The parts of ISAAC (Shafiee et al., ISCA 2016): power and area of its tables over the rates of its pipeline, 32 nm.

Energies per access are powers divided by rates: the converter is 16 mW over eight of 1.2 GS/s, the eDRAM 20.7 mW per
twelve in-situ multiply-accumulate units over the 288 accesses of 256 bit that fill and drain its buffers, and so on.
"""

from __future__ import annotations

import math

from accelax.components.estimate import BITS, SHARE, Attribute, Estimate
from accelax.components.library.cells import CURRENT_SET
from accelax.components.library.drivers import DRIVER_ATTRIBUTES, array_col_drivers
from accelax.components.library.published import Published, for_actions
from accelax.components.numbers import Number, exp, is_plain, maximum, minimum
from accelax.components.registry import Declined, component
from accelax.components.scaling import area_scale, energy_scale

ISAAC = "Shafiee et al., ISCA 2016"
ADC_BITS = (4, 5, 6, 7, 8, 9, 10)
ADC_ENERGY_PJ = (0.79, 0.99, 1.20, 1.42, 1.666666667, 1.969078145, 2.379022742)
ADC_AREA_UM2 = (361.04, 476.91, 626.91, 845.18, 1200.0, 1827.911647, 3002.008032)
"""The 8-bit converter of ISAAC (Kull et al., ISSCC 2013), scaled by Saberi's analysis of capacitive SAR converters."""
QUIRKS = Attribute(kind="flag")
"""Whether a part is priced as the RAELLA artifact prices it; :mod:`accelax.components.library.raella` lists how."""
WIDTH = Attribute("bit")


def _through(values: tuple[float, ...], resolution: Number) -> Number:
    """A smooth curve through the logarithms of a table over ``ADC_BITS``: Catmull and Rom's cubic."""
    logs = [math.log(value) for value in values]
    logs = [2 * logs[0] - logs[1], *logs, 2 * logs[-1] - logs[-2]]
    total: Number = 0.0
    for bits, value in enumerate(logs, ADC_BITS[0] - 1):
        near = abs(resolution - bits)
        inner = minimum(near, 1.0)
        outer = minimum(maximum(near, 1.0), 2.0)
        # The kernel is 1 at its node and 0 at all others; its inner and its outer part vanish at the distance 1.
        total = total + value * (
            (1.5 * inner - 2.5) * inner**2 + 1.0 + ((2.5 - 0.5 * outer) * outer - 4.0) * outer + 2.0
        )
    return exp(total)


def adc_table(resolution: Number) -> tuple[Number, Number]:
    """pJ per conversion and µm² of the tabulated converter at 32 nm, smooth between whole bits, doubling beyond.

    >>> [round(float(value), 6) for value in adc_table(7)]
    [1.42, 845.18]
    """
    within = minimum(maximum(resolution, ADC_BITS[0]), ADC_BITS[-1])
    beyond = 2.0 ** (resolution - within)
    return _through(ADC_ENERGY_PJ, within) * beyond, _through(ADC_AREA_UM2, within) * beyond


@component(
    "isaac_adc", "saberi_sar_adc",
    accuracy=85,
    source=f"{ISAAC}; Kull et al., ISSCC 2013; Saberi et al., TCAS 2011",
    formula="table over resolution, smooth between bits",
    attributes={"resolution": Attribute("bit", valid=(4, 10)), "n_adcs": Attribute()},
)  # fmt: skip
def isaac_adc(*, technology: Number, resolution: Number = 8, n_adcs: Number = 1) -> Estimate:
    """Energy of one conversion; area of ``n_adcs`` converters."""
    energy, area = adc_table(resolution)
    energies = for_actions(energy * energy_scale(32, technology), "convert", "read", free=("write", "update"))
    latency = 1 / 1.2e9
    return Estimate(
        energies, n_adcs * area * area_scale(32, technology), latency_s={"convert": latency, "read": latency}
    )


@component(
    "isaac_edram",
    accuracy=85,
    source=f"{ISAAC}: 20.7 mW and 83000 µm² for 64 KB",
    formula="20.45 pJ * width / 256 * (depth / 2048)^0.78",
    attributes={"width": WIDTH, "depth": Attribute()},
)
def isaac_edram(*, technology: Number, width: Number = 256, depth: Number = 2048) -> Estimate:
    """The buffer of a tile, an embedded DRAM."""
    stated = Published(for_actions(20.45, "read", "write", "update"), 83000.0, 32)
    return stated.scaled(technology, width=width / 256, depth=depth / 2048)


@component(
    "isaac_router",
    accuracy=85,
    source=f"{ISAAC}: 42 mW and 150000 µm², shared by four tiles",
    formula="20.74 pJ * width / 256",
    attributes={"width": WIDTH, "artifact_quirks": QUIRKS},
)
def isaac_router(*, technology: Number, width: Number = 256, artifact_quirks: bool = False) -> Estimate:
    """A whole router; the artifact's component of this name has the area that one tile shares."""
    stated = Published(for_actions(20.74, "read", "transfer", free=("write", "update")), 150000.0, 32)
    return stated.scaled(technology, width=width / 256, area=0.25 if artifact_quirks else 1.0)


@component(
    "isaac_router_shared_by_four",
    accuracy=85,
    source=f"{ISAAC}: 42 mW and 150000 µm², shared by four tiles",
    formula="20.74 pJ * width / 256",
    attributes={"width": WIDTH},
)
def isaac_router_shared_by_four(*, technology: Number, width: Number = 256) -> Estimate:
    """One tile's share of a router."""
    return isaac_router(technology=technology, width=width, artifact_quirks=True)


@component(
    "isaac_edram_bus", "isaac_bus",
    accuracy=85,
    source=f"{ISAAC}: 7 mW and 7500 µm² per 256 bit",
    formula="0.054 pJ * width",
    attributes={"width": WIDTH},
)  # fmt: skip
def isaac_edram_bus(*, technology: Number, width: Number = 256) -> Estimate:
    """The bus between a tile's buffer and its in-situ multiply-accumulate units."""
    stated = Published(for_actions(0.054, "read", "transfer", free=("write", "update")), 29.296875, 32)
    return stated.scaled(technology, width=width)


@component(
    "isaac_shift_add",
    accuracy=85,
    source=f"{ISAAC}: 0.2 mW at 8 * 1.2 GS/s",
    formula="0.021 pJ * width / 16",
    attributes={"width": WIDTH},
)
def isaac_shift_add(*, technology: Number, width: Number = 16) -> Estimate:
    """The shift-and-add unit behind the converters."""
    stated = Published(for_actions(0.021, "shift_add", "read", "write", free=("update",)), 60.0, 32)
    return stated.scaled(technology, width=width / 16)


@component(
    "isaac_dac",
    accuracy=85,
    source=f"{ISAAC}: 4 mW for 8 * 128 of 1 bit",
    formula="0.41667 pJ * 2^(resolution - 1)",
    attributes={"resolution": BITS, "rows": Attribute()},
)
def isaac_dac(*, technology: Number, resolution: Number = 1, rows: Number = 1) -> Estimate:
    """The converters of ``rows`` rows, whose area is stated; energy is of one."""
    stated = Published(for_actions(0.41667, "drive", "read", "convert", free=("write", "update")), 0.166015625, 32)
    return stated.scaled(technology, more_bits=resolution - 1, area=rows)


@component(
    "isaac_chip2chip_link", "isaac_chip_to_chip_link", "timely_chip2chip_link", "chip2chip_link",
    accuracy=85,
    source=f"{ISAAC}: HyperTransport link of 65 nm",
    formula="26 pJ * width / 128",
    attributes={"width": WIDTH},
)  # fmt: skip
def isaac_chip2chip_link(*, technology: Number, width: Number = 128) -> Estimate:
    """The serial link between chips."""
    stated = Published(for_actions(26.0, "read", "write", "update"), 23e6, 65)
    return stated.scaled(technology, width=width / 128)


READOUT_ATTRIBUTES = {
    "resolution": Attribute("bit", valid=(4, 10)),
    "n_adcs": Attribute(),
    "adc_action_share": Attribute(least=0.0, above=False),
    "adc_area_share": Attribute(least=0.0, above=False),
    "include_column_drivers": SHARE,
    **{name: DRIVER_ATTRIBUTES[name] for name in ("rows", "cols", "cell_config", "neurosim")},
}


@component(
    "column_readout",
    accuracy=80,
    source=f"{ISAAC} converters as the RAELLA artifact composes them",
    formula="adc_action_share * isaac_adc(resolution) + include_column_drivers * array_col_drivers",
    attributes=READOUT_ATTRIBUTES,
)
def column_readout(
    *,
    technology: Number,
    resolution: Number,
    n_adcs: Number,
    adc_action_share: Number = 1.0,
    adc_area_share: Number = 1.0,
    include_column_drivers: Number = 0.0,
    rows: Number = 512,
    cols: Number | None = None,
    cell_config: str | None = None,
    neurosim: str = CURRENT_SET,
) -> Estimate:
    """The converters of a crossbar: energy of one conversion, area of all.

    ``adc_action_share`` is the mean number of conversions per column and input slice: below 1 where speculation skips.

    Raises:
        Declined: the drivers of the columns are included, and the array is not stated.
    """
    converters = isaac_adc(technology=technology, resolution=resolution, n_adcs=n_adcs)
    read, area = adc_action_share * converters.energy_pJ["read"], adc_area_share * converters.area_um2
    if not is_plain(include_column_drivers) or include_column_drivers != 0:
        if cols is None or cell_config is None:
            raise Declined("'include_column_drivers' needs the attributes 'cols' and 'cell_config'", "cell_config")
        drivers = array_col_drivers(
            technology=technology, rows=rows, cols=cols, cell_config=cell_config, neurosim=neurosim
        )
        read = read + include_column_drivers * drivers.energy_pJ["drive"]
        area = area + include_column_drivers * drivers.area_um2
    return Estimate({**converters.energy_pJ, "read": read}, area, latency_s=converters.latency_s)
