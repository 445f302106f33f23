"""How much each number of the hardware matters: slopes of the objective in logarithms, with the mappings fixed.

``d log(objective) / d log(number)`` is what one per cent more of a number changes, in per cent. The counts of the
mappings stay as they are, so a capacity has a slope through what it costs (energy per access, leakage), not through
mappings that it would allow: those are what the front and the search are for.

Two steps of the model have a derivative that is zero almost everywhere, and are treated so that the slope is that of
the trend: whole lines, ``ceil(words / block)``, are taken to go with ``1 / block`` from their exact number; whole
cycles, ``ceil(C / slowdown)``, are left unrounded. Where several levels are the slowest at once, each has its part of
the slope.
"""

from __future__ import annotations

import math
from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from accelax.codesign.choice import Goal
from accelax.encode.knobs import at_values
from accelax.encode.level_mapping import encode_mapping
from accelax.encode.level_problem import LevelProblem
from accelax.ir import Mapping
from accelax.model.levels.arrays import LevelHardware, LevelStructure
from accelax.model.levels.energy import accessed_lines, clusters, compute_energy, leakage, network_energy
from accelax.model.levels.latency import level_cycles, run_cycles
from accelax.model.levels.networks import NestCounts
from accelax.model.levels.traffic import Traffic
from accelax.model.ops import total
from accelax.search.exact_batch import exact_costs

UNPRICED = ("size", "min_utilization", "area", "area_compute", "mesh_x", "mesh_y", "cluster_size")
"""Numbers that enter neither energy nor delay while the mappings are fixed, and those that are counts of parts."""


BANDWIDTHS = ("read_bandwidth", "write_bandwidth", "shared_bandwidth")


@dataclass(frozen=True)
class Slope:
    """A number of the hardware and ``d log(objective) / d log(number)``; ``kind`` is ``knob`` or ``hardware``."""

    name: str
    kind: str
    value: float
    slope: float


@dataclass(frozen=True)
class FixedLayers:
    """Layers of one structure whose mappings are fixed: what they count does not depend on numbers of the hardware.

    All arrays in ``nest``, ``traffic`` and ``lines`` (of one memory, ``[L][3]``) are ``[n]``, as are the ``counts``.
    """

    counts: np.ndarray
    problem: LevelProblem
    nest: NestCounts
    traffic: Traffic
    lines: tuple[tuple[Any, ...], ...]

    @staticmethod
    def of(layers: Sequence[tuple[int, LevelProblem, Mapping]]) -> FixedLayers:
        """Count the mappings of layers (each with its count) of one structure."""
        problem = layers[0][1]
        structure = problem.structure
        rows = [encode_mapping(structure, one.lowered, mapping) for _, one, mapping in layers]
        stacked = jax.tree.map(lambda *leaves: np.asarray(leaves, dtype=float), *rows)
        workload = jax.tree.map(
            lambda *leaves: np.asarray(leaves, dtype=float), *(one.workload for _, one, _ in layers)
        )
        cost = exact_costs(problem.replace(workload=workload), stacked)  # type: ignore[attr-defined]
        lines = tuple(
            tuple(
                amount / clusters(problem.hardware, cost.nest, level)
                for amount in accessed_lines(problem.hardware, cost.traffic, cost.nest, level)
            )
            for level in range(structure.n_levels)
        )
        return FixedLayers(np.array([n for n, _, _ in layers], dtype=float), problem, cost.nest, cost.traffic, lines)


def group(layers: Sequence[tuple[int, LevelProblem, Mapping]]) -> list[FixedLayers]:
    """Layers by structure."""
    found: dict[LevelStructure, list[tuple[int, LevelProblem, Mapping]]] = {}
    for layer in layers:
        found.setdefault(layer[1].structure, []).append(layer)
    return [FixedLayers.of(members) for members in found.values()]


