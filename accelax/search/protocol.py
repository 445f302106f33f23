"""What a searcher looks like from outside: three functions around a state, so that one can stand in for another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from accelax.search.objective import Objective

Candidates = Any
"""A list of :class:`~accelax.ir.Mapping`, which are judged exactly, or a batch that ``problem.encode_mappings`` could
have made (every leaf ``[n]``), which is judged on the device. Batches of one size compile once."""


@dataclass
class SearchState:
    """What a searcher carries from turn to turn; subclass it to hold more.

    lower_bound
        In units of the objective (its first criterion): no mapping that fits is better. 0 while nothing is known.
    done
        Whether more time would change nothing.
    evaluated
        Mappings that the searcher evaluated by itself, besides the candidates that it handed out.
    classes
        Classes of mappings that were told apart, 0 where that means nothing.
    startup_seconds
        Time spent on compilation, which the budget does not count.
    """

    lower_bound: float = 0.0
    done: bool = False
    evaluated: int = 0
    classes: int = 0
    startup_seconds: float = 0.0

    def explain(self) -> str:
        """What holds the gap open, in words; empty when the searcher cannot tell."""
        return ""


class Searcher(Protocol):
    """A way to search. The searcher itself holds settings only; all that changes is in its state.

    The caller alternates :meth:`ask` and :meth:`tell` until the state is done or a budget ends, and keeps the best.
    """

    def init(self, problem: Any, objective: Objective, seed: int) -> Any:
        """The first state, a :class:`SearchState`. Not counted in the budget, so compile here what can be."""
        ...

    def ask(self, state: Any, incumbent: float, seconds: float) -> tuple[Any, Candidates]:
        """The next candidates, after about ``seconds`` of work at most; none is allowed.

        ``incumbent`` is the exact value of the best mapping known, infinite at first.
        """
        ...

    def tell(self, state: Any, candidates: Candidates, scores: Any) -> Any:
        """Learn the scores of what was asked for: ``[criteria, n]``, the log of each criterion, smaller is better.

        From :data:`~accelax.search.objective.UNFIT` on, the first tells by how much a candidate does not fit.
        """
        ...
