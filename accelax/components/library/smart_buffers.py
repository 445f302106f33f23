"""Smart buffers: a memory that steps its own addresses with an adder for reads and one for writes.

An access costs one of the memory and one addition of as many bits as the addresses have. CACTI has no SRAM below 32 bit
and 64 words, nor has the source of register files; smaller ones are scaled from there (the rule of Accelergy's
compound class): energy goes with the power 0.78 of the depth and, for register files, with the width; area and leakage
go with both.
"""

from __future__ import annotations

from accelax.components.estimate import COUNT, Attribute, Estimate
from accelax.components.library import register_files
from accelax.components.library.aladdin import aladdin_adder
from accelax.components.library.gates import neurosim_adder
from accelax.components.library.sram import BANKS, DEPTH, FORMULA, PORTS, SOURCE, TECHNOLOGY, WIDTH, sram_estimate
from accelax.components.numbers import Number, ceil, log2, maximum
from accelax.components.registry import component
from accelax.components.scaling import NOMINAL_V, SUPPLY, depth_energy_scale

ADDRESS_ADDER = Attribute(kind="text", choices=("neurosim", "aladdin"))
"""Whose adders step the addresses."""
_ADDERS = {"neurosim": neurosim_adder, "aladdin": aladdin_adder}


def address_bits(depth: Number) -> Number:
    """The bits of an address of ``depth`` words, at least one; piecewise constant.

    >>> float(address_bits(192)), float(address_bits(1))
    (8.0, 1.0)
    """
    return maximum(1.0, ceil(log2(depth)))


def with_address_adders(
    memory: Estimate, depth: Number, technology: Number, voltage: Number, address_adder: str
) -> Estimate:
    """A memory with two address adders, of which every access uses one."""
    adder = _ADDERS[address_adder](technology=technology, width=address_bits(depth), voltage=voltage)
    return Estimate(
        energy_pJ={action: energy + adder.energy_pJ["add"] for action, energy in memory.energy_pJ.items()},
        area_um2=memory.area_um2 + 2 * adder.area_um2,
        leak_power_W=memory.leak_power_W + 2 * adder.leak_power_W,
        latency_s=memory.latency_s,
    )


@component(
    "smartbuffer_SRAM", "SmartBufferSRAM", "smart_buffer_sram", "smartbuffer",
    accuracy=75, source=f"{SOURCE}; address adders of NeuroSim or Aladdin", formula=f"{FORMULA} + address adder",
    attributes={
        "technology": TECHNOLOGY, "width": WIDTH, "depth": DEPTH, "n_banks": BANKS, "n_rw_ports": PORTS,
        "n_rdwr_ports": PORTS, "voltage": SUPPLY, "address_adder": ADDRESS_ADDER,
    },
)  # fmt: skip
def smartbuffer_sram(
    *,
    technology: Number,
    width: Number,
    depth: Number,
    n_banks: Number = 1,
    n_rw_ports: Number = 1,
    n_rdwr_ports: Number | None = None,
    voltage: Number = NOMINAL_V,
    address_adder: str = "neurosim",
) -> Estimate:
    """An SRAM with two address adders."""
    ports = n_rw_ports if n_rdwr_ports is None else n_rdwr_ports
    memory = sram_estimate(width, depth, technology, n_banks, ports, voltage)
    return with_address_adders(memory, depth, technology, voltage, address_adder)


@component(
    "smartbuffer_RF", "SmartBufferRF", "smart_buffer_rf",
    accuracy=70, source=f"{register_files.SOURCE}; address adders of NeuroSim or Aladdin",
    formula="register file of at least 32 bit and 64 words * share of the width * (share of the depth)^0.78 + adder",
    attributes={
        "width": register_files.WIDTH, "depth": register_files.DEPTH, "voltage": SUPPLY, "address_adder": ADDRESS_ADDER,
    },
)  # fmt: skip
def smartbuffer_rf(
    *,
    technology: Number,
    width: Number,
    depth: Number,
    voltage: Number = NOMINAL_V,
    address_adder: str = "neurosim",
) -> Estimate:
    """A register file with two address adders.

    >>> round(float(smartbuffer_rf(technology=45, width=16, depth=192).energy_pJ["write"]), 2)
    2.86
    """
    broad, deep = maximum(width, 32.0), maximum(depth, 64.0)
    least = register_files.register_file(broad, deep, technology, voltage)
    cut = width / broad * (depth / deep)
    share = width / broad * depth_energy_scale(deep, depth)
    memory = Estimate(
        energy_pJ={action: energy * share for action, energy in least.energy_pJ.items()},
        area_um2=least.area_um2 * cut,
        leak_power_W=least.leak_power_W * cut,
    )
    return with_address_adders(memory, depth, technology, voltage, address_adder)


