"""The constraint macros: written once, they stand for factors. Applied before anything is lowered."""

from __future__ import annotations

import functools
import math

from accelax.errors import UnsupportedError
from accelax.spec.text import Problems
from accelax.spec.timeloop.directives import Directives, Factor, Iteration, add_factors
from accelax.spec.timeloop.problem import Workload

MAX_CHOICES = 100_000
Allocation = tuple[tuple[str, int], ...]


def expand_factor_macros(directives: dict[str, Directives], workload: Workload, problems: Problems) -> None:
    """Replace ``factors_only`` and the two ``iterate_over`` macros by factors, at every node."""
    for node in directives.values():
        for iteration in (node.spatial, node.temporal):
            _expand(iteration, workload, problems)


def _expand(iteration: Iteration, workload: Workload, problems: Problems) -> None:
    """Expand the macros of one loop set: unlisted ranks become 1; ranks of (or outside) some tensors become 1."""
    einsum = workload.einsum
    ranks_of = {tensor.name: tensor.ranks for tensor in einsum.tensors}
    ones: list[str] = []
    if iteration.factors_only is not None:
        add_factors(iteration, iteration.factors_only, problems)
        listed = {factor.rank for factor in iteration.factors}
        ones += [rank for rank in einsum.ranks if rank not in listed]
    if iteration.no_iteration_over is not None:
        ones += [rank for tensor in iteration.no_iteration_over for rank in ranks_of[tensor]]
    if iteration.must_iterate_over is not None:
        kept = {rank for tensor in iteration.must_iterate_over for rank in ranks_of[tensor]}
        ones += [rank for rank in einsum.ranks if rank not in kept]
    unique = dict.fromkeys(ones)
    add_factors(
        iteration, [Factor(rank, "=", 1, None, iteration.location, iteration.path) for rank in unique], problems
    )


def maximize(
    directives: dict[str, Directives], fanouts: dict[str, int], workload: Workload, problems: Problems
) -> None:
    """Expand ``maximize_dims``: give each listed group of ranks the factors that best fill the capacity.

    Spatial loops first, from the innermost node outwards, then temporal ones. The capacity is the fan-out of the node
    (``fanouts``), or ``maximize_dims_capacity``, which a temporal macro must give. What is left of a rank is its bound
    divided (rounded up) by every factor fixed anywhere. ``maximize_dims_evenly`` takes factors that divide only.
    """
    left = workload.bounds
    for node in directives.values():
        for iteration in (node.spatial, node.temporal):
            for factor in iteration.exact().values():
                left[factor.rank] = math.ceil(left[factor.rank] / factor.value)
    inner_first = list(directives.items())[::-1]
    for spatial in (True, False):
        for name, node in inner_first:
            iteration = node.spatial if spatial else node.temporal
            if iteration.maximize is None:
                continue
            capacity = iteration.maximize_capacity or (fanouts[name] if spatial else None)
            if capacity is None:
                problems.add(
                    "maximize_dims of temporal loops needs maximize_dims_capacity", iteration.location, iteration.path
                )
                continue
            for group in iteration.maximize:
                _maximize_group(iteration, group, capacity, left, problems)


def _maximize_group(
    iteration: Iteration, group: list[str], capacity: int, left: dict[str, int], problems: Problems
) -> None:
    """Allocate one group: the rest of the capacity after the fixed and least factors of this loop set."""
    for rank in group:
        given = [str(factor) for factor in iteration.factors if factor.rank == rank]
        if given:
            problems.add(
                f"cannot maximize {rank!r}: it is already constrained to {', '.join(given)}",
                iteration.location,
                f"{iteration.path}.maximize_dims",
            )
            return
    least = {factor.rank: factor.value for factor in iteration.factors if factor.operator in ("=", ">=")}
    for value in least.values():
        capacity //= value
    chosen = dict.fromkeys(group, 1)
    ranks = tuple((rank, left[rank]) for rank in group)
    found = largest_allocation(ranks, capacity) if iteration.maximize_evenly else best_allocation(ranks, capacity)[0]
    for rank, factor in found:
        chosen[rank] *= factor
    for rank, value in chosen.items():
        add_factors(iteration, [Factor(rank, "=", value, None, iteration.location, iteration.path)], problems)
        left[rank] = math.ceil(left[rank] / value)


def largest_allocation(remaining: Allocation, capacity: int) -> Allocation:
    """One factor of every rank, dividing it, so that their product is the largest that fits the capacity.

    It is the largest divisor of the product of all ranks; each of its prime factors goes to the first rank that has it.

    >>> largest_allocation((("C", 3), ("R", 7), ("S", 7)), 128)
    (('C', 1), ('R', 7), ('S', 7))
    """
    product = math.prod(size for _, size in remaining)
    share = next((divisor for divisor in range(min(capacity, product), 1, -1) if product % divisor == 0), 1)
    found = []
    for rank, size in remaining:
        factor = math.gcd(size, share)
        share //= factor
        found.append((rank, factor))
    return tuple(found)


def best_allocation(remaining: Allocation, capacity: int) -> tuple[Allocation, float]:
    """Factors that use a capacity best, and the mean number of units in use.

    A rank gives up prime factors one at a time; a rank larger than the capacity may instead be split unevenly into
    ``r = ceil(v/capacity)`` passes of ``a = ceil(v/r)``, of which ``(a(r-1) + v mod a)/r`` are in use on average.

    Raises:
        UnsupportedError: the choice is too large to be searched.

    >>> best_allocation((("M", 8), ("N", 3)), 8)
    ((('M', 2), ('M', 2), ('M', 2)), 8)
    >>> best_allocation((("M", 7),), 4)
    ((('M', 4),), 3.5)
    """
    return _allocate(remaining, capacity, {})


def _allocate(remaining: Allocation, capacity: int, known: dict) -> tuple[Allocation, float]:
    """:func:`best_allocation`, with the answers so far."""
    if (remaining, capacity) in known:
        return known[remaining, capacity]
    if len(known) > MAX_CHOICES:
        raise UnsupportedError(f"maximize_dims with more than {MAX_CHOICES} choices")
    best: Allocation = ()
    most: float = 1
    for i, (rank, size) in enumerate(remaining if capacity > 1 else ()):
        if size > capacity:
            passes = math.ceil(size / capacity)
            share = math.ceil(size / passes)
            used = (share * (passes - 1) + size % share) / passes
            if used > most:
                best, most = ((rank, share),), used
        for prime in prime_factors(size):
            if prime > capacity:
                continue
            rest = (*remaining[:i], (rank, size // prime), *remaining[i + 1 :])
            inner, used = _allocate(rest, capacity // prime, known)
            if used * prime > most:
                best, most = ((rank, prime), *inner), used * prime
    known[remaining, capacity] = best, most
    return best, most


@functools.lru_cache(maxsize=10_000)
def prime_factors(number: int) -> tuple[int, ...]:
    """The distinct prime factors of a number, ascending.

    >>> prime_factors(360)
    (2, 3, 5)
    """
    primes, divisor = [], 2
    while divisor * divisor <= number:
        if number % divisor == 0:
            primes.append(divisor)
            while number % divisor == 0:
                number //= divisor
        divisor += 1
    return tuple([*primes, number] if number > 1 else primes)
