"""What the run costs: accesses of whole lines, network traffic, leakage and computations (reference C.7 to C.9)."""

from __future__ import annotations

from accelax.model.levels.arrays import LevelHardware, LevelStructure, NetworkCounts
from accelax.model.levels.networks import NestCounts
from accelax.model.levels.traffic import Traffic
from accelax.model.ops import Number, ceil_divide, minimum, total, where


def clusters(hardware: LevelHardware, nest: NestCounts, level: int) -> Number:
    """Physical memories in use: instances, of which ``cluster_size`` share one memory."""
    available = hardware.mesh_x[level] * hardware.mesh_y[level] / hardware.cluster_size[level]
    return minimum(nest.instances[level], available)


def tensor_energy(hardware: LevelHardware, traffic: Traffic, nest: NestCounts, level: int, tensor: int) -> Number:
    """pJ of all accesses of one tensor at one level: ``instances * sum ceil(words / block) * energy per line``."""
    block = hardware.block_size[level]
    return clusters(hardware, nest, level) * (
        ceil_divide(traffic.reads[level][tensor], block) * hardware.read_energy[level]
        + ceil_divide(traffic.fills[level][tensor], block) * hardware.fill_energy[level]
        + ceil_divide(traffic.updates[level][tensor], block) * hardware.update_energy[level]
    )


def accessed_lines(
    hardware: LevelHardware, traffic: Traffic, nest: NestCounts, level: int
) -> tuple[Number, Number, Number]:
    """Lines read, filled and updated over all instances of a level and all tensors.

    What :func:`tensor_energy` multiplies with energies. Energy is linear in these: one count serves many prices.
    """
    block, memories = hardware.block_size[level], clusters(hardware, nest, level)
    reads, fills, updates = (
        memories * total([ceil_divide(words, block) for words in rows[level]])
        for rows in (traffic.reads, traffic.fills, traffic.updates)
    )
    return reads, fills, updates


def leaking_instances(structure: LevelStructure, hardware: LevelHardware, nest: NestCounts, level: int) -> Number:
    """Instances that leak in a cycle: those in use, or whole groups when gated further out.

    Instances count as in use by the loops above them, whether or not they keep a tensor.
    """
    gate = structure.power_gate[level]
    if gate == level:
        return nest.instances[level]
    ratio = (hardware.mesh_x[level] * hardware.mesh_y[level]) / (hardware.mesh_x[gate] * hardware.mesh_y[gate])
    return where(ratio > 1, ratio * nest.instances[gate], nest.instances[level])


def leakage(structure: LevelStructure, hardware: LevelHardware, nest: NestCounts, cycles: Number, level: int) -> Number:
    """pJ that one level leaks over the run; ``cycles`` without network latencies."""
    return hardware.leak_energy[level] * cycles * leaking_instances(structure, hardware, nest, level)


def network_energy(
    structure: LevelStructure,
    hardware: LevelHardware,
    nest: NestCounts,
    counts: NetworkCounts,
    partition: Number,
    level: int,
    tensor: int,
) -> tuple[Number, Number]:
    """``(transfers, link transfers)`` in pJ of one tensor on network ``level``, over all its instances.

    ``hops E_hop + router_words E_router + ingresses E_ingress`` and ``link_transfers (E_hop + 2 E_router)``. Partial
    sums travel both ways when the level above cannot add: ``2 accesses - partition`` ingresses.
    """
    ingresses = counts.accesses
    if structure.outputs[tensor] and not structure.reduction_supported[level]:
        ingresses = 2.0 * counts.accesses - partition
    scale = nest.instances[level]
    hop, router = hardware.hop_energy[level], hardware.router_energy[level]
    ratio = ingresses / counts.accesses
    transfers = counts.hops * hop + counts.router_words * ratio * router + ingresses * hardware.ingress_energy[level]
    return transfers * scale, counts.link_transfers * (hop + 2.0 * router) * scale


def compute_energy(hardware: LevelHardware, computes: Number) -> Number:
    """pJ of all computations. Leakage of the compute unit is ignored, as Timeloop does."""
    return computes * hardware.compute_energy


def run_area(hardware: LevelHardware) -> Number:
    """µm² of all instances of all components."""
    levels = [a * x * y for a, x, y in zip(hardware.area, hardware.mesh_x, hardware.mesh_y, strict=True)]
    return total(levels) + hardware.area_compute * hardware.mesh_x_compute * hardware.mesh_y_compute