def trend(layers: FixedLayers, hardware: LevelHardware) -> tuple[Any, Any]:
    """Total energy (pJ) and cycles of layers for other numbers of the hardware, free of rounding: see the module."""
    structure, nest, traffic = layers.problem.structure, layers.nest, layers.traffic
    levels = range(structure.n_levels)
    slow = [nest.compute_cycles / level_cycles(structure, hardware, traffic, nest, level)[1] for level in levels]
    steady, cycles = run_cycles(hardware, tuple(slow), nest.compute_cycles)
    parts: list[Any] = [_accesses(layers, hardware, level) for level in levels]
    parts += [_networks(structure, hardware, layers, level) for level in levels if structure.network_energy[level]]
    parts += [leakage(structure, hardware, nest, steady, level) for level in levels if not structure.is_fanout[level]]
    parts.append(compute_energy(hardware, nest.compute_iterations * nest.instances[-1]))
    return (layers.counts * total(parts)).sum(), (layers.counts * cycles).sum()


def _accesses(layers: FixedLayers, hardware: LevelHardware, level: int) -> Any:
    """pJ of the accesses of a level."""
    energies = hardware.read_energy[level], hardware.fill_energy[level], hardware.update_energy[level]
    ratio = layers.problem.hardware.block_size[level] / hardware.block_size[level]
    each = total([lines * energy for lines, energy in zip(layers.lines[level], energies, strict=True)])
    return clusters(hardware, layers.nest, level) * ratio * each


def _networks(structure: LevelStructure, hardware: LevelHardware, layers: FixedLayers, level: int) -> Any:
    """pJ of all transfers over one network."""
    networks, partition = layers.traffic.networks[level], layers.traffic.partition[level]
    return total(
        [
            part
            for t in range(len(structure.tensors))
            for part in network_energy(structure, hardware, layers.nest, networks[t], partition[t], level, t)
        ]
    )


@dataclass(frozen=True)
class Gradient:
    """Energy and cycles of layers, and the gradient of each with respect to the numbers of their machine."""

    layers: FixedLayers
    energy: float
    cycles: float
    of_energy: LevelHardware
    of_cycles: LevelHardware

    @staticmethod
    def of(layers: FixedLayers) -> Gradient:
        """Differentiate :func:`trend` in float64, by the numbers that may count: fewer compile faster."""
        machine = layers.problem.hardware
        leaves, shape = jax.tree.flatten(machine)
        open_ = [place for place, counts in enumerate(_open_leaves(layers)) if counts]

        def run(numbers: Any) -> tuple[Any, tuple[Any, Any]]:
            """Energy and cycles of all layers, and the slopes of both."""

            def of(numbers: Any) -> tuple[Any, Any]:
                every = list(leaves)
                for place, number in zip(open_, numbers, strict=True):
                    every[place] = number
                return trend(layers, jax.tree.unflatten(shape, every))

            values, back = jax.vjp(of, numbers)
            one, none = jnp.ones_like(values[0]), jnp.zeros_like(values[0])
            return values, (back((one, none))[0], back((none, one))[0])

        with jax.enable_x64(True):
            (energy, cycles), rows = jax.jit(run)([jnp.asarray(leaves[place], dtype=float) for place in open_])
        gradients = []
        for row in rows:
            every = [0.0] * len(leaves)
            for place, slope in zip(open_, row, strict=True):
                every[place] = float(slope)
            gradients.append(jax.tree.unflatten(shape, every))
        return Gradient(layers, float(energy), float(cycles), *gradients)


def _open_leaves(layers: FixedLayers) -> list[bool]:
    """Which leaves of the hardware may have a slope: positive and finite, of storage and of the compute unit."""
    machine, structure = layers.problem.hardware, layers.problem.structure
    levels = range(structure.n_levels)
    limited = [
        any(math.isfinite(float(getattr(machine, name)[level])) for name in BANDWIDTHS)
        and not structure.is_fanout[level]
        for level in levels
    ]
    flags = {}
    for field in fields(machine):
        values = getattr(machine, field.name)
        if field.name in UNPRICED:
            flags[field.name] = jax.tree.map(lambda _: False, values)
        elif field.name == "bandwidth_scale":
            flags[field.name] = tuple(
                tuple(limited[level] for _ in row) for level, row in zip(levels, values, strict=True)
            )
        elif field.name == "block_size":
            flags[field.name] = tuple(not structure.is_fanout[level] for level in levels)
        else:
            flags[field.name] = jax.tree.map(_counts, values)
    return jax.tree.leaves(type(machine)(**flags))


