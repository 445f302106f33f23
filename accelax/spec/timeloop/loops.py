"""From directives to the mapping: complete factors and orders per level, fold them, and write the LoopTree."""

from __future__ import annotations

from dataclasses import dataclass

from accelax.errors import Location, UnsupportedError
from accelax.ir import Compute, Mapping, Spatial, Storage, Temporal
from accelax.ir.mapping import Node
from accelax.spec.text import Problems
from accelax.spec.timeloop.chain import Chain, Place
from accelax.spec.timeloop.directives import Directives, Factor, Iteration, Residence
from accelax.spec.timeloop.problem import Workload


@dataclass(frozen=True)
class LevelLoops:
    """The loops of one level: rank to factor, all ranks innermost first, and how many of them are on X at a fan-out."""

    place: Place
    factors: dict[str, Factor]
    order: tuple[str, ...]
    split: int

    def factor(self, rank: str) -> int:
        """The factor of a rank, 1 where none is given."""
        return self.factors[rank].value if rank in self.factors else 1

    def residual(self, rank: str) -> int:
        """The number of steps in the last iteration."""
        given = self.factors.get(rank)
        return self.factor(rank) if given is None or given.residual is None else given.residual


def iteration_of(place: Place, directives: dict[str, Directives]) -> Iteration:
    """The directives of a level's loops: spatial at a fan-out, temporal at a storage."""
    node = directives[place.name]
    return node.spatial if place.is_fanout else node.temporal


def complete_order(permutation: list[str], workload: Workload) -> tuple[str, ...]:
    """All ranks, innermost first: omitted ranks follow in the order of the problem, or stand where ``_`` is."""
    missing = [rank for rank in workload.einsum.ranks if rank not in permutation]
    if "_" in permutation:
        at = permutation.index("_")
        return (*permutation[:at], *missing, *permutation[at + 1 :])
    return (*permutation, *missing)


def level_loops(chain: Chain, directives: dict[str, Directives], workload: Workload) -> list[LevelLoops]:
    """The completed loops of every level, outermost first. Without ``split`` all spatial loops are on X."""
    loops = []
    for place in chain.levels:
        iteration = iteration_of(place, directives)
        order = complete_order(iteration.permutation, workload)
        split = len(order) if iteration.split is None else min(iteration.split, len(order))
        loops.append(LevelLoops(place, iteration.exact(), order, split))
    return loops


def fold(loops: list[LevelLoops], rank: str) -> int:
    """The extent that the factors of a rank make: from the outside in ``p = p*n + (r-1)``, from 0, plus 1."""
    position = 0
    for level in loops:
        position = position * level.factor(rank) + level.residual(rank) - 1
    return position + 1


def fold_mistakes(loops: list[LevelLoops], workload: Workload) -> list[tuple[str, int, int, Factor | None]]:
    """The ranks whose factors do not make the bound: rank, what they make, the bound, and a factor to point at."""
    mistakes = []
    for rank, bound in workload.einsum.bounds:
        extent = fold(loops, rank)
        if extent != bound:
            shown = [level.factors[rank] for level in loops if rank in level.factors]
            mistakes.append((rank, extent, bound, shown[0] if shown else None))
    return mistakes


def describe(loops: list[LevelLoops], rank: str) -> str:
    """Which level has which factor of a rank, for a message.

    The implicit level above ``PE`` is written ``PE (spatial)``.
    """
    parts = []
    for level in loops:
        factor = level.factors.get(rank)
        if factor is not None and (factor.value != 1 or factor.residual is not None):
            value = str(factor.value) if factor.residual is None else f"{factor.value},{factor.residual}"
            parts.append(f"{level.place.name}{' (spatial)' if level.place.is_fanout else ''} {value}")
    return ", ".join(parts) or "1 everywhere"


def report_fold(loops: list[LevelLoops], workload: Workload, problems: Problems, where: Location | None) -> None:
    """Add one problem per rank whose factors do not fold to its bound."""
    for rank, extent, bound, factor in fold_mistakes(loops, workload):
        problems.add(
            f"the factors of {rank!r} make {extent}, but its size is {bound}: {describe(loops, rank)}",
            factor.location if factor else where,
            factor.path if factor else "mapping",
        )


def build_mapping(
    loops: list[LevelLoops], chain: Chain, directives: dict[str, Directives], workload: Workload
) -> Mapping:
    """Write the LoopTree of loops that fold to the bounds.

    Per level, outermost first: ``Storage`` with the tensors kept there (storage levels only), then its loops, outermost
    first, of every rank. The tile shape is the extent of the rank below the loop.

    Raises:
        UnsupportedError: a residual factor at the outermost level.
    """
    _check_outermost(loops)
    below = dict.fromkeys(workload.einsum.ranks, 1)
    groups: list[list[Node]] = []
    for level in reversed(loops):
        level_nodes: list[Node] = []
        for position, rank in enumerate(level.order):
            if level.place.is_fanout:
                dimension = "X" if position < level.split else "Y"
                level_nodes.append(Spatial(rank, below[rank], level.place.name, dimension))
            else:
                level_nodes.append(Temporal(rank, below[rank]))
            below[rank] *= level.factor(rank)
        level_nodes.reverse()
        if not level.place.is_fanout:
            level_nodes.insert(
                0, Storage(level.place.name, kept_tensors(directives[level.place.name].residence, workload))
            )
        groups.append(level_nodes)
    assert chain.compute is not None
    unit = Compute(workload.einsum.name, chain.compute.name)
    nodes = (*(node for group in reversed(groups) for node in group), unit)
    return Mapping(nodes, bounds=workload.einsum.bounds)


def _check_outermost(loops: list[LevelLoops]) -> None:
    """A loop of the outermost level always runs its residual; a LoopTree has no place for a larger nominal factor."""
    for factor in loops[0].factors.values():
        if factor.residual is not None:
            raise UnsupportedError(f"the residual factor {factor} at the outermost level", factor.location, factor.path)


def kept_tensors(residence: Residence, workload: Workload) -> tuple[str, ...]:
    """The tensors a level keeps, in the order of the problem: all that it does not bypass."""
    return tuple(name for name in workload.einsum.tensor_names if name not in residence.bypass)
