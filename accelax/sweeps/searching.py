"""The mappings of a point, searched with what its neighbours found as a start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from accelax.encode import encode
from accelax.errors import SpecError, UnsupportedError
from accelax.ir import LoweredLevels
from accelax.ir import Mapping as LoopTree
from accelax.search.budget import searcher_of
from accelax.search.driver import search
from accelax.search.objective import Objective
from accelax.search.protocol import Candidates, Searcher
from accelax.search.result import SearchResult
from accelax.search.searchers import find_searcher
from accelax.sweeps.mapping_text import from_lists, to_lists
from accelax.sweeps.networks import Network
from accelax.sweeps.rows import COLUMNS, figures_of, finite, row_of

if TYPE_CHECKING:
    from accelax.spec.specification import Specification
    from accelax.sweeps.plan import Settings

KEPT = 6
"""Mappings of a layer that later points start from."""


class Starts:
    """The last different mappings of each layer, latest first."""

    def __init__(self) -> None:
        self._by_layer: dict[int, list[LoopTree]] = {}

    def read(self, row: Mapping[str, Any]) -> None:
        """Take over the mappings of a row."""
        for layer, text in enumerate(row["layers"].get("mapping", ())):
            if text is not None:
                mapping = from_lists(text)
                others = [one for one in self._by_layer.get(layer, []) if one != mapping]
                self._by_layer[layer] = [mapping, *others][:KEPT]

    def of(self, layer: int) -> list[LoopTree]:
        """The mappings that the search of a layer starts from."""
        return list(self._by_layer.get(layer, ()))


class Started:
    """A searcher that hands out given mappings first. One search uses it once."""

    def __init__(self, searcher: Searcher, mappings: Sequence[LoopTree]):
        self.searcher, self.waiting = searcher, list(mappings)

    def init(self, problem: Any, objective: Objective, seed: int) -> Any:
        """The first state of the searcher itself."""
        return self.searcher.init(problem, objective, seed)

    def ask(self, state: Any, incumbent: float, seconds: float) -> tuple[Any, Candidates]:
        """The given mappings; later what the searcher finds."""
        if self.waiting:
            given, self.waiting = self.waiting, []
            return state, given
        return self.searcher.ask(state, incumbent, seconds)

    def tell(self, state: Any, candidates: Candidates, scores: Any) -> Any:
        """Tell the searcher, as for candidates of its own."""
        return self.searcher.tell(state, candidates, scores)


def search_from(spec: Specification, settings: Settings, starts: Sequence[LoopTree]) -> SearchResult:
    """Search one layer; ``starts`` that do not describe the problem are left out.

    Raises SpecError or UnsupportedError as :func:`accelax.search.map_spec`.
    """
    searcher: str | Searcher = searcher_of(spec.search_settings)
    if starts:
        problem = encode(spec)
        usable = [mapping for mapping in starts if _describes(mapping, problem)]
        searcher = Started(find_searcher(searcher, problem, settings.seconds), usable)
    goal = [dict(criterion) for criterion in settings.objective]
    names = [next(iter(criterion)) for criterion in goal]
    asked: Any = goal[0] if len(goal) == 1 else names
    return search(spec, asked, settings.seconds, settings.seed, tolerance=settings.tolerance, searcher=searcher)


def _describes(mapping: LoopTree, problem: Any) -> bool:
    try:
        problem.encode_mappings([mapping])
    except (SpecError, UnsupportedError):
        return False
    return True


def search_network(network: Network, settings: Settings, starts: Starts) -> list[SearchResult]:
    """Search every layer, identical ones once. Raises as :func:`search_from`."""
    known: list[tuple[Any, SearchResult]] = []
    found: list[SearchResult] = []
    for place, layer in enumerate(network):
        spec = layer.specification
        lowered = spec.lowered()
        if isinstance(lowered, LoweredLevels):
            lowered = replace(lowered, einsum=replace(lowered.einsum, name=""))
        key = (lowered, spec.objectives, spec.search_settings)
        result = next((result for one, result in known if one == key), None)
        if result is None:
            result = search_from(spec, settings, starts.of(place))
            if result.interrupted:
                raise KeyboardInterrupt
            known.append((key, result))
        found.append(result)
    return found


def searched_row(
    number: int, values: Mapping[str, Any], network: Network, settings: Settings, starts: Starts
) -> dict[str, Any]:
    """The row of a point whose layers are searched: beside the numbers, each layer's bound and mapping.

    ``gap`` is the largest of a layer. Raises as :func:`search_from`.
    """
    found = search_network(network, settings, starts)
    nothing = dict.fromkeys(COLUMNS)
    figures = [nothing if one.result is None else figures_of(one.result) for one in found]
    columns = {name: [one[name] for one in figures] for name in COLUMNS}
    pairs = list(zip(network, found, strict=True))
    missing = [f"{layer.name}: {one.reason}" for layer, one in pairs if one.mapping is None]
    counts = [layer.count for layer in network]
    row = row_of(number, values, columns, counts, settings.objective, "; ".join(missing) or None)
    row["gap"] = max(one.gap for one in found)
    row["layers"]["value"] = [finite(one.value) for one in found]
    row["layers"]["lower_bound"] = [finite(one.lower_bound) for one in found]
    row["layers"]["mapping"] = [None if one.mapping is None else to_lists(one.mapping) for one in found]
    return row
