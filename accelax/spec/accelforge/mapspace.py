"""Whether a mapping is in the mapspace of a specification: what AccelForge's mapper would consider.

The rules, for each Einsum:

- each memory and toll holds every tensor of its ``keep`` and no other than those of ``keep`` and ``may_keep``;
- storages of outer components stand above those of inner ones (``force_memory_hierarchy_order``);
- the outermost memory is untiled: no loop stands above a storage of it;
- every tile shape divides the one around it, unless ``explore_imperfect_temporal_loops`` (``.._spatial_loops``) is set
  and the loop is the outermost of a rank variable that stands alone in every projection; an inner loop then has the
  least number of iterations that covers the rank with as many repetitions around it, ``ceil(n / i)`` for a whole ``i``;
- the loops on one dimension need no more than its ``fanout`` instances, reuse every tensor of ``reuse``, and keep
  ``loop_bounds``; spatial loops of a component stand above its storages;
- the usage of every dimension is at least its ``min_usage``, or the highest that factors and fan-outs allow where none
  reaches it (:mod:`accelax.ir.tree_usage`);
- tile shapes at a storage keep ``tile_shape`` constraints; ``no_refetch_from_above``, ``no_resend_to_below`` and
  ``tensor_order_options`` hold.

Capacity is not a matter of the mapspace but of the model. :meth:`TreeMapspace.usage_shortfalls` lists the dimensions
that a mapping uses to less than their ``min_usage``, whether or not more can be reached.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from accelax.errors import SpecError, UnsupportedError
from accelax.ir.lowered import LoweredTree
from accelax.ir.mapping import Mapping, Node, Spatial, Storage, Temporal, Toll
from accelax.ir.nests import nest_of
from accelax.ir.tree_machine import Comparison, TreeMachine
from accelax.ir.tree_usage import admitted_usages, constrained_places, covering_factors, satisfies, stands_alone
from accelax.ir.workload import Einsum
from accelax.spec.accelforge.checks import IMPERFECT
from accelax.spec.accelforge.storage_rules import storage_violations

if TYPE_CHECKING:
    from accelax.spec.accelforge.specification import AccelForgeSpecification


class TreeMapspace:
    """The mapspace of an AccelForge specification."""

    def __init__(self, spec: AccelForgeSpecification):
        self._spec = spec

    def contains(self, mapping: Mapping) -> bool:
        """Whether ``mapping`` is in the mapspace (capacities aside)."""
        return not self.violations(mapping)

    def violations(self, mapping: Mapping) -> list[str]:
        """Why ``mapping`` is not in the mapspace, one line each; empty when it is.

        Raises UnsupportedError where accelax can not tell: for fused mappings, and machines that it does not lower.
        """
        try:
            lowered = self._spec.lower(mapping)
        except SpecError as error:
            return [problem.message for problem in error.problems]
        except UnsupportedError as error:
            if not error.feature.startswith(IMPERFECT):
                raise
            return [error.feature]
        found: list[str] = []
        for einsum, machine in zip(lowered.einsums, lowered.machines, strict=True):
            nest = nest_of(mapping, einsum)
            found += self._of_nest(nest, einsum, machine)
        return found

    def _of_nest(self, nest: tuple[Node, ...], einsum: Einsum, machine: TreeMachine) -> list[str]:
        """Why the nest of one Einsum is not in the mapspace."""
        settings = self._spec.mapper
        found = _kept_violations(nest, machine)
        found += storage_violations(nest, einsum, machine, settings.force_memory_hierarchy_order)
        imperfect = (settings.explore_imperfect_temporal_loops, settings.explore_imperfect_spatial_loops)
        found += _factor_violations(nest, einsum, *imperfect)
        found += _spatial_violations(nest, einsum, machine)
        found += _usage_violations(nest, einsum, machine, any(imperfect))
        return found + _tile_violations(nest, einsum, machine)

    def usage_shortfalls(self, mapping: Mapping) -> list[str]:
        """The dimensions whose usage by ``mapping`` is below their ``min_usage``, one line each."""
        lowered: LoweredTree = self._spec.lower(mapping)
        found = []
        for einsum, machine in zip(lowered.einsums, lowered.machines, strict=True):
            used = spatial_bounds(nest_of(mapping, einsum), einsum)
            for component in machine.components:
                for dimension in component.spatial:
                    loops = used.get((component.name, dimension.name), [])
                    usage = math.prod(bound for _, bound in loops) / dimension.fanout * dimension.usage_scale
                    if usage < dimension.min_usage * (1 - 1e-9):
                        where = f"{component.name}.{dimension.name}"
                        found.append(f"{where} is used to {usage:g}, at least {dimension.min_usage:g} is wanted")
        return found


def _kept_violations(nest: tuple[Node, ...], machine: TreeMachine) -> list[str]:
    """Tensors that a component has to hold and does not, and the other way round."""
    held: dict[str, set[str]] = {}
    for node in nest:
        if isinstance(node, (Storage, Toll)):
            held.setdefault(node.component, set()).update(node.tensors)
    found = []
    for component in machine.components:
        if component.kind not in ("memory", "toll"):
            continue
        here = held.get(component.name, set())
        for tensor in component.keep:
            if tensor not in here:
                found.append(f"{component.name} has to keep {tensor}")
        for tensor in sorted(here - set(component.keep) - set(component.may_keep)):
            found.append(f"{component.name} may not keep {tensor}")
    return found


def _factor_violations(nest: tuple[Node, ...], einsum: Einsum, temporal: bool, spatial: bool) -> list[str]:
    """Tile shapes that do not divide the one around them, where that is not explored.

    A spatial loop may have an imperfect bound where either kind is explored, since the loop in time above it takes what
    is left; one in time where loops in time are.
    """
    found = []
    for rank, extent in einsum.bounds:
        above, looped = extent, False
        explored = (temporal or spatial) and stands_alone(einsum, rank)
        for node in nest:
            if not isinstance(node, (Temporal, Spatial)) or node.rank != rank or node.tile_shape == above:
                continue
            below = node.tile_shape
            covering = explored and (temporal or isinstance(node, Spatial))
            if above % below and (looped or not explored):
                found.append(f"the tile shape {below} of {rank} does not divide {above}")
            elif looped and not _covers(above // below, -(-extent // below), covering):
                found.append(f"{above // below} tiles of {below} are no way to cover {extent} iterations of {rank}")
            above, looped = below, True
    return found


def _covers(factor: int, extent: int, imperfect: bool) -> bool:
    """Whether a loop with ``factor`` iterations may be part of ``extent``."""
    return extent % factor == 0 or (imperfect and factor in covering_factors(extent))


def _usage_violations(nest: tuple[Node, ...], einsum: Einsum, machine: TreeMachine, imperfect: bool) -> list[str]:
    """Dimensions that are used to less than their ``min_usage`` though more can be reached."""
    admitted = admitted_usages(einsum, machine, imperfect)
    if admitted is None:
        return []
    used = spatial_bounds(nest, einsum)
    places = [(machine.components[c].name, d.name) for c, d in constrained_places(machine)]
    instances = tuple(math.prod(bound for _, bound in used.get(place, [])) for place in places)
    if instances in admitted:
        return []
    counts = ", ".join(f"{'.'.join(place)} by {n}" for place, n in zip(places, instances, strict=True))
    return [f"min_usage: the dimensions are used to less than they could be ({counts})"]


def spatial_bounds(nest: tuple[Node, ...], einsum: Einsum) -> dict[tuple[str, str], list[tuple[str, int]]]:
    """For each component and dimension, the rank and the number of instances of each of its loops."""
    used: dict[tuple[str, str], list[tuple[str, int]]] = {}
    tile = dict(einsum.bounds)
    for node in nest:
        if isinstance(node, (Temporal, Spatial)) and node.rank in tile:
            if isinstance(node, Spatial):
                bound = math.ceil(tile[node.rank] / node.tile_shape)
                used.setdefault((node.component, node.dimension), []).append((node.rank, bound))
            tile[node.rank] = node.tile_shape
    return used


def _spatial_violations(nest: tuple[Node, ...], einsum: Einsum, machine: TreeMachine) -> list[str]:
    """Loops beyond the fan-out, loops that do not reuse what they must, loop bounds, loops in the wrong place."""
    found = []
    used = spatial_bounds(nest, einsum)
    relevant = {tensor.name: set(tensor.ranks) for tensor in einsum.tensors}
    for component in machine.components:
        for dimension in component.spatial:
            loops = used.get((component.name, dimension.name), [])
            where = f"{component.name}.{dimension.name}"
            instances = math.prod(bound for _, bound in loops)
            if instances > dimension.fanout:
                found.append(f"{where} has {dimension.fanout} instances, the loops need {instances}")
            for rank, bound in loops:
                for tensor in dimension.reuse:
                    if bound > 1 and rank in relevant[tensor]:
                        found.append(f"{where} has to reuse {tensor}, which the loop over {rank} moves")
            for comparison in dimension.loop_bounds:
                found += _bound_violations(loops, comparison, where)
    return found + _order_violations(nest, machine)


def _bound_violations(loops: list[tuple[str, int]], comparison: Comparison, where: str) -> list[str]:
    """Loops of one dimension that break one of its ``loop_bounds``."""
    bounds: dict[str, int] = {}
    for rank, bound in loops:
        bounds[rank] = bounds.get(rank, 1) * bound
    return [f"{where}: {line}" for line in comparison_violations(bounds, comparison, 1)]


def comparison_violations(values: dict[str, int], comparison: Comparison, default: int) -> list[str]:
    """What breaks a comparison of ``values`` by rank (``default`` where a rank has none), or of their product."""
    operator = comparison.operator.removeprefix("product")
    numbers = {rank: values.get(rank, default) for rank in comparison.ranks}
    if comparison.operator.startswith("product"):
        numbers = {" x ".join(comparison.ranks): math.prod(numbers.values())}
    return [
        f"{rank} is {number}, {operator} {comparison.value:g} is wanted"
        for rank, number in numbers.items()
        if not satisfies(number, comparison)
    ]


def _order_violations(nest: tuple[Node, ...], machine: TreeMachine) -> list[str]:
    """Spatial loops of a component stand above storages of it and of what is inside it, below all others."""
    found = []
    for position, node in enumerate(nest):
        if not isinstance(node, Spatial):
            continue
        here = machine.index(node.component)
        for other_position, other in enumerate(nest):
            if not isinstance(other, (Storage, Toll)):
                continue
            inside, below = machine.index(other.component) >= here, other_position > position
            if inside != below:
                where = "above" if below else "below"
                found.append(f"the spatial loop of {node.component} stands {where} a storage of {other.component}")
    return list(dict.fromkeys(found))


def _tile_violations(nest: tuple[Node, ...], einsum: Einsum, machine: TreeMachine) -> list[str]:
    """``tile_shape`` constraints, checked at each storage of the component."""
    found, tile = [], dict(einsum.bounds)
    for node in nest:
        if isinstance(node, (Temporal, Spatial)) and node.rank in tile:
            tile[node.rank] = node.tile_shape
        elif isinstance(node, (Storage, Toll)):
            component = machine.components[machine.index(node.component)]
            for comparison in component.tile_shape_bounds:
                lines = comparison_violations(tile, comparison, 1)
                found += [f"the tile of {node.component}: {line}" for line in lines]
    return list(dict.fromkeys(found))
