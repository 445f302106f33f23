"""Whether a nest describes its Einsum and machine, and whether the model can count it."""

from __future__ import annotations

from collections.abc import Sequence

from accelax.encode.tree_nest import Nest
from accelax.errors import Problem, UnsupportedError, did_you_mean
from accelax.ir import LoweredTree, Spatial
from accelax.ir.tree_machine import TreeMachine
from accelax.ir.workload import Einsum


def check_nest(nest: Nest, einsum: Einsum, machine: TreeMachine, exact: bool, problems: list[Problem]) -> None:
    """Append what is wrong with a nest to ``problems``; raise UnsupportedError for what is right but not counted.

    ``exact`` admits tile shapes that do not divide anywhere; otherwise only a rank's outermost loop may, and only
    where the rank stands alone in every index.
    """
    before = len(problems)
    _check_names(nest, einsum, machine, problems)
    if len(problems) == before:
        _check_tiles(nest, einsum, exact, problems)
        _check_holders(nest, einsum, machine, problems)
    if len(problems) == before:
        _refuse_reordering(nest, machine)


def check_shared(nests: Sequence[Nest], lowered: LoweredTree) -> None:
    """Raise UnsupportedError where Einsums are fused: a tensor that two of them use is stored below loops."""
    seen: dict[str, str] = {}
    for nest, einsum in zip(nests, lowered.einsums, strict=True):
        for tensor in einsum.tensor_names:
            shared = sum(tensor in other.tensor_names for other in lowered.einsums) > 1
            backing = next(holder for holder in nest.holders if holder.tensor == tensor)
            if shared and backing.loops_above:
                raise UnsupportedError("a fused mapping (loops above a tensor that Einsums share)", path="mapping")
            if seen.setdefault(tensor, backing.component) != backing.component:
                raise UnsupportedError(
                    f"a tensor ({tensor}) that Einsums exchange through different components", path="mapping"
                )


def _check_names(nest: Nest, einsum: Einsum, machine: TreeMachine, problems: list[Problem]) -> None:
    components = {component.name: component for component in machine.components}
    for loop in nest.loops:
        if loop.rank not in einsum.ranks:
            hint = did_you_mean(loop.rank, einsum.ranks)
            problems.append(
                Problem(f"a loop of {einsum.name} runs over {loop.rank}, which is no rank{hint}", path="mapping")
            )
        if not isinstance(loop, Spatial):
            continue
        if loop.component not in components:
            hint = did_you_mean(loop.component, components)
            problems.append(Problem(f"a spatial loop names component {loop.component}{hint}", path="mapping"))
        elif loop.dimension not in (names := [d.name for d in components[loop.component].spatial]):
            hint = did_you_mean(loop.dimension, names) or "; it has none"
            text = f"{loop.component} has no spatial dimension {loop.dimension}{hint}"
            problems.append(Problem(text, path="mapping"))
    for holder in nest.holders:
        kind = components[holder.component].kind if holder.component in components else None
        if kind is None:
            hint = did_you_mean(holder.component, components)
            problems.append(
                Problem(f"{holder.tensor} is kept in {holder.component}, which is no component{hint}", path="mapping")
            )
        elif kind != ("toll" if holder.toll else "memory"):
            node = "Toll" if holder.toll else "Storage"
            problems.append(Problem(f"a {node} node names {holder.component}, which is a {kind}", path="mapping"))
    last = machine.components[-1]
    if nest.compute.component != last.name:
        hint = did_you_mean(nest.compute.component, [last.name])
        problems.append(Problem(f"{einsum.name} is computed on {nest.compute.component}{hint}", path="mapping"))


def _check_tiles(nest: Nest, einsum: Einsum, exact: bool, problems: list[Problem]) -> None:
    extents = {rank: float(bound) for rank, bound in einsum.bounds}
    looped: set[str] = set()
    for loop in nest.loops:
        outer, inner = extents[loop.rank], float(loop.tile_shape)
        if inner < 1 or inner > outer:
            limits = f"between 1 and {outer:g}, the extent above it"
            text = f"{einsum.name}: tile shape {loop.tile_shape} of {loop.rank} is not {limits}"
            problems.append(Problem(text, path="mapping"))
        elif outer % inner:
            _refuse_imperfect(loop.rank, loop.rank in looped, exact, einsum)
        extents[loop.rank] = inner
        looped.add(loop.rank)
    for rank, extent in extents.items():
        if extent != 1:
            text = f"{einsum.name}: the innermost loop over {rank} has tile shape {extent:g}; it must have 1"
            problems.append(Problem(text, path="mapping"))


def _refuse_imperfect(rank: str, inner: bool, exact: bool, einsum: Einsum) -> None:
    if exact:
        raise UnsupportedError(f"an exact count of a tile shape that does not divide {rank}", path="rules.imperfect")
    if inner:
        raise UnsupportedError(
            f"an inner loop over {rank} whose tile shape does not divide the one above it", path="mapping"
        )
    alone = all(
        terms == ((rank, 1),) for tensor in einsum.tensors for terms in tensor.projection if rank in dict(terms)
    )
    if not alone:
        raise UnsupportedError(f"a tile shape that does not divide {rank}, which shares an index", path="mapping")


def _check_holders(nest: Nest, einsum: Einsum, machine: TreeMachine, problems: list[Problem]) -> None:
    for tensor in einsum.tensor_names:
        holders = [holder for holder in nest.holders if holder.tensor == tensor]
        if not holders:
            problems.append(Problem(f"{einsum.name}: {tensor} is stored nowhere", path="mapping"))
            continue
        places = [machine.index(holder.component) for holder in holders]
        if len(set(places)) < len(places):
            raise UnsupportedError(f"a tensor ({tensor}) stored twice in one component", path="mapping")
        if places != sorted(places):
            raise UnsupportedError(
                f"a tensor ({tensor}) stored in an inner component above an outer one", path="mapping"
            )
        if holders[0].toll:
            raise UnsupportedError(f"a toll above the first storage of a tensor ({tensor})", path="mapping")


def _refuse_reordering(nest: Nest, machine: TreeMachine) -> None:
    """Refuse a spatial loop of component C above a storage outside C, or below one at or inside C.

    AccelForge counts such a loop at another place for each tensor than the mapping gives it.
    """
    for holder in nest.holders:
        place = machine.index(holder.component)
        for slot, loop in enumerate(nest.loops):
            if isinstance(loop, Spatial) and (slot < holder.loops_above) != (machine.index(loop.component) <= place):
                side = "above" if slot < holder.loops_above else "below"
                raise UnsupportedError(
                    f"a spatial loop of {loop.component} {side} the storage of {holder.tensor} in {holder.component}",
                    path="mapping",
                )
