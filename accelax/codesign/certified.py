"""The strategy of :func:`accelax.codesign.codesign`: descent, then proof."""

from __future__ import annotations

from collections.abc import Sequence

from accelax.codesign.descent import Descent
from accelax.codesign.gradient import Start, map_on
from accelax.codesign.proof import Proof
from accelax.codesign.state import Search

DESCENT_SHARE = 0.5
"""The part of the time that may go into improving the design before its bound."""


def certified(search: Search, tolerance: float, starts: Sequence[Start] = (), prove: bool = True) -> None:
    """Find a design, beginning with ``starts``, and prove how far from the best one it can be at most.

    What the proof finds on its way is improved before it goes on.
    """
    for start in starts[:1]:
        map_on(search, start)
    descent = Descent(search)
    descent.run(search.begin + (DESCENT_SHARE if prove else 1.0) * (search.deadline - search.begin))
    if prove:
        Proof(search).run(tolerance, descent.improve)
    search.show()
