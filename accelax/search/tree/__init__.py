"""The certified search for mappings in the AccelForge dialect."""

from __future__ import annotations

from accelax.search.tree.search import TreeSearch

__all__ = ["TreeSearch"]
