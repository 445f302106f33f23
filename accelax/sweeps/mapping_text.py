"""Mappings as lists that JSON can hold, and back."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from accelax.ir import Mapping
from accelax.ir.mapping import Compute, Pipeline, Sequential, Spatial, Storage, Temporal, Toll

NODES: dict[str, type] = {kind.__name__: kind for kind in (Temporal, Spatial, Storage, Toll, Compute)}
BRANCHES: dict[str, type] = {kind.__name__: kind for kind in (Sequential, Pipeline)}


def to_lists(mapping: Mapping) -> dict[str, Any]:
    """A mapping as plain lists: each node is its kind and its fields.

    >>> to_lists(Mapping((Temporal("K", 4), Compute("Z", "MAC"))))["nodes"]
    [['Temporal', 'K', 4, None], ['Compute', 'Z', 'MAC']]
    """
    bounds = [list(pair) for pair in mapping.bounds]
    return {"dialect": mapping.dialect, "bounds": bounds, "nodes": [_node(node) for node in mapping.nodes]}


def from_lists(text: dict[str, Any]) -> Mapping:
    """The mapping that :func:`to_lists` wrote.

    Raises:
        ValueError: it wrote no such thing.

    >>> mapping = Mapping((Temporal("K", 4), Compute("Z", "MAC")), bounds=(("K", 8),))
    >>> from_lists(to_lists(mapping)) == mapping
    True
    """
    try:
        bounds = tuple((str(rank), int(extent)) for rank, extent in text["bounds"])
        return Mapping(tuple(map(_read, text["nodes"])), text["dialect"], bounds)
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f"not a mapping: {text!r:.100}") from error


def _node(node: Any) -> list[Any]:
    name = type(node).__name__
    if name in BRANCHES:
        return [name, [[_node(inner) for inner in branch] for branch in node.branches]]
    values = [getattr(node, one.name) for one in fields(node)]
    return [name, *(list(value) if isinstance(value, tuple) else value for value in values)]


def _read(text: list[Any]) -> Any:
    name, *values = text
    if name in BRANCHES:
        return BRANCHES[name](tuple(tuple(map(_read, branch)) for branch in values[0]))
    return NODES[name](*(tuple(value) if isinstance(value, list) else value for value in values))
