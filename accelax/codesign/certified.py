"""The strategy of :func:`accelax.codesign.codesign`: descent, then proof."""

from __future__ import annotations

from accelax.codesign.descent import Descent
from accelax.codesign.proof import Proof
from accelax.codesign.state import Search

DESCENT_SHARE = 0.5
"""The part of the time that may go into improving the design before its bound."""


def certified(search: Search, tolerance: float) -> None:
    """Find a design, and prove how far from the best one it can be at most.

    What the proof finds on its way is improved before it goes on.
    """
    descent = Descent(search)
    descent.run(search.begin + DESCENT_SHARE * (search.deadline - search.begin))
    Proof(search).run(tolerance, descent.improve)
    search.show()
