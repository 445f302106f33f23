"""How much of a memory a tensor takes.

The outermost storage of a tensor holds its tile as it stands. Any other is a stream: it need only hold the tile below
the loops that directly follow it and index the tensor, since each iteration's part is fetched as it is needed. So the
point where space is reserved moves inwards past such loops, and stops at a loop that does not index the tensor, at
the next storage or toll of any tensor, at a spatial loop, and just inside a loop that indexes it together with
another rank.
"""

from __future__ import annotations

from accelax.model.ops import Number, minimum, where
from accelax.model.tree_tiles import Gap, LoopNest, TensorLoops, gap_at


def streaming_ends(loops: TensorLoops) -> tuple[Number, ...]:
    """For every gap, the gap that a reservation starting there moves to, other storages aside."""
    ends: list[Number] = [float(len(loops.streamed))]
    for slot in reversed(range(len(loops.streamed))):
        stop = where(loops.sliding[slot], slot + 1.0, float(slot))
        ends.insert(0, where(loops.streamed[slot], ends[0], stop))
    return tuple(ends)


def reservation_gap(nest: LoopNest, ends: tuple[Number, ...], above: Number, reach: Number, outermost: Number) -> Gap:
    """The gap whose tile a storage below ``above`` loops reserves; ``reach`` is that of the next storage or toll."""
    streaming = minimum(gap_at(nest, above).look_up(ends), reach)
    return gap_at(nest, where(outermost, above, streaming))
