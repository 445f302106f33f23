"""The one verb of this package: one specification or several, one best mapping or a front."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, overload

from accelax.errors import SpecError
from accelax.search.driver import Goal, search
from accelax.search.layers import WorkloadResult, map_layers
from accelax.search.pareto import ParetoResult, asks_for_front, map_front
from accelax.search.protocol import Searcher
from accelax.search.record import Progress
from accelax.search.result import SearchResult

if TYPE_CHECKING:
    from accelax.spec.layers import Layer
    from accelax.spec.specification import Specification


@overload
def map_spec(
    spec: Specification,
    objective: tuple[str, str, *tuple[str, ...]],
    seconds: float = 10.0,
    seed: int = 0,
    *,
    tolerance: float = 0.0,
    searcher: str | Searcher | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> ParetoResult: ...


@overload
def map_spec(
    spec: Specification,
    objective: Goal | None = None,
    seconds: float = 10.0,
    seed: int = 0,
    *,
    tolerance: float = 0.0,
    searcher: str | Searcher | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> SearchResult: ...


@overload
def map_spec(
    spec: Sequence[Specification | Layer],
    objective: Goal | None = None,
    seconds: float = 10.0,
    seed: int = 0,
    *,
    tolerance: float = 0.0,
    searcher: str | Searcher | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> WorkloadResult: ...


def map_spec(
    spec: Specification | Sequence[Specification | Layer],
    objective: Goal | None = None,
    seconds: float = 10.0,
    seed: int = 0,
    *,
    tolerance: float = 0.0,
    searcher: str | Searcher | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> SearchResult | ParetoResult | WorkloadResult:
    """Search the mapspace of ``spec`` for a mapping that minimises ``objective``.

    The search ends when the value is proved to be within ``tolerance`` of the optimum, or when ``seconds`` have passed,
    on top of which comes compilation. Ctrl-C ends it with the best mapping so far and its bound (a compilation under
    way is finished first). The random numbers depend on ``seed`` alone; how many are drawn depends on the time.

    A list of specifications or layers (see ``accelax.read_layers``) gives a :class:`WorkloadResult`: identical layers
    are searched once, and ``seconds`` are those of each distinct one. A tuple or list of metrics gives a
    :class:`ParetoResult`: the mappings that no other beats in all of them.

    Args:
        spec: a specification; a mapping in it is one more constraint.
        objective: ``energy``, ``delay`` (or ``latency``), ``edp``, ``last_level_accesses``, or weights as a dictionary
            or as pairs: see :func:`parse_objective`. None takes the metrics of the file's mapper section, the first
            deciding, or ``edp``. Several names ask for the front.
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
    several = isinstance(spec, (list, tuple))
    if asks_for_front(objective):
        if several:
            raise SpecError("a Pareto front of several layers; ask for that of each")
        return map_front(spec, objective, seconds, seed, searcher=searcher, progress=progress)  # type: ignore[arg-type]
    options = {"tolerance": tolerance, "searcher": searcher, "progress": progress}
    if several:
        return map_layers(spec, objective, seconds, seed, **options)  # type: ignore[arg-type]
    return search(spec, objective, seconds, seed, **options)  # type: ignore[arg-type]
