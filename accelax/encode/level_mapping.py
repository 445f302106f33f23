"""LoopTree to numbers and back, for a chain of levels.

A level is ``Storage(level, kept)`` with its temporal loops below it, outermost first; a fan-out is its ``Spatial``
loops, Y before X. Factors follow from the tile shapes: ``P = tile above / tile``; the residual of an imperfect loop is
the digit ``R = ((D - 1) // t) mod P + 1`` of the bound ``D`` (the last visit of the loop stops at the tensor's edge).
"""

from __future__ import annotations

from accelax.encode.level_imperfect import refuse_ragged_windows
from accelax.errors import Problem, SpecError, UnsupportedError, did_you_mean
from accelax.ir import Compute, LoweredLevels, Mapping, Spatial, Storage, Temporal
from accelax.model.levels.arrays import LevelMapping, LevelStructure

Loop = Temporal | Spatial


def encode_mapping(structure: LevelStructure, lowered: LoweredLevels, mapping: Mapping) -> LevelMapping:
    """One mapping as numbers (Python floats). Raises SpecError when it does not describe this problem."""
    loops, keep = _by_level(structure, mapping)
    factors, residuals = _factors(structure, lowered, loops)
    positions = [dict.fromkeys(range(len(structure.ranks)), 0.0) for _ in loops]
    on_x = [dict.fromkeys(range(len(structure.ranks)), 0.0) for _ in loops]
    for level, nodes in enumerate(loops):
        missing = len(structure.ranks) - len(nodes)
        for place, node in enumerate(reversed(nodes)):
            rank = structure.ranks.index(node.rank)
            positions[level][rank] = float(missing + place)
            on_x[level][rank] = float(isinstance(node, Spatial) and node.dimension == "X")
        absent = [rank for rank, name in enumerate(structure.ranks) if name not in {node.rank for node in nodes}]
        for place, rank in enumerate(absent):
            positions[level][rank] = float(place)
    _refuse_spatial_windows(structure, factors)
    refuse_ragged_windows(structure, factors, residuals)
    return LevelMapping(
        factor=tuple(tuple(row) for row in factors),
        residual=tuple(tuple(row) for row in residuals) if structure.imperfect else (),
        position=tuple(tuple(row.values()) for row in positions),
        on_x=tuple(tuple(row.values()) for row in on_x),
        keep=tuple(tuple(float(tensor in kept) for tensor in structure.tensors) for kept in keep),
    )


def _by_level(structure: LevelStructure, mapping: Mapping) -> tuple[list[list[Loop]], list[set[str]]]:
    """The loops of each level, outermost first, and the tensors each level keeps."""
    loops: list[list[Loop]] = [[] for _ in structure.level_names]
    keep: list[set[str]] = [set() for _ in structure.level_names]
    problems: list[Problem] = []
    current = -1
    for place, node in enumerate(mapping.nodes):
        path = f"mapping.nodes[{place}]"
        if isinstance(node, Compute):
            continue
        if isinstance(node, (Storage, Spatial)):
            level = _level_index(structure, node, path, problems)
            if level < current:
                problems.append(Problem(f"{node.component!r} stands below an inner level", path=path))
            current = max(level, current)
            if isinstance(node, Storage):
                keep[level] |= set(node.tensors)
                continue
        elif not isinstance(node, Temporal):
            raise UnsupportedError(f"a {type(node).__name__} node in a mapping of levels", path=path)
        elif current < 0 or structure.is_fanout[current]:
            problems.append(Problem("a temporal loop stands below no storage level", path=path))
            continue
        if node.rank not in structure.ranks:
            problems.append(Problem(f"unknown rank {node.rank!r}{did_you_mean(node.rank, structure.ranks)}", path=path))
        elif any(other.rank == node.rank for other in loops[current]):
            problems.append(Problem(f"rank {node.rank!r} has two loops at one level", path=path))
        else:
            loops[current].append(node)
    if problems:
        raise SpecError(problems)
    return loops, keep


