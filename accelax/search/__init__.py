"""Find mappings with the model."""

from accelax.search.entry import map_spec
from accelax.search.layers import WorkloadResult
from accelax.search.pareto import ParetoResult
from accelax.search.result import SearchResult

__all__ = ["ParetoResult", "SearchResult", "WorkloadResult", "map_spec"]
