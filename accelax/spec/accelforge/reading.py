"""From merged dictionaries to the objects of a specification; every problem found is noted with its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from typing import Any

from accelax.errors import Location, did_you_mean
from accelax.spec.accelforge.arch_models import NODE_KINDS, Arch, ArchNode, Hierarchical, UnsupportedNode
from accelax.spec.accelforge.einsum_text import EinsumTextError, parse_einsum_text
from accelax.spec.accelforge.mapping_yaml import kind_of
from accelax.spec.accelforge.models import Collector, Sources, build
from accelax.spec.accelforge.workload_models import EinsumModel, Mapper, Renames, Workload
from accelax.spec.combine import combine_documents
from accelax.spec.text import Problems, location_of

SECTIONS = ("arch", "workload", "mapping", "renames", "variables", "config", "mapper", "model")
REFUSED_CONFIG = ("expression_custom_functions", "component_models")
"""Fields of ``config`` that change what expressions or components mean, and are refused by name."""


@dataclass
class Sections:
    """The sections of a specification as objects; ``mapping`` and ``variables`` are as written."""

    arch: Arch = field(default_factory=Arch)
    workload: Workload = field(default_factory=Workload)
    renames: Renames = field(default_factory=Renames)
    mapper: Mapper = field(default_factory=Mapper)
    variables: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    mapping: Any = None
    sources: Sources = field(default_factory=Sources)


def _locations(value: object, path: str, table: dict[str, Location]) -> None:
    """Note the place of every value below ``path``."""
    children: Iterator[tuple[object, object, str]]
    if isinstance(value, MappingABC):
        children = ((key, item, f"{path}.{key}" if path else str(key)) for key, item in value.items())
    elif isinstance(value, Sequence) and not isinstance(value, str):
        children = ((index, item, f"{path}[{index}]") for index, item in enumerate(value))
    else:
        return
    for key, item, place in children:
        location = location_of(value, key)
        if location is not None:
            table[place] = location
        _locations(item, place, table)


def read_sections(documents: Sequence[MappingABC[str, Any]]) -> Sections:
    """Read documents into the objects of one specification. Raises SpecError with everything that is wrong."""
    clashes = Problems()
    data = combine_documents(documents, clashes)  # type: ignore[arg-type]
    table: dict[str, Location] = {"": data.location} if data.location is not None else {}
    _locations(data, "", table)
    collector = Collector(Sources(table))
    collector.problems.extend(clashes.items)
    sections = Sections(sources=collector.sources)
    for key in data:
        if key not in SECTIONS:
            collector.add(f"unknown section {key!r}{did_you_mean(key, SECTIONS)}", str(key))
    for key in ("arch", "workload"):
        if key not in data:
            collector.add(f"missing section {key!r}", "")
    if data.get("arch") is not None:
        sections.arch = _read_arch(data["arch"], collector)
    if data.get("workload") is not None:
        sections.workload = _read_workload(data["workload"], collector)
    if data.get("renames") is not None:
        sections.renames = build(Renames, data["renames"], "renames", collector) or Renames()
    if data.get("mapper") is not None:
        sections.mapper = build(Mapper, data["mapper"], "mapper", collector) or Mapper()
    variables = _table(data, "variables", collector)
    sections.variables = {str(name): value for name, value in variables.items() if name != "version"}
    sections.config = {key: value for key, value in _table(data, "config", collector).items() if key in REFUSED_CONFIG}
    sections.mapping = data.get("mapping")
    collector.raise_if_any()
    return sections


def _table(data: MappingABC[str, Any], key: str, collector: Collector) -> MappingABC[str, Any]:
    """A section that is a table of names; empty where it is not given or something else."""
    value = data.get(key) or {}
    if not isinstance(value, MappingABC):
        collector.add(f"expected a mapping of names to values, got {value!r}", key)
        return {}
    return value


def _read_arch(raw: object, collector: Collector) -> Arch:
    """The ``arch`` section: fields of its own, and nodes by their tags."""
    if not isinstance(raw, MappingABC):
        collector.add(f"expected a mapping with 'nodes', got {raw!r}", "arch")
        return Arch()
    fields = {key: value for key, value in raw.items() if key not in ("nodes", "tag", "type")}
    arch = build(Arch, fields, "arch", collector) or Arch()
    arch.nodes = _read_nodes(raw.get("nodes") or [], "arch.nodes", collector)
    if not arch.nodes:
        collector.add("the architecture has no nodes", "arch")
    return arch


def _read_nodes(raw: object, path: str, collector: Collector) -> list[ArchNode]:
    if not isinstance(raw, Sequence) or isinstance(raw, str):
        collector.add(f"expected a list of nodes, got {raw!r}", path)
        return []
    nodes = [_read_node(item, f"{path}[{position}]", collector) for position, item in enumerate(raw)]
    return [node for node in nodes if node is not None]


def _read_node(raw: object, path: str, collector: Collector) -> ArchNode | None:
    """One node, of the kind that its tag (or ``type``) names; None where it has problems."""
    if isinstance(raw, ArchNode):
        return raw
    kind = kind_of(raw)
    model = NODE_KINDS.get(kind)
    if model is None or not isinstance(raw, MappingABC):
        what = f"unknown node !{kind}" if kind else "expected a node with a tag such as !Memory"
        collector.add(what + did_you_mean(kind, NODE_KINDS), path)
        return None
    fields = {key: value for key, value in raw.items() if key not in ("tag", "type")}
    if model is UnsupportedNode:
        return build(model, {**fields, "kind": kind}, path, collector)
    if model is Hierarchical:
        nested = fields.pop("nodes", [])
        node = build(model, fields, path, collector)
        if node is not None:
            node.nodes = _read_nodes(nested, f"{path}.nodes", collector)
        return node
    return build(model, fields, path, collector)


def _read_workload(raw: object, collector: Collector) -> Workload:
    """The ``workload`` section; Einsums in the concise notation become tensor accesses."""
    if not isinstance(raw, MappingABC):
        collector.add(f"expected a mapping with 'einsums', got {raw!r}", "workload")
        return Workload()
    fields = {key: value for key, value in raw.items() if key != "einsums"}
    workload = build(Workload, fields, "workload", collector) or Workload()
    entries = raw.get("einsums") or []
    if not isinstance(entries, Sequence) or isinstance(entries, str):
        collector.add(f"expected a list of Einsums, got {entries!r}", "workload.einsums")
        return workload
    found = [_read_einsum(item, f"workload.einsums[{i}]", collector) for i, item in enumerate(entries)]
    workload.einsums = [einsum for einsum in found if einsum is not None]
    return workload


def _read_einsum(raw: object, path: str, collector: Collector) -> EinsumModel | None:
    """One Einsum: fields, or text, or text with further fields for some of its tensors."""
    if isinstance(raw, EinsumModel):
        return raw
    if isinstance(raw, str):
        raw = {"einsum": raw}
    if not isinstance(raw, MappingABC) or "einsum" not in raw:
        return build(EinsumModel, raw, path, collector)
    fields = {key: value for key, value in raw.items() if key != "einsum"}
    try:
        name, accesses = parse_einsum_text(str(raw["einsum"]))
    except EinsumTextError as error:
        collector.add(str(error), f"{path}.einsum")
        return None
    by_name = {access["name"]: access for access in accesses}
    extras = fields.get("tensor_accesses") or []
    if not isinstance(extras, Sequence) or isinstance(extras, str):
        collector.add(f"expected a list of tensor accesses, got {extras!r}", f"{path}.tensor_accesses")
        extras = []
    for position, extra in enumerate(extras):
        place = f"{path}.tensor_accesses[{position}]"
        name_of = extra.get("name") if isinstance(extra, MappingABC) else None
        access = by_name.get(name_of) if isinstance(name_of, str) else None
        if access is None or not isinstance(extra, MappingABC):
            collector.add(f"expected a tensor of the Einsum's text{did_you_mean(name_of, map(str, by_name))}", place)
            continue
        for key, value in extra.items():
            if key in ("projection", "output") and value != access[key]:
                collector.add(f"{key!r} of {access['name']!r} is given by the Einsum's text", f"{place}.{key}")
            elif key not in access:
                access[key] = value
    return build(EinsumModel, {"name": name, **fields, "tensor_accesses": accesses}, path, collector)
