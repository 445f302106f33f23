"""The merge keys of the input files: ``<<`` (shallow) and ``<<<`` (recursive).

``<<: x`` takes from ``x`` the keys that the mapping does not have. ``<<<: x`` also merges mappings that both have,
recursively, and appends the items of lists that both have. A value marked ``!nomerge`` on either side is never merged
recursively: the mapping's own value stands. In a list of merges the earlier wins.
"""

from __future__ import annotations

from accelax.spec.text.source import SourceDict, SourceList

SHALLOW = "<<"
DEEP = "<<<"


def merge_into(own: SourceDict, other: SourceDict, *, deep: bool) -> None:
    """Merge ``other`` into ``own``, which keeps its values, its order and its tag; new keys come after its own.

    The values of ``other`` are taken, not copied, and keep their locations.

    >>> own = SourceDict({"a": 1, "b": SourceList([1])})
    >>> merge_into(own, SourceDict({"a": 2, "b": SourceList([2]), "c": 3}), deep=True)
    >>> own
    {'a': 1, 'b': [1, 2], 'c': 3}
    """
    for key, value in other.items():
        if key not in own:
            own.place(key, value, other.key_locations.get(key), other.value_locations.get(key))
        elif deep:
            _merge_values(own[key], value)


def _merge_values(mine: object, theirs: object) -> None:
    """Merge two values of one key recursively, in place, where both are mappings or both are lists."""
    if getattr(mine, "nomerge", False) or getattr(theirs, "nomerge", False):
        return
    if isinstance(mine, SourceDict) and isinstance(theirs, SourceDict):
        merge_into(mine, theirs, deep=True)
    elif isinstance(mine, SourceList) and isinstance(theirs, SourceList):
        for item, location in zip(theirs, theirs.item_locations, strict=True):
            mine.place(item, location)
