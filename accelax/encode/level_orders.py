"""The orders of the loops of one level: all that the constraints admit, or one for each that can cost differently.

What of an order at a temporal level matters to the model (:mod:`accelax.model.levels.reuse` and
:mod:`~accelax.model.levels.halo`), with loops of factor 1 left out:

* to a tensor none of whose index expressions is shared by loops longer than 1: which loops that do not move it stand
  inside the innermost one that does. All other deliveries multiply, in any order.
* to a tensor with a shared (sliding) expression also, for each expression, the loops over it inside the innermost loop
  that moves the tensor otherwise, each with the *set* of loops inside it. A step of any other loop brings a whole tile,
  since its move along some other index differs from the one remembered.
* to nobody: tensors of which no deeper level keeps a tile and whose words no neighbour passes on.

Where neighbours may pass on the words of a sliding tensor, the moves of all loops are compared, and every order counts.
The position of a spatial loop matters to links and to hops alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, permutations

from accelax.model.levels.arrays import LevelStructure
from accelax.model.levels.nest import may_link

Order = tuple[int, ...]
"""Ranks, innermost first."""
Arrangement = tuple[Order, int]
"""Spatial loops, innermost first, and how many of them, from the first, lie on X."""


@dataclass(frozen=True)
class OrderRule:
    """The orders that one level admits: ``inner`` in this order, then ``free`` in any, then ``outer`` in this order.

    ``splits`` are the least and the greatest number of leading loops on X, loops of factor 1 counted.
    """

    inner: Order
    free: Order
    outer: Order
    splits: tuple[int, int] = (0, 0)

    @classmethod
    def from_keys(cls, low: list[float], high: list[float], splits: tuple[int, int] = (0, 0)) -> OrderRule:
        """Read the key ranges of a :class:`~accelax.encode.level_mapspace.LevelSpace`: one value fixes a place.

        >>> OrderRule.from_keys([0.0, -1.0, 2.0], [1.0, -1.0, 2.0])
        OrderRule(inner=(1,), free=(0,), outer=(2,), splits=(0, 0))
        """
        given = sorted((key, rank) for rank, key in enumerate(low) if key == high[rank])
        free = tuple(rank for rank, key in enumerate(low) if key < high[rank])
        inner = tuple(rank for key, rank in given if not free or key < 0)
        return cls(inner, free, tuple(rank for key, rank in given if rank not in inner), splits)

    def among(self, loops: frozenset[int]) -> tuple[Order, Order, Order]:
        """``inner``, ``free`` and ``outer`` without the ranks that have no loop."""
        inner, free, outer = (tuple(r for r in part if r in loops) for part in (self.inner, self.free, self.outer))
        return inner, free, outer

    def only(self, ranks: list[int]) -> OrderRule:
        """The rule of the loops over ``ranks``, renumbered in the order given.

        Splits stay as they are, so ask :func:`arrangements` before renumbering.
        """
        place = {rank: i for i, rank in enumerate(ranks)}
        parts = (self.inner, self.free, self.outer)
        inner, free, outer = (tuple(place[r] for r in part if r in place) for part in parts)
        return OrderRule(inner, free, outer, self.splits)


@dataclass(frozen=True)
class TensorView:
    """What a tensor sees of a loop: ``axis[rank]`` is the index expression that it moves along, shared or not."""

    axis: tuple[tuple[int, int], ...]
    shared: frozenset[int]

    @classmethod
    def of(cls, structure: LevelStructure, tensor: int) -> TensorView:
        """The view of one tensor of a structure."""
        terms = list(enumerate(structure.projections[tensor]))
        return cls(
            axis=tuple((rank, axis) for axis, ranks in terms for rank in ranks),
            shared=frozenset(axis for axis, ranks in terms if len(ranks) > 1),
        )

    def signature(self, order: Order) -> tuple[object, ...]:
        """All that matters to the tensor of an order; see the module's description."""
        axis = dict(self.axis)
        movers = [i for i, rank in enumerate(order) if rank in axis]
        if not movers:
            return ()
        first = axis[order[movers[0]]]
        run: list[object] = [frozenset(order[: movers[0]])]
        if first in self.shared:
            for i in movers:
                if axis[order[i]] != first:
                    break
                run.append((order[i], frozenset(order[:i])))
        return tuple(run)

    def settled(self, order: Order, loops: frozenset[int]) -> bool:
        """Whether the loops placed so far, innermost first, decide the signature whatever follows."""
        axis = dict(self.axis)
        present = {axis[rank] for rank in loops if rank in axis}
        if not present or (len(loops) == sum(rank in axis for rank in loops) and not present & self.shared):
            return True
        placed = {axis[rank] for rank in order if rank in axis}
        return len(placed) > 1 or bool(placed - self.shared)


