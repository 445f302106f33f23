"""Fixed mappings on many machines: counts are made once, on the host; prices of all points in one compiled call.

Numbers are float64. They differ from those of ``accelax.evaluate`` by rounding alone (1e-12 relatively): the compiled
code may fuse a multiplication with an addition. Counts and cycles are whole numbers and equal exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from accelax.encode.level_mapping import encode_mapping
from accelax.encode.level_problem import LevelProblem, encode_levels
from accelax.encode.machine_function import MachineFunction, machine_function
from accelax.errors import SpecError, UnsupportedError
from accelax.ir import LoweredLevels
from accelax.model.levels.arrays import LevelStructure
from accelax.model.levels.evaluate import nest_traffic, price_nest
from accelax.model.levels.nest import count_nest
from accelax.spec.specification import Specification
from accelax.sweeps.rows import COLUMNS


@dataclass(frozen=True)
class Program:
    """What a compilation depends on: the structure, the machine as a function, and the form of the counts."""

    structure: LevelStructure
    machine: MachineFunction
    counts: str
    form: Any = field(compare=False, repr=False)


@dataclass(frozen=True, eq=False)
class PricedLayer:
    """One layer with its mapping: the program, and the numbers that it takes as arguments."""

    program: Program
    constants: np.ndarray
    counts: np.ndarray


def priced_layer(spec: Specification, paths: tuple[str, ...]) -> PricedLayer:
    """Count the mapping of ``spec`` and trace its machine over ``paths``.

    Raises:
        SpecError: there is no complete mapping, or a path does not fit.
        UnsupportedError: the dialect is AccelForge's, the mapping cannot be counted, or a path changes more than
            the machine.
    """
    lowered = spec.lowered()
    if not isinstance(lowered, LoweredLevels):
        raise UnsupportedError("traced values in the AccelForge dialect")
    if lowered.mapping is None:
        raise SpecError("the specification determines no mapping: sweep with map=True or map='once'")
    problem: LevelProblem = encode_levels(lowered)
    machine = machine_function(spec, problem, paths)
    structure = problem.structure
    mapping = encode_mapping(structure, lowered, lowered.mapping)
    nest = count_nest(structure, problem.workload, mapping)
    counted = (mapping, nest, nest_traffic(structure, mapping, nest))
    numbers = list(numbers_of(counted))
    form = filled(counted, iter([0.0] * len(numbers)))
    program = Program(structure, machine, repr(form), form)
    return PricedLayer(program, machine.constants, np.array(numbers, dtype=float))


def numbers_of(value: Any) -> Iterator[float]:
    """The numbers of a nest of dataclasses, dictionaries and tuples, in order."""
    if is_dataclass(value):
        value = tuple(getattr(value, one.name) for one in fields(value))
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, tuple):
        for part in value:
            yield from numbers_of(part)
    elif value is not None:
        yield float(value)


def filled(value: Any, numbers: Iterator[Any]) -> Any:
    """The same nest with other numbers."""
    if is_dataclass(value) and not isinstance(value, type):
        return type(value)(**{one.name: filled(getattr(value, one.name), numbers) for one in fields(value)})
    if isinstance(value, dict):
        return {key: filled(part, numbers) for key, part in value.items()}
    if isinstance(value, tuple):
        return tuple(filled(part, numbers) for part in value)
    return None if value is None else next(numbers)


@partial(jax.jit, static_argnums=0)
def _price(program: Program, points: jax.Array, constants: jax.Array, counts: jax.Array) -> jax.Array:
    """``[layers, columns, points]`` from points ``[knobs, points]``, constants ``[layers, m]``, counts ``[layers, n]``.

    The points stay an axis of every array in the unrolled model; layers are mapped over one after the other.
    """

    def one_layer(numbers: tuple[jax.Array, jax.Array]) -> jax.Array:
        own, counted = numbers
        mapping, nest, traffic = filled(program.form, iter([counted[i] for i in range(counted.shape[0])]))

        def one_point(values: jax.Array) -> jax.Array:
            hardware, cycle = program.machine([values[k] for k in range(values.shape[0])], own)
            cost = price_nest(program.structure, hardware, mapping, nest, traffic)
            parts = (cost.energy, cost.cycles, cost.cycles * cycle, cost.area, cost.violation)
            return jnp.stack([jnp.asarray(part, float) for part in parts])

        return jax.vmap(one_point, in_axes=1, out_axes=1)(points)

    return jax.lax.map(one_layer, (constants, counts))


def compilations() -> int:
    """How many programs this process has compiled."""
    return _price._cache_size()  # type: ignore[attr-defined]


def price(layers: Sequence[PricedLayer], points: np.ndarray) -> np.ndarray:
    """``[layers, columns, points]`` in float64: see ``COLUMNS``; points are ``[points, knobs]``.

    Layers of one program go through one call. Several local devices share the points, where their number divides them.
    """
    found = np.empty((len(layers), len(COLUMNS), len(points)))
    with jax.enable_x64(True):
        placed = _placed(np.ascontiguousarray(points.T))
        results = [
            (rows, _price(program, placed, *_stacked(tuple(layers[row] for row in rows))))
            for program, rows in _programs(layers).items()
        ]
        for rows, table in results:
            found[rows] = np.asarray(table)
    return found


def _programs(layers: Sequence[PricedLayer]) -> dict[Program, list[int]]:
    """For each program the layers that it prices."""
    groups: dict[Program, list[int]] = {}
    for row, layer in enumerate(layers):
        groups.setdefault(layer.program, []).append(row)
    return groups


def _stacked(layers: tuple[PricedLayer, ...]) -> tuple[np.ndarray, np.ndarray]:
    return np.stack([layer.constants for layer in layers]), np.stack([layer.counts for layer in layers])


def _placed(points: np.ndarray) -> jax.Array:
    """Points ``[knobs, points]`` on the local devices."""
    mesh = _mesh()
    if mesh is None or points.shape[1] % mesh.size:
        return jnp.asarray(points)
    sharding = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec(None, "points"))
    return jax.device_put(points, sharding)


@cache
def _mesh() -> jax.sharding.Mesh | None:
    """The local devices in a row; None where there is one."""
    devices = jax.local_devices()
    return jax.sharding.Mesh(np.array(devices), ("points",)) if len(devices) > 1 else None
