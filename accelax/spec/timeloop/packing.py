"""Greedy packing: fill the fan-outs of a machine from the inside out before anything is searched.

A machine that computes in memory cannot change its weights while it runs, so that all of them must find a place. One
step after another gives ranks to fan-outs, the innermost first, and to each the factors with the largest product that
fits; what is left over goes to the next one. After all steps a mapper places what remains.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accelax.errors import SpecError, did_you_mean
from accelax.spec.timeloop.macros import largest_allocation

if TYPE_CHECKING:
    from accelax.spec.timeloop.specification import TimeloopSpecification

Factors = tuple[tuple[str, int], ...]
"""Name to number: rank to factor, fan-out to lanes."""


@dataclass(frozen=True)
class PackingStep:
    """Place what is left of ``ranks`` together.

    only, without
        The fan-outs to use, and those to leave out; every one where ``only`` is empty. Their order says nothing: the
        innermost comes first.
    alone
        Whether the fan-outs used take no other rank.
    """

    ranks: str | tuple[str, ...]
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    alone: bool = False


IN_MEMORY_STEPS = (
    PackingStep("CRS", only=("cim_unit",), alone=True),
    PackingStep("CRS", only=("crossbar", "macro", "tile")),
    PackingStep("L", only=("column",)),
    PackingStep("M", only=("column", "crossbar", "macro", "tile")),
    PackingStep("G", only=("crossbar", "macro", "tile")),
    PackingStep("NQ", only=("tile",)),
)
"""How the weights of a convolution fill the machines of ``configs/cim``, and images and rows the tiles left over."""


def pack(
    sizes: Mapping[str, int],
    fanouts: Mapping[str, int],
    steps: Sequence[PackingStep],
    fixed: Mapping[str, Mapping[str, int]] | None = None,
) -> dict[str, dict[str, int]]:
    """The factors that the steps give to each fan-out, 1 included where a step decided so.

    A step leaves out a fan-out where one of its ranks has a factor already. What a fan-out has room for is its lanes
    divided (rounded down) by the factors that it has. Of the prime factors of all that is left of the ranks, the ones
    with the largest product in that room are taken, each from the first rank that has it. After every step a fan-out
    that is more than half full takes no further rank.

    Args:
        sizes: rank to extent.
        fanouts: name to lanes, outermost first.
        steps: one after another.
        fixed: factors given beforehand, by the name of the fan-out that has them.

    Raises:
        SpecError: a step or ``fixed`` names a rank that ``sizes`` does not have, or a step no such fan-out.

    >>> pack({"C": 6, "M": 10}, {"tile": 4, "column": 4}, [PackingStep("C"), PackingStep("M")])
    {'column': {'C': 3, 'M': 1}, 'tile': {'C': 2, 'M': 2}}
    """
    given = tuple((name, tuple(factors.items())) for name, factors in (fixed or {}).items())
    _check(sizes, fanouts, steps, given)
    found = _pack(tuple(sizes.items()), tuple(fanouts.items()), tuple(steps), given)
    return {name: dict(factors) for name, factors in found}


def _check(
    sizes: Mapping[str, int],
    fanouts: Mapping[str, int],
    steps: Sequence[PackingStep],
    fixed: tuple[tuple[str, Factors], ...],
) -> None:
    """Every name must be known."""
    for ranks in (*(step.ranks for step in steps), *([rank for rank, _ in factors] for _, factors in fixed)):
        for rank in ranks:
            if rank not in sizes:
                raise SpecError(f"cannot pack {rank!r}: not a dimension of the problem{did_you_mean(rank, sizes)}")
    for name in (*(name for step in steps for name in (*step.only, *step.without)), *(name for name, _ in fixed)):
        if name not in fanouts:
            raise SpecError(f"cannot pack into {name!r}: it has no fan-out{did_you_mean(name, fanouts)}")


@functools.lru_cache(maxsize=100_000)
def _pack(
    sizes: Factors,
    fanouts: Factors,
    steps: tuple[PackingStep, ...],
    fixed: tuple[tuple[str, Factors], ...],
) -> tuple[tuple[str, Factors], ...]:
    """:func:`pack` on values that can be remembered."""
    left = dict(sizes)
    held: dict[str, dict[str, int]] = {name: {} for name, _ in fanouts}
    for name, factors in fixed:
        for rank, factor in factors:
            left[rank] = math.ceil(left[rank] / factor)
        held[name].update(factors)
    new: dict[str, dict[str, int]] = {}
    for step in steps:
        for name, lanes in reversed(fanouts):
            mine = held[name]
            barred = (step.only and name not in step.only) or name in step.without
            if lanes <= 1 or barred or any(rank in mine for rank in step.ranks):
                continue
            room = lanes // math.prod(mine.values())
            chosen = dict(largest_allocation(tuple((rank, left[rank]) for rank in step.ranks), room))
            for rank, factor in chosen.items():
                left[rank] //= factor
            if step.alone:
                chosen |= {rank: 1 for rank, _ in sizes if rank not in mine and rank not in chosen}
            mine.update(chosen)
            new.setdefault(name, {}).update(chosen)
        _close_full(held, new, left, fanouts)
    return tuple((name, tuple(factors.items())) for name, factors in new.items())


def _close_full(
    held: dict[str, dict[str, int]], new: dict[str, dict[str, int]], ranks: dict[str, int], fanouts: Factors
) -> None:
    """A fan-out that is more than half full has room for no factor: say so of every other rank."""
    for name, lanes in fanouts:
        if 2 * math.prod(held[name].values()) > lanes > 1:
            rest = {rank: 1 for rank in ranks if rank not in held[name]}
            if rest:
                held[name].update(rest)
                new.setdefault(name, {}).update(rest)


def forget_packed() -> None:
    """Forget what :func:`pack` found before (for measuring it)."""
    _pack.cache_clear()


def packed(
    spec: TimeloopSpecification, steps: Sequence[PackingStep], temporal_order: Sequence[str] = ()
) -> TimeloopSpecification:
    """A copy of ``spec`` whose mapspace has only the mappings that the steps leave; its own constraints count first.

    ``temporal_order`` names ranks from the outermost inwards: it becomes the loop order of every storage whose
    constraints give none.

    Raises:
        SpecError: as :func:`pack`.
    """
    chain, directives, sizes = spec.state.chain, spec.state.directives, spec.state.workload.bounds
    fanouts: dict[str, int] = {}
    fixed: dict[str, dict[str, int]] = {}
    targets: list[dict[str, Any]] = []
    for place in chain.levels:
        if place.is_fanout:
            mesh = place.leaf["spatial"]
            fanouts[place.name] = mesh["meshX"] * mesh["meshY"]
            fixed[place.name] = {f.rank: f.value for f in directives[place.name].spatial.exact().values()}
            continue
        temporal = directives[place.name].temporal
        ones = {rank for rank, factor in temporal.exact().items() if factor.value == 1}
        for rank, factor in temporal.exact().items():
            sizes[rank] = math.ceil(sizes[rank] / factor.value)
        if temporal_order and not set(temporal.permutation) - ones:
            order = [rank for rank in reversed(temporal_order) if rank not in ones]
            targets.append({"target": place.name, "type": "temporal", "permutation": order})
    for name, factors in pack(sizes, fanouts, steps, fixed).items():
        listed = [f"{rank}={factor}" for rank, factor in factors.items()]
        targets.append({"target": name, "type": "spatial", "factors": listed})
    return spec.with_constraints(targets)