_METADATA = {
    "metadata_storage_width": Attribute("bit", least=0.0, above=False, whole=True),
    "metadata_storage_depth": Attribute("words", least=0.0, above=False, whole=True),
    "metadata_counter_width": Attribute("bit", least=0.0, above=False, whole=True),
    "voltage": SUPPLY, "address_adder": ADDRESS_ADDER, "n_rdwr_ports": COUNT,
}  # fmt: skip


def _with_metadata(
    data: Estimate, metadata: Estimate, counter_width: Number, technology: Number, voltage: Number
) -> Estimate:
    """A buffer of data beside one of metadata, with a counter for compressing and one for decompressing."""
    counter = aladdin_adder(technology=technology, width=counter_width, voltage=voltage)
    count = counter.energy_pJ["add"]
    energies = {**data.energy_pJ, **{f"metadata_{action}": pJ for action, pJ in metadata.energy_pJ.items()}}
    return Estimate(
        energy_pJ={**energies, "compression_count": count, "decompression_count": count},
        area_um2=data.area_um2 + metadata.area_um2 + 2 * counter.area_um2,
        leak_power_W=data.leak_power_W + metadata.leak_power_W + 2 * counter.leak_power_W,
        latency_s=data.latency_s,
    )


@component(
    "smartbuffer_metadata",
    accuracy=70, source=f"{SOURCE}; two smart buffers and two counters", formula=f"{FORMULA} + address adder",
    attributes={"technology": TECHNOLOGY, "width": WIDTH, "depth": DEPTH, **_METADATA},
)  # fmt: skip
def smartbuffer_metadata(
    *,
    technology: Number,
    width: Number,
    depth: Number,
    metadata_storage_width: Number,
    metadata_storage_depth: Number,
    metadata_counter_width: Number = 0,
    n_rdwr_ports: Number = 1,
    voltage: Number = NOMINAL_V,
    address_adder: str = "neurosim",
) -> Estimate:
    """A smart SRAM for data and one for the metadata of a compressed format."""
    data, metadata = (
        smartbuffer_sram(
            technology=technology, width=bits, depth=words, n_rw_ports=n_rdwr_ports, voltage=voltage,
            address_adder=address_adder,
        )
        for bits, words in ((width, depth), (maximum(metadata_storage_width, 1), maximum(metadata_storage_depth, 1)))
    )  # fmt: skip
    return _with_metadata(data, metadata, metadata_counter_width, technology, voltage)


@component(
    "regfile_metadata",
    accuracy=70, source=f"{register_files.SOURCE}; two smart buffers and two counters", formula="as smartbuffer_RF",
    attributes={"width": register_files.WIDTH, "depth": register_files.DEPTH, **_METADATA},
)  # fmt: skip
def regfile_metadata(
    *,
    technology: Number,
    width: Number,
    depth: Number,
    metadata_storage_width: Number,
    metadata_storage_depth: Number,
    metadata_counter_width: Number = 0,
    voltage: Number = NOMINAL_V,
    address_adder: str = "neurosim",
) -> Estimate:
    """A smart register file for data and one for the metadata of a compressed format."""
    data, metadata = (
        smartbuffer_rf(technology=technology, width=bits, depth=words, voltage=voltage, address_adder=address_adder)
        for bits, words in ((width, depth), (maximum(metadata_storage_width, 1), maximum(metadata_storage_depth, 1)))
    )
    return _with_metadata(data, metadata, metadata_counter_width, technology, voltage)