def orders(rule: OrderRule, loops: frozenset[int]) -> Iterator[Order]:
    """Every order of ``loops`` that the rule admits.

    >>> list(orders(OrderRule((2,), (0, 1), ()), frozenset({0, 1, 2})))
    [(2, 0, 1), (2, 1, 0)]
    """
    inner, free, outer = rule.among(loops)
    for middle in permutations(free):
        yield (*inner, *middle, *outer)


def order_classes(rule: OrderRule, loops: frozenset[int], views: tuple[TensorView, ...] | None) -> list[Order]:
    """One order of every set of orders that cost the same; every order where ``views`` is None.

    >>> matrix = [TensorView(((r, r), (q, q)), frozenset()) for r, q in [(0, 2), (2, 1), (0, 1)]]
    >>> len(order_classes(OrderRule((), (0, 1, 2), ()), frozenset({0, 1, 2}), tuple(matrix)))
    3
    """
    if views is None:
        return list(orders(rule, loops))
    inner, free, outer = rule.among(loops)
    found: dict[tuple[object, ...], Order] = {}

    def extend(order: Order) -> None:
        rest = [rank for rank in (*inner, *free, *outer) if rank not in order]
        if not rest or all(view.settled(order, loops) for view in views):
            complete = (*order, *rest)
            found.setdefault(tuple(view.signature(complete) for view in views), complete)
            return
        given = rest[0] in inner or rest[0] in outer
        for rank in rest[:1] if given else [r for r in rest if r in free]:
            extend((*order, rank))

    extend(())
    return list(found.values())


def arrangements(rule: OrderRule, loops: frozenset[int], ordered: bool) -> list[Arrangement]:
    """Every way to lay spatial loops out: those that differ in order, or only in what lies on X.

    Loops of factor 1 take places too: they fill whatever place a split leaves.

    >>> arrangements(OrderRule((), (0, 1), (), (1, 1)), frozenset({0}), ordered=False)
    [((0,), 0), ((0,), 1)]
    """
    inner, free, outer = rule.among(loops)
    found: dict[tuple[object, ...], Arrangement] = {}
    for chosen, count in splits_of(rule, loops):
        for middle in permutations(free) if ordered else _subsets_first(free, chosen):
            order = (*inner, *middle, *outer)
            parts = order[:count], order[count:]
            key = parts if ordered else tuple(frozenset(part) for part in parts)
            found.setdefault(key, (order, count))
    return list(found.values())


def splits_of(rule: OrderRule, loops: frozenset[int]) -> list[tuple[int, int]]:
    """``(free loops, loops)`` on X for every split: of those in ``loops``, the others fill the places left.

    >>> splits_of(OrderRule((), (0, 1), (), (1, 1)), frozenset({0, 1}))
    [(1, 1)]
    """
    _, free, _ = rule.among(loops)
    beyond = len(rule.inner) + len(rule.free)
    found: dict[tuple[int, int], None] = {}
    for split in range(rule.splits[0], rule.splits[1] + 1):
        given = [*enumerate(rule.inner), *enumerate(rule.outer, beyond)]
        fixed = sum(place < split and rank in loops for place, rank in given)
        room = min(max(split - len(rule.inner), 0), len(rule.free))
        for on_x in range(max(0, len(free) - (len(rule.free) - room)), min(len(free), room) + 1):
            found[on_x, fixed + on_x] = None
    return list(found)


def _subsets_first(free: Order, count: int) -> Iterator[Order]:
    """One order of ``free`` for each choice of its first ``count``."""
    for chosen in combinations(free, count):
        yield (*chosen, *(rank for rank in free if rank not in chosen))


def views_of_level(structure: LevelStructure, level: int) -> tuple[TensorView, ...] | None:
    """The tensors to which the order of a temporal level matters; None where every order must be kept."""
    tensors = range(len(structure.tensors))
    below = range(level, structure.n_levels)
    for network in below:
        for tensor in tensors:
            linked = may_link(structure, network, tensor)
            plain = network == structure.n_levels - 1 and not structure.is_sliding(tensor)
            if linked and (structure.network_energy[network] or not plain):
                return None
    if structure.rules.halo == "exact" and any(structure.is_sliding(tensor) for tensor in tensors):
        return None
    deeper = range(level + 1, structure.n_levels)
    return tuple(
        TensorView.of(structure, tensor)
        for tensor in tensors
        if any(structure.keep_fixed[child][tensor] is not False for child in deeper)
        or any(may_link(structure, network, tensor) for network in below)
        or any(structure.network_energy[network] for network in below)
    )


def layout_matters(structure: LevelStructure, network: int) -> bool:
    """Whether it matters to anybody where on the mesh of a fan-out a spatial loop lies, as long as it fits."""
    tensors = range(len(structure.tensors))
    return structure.network_energy[network] or any(may_link(structure, network, tensor) for tensor in tensors)
