"""The compound parts of RAELLA (Andrulis et al., ISCA 2023), priced as its artifact composes them.

The artifact departs from the architecture it describes in a few places. The attribute ``artifact_quirks`` is the one
switch for all of them; it is off unless a specification sets it. With it on,

* a read of the input buffer is charged twice even where nothing is speculated;
* an update of the input buffer is charged as a write and two additions, without the read of the old value;
* the speculation flags are accessed whenever the share of conversions is not 1, so also where signed inputs double it;
* a write of a cell of two devices is charged for one of them (:mod:`accelax.components.library.cells`);
* the figures of Aladdin and of the quantization multiplier, which are of 40 nm, are taken to be of 45 nm;
* the bits of a scale of quantization are rounded down to whole ones;
* the mean cell value of ISAAC, made of the densities of its bits, is divided by 8, not by the 12 of four full cells;
* the component named ``isaac_router`` has the area that one of four tiles shares.

What the figures themselves are is another question: ``neurosim`` chooses the set of 2023, which is the default here.
"""

from __future__ import annotations

from accelax.components.activity import activity_of_bits
from accelax.components.estimate import BITS, Attribute, Estimate
from accelax.components.library.buffer_points import buffer_area, buffer_energies
from accelax.components.library.cells import NEUROSIM, SET_2023
from accelax.components.library.drivers import DRIVER_ATTRIBUTES, input_row_drivers
from accelax.components.library.isaac import QUIRKS, WIDTH, isaac_edram
from accelax.components.library.neurosim_logic import FLIP_FLOP, NAND_AREA_UM2, SHIFT_ADD, part
from accelax.components.library.published import Published, for_actions
from accelax.components.numbers import Number, where
from accelax.components.registry import component
from accelax.components.scaling import area_scale

RAELLA = "Andrulis et al., ISCA 2023, and its artifact"
FLAG_WIDTH = 64
OFFSET_BUFFER_WIDTH = 64
CELL_BITS = 2
"""Of ISAAC."""
SHARED = Attribute(least=0.0, above=False)
SPECULATION = {"speculation_enabled": Attribute(kind="flag"), "artifact_quirks": QUIRKS, "neurosim": NEUROSIM}


def _figures_node(artifact_quirks: bool) -> float:
    """The node in nm that Aladdin's figures and the quantization multiplier's are taken to be of."""
    return 45.0 if artifact_quirks else 40.0


def _speculates(share: Number, speculation_enabled: bool | None, artifact_quirks: bool) -> Number:
    """1 where speculation takes place, else 0; where that is not said, a share of conversions below 1 says so."""
    if artifact_quirks:
        return where(share == 1, 0.0, 1.0)
    if speculation_enabled is not None:
        return float(speculation_enabled)
    return where(share < 1, 1.0, 0.0)


def isaac_cell_value(bit_densities: Number, artifact_quirks: bool = False) -> Number:
    """The mean value, 0 to 1, of ISAAC's 2-bit cells from the densities [..., bits] of weight bits, highest first.

    >>> import numpy as np
    >>> float(isaac_cell_value(np.full(8, 0.5))), float(isaac_cell_value(np.full(8, 0.5), artifact_quirks=True))
    (0.5, 0.75)
    """
    value = activity_of_bits(bit_densities, CELL_BITS).average
    return value * 1.5 if artifact_quirks else value


@component(
    "raella_quant_multiplier",
    accuracy=80,
    source=f"{RAELLA}: 8 b x 16 b",
    formula="0.25 pJ",
    attributes={"artifact_quirks": QUIRKS},
)
def raella_quant_multiplier(*, technology: Number, artifact_quirks: bool = False) -> Estimate:
    """The multiplier that scales an output to 8 bit; its area is negligible."""
    energies = for_actions(0.25, "multiply", "read", free=("write", "update"))
    return Published(energies, 0.0, _figures_node(artifact_quirks)).scaled(technology)


