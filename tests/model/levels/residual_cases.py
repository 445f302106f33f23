"""Random nests with residual factors, for the model and for the emulation of Timeloop."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from accelax.ir.rules import Rules
from accelax.model.levels.arrays import LevelMapping, LevelStructure, LevelWorkload
from tests.oracle.timeloop_nest import NestInput, NestLevel, NestLoop

Projection = tuple[tuple[tuple[int, int], ...], ...]


def plain(*ranks: int) -> Projection:
    """A tensor indexed by single ranks."""
    return tuple(((rank, 1),) for rank in ranks)


SHAPES: dict[str, tuple[int, tuple[Projection, ...]]] = {
    "gemm": (3, (plain(0, 2), plain(2, 1), plain(0, 1))),
    "mttkrp": (4, (plain(0, 1, 2), plain(1, 3), plain(2, 3), plain(0, 3))),
    "convolution": (4, (plain(0, 1, 3), (((0, 1),), ((2, 1), (3, 1))), plain(1, 2))),
    "dilated": (3, (plain(2), (((1, 2), (2, 3)),), plain(1, 0))),
    "two axes": (5, (plain(0, 3, 4), (((1, 1), (3, 1)), ((2, 1), (4, 1))), plain(0, 1, 2))),
    "diagonal": (2, (plain(0, 0), (((0, 1),), ((1, 3),)), plain(1))),
}
"""Number of ranks and projections; the last tensor is the output."""

PLAIN_SHAPES = ("gemm", "mttkrp", "diagonal")


@st.composite
def residual_nests(draw: st.DrawFn, shapes: tuple[str, ...] = tuple(SHAPES), most_points: int = 1500) -> NestInput:
    """Two to four storage levels, a fan-out below some; any loop imperfect but the outermost of its rank if spatial."""
    n_ranks, projections = SHAPES[draw(st.sampled_from(shapes))]
    kinds: list[bool] = []
    for _ in range(draw(st.integers(2, 4))):
        kinds += [False, True] if draw(st.booleans()) else [False]
    points, seen, levels = 1, set[int](), []
    for is_fanout in kinds:
        loops, sides = [], [1, 1]
        for rank in draw(st.permutations(range(n_ranks))):
            end = draw(st.sampled_from((1, 1, 2, 3, 4)))
            if end == 1 or points * end > most_points:
                continue
            points *= end
            whole = (is_fanout and rank not in seen) or draw(st.booleans())
            residual = end if whole else draw(st.integers(1, end))
            on_x = draw(st.booleans()) if is_fanout else True
            sides[0 if on_x else 1] *= end
            seen.add(rank)
            loops.append(NestLoop(rank, end, residual, on_x))
        loops.sort(key=lambda loop: loop.on_x)
        spare = draw(st.sampled_from(((0, 0), (0, 0), (1, 0), (2, 1)))) if is_fanout else (0, 0)
        some = st.sampled_from((frozenset[int](),) * 4 + (frozenset({0, 1}), frozenset({len(projections) - 1})))
        levels.append(
            NestLevel(
                tuple(loops),
                is_fanout,
                (sides[0] + spare[0], sides[1] + spare[1]),
                no_temporal_reuse=draw(some),
                no_multicast=draw(some) if is_fanout else frozenset(),
                no_link_transfer=draw(some) if is_fanout else frozenset(),
            )
        )
    return NestInput(
        tuple(levels),
        projections,
        n_ranks,
        halo=draw(st.sampled_from(("timeloop", "timeloop", "timeloop_pre297", "none", "exact"))),
        links=draw(st.sampled_from(("mesh", "mesh", "torus", "off"))),
        multicast=draw(st.sampled_from((True, True, True, False))),
    )


def structure_of(nest: NestInput, network_energy: bool = False, all_free: bool = False) -> LevelStructure:
    """The nest's structure. ``all_free``: no factor is known to be 1."""
    levels, tensors = nest.levels, range(len(nest.projections))

    def switch(name: str) -> tuple[tuple[bool, ...], ...]:
        return tuple(tuple(tensor in getattr(level, name) for tensor in tensors) for level in levels)

    factor = mapping_of(nest).factor
    count = len(levels)
    return LevelStructure(
        level_names=tuple(f"L{i}" for i in range(count)),
        compute_name="mac",
        ranks=tuple(f"r{i}" for i in range(nest.n_ranks)),
        tensors=tuple(f"T{i}" for i in tensors),
        projections=tuple(tuple(tuple(r for r, _ in terms) for terms in p) for p in nest.projections),
        outputs=tuple(tensor == tensors[-1] for tensor in tensors),
        is_fanout=tuple(level.is_fanout for level in levels),
        keep_fixed=((True,) * len(tensors),) * count,
        unit_factor=tuple(tuple(not all_free and value == 1.0 for value in row) for row in factor),
        no_temporal_reuse=switch("no_temporal_reuse"),
        rmw_first_update=((False,) * len(tensors),) * count,
        no_coalesce=((False,) * len(tensors),) * count,
        no_multicast=switch("no_multicast"),
        no_link_transfer=switch("no_link_transfer"),
        physical_mesh=tuple(level.mesh for level in levels),
        network_energy=(network_energy,) * count,
        network_type=("1:N",) * count,
        reduction_supported=(True,) * count,
        power_gate=tuple(range(count)),
        imperfect=True,
        rules=replace(Rules(), halo=nest.halo, link_transfers=nest.links, multicast=nest.multicast),
    )


def workload_of(nest: NestInput) -> LevelWorkload:
    """The coefficients; bounds are not looked at."""
    coefficients = tuple(tuple(tuple(float(c) for _, c in terms) for terms in p) for p in nest.projections)
    return LevelWorkload((0.0,) * nest.n_ranks, coefficients)


def mapping_of(nest: NestInput) -> LevelMapping:
    """Factors, residuals and places of the loops; everything is kept everywhere."""

    def grid(value: Any, default: float) -> tuple[tuple[float, ...], ...]:
        rows = []
        for level in nest.levels:
            row = [default] * nest.n_ranks
            for place, loop in enumerate(reversed(level.loops)):
                row[loop.rank] = value(loop, float(place))
            rows.append(tuple(row))
        return tuple(rows)

    return LevelMapping(
        factor=grid(lambda loop, _: float(loop.end), 1.0),
        residual=grid(lambda loop, _: float(loop.residual), 1.0),
        position=grid(lambda _, place: place, float(nest.n_ranks - 1)),
        on_x=grid(lambda loop, _: float(loop.on_x), 1.0),
        keep=((1.0,) * len(nest.projections),) * len(nest.levels),
    )
