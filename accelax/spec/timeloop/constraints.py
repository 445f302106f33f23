"""The constraints and reuse switches of every level, as the IR has them."""

from __future__ import annotations

from accelax.ir import LevelConstraints
from accelax.ir.lowered import LevelReuse
from accelax.spec.text import Problems
from accelax.spec.timeloop.chain import Chain, Place
from accelax.spec.timeloop.directives import Directives, Factor, Iteration, Residence
from accelax.spec.timeloop.loops import iteration_of
from accelax.spec.timeloop.problem import Workload


def level_constraints(
    place: Place, directives: dict[str, Directives], workload: Workload, ruby: bool
) -> LevelConstraints:
    """What the specification demands of the mapping at one level. Only the mapspace ``ruby`` reads ``remainders``."""
    node = directives[place.name]
    iteration = iteration_of(place, directives)
    residence = Residence() if place.is_fanout else node.residence
    order = iteration.permutation
    cut = order.index("_") if "_" in order else len(order)
    bounds = workload.bounds

    def numbers(operator: str) -> tuple[tuple[str, int], ...]:
        return tuple((f.rank, f.value) for f in iteration.factors if f.operator == operator and sensible(f))

    def sensible(factor: Factor) -> bool:
        """Timeloop ignores a fixed or least factor above the bound of its rank."""
        return factor.operator == "<=" or factor.value <= bounds[factor.rank]

    listed = ruby and iteration.remainders is not None
    remainders = tuple((rank, iteration.remainders or 0) for rank in bounds) if listed else ()
    return LevelConstraints(
        fixed=numbers("="),
        residual=tuple((f.rank, f.residual) for f in iteration.factors if f.residual is not None and sensible(f)),
        maximum=numbers("<="),
        minimum=numbers(">="),
        default_maximum=iteration.default_max_factor,
        default_minimum=iteration.default_min_factor,
        order_inner=tuple(order[:cut]),
        order_outer=tuple(order[cut + 1 :]),
        order_complete="_" not in order and len(order) == len(bounds),
        keep=tuple(residence.keep),
        bypass=tuple(residence.bypass),
        split=iteration.split if place.is_fanout else None,
        remainder_maximum=remainders,
        utilization_minimum=node.utilization_minimum,
    )


def level_reuse(place: Place, directives: dict[str, Directives]) -> LevelReuse:
    """The reuse switches of one level; they hold with or without a mapping."""
    node = directives[place.name]
    if place.is_fanout:
        return LevelReuse(
            no_multicast=tuple(node.spatial.no_reuse), no_link_transfer=tuple(node.spatial.no_link_transfer)
        )
    return LevelReuse(
        no_temporal_reuse=tuple(node.temporal.no_reuse),
        rmw_first_update=tuple(node.temporal.rmw_first_update),
        no_coalesce=tuple(node.residence.no_coalesce),
    )


def check_owners(chain: Chain, directives: dict[str, Directives], problems: Problems) -> None:
    """Loops can only be given to nodes that own some: temporal to storages, spatial to nodes with a fan-out."""
    spatial = {place.name for place in chain.levels if place.is_fanout}
    storage = {place.name for place in chain.levels if not place.is_fanout}
    known = spatial | storage | ({chain.compute.name} if chain.compute else set())
    for name, node in directives.items():
        if name not in known:
            continue
        if name not in spatial:
            _refuse_loops(node.spatial, f"{name!r} has no fan-out and owns no spatial loop", problems)
        if name not in storage:
            _refuse_loops(node.temporal, f"{name!r} is no storage and owns no temporal loop", problems)


def _refuse_loops(iteration: Iteration, why: str, problems: Problems) -> None:
    """A factor other than 1 at a node without loops is a mistake."""
    for factor in iteration.factors:
        if factor.operator == "=" and factor.value != 1:
            problems.add(f"{why}, got {factor}", factor.location or iteration.location, factor.path or iteration.path)
