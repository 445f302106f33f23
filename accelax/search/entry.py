"""The one verb of this package: one specification or several, one best mapping or a front."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from accelax.search.driver import Goal, search
from accelax.search.protocol import Searcher
from accelax.search.record import Progress
from accelax.search.result import SearchResult

if TYPE_CHECKING:
    from accelax.spec.specification import Specification


def map_spec(
    spec: Specification,
    objective: Goal | None = None,
    seconds: float = 10.0,
    seed: int = 0,
    *,
    tolerance: float = 0.0,
    searcher: str | Searcher | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> SearchResult:
    """Search the mapspace of ``spec`` for a mapping that minimises ``objective``.

    The search ends when the value is proved to be within ``tolerance`` of the optimum, or when ``seconds`` have passed,
    on top of which comes compilation. Ctrl-C ends it with the best mapping so far and its bound (a compilation under
    way is finished first). The random numbers depend on ``seed`` alone; how many are drawn depends on the time.

    Args:
        spec: a specification; a mapping in it is one more constraint.
        objective: ``energy``, ``delay`` (or ``latency``), ``edp``, ``last_level_accesses``, or weights as a dictionary
            or as pairs: see :func:`parse_objective`. None takes the metrics of the file's mapper section, the first
            deciding, or ``edp``.
        seconds: the budget. A file's ``search_size``, ``victory_condition`` and ``timeout`` end the search as well.
        seed: of the random numbers.
        tolerance: the gap that is good enough.
        searcher: one of :data:`~accelax.search.searchers.SEARCHERS`, or your own object with ``init``, ``ask`` and
            ``tell``: see :class:`~accelax.search.protocol.Searcher`. None takes ``certified``, or what the file's
            mapper section says: see :func:`~accelax.search.budget.searcher_of`.
        progress: called with a :class:`~accelax.search.record.Progress` before the search and after every turn.

    Raises:
        SpecError: the specification or an argument is wrong, or no mapping obeys the constraints.
        UnsupportedError: something in the specification is not modelled or cannot be searched.
    """
    return search(spec, objective, seconds, seed, tolerance=tolerance, searcher=searcher, progress=progress)
