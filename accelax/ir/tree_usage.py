"""Which fan-out usages a mapspace reaches, and which of them ``min_usage`` admits.

A mapping that uses a spatial dimension to less than its ``min_usage`` is rejected, unless no mapping reaches it: then
those with the highest reachable usage stay. Where two dimensions compete for the same ranks, each may come first.

An imperfect loop takes the least number of iterations that covers its rank with as many repetitions around it, so that
one of ``n`` iterations in all has ``ceil(n / i)`` of them for some whole ``i``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import permutations

from accelax.ir.tree_machine import Comparison, FanoutDimension, TreeMachine
from accelax.ir.workload import Einsum

Place = tuple[int, FanoutDimension]
"""The position of a component, and one of its spatial dimensions."""
_SLACK = 1e-9
_COMPARE = {
    "==": lambda a, b: a == b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
}


def satisfies(number: float, comparison: Comparison) -> bool:
    """Whether a loop bound, or the product of those concerned, keeps a comparison."""
    return _COMPARE[comparison.operator.removeprefix("product")](number, comparison.value)


@lru_cache(maxsize=4096)
def covering_factors(extent: int) -> tuple[int, ...]:
    """``ceil(extent / i)`` for every ``i``, ascending.

    >>> covering_factors(7)
    (1, 2, 3, 4, 7)
    """
    found, count = set(), 1
    while count <= extent:
        factor = -(-extent // count)
        found.add(factor)
        count = -(-extent // (factor - 1)) if factor > 1 else extent + 1
    return tuple(sorted(found))


@lru_cache(maxsize=4096)
def dividing_factors(extent: int) -> tuple[int, ...]:
    """The divisors of ``extent``, ascending."""
    small = [d for d in range(1, math.isqrt(extent) + 1) if extent % d == 0]
    return tuple(sorted({*small, *(extent // d for d in small)}))


def stands_alone(einsum: Einsum, rank: str) -> bool:
    """Whether a rank alone forms every index that it is in, which lets its tiles be imperfect.

    >>> from accelax.ir.workload import Tensor
    >>> conv = Einsum("O", (("p", 4), ("r", 3), ("c", 2)), (Tensor("I", ((("c", 1),), (("p", 1), ("r", 1)))),))
    >>> stands_alone(conv, "c"), stands_alone(conv, "p")
    (True, False)
    """
    uses = [terms for tensor in einsum.tensors for terms in tensor.projection if rank in dict(terms)]
    return all(terms == ((rank, 1),) for terms in uses)


def fanned_places(machine: TreeMachine) -> tuple[Place, ...]:
    """The spatial dimensions that loops may run along: those inside the outermost memory, outermost first."""
    outer = next((c for c, component in enumerate(machine.components) if component.kind == "memory"), 0)
    return tuple((c, d) for c, component in enumerate(machine.components) if c > outer for d in component.spatial)


def rank_factors(einsum: Einsum, rank: str, places: Sequence[Place], imperfect: bool) -> Iterator[tuple[int, ...]]:
    """The iterations that the loops over one rank can have along each of ``places`` (outermost first)."""
    relevant = {tensor.name for tensor in einsum.tensors if rank in tensor.ranks}
    choices = covering_factors if imperfect and stands_alone(einsum, rank) else dividing_factors

    def options(extent: int, dimension: FanoutDimension) -> Iterator[int]:
        for factor in choices(extent):
            if factor > dimension.fanout:
                return
            if factor > 1 and relevant.intersection(dimension.reuse):
                return
            singles = [c for c in dimension.loop_bounds if rank in c.ranks and not c.operator.startswith("product")]
            if all(satisfies(factor, comparison) for comparison in singles):
                yield factor

    def inner_first(extent: int, left: int) -> Iterator[tuple[int, ...]]:
        if left == 0:
            yield ()
            return
        for factor in options(extent, places[left - 1][1]):
            for outer in inner_first(-(-extent // factor), left - 1):
                yield (*outer, factor)

    yield from inner_first(einsum.bound(rank), len(places))


@lru_cache(maxsize=256)
def admitted_usages(einsum: Einsum, machine: TreeMachine, imperfect: bool) -> frozenset[tuple[int, ...]] | None:
    """The numbers of instances along the dimensions with a ``min_usage`` that mappings may have; None without any.

    The entries of a member are in the order of :func:`constrained_places`.
    """
    places = constrained_places(machine)
    if not places:
        return None
    reachable = _reachable(einsum, places, imperfect)
    admitted: set[tuple[int, ...]] = set()
    for order in permutations(range(len(places))):
        pool = reachable
        for d in order:
            wanted = places[d][1].min_usage * (1 - _SLACK)
            enough = {usage for usage in pool if _share(usage[d], places[d][1]) >= wanted}
            most = max((usage[d] for usage in pool), default=0)
            pool = enough or {usage for usage in pool if usage[d] == most}
        admitted |= pool
    return frozenset(admitted)


def constrained_places(machine: TreeMachine) -> tuple[Place, ...]:
    """The dimensions of :func:`fanned_places` that have a ``min_usage``."""
    return tuple(place for place in fanned_places(machine) if place[1].min_usage > 0)


def _share(instances: int, dimension: FanoutDimension) -> float:
    return instances / dimension.fanout * dimension.usage_scale


def _reachable(einsum: Einsum, places: tuple[Place, ...], imperfect: bool) -> set[tuple[int, ...]]:
    """All products along ``places`` over the ranks that fit, loop bounds included."""
    products = [
        (d, comparison)
        for d, (_, dimension) in enumerate(places)
        for comparison in dimension.loop_bounds
        if comparison.operator.startswith("product")
    ]
    found = {(1,) * (len(places) + len(products))}
    for rank in einsum.ranks:
        factors = {
            (*row, *(row[d] if rank in comparison.ranks else 1 for d, comparison in products))
            for row in rank_factors(einsum, rank, places, imperfect)
        }
        merged = {tuple(a * b for a, b in zip(old, new, strict=True)) for old in found for new in factors}
        found = {row for row in merged if _fits(row, places)}
    return {
        row[: len(places)]
        for row in found
        if all(satisfies(row[len(places) + i], comparison) for i, (_, comparison) in enumerate(products))
    }


def _fits(row: tuple[int, ...], places: tuple[Place, ...]) -> bool:
    return all(
        n <= dimension.fanout and _share(n, dimension) <= 1 + _SLACK
        for n, (_, dimension) in zip(row, places, strict=False)
    )
