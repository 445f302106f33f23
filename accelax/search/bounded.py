"""What a search that proves bounds looks like from outside."""

from __future__ import annotations

from typing import Protocol

from accelax.ir import Mapping


class BoundedSearch(Protocol):
    """A search over one mapspace that can be stopped at any point with a valid lower bound.

    lower_bound
        In units of the objective: no mapping of the mapspace that fits is better. 0 while nothing is known.
    done
        Whether more time would change nothing.
    """

    lower_bound: float
    done: bool

    def advance(self, incumbent: float, seconds: float) -> list[Mapping]:
        """Work for about ``seconds`` and return candidates, which the caller evaluates exactly.

        ``incumbent`` is the exact value of the best mapping known, infinite at first: what cannot be better is cut off.
        """
        ...
