"""AccelForge's ``mapping`` section, read and written.

    mapping:
      nodes:
      - !Storage {component: DRAM, tensors: [A, B, Z]}
      - !Temporal {rank_variable: m, tile_shape: 4}
      - !Spatial {rank_variable: k, tile_shape: 1, component: PE, name: X}
      - !Compute {einsum: Z, component: MAC}

A node's kind is its tag or, in plain Python data, its ``tag`` or ``type``. ``Nested`` groups nodes and means nothing by
itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as MappingABC

from accelax.errors import did_you_mean
from accelax.ir.mapping import Compute, Mapping, Node, Pipeline, Sequential, Spatial, Storage, Temporal, Toll
from accelax.spec.accelforge.models import Collector
from accelax.spec.accelforge.scope import EvaluationError, Scope

_FIELDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "Storage": (("component", "tensors"), ("persistent",)),
    "Toll": (("component", "tensors"), ()),
    "Temporal": (("rank_variable", "tile_shape"), ("initial_tile_shape",)),
    "Spatial": (("rank_variable", "tile_shape", "component"), ("name", "dimension", "initial_tile_shape")),
    "Compute": (("einsum", "component"), ()),
    "Sequential": (("nodes",), ()),
    "Pipeline": (("nodes",), ()),
    "Nested": (("nodes",), ()),
    "Reservation": ((), ("purposes", "resource", "persistent")),
    "TextBox": ((), ()),
}
_IGNORED = ("tag", "type", "text", "n_iterations")
"""Fields that say nothing new: the kind in plain data, labels of drawings, counts that follow from the tile shapes."""


Places = dict[int, str]
"""Where nodes are written: the ``id`` of a node to its path."""


def read_mapping(
    raw: object, scope: Scope, collector: Collector, places: Places | None = None, path: str = "mapping"
) -> Mapping | None:
    """Read a ``mapping`` section, or a bare list of nodes; None when there are none.

    Problems go to ``collector``, and the path of each node that has no children to ``places``.
    """
    nodes = raw.get("nodes") if isinstance(raw, MappingABC) else raw
    if not nodes:
        return None
    if isinstance(raw, MappingABC):
        for key in raw:
            if key not in ("nodes", "title", *_IGNORED):
                collector.add(f"unknown field {key!r}{did_you_mean(key, ['nodes', 'title'])}", f"{path}.{key}")
        path = f"{path}.nodes"
    places = {} if places is None else places
    return Mapping(_read_nodes(nodes, scope, collector, places, path), dialect="accelforge")


def _read_nodes(nodes: object, scope: Scope, collector: Collector, places: Places, path: str) -> tuple[Node, ...]:
    """Read a list of nodes; those of Nested are inlined, and reservations and texts left out."""
    if not isinstance(nodes, Sequence) or isinstance(nodes, str):
        collector.add(f"expected a list of nodes, got {nodes!r}", path)
        return ()
    found: list[Node] = []
    for position, raw in enumerate(nodes):
        place = f"{path}[{position}]"
        kind = kind_of(raw)
        if not _check_fields(raw, kind, collector, place):
            continue
        if kind == "Nested":
            found.extend(_read_nodes(raw["nodes"], scope, collector, places, f"{place}.nodes"))
        elif kind in ("Sequential", "Pipeline"):
            found.append(_read_branches(kind, raw["nodes"], scope, collector, places, f"{place}.nodes"))
        else:
            node = _read_leaf(kind, raw, scope, collector, place)
            if node is not None:
                places[id(node)] = place
                found.append(node)
    return tuple(found)


def kind_of(raw: object) -> str:
    """The kind of a node: its tag, or its ``tag`` or ``type`` in plain data; empty when it has none."""
    tag = getattr(raw, "tag", None)
    if not tag and isinstance(raw, MappingABC):
        tag = raw.get("tag", raw.get("type"))
    return str(tag or "").lstrip("!").split(".")[-1]


def _check_fields(raw: object, kind: str, collector: Collector, path: str) -> bool:
    """Whether the node is of a known kind and has the fields that the kind needs, and no others."""
    if kind not in _FIELDS or not isinstance(raw, MappingABC):
        what = f"unknown node !{kind}" if kind else f"expected a node with a tag such as !Storage, got {raw!r}"
        collector.add(what + did_you_mean(kind, _FIELDS), path)
        return False
    required, optional = _FIELDS[kind]
    missing = [name for name in required if raw.get(name) is None]
    for name in missing:
        collector.add(f"missing field {name!r} of !{kind}", path)
    if kind != "TextBox":
        for key in raw:
            if key not in (*required, *optional, *_IGNORED):
                names = (*required, *optional)
                collector.add(f"unknown field {key!r} of !{kind}{did_you_mean(key, names)}", f"{path}.{key}")
    return not missing


def _read_branches(
    kind: str, nodes: object, scope: Scope, collector: Collector, places: Places, path: str
) -> Sequential | Pipeline:
    """Each element of the list is a branch: the nodes of a Nested, or one node."""
    branches: list[tuple[Node, ...]] = []
    for position, raw in enumerate(nodes if isinstance(nodes, Sequence) and not isinstance(nodes, str) else ()):
        place = f"{path}[{position}]"
        if kind_of(raw) == "Nested" and isinstance(raw, MappingABC):
            branches.append(_read_nodes(raw.get("nodes", ()), scope, collector, places, f"{place}.nodes"))
        else:
            branches.append(_read_nodes([raw], scope, collector, places, place))
    if not branches:
        collector.add(f"!{kind} has no branches", path)
    return Sequential(tuple(branches)) if kind == "Sequential" else Pipeline(tuple(branches))


def _read_leaf(kind: str, raw: MappingABC[str, object], scope: Scope, collector: Collector, path: str) -> Node | None:
    """A node without children; None for reservations and texts, and where a field has no value."""
    try:
        if kind == "Temporal":
            rank, tile = _loop(raw, scope)
            return Temporal(rank, tile, _initial(raw, scope))
        if kind == "Spatial":
            rank, tile = _loop(raw, scope)
            dimension = raw.get("name", raw.get("dimension"))
            if dimension is None:
                raise EvaluationError("missing field 'name' of !Spatial, the dimension of the fan-out")
            if _initial(raw, scope) is not None:
                raise EvaluationError("initial_tile_shape is of temporal loops")
            return Spatial(rank, tile, str(raw["component"]), str(dimension))
        if kind == "Storage":
            return Storage(str(raw["component"]), _tensors(raw), scope.truth(raw.get("persistent", False)))
        if kind == "Toll":
            return Toll(str(raw["component"]), _tensors(raw))
        if kind == "Compute":
            return Compute(str(raw["einsum"]), str(raw["component"]))
    except EvaluationError as error:
        collector.add(str(error), path)
    return None


def _loop(raw: MappingABC[str, object], scope: Scope) -> tuple[str, int]:
    rank = raw["rank_variable"]
    if isinstance(rank, (list, tuple, set)) and len(rank) == 1:
        rank = next(iter(rank))
    if not isinstance(rank, str):
        raise EvaluationError(f"expected one rank variable, got {rank!r}")
    return rank, scope.integer(raw["tile_shape"])


def _initial(raw: MappingABC[str, object], scope: Scope) -> int | None:
    value = raw.get("initial_tile_shape")
    return None if value is None else scope.integer(value)


def _tensors(raw: MappingABC[str, object]) -> tuple[str, ...]:
    value = raw["tensors"]
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, Iterable) or not all(isinstance(name, str) for name in names):
        raise EvaluationError(f"expected a list of tensors, got {value!r}")
    names = list(names)
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise EvaluationError(f"the tensor {repeated[0]!r} is listed twice")
    return tuple(names)


def write_mapping(mapping: Mapping) -> str:
    """The ``mapping`` section, as text that :func:`read_mapping` reads back to the same mapping.

    >>> print(write_mapping(Mapping((Temporal("m", 1), Compute("Z", "MAC")), "accelforge")), end="")
    mapping:
      nodes:
      - !Temporal {rank_variable: m, tile_shape: 1}
      - !Compute {einsum: Z, component: MAC}
    """
    return "\n".join(["mapping:", "  nodes:", *_written(mapping.nodes, "  ")]) + "\n"


def _written(nodes: Iterable[Node], indent: str) -> list[str]:
    """The lines of a list of nodes."""
    lines: list[str] = []
    for node in nodes:
        if isinstance(node, (Sequential, Pipeline)):
            lines += [f"{indent}- !{type(node).__name__}", f"{indent}  nodes:"]
            for branch in node.branches:
                lines += [f"{indent}  - !Nested", f"{indent}    nodes:", *_written(branch, indent + "    ")]
        else:
            fields = ", ".join(f"{key}: {_scalar(value)}" for key, value in _fields(node).items())
            lines.append(f"{indent}- !{type(node).__name__} {{{fields}}}")
    return lines


def _fields(node: Node) -> dict[str, object]:
    """The fields of a node without children, in the order in which AccelForge's files give them."""
    if isinstance(node, Temporal):
        initial = {} if node.initial_tile_shape is None else {"initial_tile_shape": node.initial_tile_shape}
        return {"rank_variable": node.rank, "tile_shape": node.tile_shape, **initial}
    if isinstance(node, Spatial):
        loop = {"rank_variable": node.rank, "tile_shape": node.tile_shape}
        return {**loop, "component": node.component, "name": node.dimension}
    if isinstance(node, Storage):
        held = {"component": node.component, "tensors": list(node.tensors)}
        return {**held, "persistent": True} if node.persistent else held
    if isinstance(node, Toll):
        return {"component": node.component, "tensors": list(node.tensors)}
    assert isinstance(node, Compute)
    return {"einsum": node.einsum, "component": node.component}


def _scalar(value: object) -> str:
    """A value in flow style; names that YAML could read as something else are quoted."""
    if isinstance(value, list):
        return "[" + ", ".join(_scalar(item) for item in value) + "]"
    if isinstance(value, str):
        plain = value.isidentifier() and value.lower() not in (
            "true",
            "false",
            "null",
            "none",
            "yes",
            "no",
            "on",
            "off",
        )
        return value if plain else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)
