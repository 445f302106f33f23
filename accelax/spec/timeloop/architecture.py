"""The architecture tree: reading the nodes, finding leaves by name, and what kind of component a class is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from accelax.errors import Location, did_you_mean
from accelax.spec.text import ExpressionError, Problems, Quoted, location_of
from accelax.spec.timeloop.reader import Parsed, Reader, Scope, join_path, show
from accelax.spec.timeloop.schema import (
    BRANCH_TAGS,
    CONTAINER,
    NODE_TAGS,
    NOTHING,
    OTHER_COMPONENT,
    STORAGE,
    VERSION,
)

CLASS_KINDS = (
    ("storage", ("DRAM", "SRAM", "regfile", "smartbuffer", "storage")),
    ("compute", ("mac", "intmac", "fpmac", "compute")),
    ("network", ("XY_NoC", "Legacy", "ReductionTree", "SimpleMulticast")),
    ("nothing", ("nothing",)),
)


def kind_of_class(name: str) -> str | None:
    """What a component of a class is, by the words its class contains; None for an unknown class.

    >>> kind_of_class("smartbuffer_RF"), kind_of_class("intmac"), kind_of_class("adder")
    ('storage', 'compute', None)
    """
    for kind, words in CLASS_KINDS:
        if any(word in name for word in words):
            return kind
    return None


class Unread:
    """A node that an expression mentions before it was read: its plain values can be used, its expressions cannot."""

    def __init__(self, raw: Mapping):
        self.raw = raw

    def expression_attribute(self, name: str) -> object:
        """What ``node.name`` means inside an expression."""
        return self[name]

    def __getitem__(self, name: str) -> object:
        value = self.raw[name]
        if isinstance(value, Mapping):
            return Unread(value)
        if isinstance(value, str) and not isinstance(value, Quoted):
            raise ExpressionError(f"{name!r} of a later node is itself an expression", value)
        return value


class Architecture:
    """The tree after reading. ``root`` is the section with ``nodes``; ``leaves`` are in the order of the text."""

    def __init__(self, root: Parsed):
        self.root = root
        self.leaves: dict[str, Parsed | Unread] = {}

    def find(self, name: str) -> Parsed | Unread:
        """The leaf called ``name``. Raises ExpressionError, as it is called from expressions."""
        if name not in self.leaves:
            raise ExpressionError(f"there is no component {name!r}{did_you_mean(name, self.leaves)}", f"find({name!r})")
        return self.leaves[name]

    def expression_attribute(self, name: str) -> object:
        """``find`` and ``name2leaf`` inside an expression, and the keys of the section."""
        if name in ("find", "name2leaf"):
            return self.find
        return self.root[name]


def raw_tag(raw: Mapping) -> str:
    """The tag of a node: from the YAML tag, the key ``tag`` of a plain dictionary, or what its keys suggest."""
    tag = getattr(raw, "tag", None)
    if location_of(raw) is not None:
        return (tag or "").lstrip("!")
    named = tag or raw.get("tag")
    if isinstance(named, str):
        return named.lstrip("!")
    if "class" in raw:
        return "Component"
    return "Hierarchical" if "nodes" in raw else "Container"


def raw_leaves(nodes: object) -> Iterator[Mapping]:
    """Every leaf dictionary below a raw list of nodes, in order."""
    for raw in nodes if isinstance(nodes, (list, tuple)) else ():
        if isinstance(raw, Mapping):
            if raw_tag(raw) in BRANCH_TAGS:
                yield from raw_leaves(raw.get("nodes"))
            else:
                yield raw


def read_architecture(
    raw: object, reader: Reader, scope: Scope, spec_names: dict[str, object], place: Location | None = None
) -> Architecture:
    """Read the ``architecture`` section; ``spec_names`` receives it under that name before its nodes are read."""
    problems = reader.problems
    root = Parsed("architecture", raw)
    architecture = Architecture(root)
    spec_names["architecture"] = architecture
    if not isinstance(raw, Mapping):
        if raw is not None:
            problems.add(f"expected a section with keys, got {show(raw)}", place, "architecture")
        root.update({"version": "0.4", "nodes": []})
        return architecture
    for key, value in raw.items():
        if key == "version":
            reader.value(VERSION.kind, value, "architecture.version", location_of(raw, key), scope)
        elif key != "nodes" and "ignore" not in str(key):
            hint = did_you_mean(key, ("version", "nodes"))
            problems.add(f"unknown key {key!r} in an architecture{hint}", location_of(raw, key), f"architecture.{key}")
    root["version"] = "0.4"
    for leaf in raw_leaves(raw.get("nodes")):
        if isinstance(leaf.get("name"), str):
            architecture.leaves.setdefault(leaf["name"], Unread(leaf))
    root["nodes"] = _read_nodes(raw, "architecture", architecture, reader, scope, set())
    return architecture


def _read_nodes(
    raw: Mapping, path: str, architecture: Architecture, reader: Reader, scope: Scope, seen: set[str]
) -> list[Parsed]:
    """Read the ``nodes`` of a branch. Attributes of a container are names for the nodes that follow it."""
    nodes = raw.get("nodes")
    path = join_path(path, "nodes")
    if nodes is None:
        nodes = []
    if not isinstance(nodes, (list, tuple)):
        reader.problems.add(f"expected a list of nodes, got {show(nodes)}", location_of(raw, "nodes"), path)
        return []
    containers: dict[str, object] = {}
    inner = Scope(containers, Scope(architecture.leaves, scope))
    found = []
    for i, item in enumerate(nodes):
        place, where = location_of(nodes, i), join_path(path, i)
        if not isinstance(item, Mapping):
            reader.problems.add(f"expected a node, got {show(item)}", place, where)
            continue
        node = _read_node(item, where, architecture, reader, inner, seen)
        if node is None:
            continue
        found.append(node)
        if node.tag == "Container":
            containers.update(node["attributes"])
    return found


def _read_node(
    raw: Mapping, path: str, architecture: Architecture, reader: Reader, scope: Scope, seen: set[str]
) -> Parsed | None:
    """Read one node by its tag; None when the tag is unknown."""
    problems, tag = reader.problems, raw_tag(raw)
    if tag in BRANCH_TAGS:
        branch = Parsed(path, raw, tag)
        for key in raw:
            if key not in ("nodes", "tag") and "ignore" not in str(key):
                hint = did_you_mean(key, ("nodes",))
                problems.add(f"unknown key {key!r} in a !{tag}{hint}", location_of(raw, key), join_path(path, key))
        branch["nodes"] = _read_nodes(raw, path, architecture, reader, scope, seen)
        return branch
    if tag not in NODE_TAGS:
        what = f"unknown tag !{tag}" if tag else "this node has no tag"
        problems.add(f"{what}{did_you_mean(tag, ['!' + t for t in NODE_TAGS])}", location_of(raw), path)
        return None
    node, kind = _read_leaf(raw, path, tag, reader, scope)
    node.tag = tag
    node["kind"] = kind
    name = node["name"]
    if isinstance(name, str):
        if name in seen:
            problems.add(f"duplicate name {name!r} in the architecture", node.location("name"), f"{path}.name")
        seen.add(name)
        architecture.leaves[name] = node
    return node


def _read_leaf(raw: Mapping, path: str, tag: str, reader: Reader, scope: Scope) -> tuple[Parsed, str]:
    """Read a container, a component or a !Nothing, and say what kind it is."""
    if tag == "Container":
        return reader.section(CONTAINER, raw, path, scope), "container"
    if tag == "Nothing":
        return reader.section(NOTHING, raw, path, scope), "nothing"
    name = raw.get("class")
    kind = kind_of_class(name) if isinstance(name, str) else "unknown"
    if kind is None:
        words = [word for _, group in CLASS_KINDS for word in group]
        reader.problems.add(
            f"unknown class {name!r}: a class must contain one of {', '.join(words)}", location_of(raw, "class"), path
        )
    table = {"storage": STORAGE, "nothing": NOTHING}.get(kind or "", OTHER_COMPONENT)
    return reader.section(table, raw, path, scope), kind or "unknown"


def leaves_in_order(nodes: list[Parsed], parallel: bool = False) -> Iterator[tuple[Parsed, bool]]:
    """Every leaf below some nodes, in order, with whether it stands directly in a !Parallel."""
    for node in nodes:
        if "nodes" in node and node.tag in BRANCH_TAGS:
            yield from leaves_in_order(node["nodes"], node.tag == "Parallel")
        else:
            yield node, parallel


def check_last(architecture: Architecture, problems: Problems) -> None:
    """The last enabled leaf must be a compute unit."""
    enabled = [leaf for leaf, _ in leaves_in_order(architecture.root["nodes"]) if leaf.get("enabled", True)]
    if not enabled:
        problems.add("the architecture has no nodes", architecture.root.location(), "architecture")
    elif enabled[-1]["kind"] not in ("compute", "unknown"):
        last = enabled[-1]
        problems.add(
            f"the last node must be a compute unit (a class with 'mac' or 'compute'), got {last['name']!r}"
            f" of class {last.get('class', 'container')!r}",
            last.location(),
            last.path,
        )
