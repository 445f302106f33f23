"""The relaxed cost of a class: logarithms of posynomials in the tile shapes, never above the exact model's numbers.

At every integer point of the class and for every hardware, each metric here is at most the exact one, and each limit
at most as tight. Equal it is where no window slides, nothing is elided, lines hold one word, cycles come out whole and
networks cost nothing. Left out, so that the rest stays below:

    rounding        ``ceil`` of lines and of cycles
    first visits    partial sums that are read or filled for the first time: of energy and accesses as an offset
                    (:class:`RelaxedCost`), of bandwidths by leaving out the reads and fills they are part of
    windows         replaced by monomials below them (:mod:`~accelax.search.relaxed.windows`)
    networks        hops; the second crossing of partial sums where the parent cannot add
    neighbours      link transfers, and the fills that they may replace (:mod:`~accelax.search.relaxed.deliveries`)
    shared memories ``min(instances, memories)``, concave, by the chord between one instance and all
    utilization     lower limits on use

Maxima are taken as ``sum w_i v_i`` with weights ``w`` of the softmax at a temperature, held constant: convex, below the
maximum for any weights, and with the gradient of the smooth maximum ``T log sum exp(v / T)``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from flax import struct

from accelax.model.levels.arrays import LevelHardware, LevelStructure
from accelax.model.ops import namespace
from accelax.search.relaxed.layout import Shared
from accelax.search.relaxed.program import Program

Maximum = Callable[[Any, Any], Any]
"""A function of values and a temperature that takes the last axis away."""
NOTHING = 1e-30
"""Added to sums before their logarithm is taken."""
SMALLEST_SIZE = 0.5
"""A buffer that holds less than a word holds nothing either way."""
METRICS = ("energy", "delay", "last_level_accesses")


@struct.dataclass
class RelaxedCost:
    """One relaxed evaluation.

    logs
        ``[3]``: the logarithms of ``METRICS``, each before ``offsets`` are taken off.
    offsets
        ``[3]``: an exact metric is at least ``exp(log) - offset``.
    excess
        ``[G]``: the logarithm of use over limit, of buffers and then of fan-outs; 0 or less where a mapping fits.
    """

    logs: Any
    offsets: Any
    excess: Any


@struct.dataclass
class Prices:
    """The numbers of the hardware as the relaxed cost needs them: ``[L]`` unless stated.

    read, fill, update
        pJ per word.
    crossing
        pJ per word that crosses the network below a level, hops left out.
    memories
        The exponent of the instances in the number of memories in use.
    leak
        ``[L, L]``: pJ per cycle of a level for every instance in use of another.
    reading, writing
        ``[3, L, T]``: cycles per word of a tensor that is read, and that is written, by the limits on reads, on writes
        and on both.
    size
        Words.
    lanes
        ``[G]``: the logarithm of the limit of every fan-out.
    compute, network_cycles
        pJ per computation; cycles that filling and draining the networks add. Scalars.
    """

    read: Any
    fill: Any
    update: Any
    crossing: Any
    memories: Any
    leak: Any
    reading: Any
    writing: Any
    size: Any
    lanes: Any
    compute: Any
    network_cycles: Any


def price(structure: LevelStructure, hardware: LevelHardware, shared: Shared) -> Prices:
    """The prices of a machine. Differentiable in the numbers of ``hardware``."""
    xp = namespace(*jax.tree.leaves(hardware))
    block = _column(hardware.block_size)
    carried = np.array([float(energy) for energy in structure.network_energy])
    scale = xp.stack([_column(row) for row in hardware.bandwidth_scale])
    apart, into, both = (
        1.0 / _column(row)[:, None]
        for row in (hardware.read_bandwidth, hardware.write_bandwidth, hardware.shared_bandwidth)
    )
    nothing = 0.0 * apart
    return Prices(
        read=_column(hardware.read_energy) / block,
        fill=_column(hardware.fill_energy) / block,
        update=_column(hardware.update_energy) / block,
        crossing=carried * (_column(hardware.router_energy) + _column(hardware.ingress_energy)),
        memories=_memories(hardware),
        leak=_leaking(structure, hardware),
        reading=xp.stack([apart, nothing, both]) * scale,
        writing=xp.stack([nothing, into, both]) * scale,
        size=xp.maximum(_column(hardware.size), SMALLEST_SIZE),
        lanes=_lanes(hardware, shared),
        compute=xp.asarray(hardware.compute_energy, dtype=float),
        network_cycles=xp.sum(_column(hardware.network_latency)),
    )


def relaxed_cost(
    structure: LevelStructure,
    prices: Prices,
    shared: Shared,
    program: Program,
    x: Any,
    temperature: Any,
    maximum: Maximum | None = None,
) -> RelaxedCost:
    """The relaxed cost of one class at ``x`` ``[N]``. Differentiable in ``x`` and in ``prices``.

    ``maximum`` is what stands for maxima: :func:`weighted_maximum`, or :func:`smooth_maximum` for second derivatives.
    """
    xp = namespace(x, *jax.tree.leaves(prices))
    maximum = weighted_maximum if maximum is None else maximum
    windows = _windows(shared, program, x, temperature, maximum)
    served = program.served @ x + program.served_windows @ windows
    filled = program.filled @ x + program.filled_windows @ windows
    tiles = shared.tiles @ x + shared.tile_windows @ windows
    instances, iterations = shared.instances @ x, shared.iterations @ x
    steady = _steady_cycles(prices, program, served, filled, iterations, temperature, maximum)
    energy = _energy(prices, program, served, filled, instances, iterations, steady)
    outer = structure.is_fanout.index(False)
    accesses = program.reads[outer] + program.updates[outer]
    outermost = xp.sum(accesses * xp.exp(served[outer] + instances[outer]))
    delay = xp.exp(steady) + prices.network_cycles
    elided = xp.sum(program.elided[0] * prices.read[:, None] + program.elided[1] * prices.fill[:, None])
    used = xp.sum(program.keep * xp.exp(tiles), axis=1) / prices.size
    return RelaxedCost(
        logs=xp.log(xp.stack([energy, delay, outermost]) + NOTHING),
        offsets=xp.stack([elided, 0.0 * elided, xp.sum(program.elided[0, outer])]),
        excess=xp.concatenate([xp.log(used + NOTHING), shared.spread @ x - prices.lanes]),
    )


def weighted_maximum(values: Any, temperature: Any) -> Any:
    """The mean of ``values`` with the weights of their softmax: at most their maximum, and convex where they are."""
    raised, total, _ = _raised(values, temperature)
    weights = raised / total[..., None]
    weights = weights if isinstance(weights, np.ndarray) else jax.lax.stop_gradient(weights)
    return (weights * values).sum(axis=-1)


def smooth_maximum(values: Any, temperature: Any) -> Any:
    """``T log sum exp(v / T)``: at least the maximum. Its gradient is that of :func:`weighted_maximum`."""
    _, total, peak = _raised(values, temperature)
    return peak[..., 0] + temperature * namespace(total).log(total)


def _raised(values: Any, temperature: Any) -> tuple[Any, Any, Any]:
    """``exp((v - peak) / T)``, their sum over the last axis, and the largest of ``values``."""
    peak = values.max(axis=-1, keepdims=True)
    peak = peak if isinstance(peak, np.ndarray) else jax.lax.stop_gradient(peak)
    raised = namespace(values).exp((values - peak) / temperature)
    return raised, raised.sum(axis=-1), peak


def _windows(shared: Shared, program: Program, x: Any, temperature: Any, maximum: Maximum) -> Any:
    """``[K]``: the logarithm of every window."""
    xp = namespace(x)
    forms = xp.concatenate([shared.forms @ x, program.sweep_forms @ x])
    planes = xp.asarray(shared.planes)[xp.concatenate([xp.asarray(shared.table), program.sweep_table])]
    return maximum((planes[..., :3] @ forms[..., None])[..., 0] + planes[..., 3], temperature)


def _steady_cycles(
    prices: Prices, program: Program, served: Any, filled: Any, iterations: Any, temperature: Any, maximum: Maximum
) -> Any:
    """The logarithm of the cycles without network latencies: the slowest of the compute unit and all bandwidths."""
    xp = namespace(iterations, served, *jax.tree.leaves(prices))
    reads = xp.where(program.elided[0] > 0, 0.0, program.reads)
    fills = xp.where(program.elided[1] > 0, 0.0, program.fills)
    per_word = reads * prices.reading + program.updates * prices.writing
    demands = xp.sum(per_word * xp.exp(served) + fills * prices.writing * xp.exp(filled), axis=-1)
    return maximum(xp.concatenate([iterations[None], xp.log(demands.ravel() + NOTHING)]), temperature)


def _energy(
    prices: Prices, program: Program, served: Any, filled: Any, instances: Any, iterations: Any, steady: Any
) -> Any:
    """pJ of accesses, networks, leakage and computations."""
    xp = namespace(iterations, *jax.tree.leaves(prices))
    memories = (prices.memories * instances[:-1])[:, None]
    out = program.reads * prices.read[:, None] + program.updates * prices.update[:, None]
    into = program.fills * prices.fill[:, None]
    words = xp.sum(out * xp.exp(served + memories) + into * xp.exp(filled + memories))
    networks = xp.sum(prices.crossing[:, None] * xp.exp(served + instances[:-1, None]))
    leaks = xp.sum(prices.leak @ xp.exp(instances[:-1])) * xp.exp(steady)
    return words + networks + leaks + prices.compute * xp.exp(iterations + instances[-1])


def _column(values: tuple[Any, ...]) -> Any:
    xp = namespace(*values)
    return xp.stack([xp.asarray(value, dtype=float) for value in values])


def _memories(hardware: LevelHardware) -> Any:
    """1, or the slope of the chord below ``min(instances, all memories)`` in logarithms."""
    xp = namespace(*jax.tree.leaves(hardware))
    there = _column(hardware.mesh_x) * _column(hardware.mesh_y)
    shared = _column(hardware.cluster_size) > 1
    rooms = xp.log(xp.maximum(xp.where(shared, there, 2.0), 2.0))
    memories = xp.maximum(xp.where(shared, there / _column(hardware.cluster_size), 1.0), 1.0)
    return xp.where(shared, xp.log(memories) / rooms, 1.0)


def _leaking(structure: LevelStructure, hardware: LevelHardware) -> Any:
    """``[L, L]``: pJ per cycle and instance in use: of the level's own, or of the level that gates it."""
    xp = namespace(*jax.tree.leaves(hardware))
    rows = []
    own = np.eye(structure.n_levels)
    for level, gate in enumerate(structure.power_gate):
        ratio = (hardware.mesh_x[level] * hardware.mesh_y[level]) / (hardware.mesh_x[gate] * hardware.mesh_y[gate])
        in_use = xp.where(ratio > 1, ratio * own[gate], own[level])
        rows.append(in_use * (0.0 if structure.is_fanout[level] else hardware.leak_energy[level]))
    return xp.stack(rows)


def _lanes(hardware: LevelHardware, shared: Shared) -> Any:
    """``[G]``: the logarithm of the lanes there are, by limit."""
    xp = namespace(*jax.tree.leaves(hardware))
    sides = []
    for mesh, compute in ((hardware.mesh_x, hardware.mesh_x_compute), (hardware.mesh_y, hardware.mesh_y_compute)):
        sides.append(xp.log(_column((*mesh[1:], compute)) / _column(mesh)))
    return xp.sum(shared.spread_axes * xp.stack(sides, axis=1)[shared.spread_level], axis=1)
