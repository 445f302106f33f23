"""Find mappings with the model."""

from accelax.search.entry import map_spec
from accelax.search.result import SearchResult

__all__ = ["SearchResult", "map_spec"]
