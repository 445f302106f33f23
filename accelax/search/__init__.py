"""Find mappings with the model."""

from accelax.search.driver import SearchResult, map_spec

__all__ = ["SearchResult", "map_spec"]
