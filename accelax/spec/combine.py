"""Joins the documents of several files into one specification."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from accelax.spec.text import Problems, SourceDict, SourceList, key_location_of, location_of


def combine_documents(
    documents: Sequence[Mapping], problems: Problems, name_of: Callable[[str], str] = str
) -> SourceDict:
    """Join documents key by key: dictionaries recursively, lists of sections by appending, equal values once.

    Two different values of one key are a mistake that goes to ``problems``; keys with ``ignore`` in their name
    (anchors) are left out. ``name_of`` maps a top-level key to the section that it stands for, so that
    ``extra_mapping`` in one file and ``mapping`` in another are joined. The documents stay as they are.
    """
    result = SourceDict()
    for document in documents:
        if result.location is None:
            result.location = location_of(document)
        _join(result, document, "", problems, name_of)
    return result


def _join(mine: SourceDict, other: Mapping, path: str, problems: Problems, name_of: Callable[[str], str] = str) -> None:
    """Join ``other`` into ``mine``, which is a copy already."""
    for written, value in other.items():
        key = name_of(written) if isinstance(written, str) else written
        place = location_of(other, written)
        if isinstance(key, str) and "ignore" in key:
            continue
        if key not in mine or mine[key] is None:
            mine.place(key, copy_tree(value), key_location_of(other, written), place)
        elif value is None or mine[key] == value:
            continue
        elif isinstance(mine[key], SourceDict) and isinstance(value, dict):
            _join(mine[key], value, f"{path}{key}.", problems)
        elif _sections(mine[key]) and _sections(value):
            for i, item in enumerate(value):
                mine[key].place(copy_tree(item), location_of(value, i))
        else:
            first = mine.value_locations.get(key)
            problems.add(f"two different values{f', the other at {first}' if first else ''}", place, f"{path}{key}")


def _sections(items: object) -> bool:
    """Whether a value is a list of sections: two such lists are appended."""
    return isinstance(items, list) and all(isinstance(item, dict) for item in items)


def copy_tree(value: object) -> object:
    """A deep copy of dictionaries and lists that keeps their places; a plain one becomes one that can keep places.

    Plain containers stay recognizable: they have no location.
    """
    if isinstance(value, dict):
        twin = SourceDict(tag=getattr(value, "tag", None), location=location_of(value))
        for key, item in value.items():
            keys = getattr(value, "key_locations", {})
            twin.place(key, copy_tree(item), keys.get(key), getattr(value, "value_locations", {}).get(key))
        return twin
    if isinstance(value, (list, tuple)):
        items = SourceList(tag=getattr(value, "tag", None), location=location_of(value))
        for i, item in enumerate(value):
            items.place(copy_tree(item), location_of(value, i) if isinstance(value, SourceList) else None)
        return items
    return value
