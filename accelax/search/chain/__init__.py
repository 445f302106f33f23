"""Exact-factor bounds for a chain of levels: labels that walk from the compute unit to the outermost level."""

from accelax.search.chain.search import ChainSearch

__all__ = ["ChainSearch"]
