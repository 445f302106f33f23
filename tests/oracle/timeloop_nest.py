"""A literal emulation of Timeloop's nest analysis, slow and independent of the model.

It walks the loops of a mapping recursively as Timeloop does, with point sets as lists of boxes, and shares no code
with the model. It reproduces Timeloop of March 2025, imperfect factors included:

* A temporal loop runs iteration 0 and then iteration 1 with the weight of all that follow. Only when its rank is
  imperfectly factored by a loop further in, and all loops of the rank further out are at their last iteration, is the
  true last iteration run as well; then the delta it returns is not used (the weight of iteration 1 grows by one),
  unless the loop itself is imperfect: then the second last iteration is run before it and its own delta counts.
* A loop uses its residual end when all loops of its rank further out are at their last iteration, judged against
  their residual ends. The mold of a tile is the residual one under the same condition, rank by rank, whatever the
  loops below do: a tile of several imperfect loops has one residual shape.
* Of the spatial instances only the first is evaluated; the others are its translations, so an imperfect loop inside a
  spatial loop is never at its last iteration there unless the residual of the spatial loop is 1.
* The operand accesses below an innermost temporal loop are its own iterations; the compute accesses of an innermost
  spatial loop are counted for each instance and averaged over the instances ever used.

Order of loops and levels: outermost first. A fan-out level has spatial loops only, Y loops outside X loops; Timeloop
stands a trivial temporal loop above them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil, floor
from typing import Literal

Box = tuple[tuple[int, int], ...]
Boxes = list[Box]
Signature = tuple[int, int]


@dataclass(frozen=True)
class NestLoop:
    """A loop over ``rank`` with ``end`` iterations, ``residual`` of them in the last visit."""

    rank: int
    end: int
    residual: int
    on_x: bool = True


@dataclass(frozen=True)
class NestLevel:
    """Temporal loops of a storage level, or spatial loops of a fan-out level, with the reuse switches as tensor sets.

    ``mesh`` is the physical fan-out (X, Y) of the network below.
    """

    loops: tuple[NestLoop, ...]
    is_fanout: bool = False
    mesh: tuple[int, int] = (1, 1)
    no_temporal_reuse: frozenset[int] = frozenset()
    no_multicast: frozenset[int] = frozenset()
    no_link_transfer: frozenset[int] = frozenset()


@dataclass(frozen=True)
class NestInput:
    """Projections are per tensor, per tensor rank, the terms ``(rank, coefficient)``."""

    levels: tuple[NestLevel, ...]
    projections: tuple[tuple[tuple[tuple[int, int], ...], ...], ...]
    n_ranks: int
    halo: Literal["timeloop", "timeloop_pre297", "none", "exact"] = "timeloop"
    links: Literal["off", "mesh", "torus"] = "mesh"
    multicast: bool = True


@dataclass
class Network:
    """``accesses[(m, s)]``: words of multicasts to ``m`` children in steps with ``s`` groups of that size, and hops."""

    accesses: dict[Signature, list[float]] = field(default_factory=dict)
    link_transfers: int = 0
    fanout: int = 1


@dataclass
class NestResult:
    """Indexed ``[level][tensor]``. ``master[level]`` is None where the level has no spatial loop longer than 1.

    ``replication``: average instances of each level. ``computes``: average computes of one unit; times
    ``compute_replication`` that is the total.
    """

    networks: list[list[Network]]
    sizes: list[list[int]]
    master: list[list[int] | None]
    replication: list[float]
    computes: float
    compute_replication: float
    max_units: int
    temporal_iterations: int
    imperfect: bool


def subtract(boxes: Boxes, others: Boxes) -> Boxes:
    """The points of ``boxes`` that are not in ``others``, sliced rank by rank: left, right, shrink."""
    for other in others:
        boxes = [piece for box in boxes for piece in _subtract_box(box, other)]
    return boxes


def _subtract_box(box: Box, other: Box) -> Iterator[Box]:
    if any(mine[0] >= theirs[1] or theirs[0] >= mine[1] for mine, theirs in zip(box, other, strict=True)):
        yield box
        return
    rest = list(box)
    for axis, (other_low, other_high) in enumerate(other):
        low, high = rest[axis]
        if low < other_low:
            yield (*rest[:axis], (low, other_low), *rest[axis + 1 :])
        if high > other_high:
            yield (*rest[:axis], (other_high, high), *rest[axis + 1 :])
        rest[axis] = (max(low, other_low), min(high, other_high))


def volume(boxes: Boxes) -> int:
    """The number of points of disjoint boxes."""
    total = 0
    for box in boxes:
        size = 1
        for low, high in box:
            size *= high - low
        total += size
    return total


def _translation(old: Boxes, new: Boxes) -> tuple[int, ...]:
    """The rounded move of the centre of mass, halves away from zero."""

    def centre(boxes: Boxes, axis: int) -> float:
        weights = [volume([box]) for box in boxes]
        return sum(w * (box[axis][0] + box[axis][1]) / 2 for w, box in zip(weights, boxes, strict=True)) / sum(weights)

    moves = [centre(new, axis) - centre(old, axis) for axis in range(len(new[0]))]
    return tuple(floor(move + 0.5) if move >= 0 else ceil(move - 0.5) for move in moves)


@dataclass
class _Memory:
    """What a loop level remembers of one tensor: the last tile and the last move."""

    tile: Boxes = field(default_factory=list)
    move: tuple[int, ...] | None = None


def _step(memory: _Memory, tile: Boxes, halo: str) -> Boxes:
    """Apply the halo rule: update ``memory`` and return what the step brings."""
    old = memory.tile
    move = _translation(old, tile) if old else None
    memory.tile = tile
    if halo == "exact":
        return subtract(tile, old)
    if halo == "none":
        return tile if move is None or any(move) else subtract(tile, old)
    if halo == "timeloop" and (move is None or not any(move)):
        return subtract(tile, old)
    if memory.move is None:
        memory.move = move
        return subtract(tile, old)
    if move == memory.move:
        return subtract(tile, old)
    memory.move = None
    return tile


class _Analysis:
    """The recursion. ``loops`` are innermost first here, as Timeloop numbers them."""

    def __init__(self, nest: NestInput):
        self.nest = nest
        self.loops: list[NestLoop] = []
        self.spatial: list[bool] = []
        self.level: list[int] = []
        for index, level in reversed(list(enumerate(nest.levels))):
            self._add_level(index, level)
        self.count = len(self.loops)
        self.boundary = [i + 1 == self.count or self.level[i + 1] != self.level[i] for i in range(self.count)]
        self._molds()
        self.innermost_imperfect: dict[int, int] = {}
        for i in reversed(range(self.count)):
            if self.loops[i].end != self.loops[i].residual:
                self.innermost_imperfect[self.loops[i].rank] = i
        self.index = [0] * self.count
        self.transform = [0] * nest.n_ranks
        self.epochs = 1
        tensors = range(len(nest.projections))
        self.memory = [[_Memory() for _ in tensors] for _ in range(self.count)]
        self.previous: dict[tuple[int, int], dict[int, Boxes]] = {}
        self.networks = [[Network() for _ in tensors] for _ in nest.levels]
        self.sizes = [[0 for _ in tensors] for _ in nest.levels]
        self.master: list[list[int] | None] = [None for _ in nest.levels]
        self.unit_computes: dict[int, int] = {}

    def _add_level(self, index: int, level: NestLevel) -> None:
        loops = [loop for loop in reversed(level.loops) if loop.end > 1]
        if level.is_fanout:
            self.loops += loops
            self.spatial += [True] * len(loops)
        if level.is_fanout or not loops:
            loops = [*(loops if level.is_fanout else ()), NestLoop(self.nest.n_ranks - 1, 1, 1)]
            self.loops.append(loops[-1])
            self.spatial.append(False)
        else:
            self.loops += loops
            self.spatial += [False] * len(loops)
        self.level += [index] * len(loops)

    def _molds(self) -> None:
        scale = [1] * self.nest.n_ranks
        residual = [1] * self.nest.n_ranks
        self.stride, self.mold, self.residual_mold = [], [], []
        for loop in self.loops:
            self.stride.append(scale[loop.rank])
            residual[loop.rank] += scale[loop.rank] * (loop.residual - 1)
            scale[loop.rank] *= loop.end
            self.mold.append([s - 1 for s in scale])
            self.residual_mold.append([s - 1 for s in residual])

    def is_last(self, loop: int, rank: int) -> bool:
        """Whether every loop over ``rank`` from ``loop`` outward is at its last iteration."""
        return all(
            self.index[i] + 1 >= self.loops[i].residual for i in range(loop, self.count) if self.loops[i].rank == rank
        )

    def trips(self, loop: int) -> int:
        """How many iterations the loop has now."""
        this = self.loops[loop]
        return this.residual if self.is_last(loop + 1, this.rank) else this.end

    def tile(self, loop: int, tensor: int) -> Boxes:
        """The bounding box of what the loop and all inside it touch now."""
        low = self.transform
        high = [
            low[r] + (self.residual_mold if self.is_last(loop + 1, r) else self.mold)[loop][r]
            for r in range(self.nest.n_ranks)
        ]
        box = []
        for terms in self.nest.projections[tensor]:
            first = sum(c * (low[r] if c > 0 else high[r]) for r, c in terms)
            last = sum(c * (high[r] if c > 0 else low[r]) for r, c in terms)
            box.append((first, last + 1))
        return [tuple(box)]

    def deltas(self, loop: int) -> list[Boxes]:
        """Run the loop once and return what its tile lacks, per tensor."""
        if self.spatial[loop]:
            self.run_spatial(loop)
        else:
            self.run_temporal(loop)
        level = self.nest.levels[self.level[loop]]
        is_master = self.spatial[loop] and not self.spatial[loop + 1]
        result = []
        for tensor in range(len(self.nest.projections)):
            tile = self.tile(loop, tensor)
            if self.boundary[loop]:
                sizes = self.sizes[self.level[loop]]
                sizes[tensor] = max(sizes[tensor], volume(tile))
            if is_master:
                master = self.master[self.level[loop]] or [0] * len(self.nest.projections)
                master[tensor] = max(master[tensor], volume(tile))
                self.master[self.level[loop]] = master
            if tensor in level.no_temporal_reuse:
                result.append(tile)
            else:
                result.append(_step(self.memory[loop][tensor], tile, self.nest.halo))
        return result

    def schedule(self, loop: int, trips: int) -> list[tuple[int, int, int]]:
        """The visits of a temporal loop: ``(index, epochs, weight)``; weight 0 discards the delta it returns."""
        this = self.loops[loop]
        run_last = self.innermost_imperfect.get(this.rank, self.count) < loop and self.is_last(loop + 1, this.rank)
        visits = [(0, 1, 1)]
        if not run_last:
            return visits + ([(1, trips - 1, trips - 1)] if trips > 1 else [])
        if this.end == this.residual:
            if trips >= 3:
                visits.append((1, trips - 2, trips - 1))
            return visits + ([(trips - 1, 1, 0 if trips >= 3 else 1)] if trips >= 2 else [])
        if trips >= 4:
            visits.append((1, trips - 3, trips - 2))
        if trips >= 3:
            visits.append((trips - 2, 1, 0 if trips >= 4 else 1))
        return visits + ([(trips - 1, 1, 1)] if trips >= 2 else [])

    def run_temporal(self, loop: int) -> None:
        this, level = self.loops[loop], self.level[loop]
        trips = self.trips(loop)
        tensors = range(len(self.nest.projections))
        if loop == 0:
            self.unit_computes[0] = self.unit_computes.get(0, 0) + trips * self.epochs
            for tensor in tensors:
                self._count(level, tensor, (1, 1), trips * self.epochs, 0.0)
            return
        saved, epochs = self.transform[this.rank], self.epochs
        totals = [0] * len(tensors)
        for index, times, weight in self.schedule(loop, trips):
            self.index[loop] = index
            self.transform[this.rank] = saved + index * self.stride[loop]
            self.epochs = epochs * times
            for tensor, delta in enumerate(self.deltas(loop - 1)):
                totals[tensor] += weight * volume(delta)
        self.transform[this.rank], self.epochs = saved, epochs
        if self.boundary[loop - 1]:
            for tensor in tensors:
                self._count(level, tensor, (1, 1), totals[tensor] * epochs, 0.0)

    def _count(self, level: int, tensor: int, signature: Signature, accesses: float, hops: float) -> None:
        entry = self.networks[level][tensor].accesses.setdefault(signature, [0, 0.0])
        entry[0] += accesses
        entry[1] += hops

    def run_spatial(self, loop: int) -> None:
        """Evaluate the first instance, translate it to the others, and count multicasts and link transfers."""
        level = self.level[loop]
        group = []
        while loop >= 0 and self.spatial[loop]:
            group.append(loop)
            self.index[loop] = 0
            loop -= 1
        trips = [self.trips(member) for member in group]
        first = self.deltas(loop) if loop >= 0 else [self._point(tensor) for tensor in range(len(self.memory[0]))]
        elements: list[tuple[int, list[int]]] = [(0, [0] * self.nest.n_ranks)]
        for member, count in zip(group, trips, strict=True):
            rank, stride = self.loops[member].rank, self.stride[member]
            elements = [
                (base * count + i, [m + i * stride * (r == rank) for r, m in enumerate(move)])
                for base, move in elements
                for i in range(count)
            ]
        if loop < 0:
            for element, _ in elements:
                self.unit_computes[element] = self.unit_computes.get(element, 0) + self.epochs
        for tensor, delta in enumerate(first):
            shifted = {element: self._shift(delta, tensor, move) for element, move in elements}
            self._count_spatial(level, tensor, shifted)

    def _point(self, tensor: int) -> Boxes:
        indices = [sum(c * self.transform[r] for r, c in terms) for terms in self.nest.projections[tensor]]
        return [tuple((index, index + 1) for index in indices)]

    def _shift(self, boxes: Boxes, tensor: int, move: list[int]) -> Boxes:
        moves = [sum(c * move[r] for r, c in terms) for terms in self.nest.projections[tensor]]
        return [tuple((low + m, high + m) for (low, high), m in zip(box, moves, strict=True)) for box in boxes]

    def _size(self, level: int) -> tuple[int, int]:
        """The mesh on which linear indices are laid out: the physical one, or the loops' where they exceed it."""
        size = [1, 1]
        for loop in self.nest.levels[level].loops:
            size[0 if loop.on_x else 1] *= loop.end
        mesh = self.nest.levels[level].mesh
        return max(mesh[0], size[0]), max(mesh[1], size[1])

    def _count_spatial(self, level: int, tensor: int, deltas: dict[int, Boxes]) -> None:
        options = self.nest.levels[level]
        network = self.networks[level][tensor]
        counted = self._multicasts(level, tensor, deltas, set(deltas))
        all_off = len(options.no_link_transfer) == len(self.nest.projections)
        if self.nest.links != "off" and not all_off:
            linked = set() if tensor in options.no_link_transfer else self._linked(level, tensor, deltas)
            others = self._multicasts(level, tensor, deltas, set(deltas) - linked)
            if sum(a for a, _ in others.values()) < sum(a for a, _ in counted.values()):
                counted = others
                network.link_transfers += self.epochs * sum(volume(deltas[element]) for element in linked)
            self.previous[level, tensor] = deltas
        for signature, (accesses, hops) in counted.items():
            self._count(level, tensor, signature, accesses, hops)

    def _multicasts(
        self, level: int, tensor: int, deltas: dict[int, Boxes], elements: set[int]
    ) -> dict[Signature, tuple[float, float]]:
        """Group elements with equal sets; per group size the words served and the hops, weighted as Timeloop does."""
        width, height = self._size(level)
        together = self.nest.multicast and tensor not in self.nest.levels[level].no_multicast
        groups: dict[object, list[int]] = {}
        for element in sorted(elements):
            key = frozenset(deltas[element]) if together else element
            groups.setdefault(key, []).append(element)
        sums: dict[int, list[float]] = {}
        for members in groups.values():
            size = volume(deltas[members[0]])
            if size:
                entry = sums.setdefault(len(members), [0, 0, 0.0])
                entry[0] += size * self.epochs
                entry[1] += 1
                entry[2] += _hops(members, width, height)
        return {(m, int(scatter)): (words, hops * words / scatter) for m, (words, scatter, hops) in sums.items()}

    def _linked(self, level: int, tensor: int, deltas: dict[int, Boxes]) -> set[int]:
        """The elements whose delta is what a neighbour's was one visit ago."""
        width, height = self._size(level)
        previous = self.previous.get((level, tensor), {})
        torus = self.nest.links == "torus"
        result = set()
        for element, delta in deltas.items():
            row, column = divmod(element, width)
            for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                x, y = column + dx, row + dy
                if (dx and width == 1) or (dy and height == 1):
                    continue
                if torus:
                    x, y = x % width, y % height
                elif not (0 <= x < width and 0 <= y < height):
                    continue
                other = previous.get(y * width + x)
                if other is not None and volume(delta) and set(other) == set(delta):
                    result.add(element)
        return result


