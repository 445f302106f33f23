"""Random small nests, as the plain data of :mod:`tests.oracle.nest_oracle`.

``perfect`` tiles divide; ``nested`` tiles divide the next outer tile but not the whole rank (Timeloop's residual
factors: trip counts are chosen, the outermost is rounded up); ``any`` tiles are arbitrary extents (AccelForge).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from hypothesis import strategies as st

from tests.oracle.nest_oracle import Level, Loop, Nest, Tensor

Shape = Literal["perfect", "nested", "any"]


@dataclass(frozen=True)
class Problem:
    """An Einsum: extents and tensors."""

    bounds: tuple[tuple[str, int], ...]
    tensors: tuple[Tensor, ...]


def plain(name: str, ranks: str, output: bool = False) -> Tensor:
    """A tensor indexed by single ranks.

    >>> plain("A", "MK").projection
    ((('M', 1),), (('K', 1),))
    """
    return Tensor(name, tuple(((rank, 1),) for rank in ranks), output)


@st.composite
def gemms(draw: st.DrawFn) -> Problem:
    """``Z[M,N] = A[M,K] B[K,N]``."""
    bounds = tuple((rank, draw(st.sampled_from((2, 4, 6, 8, 9, 12, 7, 5, 3, 1)))) for rank in "MNK")
    return Problem(bounds, (plain("A", "MK"), plain("B", "KN"), plain("Z", "MN", output=True)))


@st.composite
def three_operand_einsums(draw: st.DrawFn) -> Problem:
    """``Z[I,J] = T[I,K,L] B[K,J] C[L,J]`` (MTTKRP)."""
    bounds = tuple((rank, draw(st.sampled_from((2, 4, 6, 5, 3, 1)))) for rank in "IJKL")
    inputs = (plain("T", "IKL"), plain("B", "KJ"), plain("C", "LJ"))
    return Problem(bounds, (*inputs, plain("Z", "IJ", output=True)))


@st.composite
def convolutions_1d(draw: st.DrawFn) -> Problem:
    """``O[M,P] = I[C, s*P + d*R] W[M,C,R]``."""
    extents = {"C": 4, "M": 4, "P": 8, "R": 4}
    bounds = tuple((rank, draw(st.integers(1, extent))) for rank, extent in extents.items())
    window = (("P", draw(st.integers(1, 3))), ("R", draw(st.integers(1, 3))))
    return Problem(bounds, (plain("W", "MCR"), Tensor("I", ((("C", 1),), window)), plain("O", "MP", output=True)))


@st.composite
def convolutions_2d(draw: st.DrawFn) -> Problem:
    """``O[M,P,Q] = I[C, s*P + d*R, s*Q + d*S] W[M,C,R,S]``."""
    extents = {"C": 2, "M": 2, "P": 5, "Q": 5, "R": 3, "S": 3}
    bounds = tuple((rank, draw(st.integers(1, extent))) for rank, extent in extents.items())
    rows = (("P", draw(st.integers(1, 3))), ("R", draw(st.integers(1, 2))))
    columns = (("Q", draw(st.integers(1, 3))), ("S", draw(st.integers(1, 2))))
    inputs = Tensor("I", ((("C", 1),), rows, columns))
    return Problem(bounds, (plain("W", "MCRS"), inputs, plain("O", "MPQ", output=True)))


@st.composite
def depthwise_convolutions(draw: st.DrawFn) -> Problem:
    """``O[C,P] = I[C, s*P + R] W[C,R]``: one rank indexes every tensor."""
    bounds = (("C", draw(st.integers(1, 6))), ("P", draw(st.integers(1, 8))), ("R", draw(st.integers(1, 4))))
    window = (("P", draw(st.integers(1, 3))), ("R", 1))
    return Problem(bounds, (plain("W", "CR"), Tensor("I", ((("C", 1),), window)), plain("O", "CP", output=True)))


def windowless_problems() -> st.SearchStrategy[Problem]:
    """Problems whose tensor ranks are single ranks."""
    return st.one_of(gemms(), three_operand_einsums())


def problems() -> st.SearchStrategy[Problem]:
    """All kinds of problems, of at most some thousand multiply-accumulates."""
    kinds = (gemms(), three_operand_einsums(), convolutions_1d(), convolutions_2d(), depthwise_convolutions())
    return st.one_of(*kinds)


@st.composite
def nests(
    draw: st.DrawFn,
    problem: st.SearchStrategy[Problem] | None = None,
    shape: Shape = "perfect",
    max_levels: int = 4,
    max_macs: int = 2000,
) -> Nest:
    """A problem with a random mapping: 1 to ``max_levels`` levels, random orders, bypass and fan-out.

    The outermost level keeps every tensor; an inner one keeps a random subset. Each level has one temporal loop per
    rank, trips of 1 included, in random order; about half of the levels have spatial loops over a few ranks.
    """
    drawn = draw(problem if problem is not None else problems())
    size = math.prod(bound for _, bound in drawn.bounds)
    if size > max_macs:
        bounds = tuple((rank, max(1, bound // 2)) for rank, bound in drawn.bounds)
        drawn = Problem(bounds, drawn.tensors)
    ranks = [rank for rank, _ in drawn.bounds]
    slots = _slots(draw, ranks, draw(st.integers(1, max_levels)))
    tiles = {rank: _tiles(draw, bound, sum(rank in slot for slot in slots), shape) for rank, bound in drawn.bounds}
    loops = [tuple(Loop(rank, tiles[rank].pop(0)) for rank in slot) for slot in slots]
    names = tuple(tensor.name for tensor in drawn.tensors)
    levels = []
    for depth, (temporal, spatial) in enumerate(zip(loops[::2], loops[1::2], strict=True)):
        keeps = tuple(name for name in names if depth == 0 or draw(st.booleans()))
        levels.append(Level(f"L{depth}", keeps, temporal, spatial))
    return Nest(drawn.bounds, drawn.tensors, tuple(levels))


def _slots(draw: st.DrawFn, ranks: list[str], levels: int) -> list[list[str]]:
    """Which ranks loop where: the temporal and the spatial ranks of each level in turn, in loop order."""
    slots = []
    for _ in range(levels):
        slots.append(list(draw(st.permutations(ranks))))
        spatial = st.lists(st.sampled_from(ranks), unique=True, min_size=1, max_size=2)
        slots.append(draw(spatial) if draw(st.booleans()) else [])
    return slots


def _tiles(draw: st.DrawFn, bound: int, loops: int, shape: Shape) -> list[int]:
    """Tile extents of one rank, outermost loop first; the last is 1."""
    if shape == "any":
        return [*sorted((draw(st.integers(1, bound)) for _ in range(loops - 1)), reverse=True), 1]
    tiles = [1]
    for _ in range(loops - 1):
        room = bound // tiles[0]
        trips = [n for n in range(1, room + 1) if shape == "nested" or room % n == 0]
        tiles.insert(0, tiles[0] * draw(st.sampled_from(trips)))
    return tiles
