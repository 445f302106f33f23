"""How much moves between a storage of a tensor and the next one inside it.

A loop above a storage fetches the tile again, whether or not it moves it: reuse is expressed by where the storage
stands. A spatial loop that does not index the tensor costs the parent one transfer, not one per instance, where the
dimension allows it (multicast, and reduction on the way up). The first visit to a partial sum reads nothing:
``skipped`` counts those.

A spatial loop of component C fans out every storage of a component at or below C, and nothing above C.
"""

from __future__ import annotations

from dataclasses import dataclass

from accelax.model.ops import Number, logical_and, logical_not, logical_or, product, where
from accelax.model.tree_occupancy import reservation_gap, streaming_ends
from accelax.model.tree_spatial import spatial_sharing
from accelax.model.tree_tiles import Gap, LoopNest, TensorLoops, gap_at, running_products, tensor_loops
from accelax.model.tree_types import ComponentStructure, EinsumMapping, EinsumStructure, EinsumWorkload, Kind


@dataclass(frozen=True)
class Flow:
    """Values moved: by all instances together, and by the busiest one."""

    total: Number
    unit: Number


NOTHING = Flow(0.0, 0.0)


@dataclass(frozen=True)
class HolderTraffic:
    """What passes the borders of one tensor's place in one component.

    ``own`` crosses the border to the next outer holder (nothing for the outermost), ``child`` the one to the next inner
    holder or the compute unit: values fetched, and for an output the same number written back. ``*_skipped`` of the
    fetched ones are the first visits to partial sums. ``tile`` is the number of values held, ``reserved`` those that a
    memory sets space aside for.
    """

    kept: Number
    outermost: Number
    tile: Number
    reserved: Number
    own: Flow
    own_skipped: Flow
    child: Flow
    child_skipped: Flow


@dataclass(frozen=True)
class Fetched:
    """Values fetched, and first visits skipped, by one instance over all loops in time above it."""

    values: Number
    skipped: Number

    def times(self, factor: Number) -> Fetched:
        """Both, repeated."""
        return Fetched(product([self.values, factor]), product([self.skipped, factor]))


@dataclass(frozen=True)
class FetchTable:
    """What a holder of a tensor fetches, for every gap that it may stand in: its tile, once per iteration in time.

    First visits to a partial sum repeat over the loops that alone form an index only.
    """

    values: tuple[Number, ...]
    skipped: tuple[Number, ...] | None

    def at(self, gap: Gap, component: ComponentStructure) -> Fetched:
        """The entries of a gap. A component with ``skip_initial_output_write: False`` skips nothing."""
        skipped = gap.look_up(self.skipped) if self.skipped and component.skip_initial else 0.0
        return Fetched(gap.look_up(self.values), skipped)


def fetch_table(nest: LoopNest, loops: TensorLoops, sizes: tuple[Number, ...], output: bool) -> FetchTable:
    """Multiply tiles by the iterations above them."""
    trips = [where(t, n, 1.0) for t, n in zip(nest.temporal, loops.trips, strict=True)]
    values = tuple(product([n, size]) for n, size in zip(running_products(trips), sizes, strict=True))
    if not output:
        return FetchTable(values, None)
    first = running_products([where(s, n, 1.0) for s, n in zip(loops.streamed, loops.trips, strict=True)])
    return FetchTable(values, tuple(product([n, size]) for n, size in zip(first, sizes, strict=True)))


def tensor_traffic(
    structure: EinsumStructure, workload: EinsumWorkload, nest: LoopNest, mapping: EinsumMapping, tensor: int
) -> dict[int, HolderTraffic]:
    """The traffic of one tensor at each memory and toll (by component number), whether or not the tensor is kept there.

    Walks from the compute unit outwards, carrying what the nearest inner memory asks of its parent. A toll passes
    that on.
    """
    shape = structure.tensors[tensor]
    loops = tensor_loops(nest, shape, workload.coefficients[tensor])
    sharing = spatial_sharing(structure, nest, loops, tensor)
    table = fetch_table(nest, loops, loops.sizes, shape.output)
    ends = streaming_ends(loops)
    compute = len(structure.components) - 1
    asked = _computed(nest, loops, shape.output, structure.components[compute])
    result = {}
    for position in range(compute - 1, -1, -1):
        component = structure.components[position]
        asked = asked.times(sharing.distinct[position + 1])
        if component.kind is Kind.CONTAINER:
            continue
        kept = mapping.above[position, tensor] >= 0
        has_parent = _kept_outside(structure, mapping, position, tensor)
        outermost = logical_and(kept, logical_not(has_parent))
        gap = gap_at(nest, mapping.above[position, tensor])
        tile = gap.look_up(loops.sizes)
        own, reserved = asked, 0.0
        if component.kind is Kind.MEMORY and has_parent is False:
            own, reserved = Fetched(0.0, 0.0), tile
        elif component.kind is Kind.MEMORY:
            own = table.at(gap, component)
            place = mapping.above[position, tensor], mapping.reach[position, tensor]
            reserved = reservation_gap(nest, ends, *place, outermost).look_up(loops.sizes)
        copies = product(list(sharing.fanned[: position + 1]))
        result[position] = HolderTraffic(
            kept=kept,
            outermost=outermost,
            tile=tile,
            reserved=reserved,
            own=_flow(where(has_parent, own.values, 0.0), copies),
            own_skipped=_flow(where(has_parent, own.skipped, 0.0), copies) if shape.output else NOTHING,
            child=_flow(asked.values, copies),
            child_skipped=_flow(asked.skipped, copies) if shape.output else NOTHING,
        )
        if component.kind is Kind.MEMORY:
            skipped = where(kept, own.skipped, asked.skipped) if shape.output else 0.0
            asked = Fetched(where(kept, own.values, asked.values), skipped)
    return result


def _computed(nest: LoopNest, loops: TensorLoops, output: bool, component: ComponentStructure) -> Fetched:
    """What the compute unit asks for: one value per iteration of the loops in time."""
    table = fetch_table(nest, loops, (1.0,) * len(loops.sizes), output)
    skipped = table.skipped[-1] if table.skipped and component.skip_initial else 0.0
    return Fetched(table.values[-1], skipped)


def _kept_outside(structure: EinsumStructure, mapping: EinsumMapping, position: int, tensor: int) -> Number:
    """Whether a component outside ``position`` holds the tensor."""
    holders = [p for p in range(position) if structure.components[p].kind in (Kind.MEMORY, Kind.TOLL)]
    flags = [mapping.above[p, tensor] >= 0 for p in holders]
    return logical_or(*flags) if flags else False


def _flow(unit: Number, copies: Number) -> Flow:
    return Flow(product([unit, copies]), unit)