def _hops(members: list[int], width: int, height: int) -> float:
    """Along X to the furthest column, then up and down from the centre row to the outermost rows of each column."""
    rows: dict[int, list[int]] = {}
    for element in members:
        rows.setdefault(element % width, []).append(element // width)
    centre = (height - 1) / 2
    vertical = sum(max(centre - min(column), 0.0) + max(max(column) - centre, 0.0) for column in rows.values())
    return max(rows) + vertical


def analyse(nest: NestInput) -> NestResult:
    """Run Timeloop's nest analysis.

    Raises ValueError where Timeloop stops: an imperfect spatial loop needs a loop of its rank further out.
    """
    analysis = _Analysis(nest)
    replication = _replication(nest)
    analysis.deltas(analysis.count - 1)
    for level, spec in enumerate(nest.levels):
        for loop in spec.loops if spec.is_fanout else ():
            for network in analysis.networks[level]:
                network.fanout *= loop.end
    innermost = len(nest.levels) - 1
    last_fanout = analysis.networks[innermost][0].fanout
    units = analysis.unit_computes
    return NestResult(
        networks=analysis.networks,
        sizes=analysis.sizes,
        master=analysis.master,
        replication=replication[:-1],
        computes=sum(units.values()) / len(units),
        compute_replication=replication[innermost] * last_fanout,
        max_units=_product(loop.end for level in nest.levels if level.is_fanout for loop in level.loops),
        temporal_iterations=_product(loop.end for level in nest.levels if not level.is_fanout for loop in level.loops),
        imperfect=any(loop.end != loop.residual for level in nest.levels for loop in level.loops),
    )


def _replication(nest: NestInput) -> list[float]:
    """Average instances above each level, and of the compute unit:

    a spatial loop counts ``(r + e (o - 1)) / o`` where ``o`` is how often the loops of its rank further out run it in
    all.
    """
    outer = [1.0] * nest.n_ranks
    seen = [False] * nest.n_ranks
    product, result = 1.0, []
    for level in nest.levels:
        result.append(product)
        for loop in level.loops:
            if loop.end == 1:
                continue
            if level.is_fanout and loop.end != loop.residual:
                if not seen[loop.rank]:
                    raise ValueError(f"the outermost loop of rank {loop.rank} is spatial and imperfect")
                product = product * (loop.residual + loop.end * (outer[loop.rank] - 1)) / outer[loop.rank]
            elif level.is_fanout:
                product *= loop.end
            outer[loop.rank] = loop.residual + loop.end * (outer[loop.rank] - 1)
            seen[loop.rank] = True
    return [*result, product]


def _product(values: Iterator[int]) -> int:
    result = 1
    for value in values:
        result *= value
    return result