def _level_index(structure: LevelStructure, node: Storage | Spatial, path: str, problems: list[Problem]) -> int:
    """The level that a node names; 0 and a problem when there is none. A storage and a fan-out may share a name."""
    fanout = isinstance(node, Spatial)
    for level, name in enumerate(structure.level_names):
        if name == node.component and structure.is_fanout[level] == fanout:
            return level
    known = [n for n, f in zip(structure.level_names, structure.is_fanout, strict=True) if f == fanout]
    kind = "fan-out" if fanout else "storage level"
    problems.append(Problem(f"unknown {kind} {node.component!r}{did_you_mean(node.component, known)}", path=path))
    return 0


def _factors(
    structure: LevelStructure, lowered: LoweredLevels, loops: list[list[Loop]]
) -> tuple[list[list[float]], list[list[float]]]:
    """``[L][R]`` factors and residuals."""
    bounds = dict(lowered.einsum.bounds)
    above = dict(bounds)
    factors = [[1.0] * len(structure.ranks) for _ in loops]
    residuals = [[1.0] * len(structure.ranks) for _ in loops]
    problems: list[Problem] = []
    for level, nodes in enumerate(loops):
        for node in nodes:
            rank, tile, outer = structure.ranks.index(node.rank), node.tile_shape, above[node.rank]
            top = outer == bounds[node.rank]
            trips = -(-outer // tile)
            if not top and outer % tile:
                raise UnsupportedError(
                    f"a tile of {tile} along {node.rank!r} at {structure.level_names[level]!r} below a tile of "
                    f"{outer}, which it does not divide,"
                )
            factors[level][rank] = float(trips)
            residuals[level][rank] = float((bounds[node.rank] - 1) // tile % trips + 1)
            if trips > 1 and structure.unit_factor[level][rank]:
                where = structure.level_names[level]
                problems.append(
                    Problem(f"{node.rank!r} has {trips} iterations at {where!r}, which a constraint fixes to 1")
                )
            above[node.rank] = tile
    for rank, tile in above.items():
        if tile != 1:
            problems.append(Problem(f"rank {rank!r} ends with a tile of {tile}; the innermost loop must leave 1"))
    if problems:
        raise SpecError(problems)
    if not structure.imperfect and factors != residuals:
        raise UnsupportedError("a mapping with residual factors in a problem encoded without them")
    return factors, residuals


def _refuse_spatial_windows(structure: LevelStructure, factors: list[list[float]]) -> None:
    """Refuse more than two spatial ranks of one index expression at one fan-out: multicast counts pairs."""
    for level, name in enumerate(structure.level_names):
        for projection in structure.projections if structure.is_fanout[level] else ():
            for terms in projection:
                if sum(factors[level][rank] > 1 for rank in terms) > 2:
                    raise UnsupportedError(f"three spatial ranks of one index expression at {name!r}")


def decode_mapping(structure: LevelStructure, lowered: LoweredLevels, mapping: LevelMapping) -> Mapping:
    """Numbers (floats) back to a LoopTree, with the loops of factor 1 that each level owns."""
    nodes: list[Storage | Loop | Compute] = []
    extent = [1] * len(structure.ranks)
    bounds = [bound for _, bound in lowered.einsum.bounds]
    below: list[list[int]] = []
    for level in reversed(range(structure.n_levels)):
        below.append([min(*pair) for pair in zip(extent, bounds, strict=True)])
        extent = [e * round(f) for e, f in zip(extent, mapping.factor[level], strict=True)]
    below.reverse()
    for level, name in enumerate(structure.level_names):
        order = sorted(range(len(structure.ranks)), key=lambda r: -mapping.position[level][r])
        if structure.is_fanout[level]:
            order.sort(key=lambda r: mapping.on_x[level][r])
            nodes += [
                Spatial(structure.ranks[r], below[level][r], name, "X" if mapping.on_x[level][r] else "Y")
                for r in order
            ]
            continue
        kept = (structure.keep_fixed[level][t] for t in range(len(structure.tensors)))
        flags = [mapping.keep[level][t] > 0 if fixed is None else fixed for t, fixed in enumerate(kept)]
        nodes.append(Storage(name, tuple(t for t, flag in zip(structure.tensors, flags, strict=True) if flag)))
        nodes += [Temporal(structure.ranks[r], below[level][r]) for r in order]
    nodes.append(Compute(lowered.einsum.name, structure.compute_name))
    return Mapping(tuple(nodes), "timeloop", lowered.einsum.bounds)
