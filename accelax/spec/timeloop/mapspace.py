"""Whether a mapping meets the constraints of a specification."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from accelax.ir import LoweredLevels, Mapping, Spatial, Storage, Temporal
from accelax.ir.level_machine import Level
from accelax.ir.lowered import LevelConstraints
from accelax.ir.remainders import remainder_rule


@dataclass(frozen=True)
class LevelNest:
    """The loops of one level of a mapping: rank to factor, ranks innermost first, and what is on X and kept."""

    factors: dict[str, int]
    order: tuple[str, ...]
    on_x: tuple[str, ...]
    kept: tuple[str, ...] | None
    tiles: dict[str, int]


class LevelMapspace:
    """The mappings that the constraints of a Timeloop specification allow.

    Judged are the structure, the fixed, least and greatest factors, the orders, the split and what is kept; loops of
    factor 1 do not count in an order. What needs the model (capacity, mesh, utilization) is not judged here.
    """

    def __init__(self, lowered: LoweredLevels):
        self.lowered = lowered

    def contains(self, mapping: Mapping) -> bool:
        """Whether ``mapping`` meets every constraint."""
        return not self.violations(mapping)

    def violations(self, mapping: Mapping) -> list[str]:
        """Every constraint that ``mapping`` breaks, in words; empty when it is a member."""
        nests = level_nests(self.lowered, mapping)
        if isinstance(nests, str):
            return [nests]
        found: list[str] = []
        outermost = next((i for i, level in enumerate(self.lowered.machine.levels) if not level.is_fanout), 0)
        for i, (level, nest, limits) in enumerate(
            zip(self.lowered.machine.levels, nests, self.lowered.constraints, strict=True)
        ):
            label = f"{level.name} (spatial)" if level.is_fanout else level.name
            found += [f"{label}: {text}" for text in self._broken(nest, limits)]
            if level.is_fanout and limits.split is not None:
                found += [f"{label}: {text}" for text in _broken_split(nest, self._lanes(i, limits))]
            if i == outermost and set(nest.kept or ()) != set(self.lowered.einsum.tensor_names):
                bypassed = set(limits.bypass)
                found += [
                    f"{label}: the outermost level keeps every tensor, and {name!r} is not kept"
                    for name in self.lowered.einsum.tensor_names
                    if name not in (nest.kept or ()) and name not in bypassed
                ]
        return found + self._broken_remainders(nests)

    def _broken_remainders(self, nests: list[LevelNest]) -> list[str]:
        """Where a tile does not divide the one around it although it must, or leaves more than it may."""
        found = []
        for rank, bound in self.lowered.einsum.bounds:
            inner = 1
            for level, nest in reversed(list(zip(self.lowered.machine.levels, nests, strict=True))):
                if min(nest.tiles[rank], bound) != min(inner, bound):
                    found.append(f"{level.name}: a tile of {nest.tiles[rank]} along {rank!r} is no multiple of {inner}")
                    break
                inner *= nest.factors[rank]
            else:
                rule = remainder_rule(self.lowered, rank)
                for place, reason in rule.broken([nest.factors[rank] for nest in nests]):
                    found.append(f"{self.lowered.machine.levels[place].name}: the loop over {rank!r} {reason}")
        return found

    def _broken(self, nest: LevelNest, limits: LevelConstraints) -> list[str]:
        """The constraints of one level that its loops break."""
        return [*self._broken_factors(nest, limits), *_broken_order(nest, limits), *_broken_residence(nest, limits)]

    def _lanes(self, position: int, limits: LevelConstraints) -> LevelConstraints:
        """The constraints of a fan-out, with the order of the problem on a line of lanes that is given none.

        Timeloop permutes the loops of a fan-out with rows and columns only (reference E.2), and a given split counts
        loops from the inside.
        """
        machine = self.lowered.machine
        here, child = machine.levels[position], [*machine.levels, machine.compute][position + 1]
        line = child.mesh_x == here.mesh_x or child.mesh_y == here.mesh_y
        if not line or limits.order_inner or limits.order_outer:
            return limits
        return replace(limits, order_inner=self.lowered.einsum.ranks)

    def _broken_factors(self, nest: LevelNest, limits: LevelConstraints) -> list[str]:
        found = []
        bounded = {rank for rank, _ in (*limits.maximum, *limits.fixed)}
        for rank, value in limits.fixed:
            if nest.factors[rank] != value:
                found.append(f"the factor of {rank!r} is {nest.factors[rank]}, not {value}")
        found += [
            f"the factor of {rank!r} is {nest.factors[rank]}, above {value}"
            for rank, value in limits.maximum
            if nest.factors[rank] > value
        ]
        found += [
            f"the factor of {rank!r} is {nest.factors[rank]}, below {value}"
            for rank, value in limits.minimum
            if nest.factors[rank] < value
        ]
        floor = {rank for rank, _ in (*limits.minimum, *limits.fixed)}
        for rank, factor in nest.factors.items():
            if limits.default_maximum is not None and rank not in bounded and factor > limits.default_maximum:
                found.append(f"the factor of {rank!r} is {factor}, above the default {limits.default_maximum}")
            if limits.default_minimum is not None and rank not in floor and factor < limits.default_minimum:
                found.append(f"the factor of {rank!r} is {factor}, below the default {limits.default_minimum}")
        return found


def _broken_order(nest: LevelNest, limits: LevelConstraints) -> list[str]:
    """Whether the loops that do something stand as demanded: given ranks innermost, or outermost after ``_``."""
    real = [rank for rank in nest.order if nest.factors[rank] > 1]
    found = []
    inner = [rank for rank in limits.order_inner if rank in real]
    outer = [rank for rank in limits.order_outer if rank in real]
    if real[: len(inner)] != inner or (outer and real[len(real) - len(outer) :] != outer):
        rest = ["..."] if len(real) > len(inner) + len(outer) or not limits.order_complete else []
        wanted = " ".join([*inner, *rest, *outer])
        found.append(f"the loops from the inside are {' '.join(real)}, not {wanted}")
    return found


def _broken_split(nest: LevelNest, limits: LevelConstraints) -> list[str]:
    """Whether a split of ``s`` can have put these ranks on X: the first ``s`` of some order that meets the constraints.

    A rank that the permutation names among its first ``s`` must be on X, one that it names later on Y. Other ranks take
    the places left, so that at most as many of them are on X, and on Y, as there are.
    """
    assert limits.split is not None
    given, real = limits.order_inner, [rank for rank in nest.order if nest.factors[rank] > 1]
    total = len(nest.factors)
    split = min(limits.split, total)
    tail = {rank: total - len(limits.order_outer) + i for i, rank in enumerate(limits.order_outer)}
    place = {rank: i for i, rank in enumerate(given)} | tail
    found = []
    free_x = split - sum(1 for position in place.values() if position < split)
    free_y = (total - split) - sum(1 for position in place.values() if position >= split)
    for rank in real:
        on_x = rank in nest.on_x
        if rank in place:
            if on_x != (place[rank] < split):
                found.append(f"the split {limits.split} puts {rank!r} on {'Y' if on_x else 'X'}")
        elif on_x:
            free_x -= 1
        else:
            free_y -= 1
    if free_x < 0 or free_y < 0:
        found.append(f"the split {limits.split} does not allow {' '.join(nest.on_x) or 'nothing'} on X")
    return found


def _broken_residence(nest: LevelNest, limits: LevelConstraints) -> list[str]:
    """Whether the tensors kept are those demanded."""
    if nest.kept is None:
        return []
    return [
        *(f"{name!r} must be kept" for name in limits.keep if name not in nest.kept),
        *(f"{name!r} must be bypassed" for name in limits.bypass if name in nest.kept),
    ]


def level_nests(lowered: LoweredLevels, mapping: Mapping) -> list[LevelNest] | str:
    """Split a mapping into the loops of each level, outermost first; a sentence when it fits no such machine."""
    groups = _group(lowered, mapping)
    if isinstance(groups, str):
        return groups
    extent = dict(lowered.einsum.bounds)
    nests = []
    for level, kept, loops in groups:
        factors = dict.fromkeys(lowered.einsum.ranks, 1)
        tiles = dict(extent)
        for loop in loops:
            if loop.rank not in extent:
                return f"{loop.rank!r} is not a dimension of the problem"
            whole = extent[loop.rank] >= lowered.einsum.bound(loop.rank)
            if loop.tile_shape < 1 or (loop.tile_shape > extent[loop.rank] and not whole):
                return f"{level.name}: a tile of {loop.tile_shape} does not fit in {extent[loop.rank]} of {loop.rank!r}"
            factors[loop.rank] *= math.ceil(extent[loop.rank] / loop.tile_shape)
            tiles[loop.rank] = extent[loop.rank] = loop.tile_shape
        inner_first = [loop.rank for loop in reversed(loops)]
        on_x = tuple(loop.rank for loop in loops if isinstance(loop, Spatial) and loop.dimension == "X")
        nests.append(LevelNest(factors, tuple(dict.fromkeys(inner_first)), on_x, kept, tiles))
    left = {rank: size for rank, size in extent.items() if size != 1}
    if left:
        tile = ", ".join(f"{rank} {size}" for rank, size in left.items())
        return f"the loops leave a tile of {tile} for one computation"
    return nests


Group = tuple[Level, "tuple[str, ...] | None", list["Temporal | Spatial"]]


def _group(lowered: LoweredLevels, mapping: Mapping) -> list[Group] | str:
    """Assign the nodes of a mapping to the levels of the machine, in order."""
    groups: list[Group] = []
    position = 0
    nodes = [node for node in mapping.nodes if isinstance(node, (Storage, Temporal, Spatial))]
    for level in lowered.machine.levels:
        kept: tuple[str, ...] | None = None
        loops: list[Temporal | Spatial] = []
        if not level.is_fanout:
            if position >= len(nodes) or not _is_storage(nodes[position], level.name):
                return f"the mapping has no storage node for {level.name!r} where one belongs"
            held = nodes[position]
            assert isinstance(held, Storage)
            kept = held.tensors
            position += 1
        while position < len(nodes):
            node = nodes[position]
            if isinstance(node, Storage) or isinstance(node, Spatial) != level.is_fanout:
                break
            if isinstance(node, Spatial) and node.component != level.name:
                break
            loops.append(node)
            position += 1
        groups.append((level, kept, loops))
    if position != len(nodes):
        return f"the mapping has a node that belongs to no level of the machine: {nodes[position]}"
    return groups


def _is_storage(node: object, name: str) -> bool:
    return isinstance(node, Storage) and node.component == name
