"""Random perfect nests, as input of the model and as input of the literal emulation of Timeloop's nest analysis."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from accelax.ir.rules import Rules
from accelax.model.levels.arrays import LevelMapping, LevelStructure, LevelWorkload
from tests.oracle.timeloop_nest import NestInput, NestLevel, NestLoop

Terms = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Case:
    """One tensor on a chain of levels, outermost first; ``levels`` hold loops, outermost first."""

    projection: tuple[Terms, ...]
    levels: tuple[NestLevel, ...]
    n_ranks: int
    rules: Rules = field(default_factory=Rules)

    def oracle_input(self) -> NestInput:
        """The case as the emulation wants it."""
        rules = self.rules
        return NestInput(
            self.levels,
            (self.projection,),
            self.n_ranks,
            halo=rules.halo,
            links=rules.link_transfers,
            multicast=rules.multicast,
        )

    def structure(self, network_energy: bool = True) -> LevelStructure:
        """The case as the model wants it; ranks without a loop at a level are unit factors there."""
        count = len(self.levels)
        factor = self._grid(lambda loop, _: float(loop.end), 1.0)
        return LevelStructure(
            level_names=tuple(f"L{i}" for i in range(count)),
            compute_name="mac",
            ranks=tuple(f"r{i}" for i in range(self.n_ranks)),
            tensors=("T",),
            projections=(tuple(tuple(rank for rank, _ in terms) for terms in self.projection),),
            outputs=(False,),
            is_fanout=tuple(level.is_fanout for level in self.levels),
            keep_fixed=((None,),) * count,
            unit_factor=tuple(tuple(value == 1.0 for value in row) for row in factor),
            no_temporal_reuse=tuple((0 in level.no_temporal_reuse,) for level in self.levels),
            rmw_first_update=((False,),) * count,
            no_coalesce=((False,),) * count,
            no_multicast=tuple((0 in level.no_multicast,) for level in self.levels),
            no_link_transfer=tuple((0 in level.no_link_transfer,) for level in self.levels),
            physical_mesh=tuple(level.mesh for level in self.levels),
            network_energy=(network_energy,) * count,
            network_type=("1:N",) * count,
            reduction_supported=(True,) * count,
            power_gate=tuple(range(count)),
            imperfect=False,
            rules=self.rules,
        )

    def workload(self) -> LevelWorkload:
        """Bounds and coefficients."""
        bounds = [1.0] * self.n_ranks
        for level in self.levels:
            for loop in level.loops:
                bounds[loop.rank] *= loop.end
        return LevelWorkload(
            bounds=tuple(bounds),
            coefficients=(tuple(tuple(float(c) for _, c in terms) for terms in self.projection),),
        )

    def mapping(self) -> LevelMapping:
        """Factors and the places of the loops."""
        return LevelMapping(
            factor=self._grid(lambda loop, _: float(loop.end), 1.0),
            residual=(),
            position=self._grid(lambda _, place: float(place), 0.0),
            on_x=self._grid(lambda loop, _: float(loop.on_x), 0.0),
            keep=((1.0,),) * len(self.levels),
        )

    def with_rules(self, **changes: Any) -> Case:
        """The same case under other rules."""
        return replace(self, rules=replace(self.rules, **changes))

    def _grid(self, value: Any, default: float) -> tuple[tuple[float, ...], ...]:
        """``[L][R]`` of a function of the loop and its place, counted from inside; X loops are counted apart from Y."""
        rows = []
        for level in self.levels:
            row = [default] * self.n_ranks
            for on_x in (True, False):
                for place, loop in enumerate(reversed([loop for loop in level.loops if loop.on_x == on_x])):
                    row[loop.rank] = value(loop, place)
            rows.append(tuple(row))
        return tuple(rows)


PROJECTIONS: tuple[tuple[Terms, ...], ...] = (
    (((0, 1),), ((1, 1),)),
    (((2, 1),),),
    (((0, 1), (1, 1)),),
    (((0, 1), (1, 1)), ((2, 1),)),
    (((0, 2), (1, 1)), ((2, 1), (3, 1))),
    (((0, 1), (1, 2)), ((3, 1),)),
    (((0, 1), (1, 1), (2, 1)),),
    (((0, 1),), ((0, 1), (1, 1))),
    (((0, -1), (1, 1)), ((2, 3),)),
)
"""Plain, shared with stride and dilation, a rank in two index expressions, and a negative coefficient."""


@st.composite
def cases(
    draw: st.DrawFn,
    projections: tuple[tuple[Terms, ...], ...] = PROJECTIONS,
    most_points: int = 6000,
    one_row: bool = False,
) -> Case:
    """One to three storage levels with a fan-out below some, the last perhaps above the compute unit.

    ``one_row``: a fan-out has one loop, and no reuse is forbidden.
    """
    n_ranks, points = 4, 1
    levels: list[NestLevel] = []
    for depth in range(draw(st.integers(1, 3))):
        for is_fanout in (False, True) if depth == 0 or draw(st.booleans()) else (False,):
            level, trips = _level(draw, n_ranks, is_fanout, most_points // points, one_row)
            points *= trips
            levels.append(level)
    rules = Rules(
        halo=draw(st.sampled_from(("timeloop", "timeloop", "timeloop_pre297"))),
        link_transfers=draw(st.sampled_from(("mesh", "mesh", "torus", "off"))),
        multicast=draw(st.sampled_from((True, True, False))),
    )
    return Case(draw(st.sampled_from(projections)), tuple(levels), n_ranks, rules)


def _level(draw: st.DrawFn, n_ranks: int, is_fanout: bool, room: int, one_row: bool) -> tuple[NestLevel, int]:
    """A level whose loops make at most ``room`` points, and how many they make."""
    ranks = draw(st.lists(st.integers(0, n_ranks - 1), unique=True, min_size=1, max_size=1 if one_row else 4))
    if not is_fanout:
        ranks = draw(st.permutations(range(n_ranks)))
    loops, points, sides = [], 1, [1, 1]
    for rank in ranks:
        end = draw(st.sampled_from((1, 2, 2, 3, 4)))
        if end == 1 or points * end > room:
            continue
        on_x = draw(st.booleans()) if is_fanout else True
        points *= end
        sides[0 if on_x else 1] *= end
        loops.append(NestLoop(rank, end, end, on_x))
    loops.sort(key=lambda loop: loop.on_x)
    spare = (draw(st.sampled_from((0, 0, 1, 3))), draw(st.sampled_from((0, 0, 1)))) if is_fanout else (0, 0)
    some = st.sampled_from((frozenset[int](),) * 2 + (() if one_row else (frozenset({0}),)))
    return NestLevel(
        loops=tuple(loops),
        is_fanout=is_fanout,
        mesh=(sides[0] + spare[0], sides[1] + spare[1]),
        no_temporal_reuse=draw(some),
        no_multicast=draw(some) if is_fanout else frozenset(),
        no_link_transfer=draw(some) if is_fanout else frozenset(),
    ), points
