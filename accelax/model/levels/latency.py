"""How long the run takes: the slowest level, each throttled by its average bandwidth demand.

Timeloop's rule (reference C.7, runs 4.4): every level must sustain its average demand over the compute cycles ``C``;
``slowdown = min(1, read bandwidth / reads, write bandwidth / writes, shared bandwidth / both)`` with demands per cycle,
and the level needs ``ceil(C / slowdown)`` cycles. The order of the sums and divisions decides the last cycle, so it is
kept. Where fewer instances work on average than at the peak, Timeloop spreads the accesses over all of them, in whole
words.
"""

from __future__ import annotations

from accelax.model.levels.arrays import LevelHardware, LevelStructure
from accelax.model.levels.networks import NestCounts
from accelax.model.levels.traffic import Traffic
from accelax.model.ops import INFINITY, Number, ceil, maximum, minimum, total, where


def level_cycles(
    structure: LevelStructure, hardware: LevelHardware, traffic: Traffic, nest: NestCounts, level: int
) -> tuple[Number, Number]:
    """``(cycles, slowdown)`` of one level."""
    compute_cycles = nest.compute_cycles
    bandwidths = (hardware.read_bandwidth[level], hardware.write_bandwidth[level], hardware.shared_bandwidth[level])
    if structure.is_fanout[level]:
        return compute_cycles, 1.0
    if all(isinstance(limit, float) and limit == INFINITY for limit in bandwidths):
        return ceil(compute_cycles), 1.0
    scale = hardware.bandwidth_scale[level]
    tensors = range(len(structure.tensors))
    reads = [_spread(structure, nest, level, traffic.reads[level][t]) for t in tensors]
    writes = [_spread(structure, nest, level, traffic.fills[level][t] + traffic.updates[level][t]) for t in tensors]
    reading = total([words / compute_cycles * factor for words, factor in zip(reads, scale, strict=True)])
    writing = total([words / compute_cycles * factor for words, factor in zip(writes, scale, strict=True)])
    slowdown: Number = 1.0
    for bandwidth, demand in zip(bandwidths, (reading, writing, reading + writing), strict=True):
        busy = demand > bandwidth
        slowdown = minimum(slowdown, where(busy, bandwidth / where(busy, demand, 1.0), 1.0))
    return ceil(compute_cycles / slowdown), slowdown


def _spread(structure: LevelStructure, nest: NestCounts, level: int, words: Number) -> Number:
    """Words of one instance, spread over all that are ever in use: ``ceil(words / (peak / average))``."""
    if not structure.imperfect or structure.rules.imperfect != "timeloop_residual":
        return words
    return ceil(words / (nest.peak_instances[level] / nest.instances[level]))


def run_cycles(hardware: LevelHardware, cycles: tuple[Number, ...], compute_cycles: Number) -> tuple[Number, Number]:
    """``(cycles of the steady state, cycles of the run)``: the slowest level, then fills and drains added once."""
    steady = maximum(compute_cycles, *cycles)
    return steady, steady + total(list(hardware.network_latency))
