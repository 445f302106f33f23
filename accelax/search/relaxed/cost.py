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

from typing import Any

import jax
import jax.numpy as jnp
from flax import struct

from accelax.model.levels.arrays import LevelHardware, LevelStructure
from accelax.search.relaxed.layout import Shared
from accelax.search.relaxed.program import Program

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


def relaxed_cost(
    structure: LevelStructure, hardware: LevelHardware, shared: Shared, program: Program, x: Any, temperature: Any
) -> RelaxedCost:
    """The relaxed cost of one class at ``x`` ``[N]``. Differentiable in ``x`` and in the numbers of ``hardware``."""
    storage = jnp.array([0.0 if fanout else 1.0 for fanout in structure.is_fanout])
    windows = _windows(shared, program, x, temperature)
    served = program.served @ x + program.served_windows @ windows
    filled = program.filled @ x + program.filled_windows @ windows
    tiles = shared.tiles @ x + shared.tile_windows @ windows
    instances, iterations = shared.instances @ x, shared.iterations @ x
    steady = _steady_cycles(structure, hardware, program, served, filled, iterations, temperature)
    energy = _energy(structure, hardware, program, served, filled, instances, iterations, steady)
    outer = structure.is_fanout.index(False)
    accesses = program.reads + program.updates
    outermost = jnp.sum(accesses[outer] * jnp.exp(served[outer] + instances[outer]))
    delay = jnp.exp(steady) + sum(hardware.network_latency)
    return RelaxedCost(
        logs=jnp.log(jnp.stack([energy, delay, outermost]) + NOTHING),
        offsets=jnp.stack([_elided_energy(hardware, program), jnp.zeros(()), program.elided[0, outer].sum()]),
        excess=jnp.concatenate([_buffers(hardware, program, tiles, storage), _fanouts(hardware, shared, x)]),
    )


def weighted_maximum(values: Any, temperature: Any, axis: int = -1) -> Any:
    """The mean of ``values`` with the weights of their softmax: at most their maximum, and convex where they are."""
    weights = jax.lax.stop_gradient(jax.nn.softmax(values / temperature, axis=axis))
    return jnp.sum(weights * values, axis=axis)


def _windows(shared: Shared, program: Program, x: Any, temperature: Any) -> Any:
    """``[K]``: the logarithm of every window."""
    forms = jnp.concatenate([shared.forms @ x, program.sweep_forms @ x])
    planes = jnp.asarray(shared.planes)[jnp.concatenate([jnp.asarray(shared.table), program.sweep_table])]
    values = jnp.einsum("kfd,kd->kf", planes[..., :3], forms) + planes[..., 3]
    return weighted_maximum(values, temperature)


def _column(values: tuple[Any, ...]) -> Any:
    return jnp.stack([jnp.asarray(value, dtype=float) for value in values])


def _steady_cycles(
    structure: LevelStructure,
    hardware: LevelHardware,
    program: Program,
    served: Any,
    filled: Any,
    iterations: Any,
    temperature: Any,
) -> Any:
    """The logarithm of the cycles without network latencies: the slowest of the compute unit and all bandwidths."""
    scale = jnp.stack([_column(row) for row in hardware.bandwidth_scale])
    reads = jnp.where(program.elided[0] > 0, 0.0, program.reads) * scale
    fills = jnp.where(program.elided[1] > 0, 0.0, program.fills) * scale
    out, into = jnp.exp(served), jnp.exp(filled)
    reading = jnp.sum(reads * out, axis=1)
    writing = jnp.sum(fills * into + program.updates * scale * out, axis=1)
    columns = [
        reading / _column(hardware.read_bandwidth),
        writing / _column(hardware.write_bandwidth),
        (reading + writing) / _column(hardware.shared_bandwidth),
    ]
    demands = jnp.concatenate(columns) + NOTHING
    return weighted_maximum(jnp.concatenate([iterations[None], jnp.log(demands)]), temperature)


def _energy(
    structure: LevelStructure,
    hardware: LevelHardware,
    program: Program,
    served: Any,
    filled: Any,
    instances: Any,
    iterations: Any,
    steady: Any,
) -> Any:
    """pJ of accesses, networks, leakage and computations."""
    read, fill, update = (
        _column(row) / _column(hardware.block_size)
        for row in (hardware.read_energy, hardware.fill_energy, hardware.update_energy)
    )
    memories = _memories(hardware, instances[:-1])[:, None]
    out = program.reads * read[:, None] + program.updates * update[:, None]
    into = program.fills * fill[:, None]
    words = jnp.sum(out * jnp.exp(served + memories) + into * jnp.exp(filled + memories))
    carried = jnp.array([1.0 if energy else 0.0 for energy in structure.network_energy])
    crossing = carried * (_column(hardware.router_energy) + _column(hardware.ingress_energy))
    networks = jnp.sum(crossing[:, None] * jnp.exp(served + instances[:-1, None]))
    leaks = _leaking(structure, hardware, instances) * jnp.exp(steady)
    computes = hardware.compute_energy * jnp.exp(iterations + instances[-1])
    return words + networks + leaks + computes


def _memories(hardware: LevelHardware, instances: Any) -> Any:
    """The logarithm of memories in use: ``instances``, or the chord below ``min(instances, all memories)``."""
    there = _column(hardware.mesh_x) * _column(hardware.mesh_y)
    shared = _column(hardware.cluster_size) > 1
    rooms = jnp.log(jnp.maximum(jnp.where(shared, there, 2.0), 2.0))
    slope = jnp.log(jnp.where(shared, there / _column(hardware.cluster_size), 1.0)) / rooms
    return jnp.where(shared, slope, 1.0) * instances


def _leaking(structure: LevelStructure, hardware: LevelHardware, instances: Any) -> Any:
    """pJ per cycle of all instances that leak."""
    total = jnp.zeros(())
    for level, gate in enumerate(structure.power_gate):
        if structure.is_fanout[level]:
            continue
        ratio = (hardware.mesh_x[level] * hardware.mesh_y[level]) / (hardware.mesh_x[gate] * hardware.mesh_y[gate])
        grouped = jnp.asarray(ratio) > 1
        in_use = jnp.where(grouped, ratio * jnp.exp(instances[gate]), jnp.exp(instances[level]))
        total = total + hardware.leak_energy[level] * in_use
    return total


def _elided_energy(hardware: LevelHardware, program: Program) -> Any:
    """pJ that first visits save, at most."""
    block = _column(hardware.block_size)
    reads, fills = _column(hardware.read_energy) / block, _column(hardware.fill_energy) / block
    return jnp.sum(program.elided[0] * reads[:, None] + program.elided[1] * fills[:, None])


def _buffers(hardware: LevelHardware, program: Program, tiles: Any, storage: Any) -> Any:
    """The logarithm of words kept over size, by level; far below 0 for fan-outs."""
    used = jnp.sum(program.keep * jnp.exp(tiles), axis=1)
    return jnp.log(storage * used / jnp.maximum(_column(hardware.size), SMALLEST_SIZE) + NOTHING)


def _fanouts(hardware: LevelHardware, shared: Shared, x: Any) -> Any:
    """The logarithm of lanes in use over lanes there are, by limit."""
    sides = []
    for mesh, compute in ((hardware.mesh_x, hardware.mesh_x_compute), (hardware.mesh_y, hardware.mesh_y_compute)):
        below = _column((*mesh[1:], compute))
        sides.append(jnp.log(below / _column(mesh)))
    lanes = jnp.stack(sides, axis=1)[shared.spread_level]
    return shared.spread @ x - jnp.sum(shared.spread_axes * lanes, axis=1)