def slopes(
    layers: Sequence[tuple[int, LevelProblem, Mapping]],
    spec: Any,
    goal: Goal,
    knobs: Dictionary[str, float],
    scaled: bool = False,
) -> list[Slope]:
    """The slope of every knob through all that depends on it, then of every number of the machine, largest first.

    Args:
        layers: counts, problems on the chosen machine, and mappings.
        spec: a specification of that machine.
        goal: the powers of energy and delay.
        knobs: the numeric knobs and their values.
        scaled: whether the delay is in seconds of a clock that the knobs change.
    """
    found = [Gradient.of(one) for one in group(layers)]
    energy, cycles = (sum(getattr(one, name) for one in found) for name in ("energy", "cycles"))
    weighed = [
        jax.tree.map(lambda e, c: goal.energy * e / energy + goal.delay * c / cycles, one.of_energy, one.of_cycles)
        for one in found
    ]
    return [*_knob_slopes(found, weighed, spec, goal, knobs, scaled), *_hardware_slopes(found, weighed)]


def _knob_slopes(
    found: Sequence[Gradient],
    weighed: Sequence[LevelHardware],
    spec: Any,
    goal: Goal,
    knobs: Dictionary[str, float],
    scaled: bool,
) -> list[Slope]:
    """By the chain rule: the numbers of the machine as functions of the knobs, and the objective of the numbers."""
    paths = list(knobs)
    if not paths:
        return []
    sums = np.zeros(len(paths))
    with jax.enable_x64(True):
        logs = jnp.log(jnp.array([knobs[path] for path in paths]))
        for place, (one, weights) in enumerate(zip(found, weighed, strict=True)):

            def machine(logs: Any, problem: LevelProblem = one.layers.problem) -> tuple[Any, Any]:
                there = at_values(spec, problem, dict(zip(paths, jnp.exp(logs), strict=True)))
                return jax.tree.map(lambda leaf: jnp.asarray(leaf, dtype=float), there.hardware), there.cycle_seconds

            rows, clock = jax.jit(jax.jacfwd(machine))(logs)
            pairs = zip(jax.tree.leaves(rows), jax.tree.leaves(weights), strict=True)
            sums += sum(np.nan_to_num(np.asarray(row)) * weight for row, weight in pairs if weight)
            if scaled and place == 0:
                sums += goal.delay * np.asarray(clock) / float(machine(logs)[1])
    return [Slope(path, "knob", float(knobs[path]), float(s)) for path, s in zip(paths, sums, strict=True)]


def _hardware_slopes(found: Sequence[Gradient], weighed: Sequence[LevelHardware]) -> list[Slope]:
    """The slopes that are not zero, those of the same number in several structures added up."""
    table: dict[str, Slope] = {}
    for one, weights in zip(found, weighed, strict=True):
        machine = one.layers.problem.hardware
        for field in fields(machine):
            if field.name in UNPRICED:
                continue
            for row in _named(field.name, getattr(machine, field.name), getattr(weights, field.name), one.layers):
                held = table.get(row.name)
                table[row.name] = row if held is None else replace(held, slope=held.slope + row.slope)
    return sorted(table.values(), key=lambda slope: -abs(slope.slope))


def _named(field: str, values: Any, slopes: Any, layers: FixedLayers) -> list[Slope]:
    """The slopes of one field that are not zero, with the component's name before the field's."""
    structure = layers.problem.structure
    levels = structure.level_names
    if not isinstance(values, tuple):
        pairs = [(structure.compute_name, values, slopes)]
    elif values and isinstance(values[0], tuple):
        pairs = [
            (f"{level}.{tensor}", value, slope)
            for level, row, gradient in zip(levels, values, slopes, strict=True)
            for tensor, value, slope in zip(structure.tensors, row, gradient, strict=True)
        ]
    else:
        pairs = list(zip(levels, values, slopes, strict=True))
    rows = [Slope(f"{name}.{field}", "hardware", float(v), float(v) * float(s)) for name, v, s in pairs if _counts(v)]
    return [row for row in rows if row.slope and math.isfinite(row.slope)]


def _counts(value: float) -> bool:
    """Whether a number has a logarithm."""
    return math.isfinite(value) and value > 0