@component(
    "output_quantize_edram",
    accuracy=80,
    source=RAELLA,
    formula="isaac_edram(storage_for_scales / depth, depth) + width / 8 * raella_quant_multiplier",
    attributes={
        "width": WIDTH,
        "depth": Attribute(),
        "storage_for_scales": Attribute("bit"),
        "artifact_quirks": QUIRKS,
    },
)
def output_quantize_edram(
    *,
    technology: Number,
    width: Number,
    depth: Number,
    storage_for_scales: Number,
    artifact_quirks: bool = False,
) -> Estimate:
    """Quantization of ``width`` bits of 8-bit outputs: one read of the scales and a multiplication each."""
    bits = storage_for_scales // depth if artifact_quirks else storage_for_scales / depth
    scales = isaac_edram(technology=technology, width=bits, depth=depth)
    multiplier = raella_quant_multiplier(technology=technology, artifact_quirks=artifact_quirks)
    read = scales.energy_pJ["read"] + width / 8 * multiplier.energy_pJ["multiply"]
    return Estimate({"read": read, "write": 0.0, "update": 0.0}, scales.area_um2 + multiplier.area_um2)


@component(
    "raella_output_center_offset_correct",
    "raella_center_offset_correct",
    "output_center_offset_correct",
    accuracy=80,
    source=RAELLA,
    formula="width / 64 * buffer(64, 4 * center_entries / 64) + Aladdin multiplier of 4 b x 12 b",
    attributes={"width": WIDTH, "center_entries": Attribute(), "n_center_entry_bits": BITS, **SPECULATION},
)
def raella_output_center_offset_correct(
    *,
    technology: Number,
    width: Number,
    center_entries: Number,
    n_center_entry_bits: Number = 4,
    neurosim: str = SET_2023,
    artifact_quirks: bool = False,
) -> Estimate:
    """Adds the center of a filter times the running sum of inputs to each output of ``width`` bits."""
    depth = center_entries / OFFSET_BUFFER_WIDTH * n_center_entry_bits
    read, _ = buffer_energies(OFFSET_BUFFER_WIDTH, depth, technology, neurosim)
    area = buffer_area(OFFSET_BUFFER_WIDTH, depth, technology, neurosim)
    multiplier = Published({"multiply": 12.68}, 6350.0, _figures_node(artifact_quirks)).scaled(
        technology, width=n_center_entry_bits / 32 * 12 / 32
    )
    energy = width / OFFSET_BUFFER_WIDTH * read + multiplier.energy_pJ["multiply"]
    return Estimate({"read": energy, "write": 0.0, "update": 0.0}, area + multiplier.area_um2)


@component(
    "raella_input_buffer",
    accuracy=80,
    source=RAELLA,
    formula="read = 1 or, where speculation recovers, 2 reads; update = read + write + 2 additions",
    attributes={
        "width": WIDTH, "depth": Attribute(valid=(4, 512)), "input_bits": BITS, "adc_action_share": SHARED,
        **SPECULATION,
    },
)  # fmt: skip
def raella_input_buffer(
    *,
    technology: Number,
    width: Number,
    depth: Number,
    input_bits: Number = 8,
    adc_action_share: Number = 1.0,
    speculation_enabled: bool | None = None,
    neurosim: str = SET_2023,
    artifact_quirks: bool = False,
) -> Estimate:
    """A macro's buffer of inputs, which keeps their running sum for the centers."""
    read, write = buffer_energies(width, depth, technology, neurosim)
    adder = Published({"add": 0.21}, 278.0, _figures_node(artifact_quirks)).scaled(
        technology, width=input_bits * 2 / 32
    )
    update = write + 2 * adder.energy_pJ["add"] + (0.0 if artifact_quirks else read)
    reads = 2.0 if artifact_quirks else 1.0 + _speculates(adc_action_share, speculation_enabled, artifact_quirks)
    area = buffer_area(width, depth, technology, neurosim) + adder.area_um2
    return Estimate({"read": reads * read, "write": update, "update": update}, area)


@component(
    "raella_output_register",
    accuracy=80,
    source=RAELLA,
    formula="speculation_adc_scale * buffer(width, depth) + width / entry_bits / 64 * flags where speculating",
    attributes={
        "width": WIDTH, "depth": Attribute(valid=(4, 512)), "entry_bits": BITS, "n_flags": Attribute(),
        "speculation_adc_scale": SHARED, **SPECULATION,
    },
)  # fmt: skip
def raella_output_register(
    *,
    technology: Number,
    width: Number,
    depth: Number,
    entry_bits: Number,
    n_flags: Number,
    speculation_adc_scale: Number = 1.0,
    speculation_enabled: bool | None = None,
    neurosim: str = SET_2023,
    artifact_quirks: bool = False,
) -> Estimate:
    """A crossbar's register of partial sums, with a flag per column that says whether its speculation failed."""
    read, write = buffer_energies(width, depth, technology, neurosim)
    flags_depth = n_flags / FLAG_WIDTH
    flag_read, flag_write = buffer_energies(FLAG_WIDTH, flags_depth, technology, neurosim)
    speculates = _speculates(speculation_adc_scale, speculation_enabled, artifact_quirks)
    flags = speculates * (width / entry_bits) / FLAG_WIDTH
    area = buffer_area(width, depth, technology, neurosim)
    area = area + buffer_area(FLAG_WIDTH, flags_depth, technology, neurosim)
    update = speculation_adc_scale * write + flags * flag_write
    return Estimate({"read": speculation_adc_scale * read + flags * flag_read, "write": update, "update": update}, area)


@component(
    "shift_add_with_adc_action_share",
    accuracy=80,
    source=f"{RAELLA}; NeuroSim shift-and-add",
    formula="adc_action_share * shift_add(resolution)",
    attributes={"resolution": BITS, "n_adcs": Attribute(), "adc_action_share": SHARED, "neurosim": NEUROSIM},
)
def shift_add_with_adc_action_share(
    *,
    technology: Number,
    resolution: Number,
    n_adcs: Number = 1,
    adc_action_share: Number = 1.0,
    neurosim: str = SET_2023,
) -> Estimate:
    """One shift-and-add unit per converter: energy of one addition, area of all units."""
    unit = part(SHIFT_ADD[neurosim], "shift_add", resolution, technology)
    energy = {"update": adc_action_share * unit.energy_pJ["shift_add"], "read": 0.0, "write": 0.0}
    return Estimate(energy, n_adcs * unit.area_um2, n_adcs * unit.leak_power_W)


@component(
    "raella_dac",
    accuracy=80,
    source=f"{RAELLA}; NeuroSim row drivers",
    formula="input_row_drivers, and a gate per row of area",
    attributes={**DRIVER_ATTRIBUTES, "n_components": Attribute()},
)
def raella_dac(
    *,
    technology: Number,
    rows: Number,
    cols: Number,
    average_input_value: Number,
    cell_config: str = "raella",
    n_components: Number | None = None,
    cell_area: Number | None = None,
    neurosim: str = SET_2023,
) -> Estimate:
    """Row drivers behind ``n_components`` gates (one per row unless stated) that make pulse trains of the inputs."""
    drivers = input_row_drivers(
        technology=technology, rows=rows, cols=cols, average_input_value=average_input_value,
        cell_config=cell_config, cell_area=cell_area, neurosim=neurosim,
    )  # fmt: skip
    gates = (rows if n_components is None else n_components) * NAND_AREA_UM2 * area_scale(32, technology)
    return Estimate(drivers.energy_pJ, drivers.area_um2 + gates, drivers.leak_power_W)


@component(
    "d_flip_flop",
    accuracy=80,
    source="NeuroSim flip-flop",
    formula="area alone",
    attributes={"n_bits": BITS, "neurosim": NEUROSIM},
)  # fmt: skip
def d_flip_flop(*, technology: Number, n_bits: Number = 1, neurosim: str = SET_2023) -> Estimate:
    """A flip-flop that holds what does not change, such as whether a column's weights are inverted."""
    held = part(FLIP_FLOP[neurosim], "read", n_bits, technology)
    return Estimate({"read": 0.0, "write": 0.0, "update": 0.0}, held.area_um2, held.leak_power_W)
