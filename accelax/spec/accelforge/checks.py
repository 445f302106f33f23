"""Whether a mapping is one of given Einsums on given machines: names, tile shapes, completeness, fusion."""

from __future__ import annotations

from collections.abc import Collection

from accelax.errors import UnsupportedError, did_you_mean
from accelax.ir.mapping import Compute, Mapping, Node, Pipeline, Sequential, Spatial, Storage, Temporal, Toll
from accelax.ir.nests import nest_of
from accelax.ir.rules import Rules
from accelax.ir.tree_machine import TreeMachine
from accelax.ir.workload import Einsum
from accelax.spec.accelforge.mapping_yaml import Places
from accelax.spec.accelforge.models import Collector

IMPERFECT = "an imperfect tile shape"
"""How the name of a refused imperfect mapping begins: such a mapping is in no mapspace of AccelForge."""


class _Report:
    """Notes problems at the places of nodes."""

    def __init__(self, collector: Collector, places: Places):
        self._collector = collector
        self._places = places

    def __call__(self, message: str, node: Node | None = None) -> None:
        self._collector.add(message, self._places.get(id(node), "mapping"))


def held_by(mapping: Mapping) -> dict[str, frozenset[str]]:
    """The tensors that each component stores anywhere in a mapping."""
    held: dict[str, set[str]] = {}
    for node in _all_nodes(mapping.nodes):
        if isinstance(node, (Storage, Toll)):
            held.setdefault(node.component, set()).update(node.tensors)
    return {name: frozenset(tensors) for name, tensors in held.items()}


def _all_nodes(nodes: tuple[Node, ...]) -> list[Node]:
    """Every node of a tree, branches included."""
    found: list[Node] = []
    for node in nodes:
        if isinstance(node, (Sequential, Pipeline)):
            for branch in node.branches:
                found += _all_nodes(branch)
        else:
            found.append(node)
    return found


def check_mapping(
    mapping: Mapping,
    einsums: tuple[Einsum, ...],
    machines: tuple[TreeMachine, ...],
    rules: Rules,
    collector: Collector,
    places: Places | None = None,
) -> None:
    """Note everything that keeps ``mapping`` from being a mapping of all ``einsums``.

    ``places`` gives the paths of the mapping's nodes, where they are known. Raises UnsupportedError for fused and
    pipelined mappings, and for imperfect tile shapes beyond AccelForge's rule.
    """
    known = collector.noted
    report = _Report(collector, places or {})
    _check_ends(mapping.nodes, report)
    _check_names(mapping, einsums, machines, report)
    computed = [node.einsum for node in _all_nodes(mapping.nodes) if isinstance(node, Compute)]
    for einsum in einsums:
        if computed.count(einsum.name) != 1:
            count = computed.count(einsum.name)
            report(f"the mapping has {count} Compute nodes of {einsum.name!r}, expected 1")
    if collector.noted > known:
        return
    for einsum, machine in zip(einsums, machines, strict=True):
        nest = nest_of(mapping, einsum)
        _check_loops(nest, einsum, report)
        _check_storage(nest, einsum, machine, report)
    if collector.noted > known:
        return
    check_unfused(mapping, einsums, machines)
    for einsum in einsums:
        _check_whole(nest_of(mapping, einsum), einsum, report)
    if rules.imperfect == "accelforge_average":
        for einsum in einsums:
            _check_imperfect(nest_of(mapping, einsum), einsum)


def _check_ends(nodes: tuple[Node, ...], report: _Report) -> None:
    """Each branch ends at a Compute or where it branches, and nowhere before."""
    for node in nodes[:-1]:
        if isinstance(node, (Compute, Sequential, Pipeline)):
            report(f"nodes follow a !{type(node).__name__}; put Einsums in the branches of a !Sequential", node)
    if not nodes or not isinstance(nodes[-1], (Compute, Sequential, Pipeline)):
        report("the mapping, or one of its branches, does not end at a !Compute", nodes[-1] if nodes else None)
    for node in nodes:
        if isinstance(node, (Sequential, Pipeline)):
            for branch in node.branches:
                _check_ends(branch, report)


def _check_names(
    mapping: Mapping, einsums: tuple[Einsum, ...], machines: tuple[TreeMachine, ...], report: _Report
) -> None:
    """Every name in the mapping is known, and of the right kind."""
    tensors = {name for einsum in einsums for name in einsum.tensor_names}
    ranks = {rank for einsum in einsums for rank in einsum.ranks}
    components = {c.name: c for machine in machines for c in machine.components}

    def known(what: str, name: str, choices: Collection[str]) -> bool:
        if name not in choices:
            report(f"unknown {what} {name!r}{did_you_mean(name, choices)}", node)
        return name in choices

    for node in _all_nodes(mapping.nodes):
        if isinstance(node, (Temporal, Spatial)):
            known("rank variable", node.rank, ranks)
        if isinstance(node, (Storage, Toll)):
            for tensor in node.tensors:
                known("tensor", tensor, tensors)
        if isinstance(node, Compute):
            known("Einsum", node.einsum, [einsum.name for einsum in einsums])
        name = getattr(node, "component", None)
        if name is None or not known("component", name, components):
            continue
        component = components[name]
        kinds = {Storage: "memory", Toll: "toll", Compute: "compute"}
        if type(node) in kinds and component.kind != kinds[type(node)]:
            report(f"!{type(node).__name__} of {component.name!r}, which is a {component.kind}", node)
        if isinstance(node, Spatial):
            dimensions = [dimension.name for dimension in component.spatial]
            if node.dimension not in dimensions:
                hint = did_you_mean(node.dimension, dimensions) if dimensions else "; it has no fan-out"
                report(f"{component.name!r} has no dimension {node.dimension!r}{hint}", node)


def _check_loops(nest: tuple[Node, ...], einsum: Einsum, report: _Report) -> None:
    """Tile shapes shrink from the bound of each rank variable to 1."""
    tile = dict(einsum.bounds)
    for node in nest:
        if isinstance(node, (Temporal, Spatial)) and node.rank in tile:
            if node.tile_shape > tile[node.rank] or node.tile_shape < 1:
                outer = tile[node.rank]
                report(f"the tile shape {node.tile_shape} of {node.rank!r} is not between 1 and {outer}", node)
            tile[node.rank] = node.tile_shape
    for rank, extent in tile.items():
        if extent > 1:
            report(f"the loops over {rank!r} of {einsum.name!r} end at a tile shape of {extent}, expected 1")


def _check_storage(nest: tuple[Node, ...], einsum: Einsum, machine: TreeMachine, report: _Report) -> None:
    """Every tensor is stored somewhere, at most once in each component, in inner components below outer ones."""
    last: dict[str, int] = {}
    seen: set[tuple[str, str]] = set()
    for node in nest:
        if not isinstance(node, (Storage, Toll)):
            continue
        position = machine.index(node.component)
        for tensor in node.tensors:
            if (node.component, tensor) in seen:
                report(f"{tensor!r} is stored twice in {node.component!r}", node)
            elif position < last.get(tensor, -1):
                outer = machine.components[last[tensor]].name
                report(f"{tensor!r} is stored in {node.component!r} below {outer!r}, which is inside it", node)
            elif tensor not in last and isinstance(node, Toll):
                report(f"{tensor!r} passes {node.component!r} before it is stored anywhere", node)
            seen.add((node.component, tensor))
            last[tensor] = position
    for tensor in einsum.tensor_names:
        if tensor not in last:
            report(f"the mapping of {einsum.name!r} stores the tensor {tensor!r} nowhere")
    if isinstance(nest[-1], Compute) and nest[-1].component != machine.components[-1].name:
        unit = machine.components[-1].name
        report(f"{einsum.name!r} is computed by {nest[-1].component!r}, expected {unit!r}", nest[-1])


def _check_whole(nest: tuple[Node, ...], einsum: Einsum, report: _Report) -> None:
    """Each tensor is stored whole somewhere: no loop that moves it stands above its outermost storage."""
    moved: set[str] = set()
    tile = dict(einsum.bounds)
    shared = {tensor.name: set(tensor.ranks) for tensor in einsum.tensors}
    for node in nest:
        if isinstance(node, (Temporal, Spatial)) and node.rank in tile:
            moved |= {node.rank} if node.tile_shape < tile[node.rank] else set()
            tile[node.rank] = node.tile_shape
        elif isinstance(node, Storage):
            for tensor in node.tensors:
                if shared.pop(tensor, set()) & moved:
                    report(
                        f"{tensor!r} is nowhere stored whole: loops that move it stand above {node.component!r}", node
                    )


def check_unfused(mapping: Mapping, einsums: tuple[Einsum, ...], machines: tuple[TreeMachine, ...]) -> None:
    """Raise UnsupportedError when Einsums of the mapping depend on each other inside it.

    They do when loops stand above a Sequential, when a tensor that several Einsums use is first stored anywhere else
    than in the outermost memory, or when storages other than those of that memory are shared.
    """
    branching = _branching(mapping.nodes)
    if any(isinstance(node, Pipeline) for node in branching):
        raise UnsupportedError("a pipelined mapping", path="mapping")
    if len(einsums) < 2:
        return
    outermost = next(c.name for machine in machines for c in machine.components if c.kind == "memory")
    above = mapping.nodes[: mapping.nodes.index(branching[0])]
    if len(branching) > 1:
        raise UnsupportedError("a fused mapping (a Sequential inside another)", path="mapping")
    if any(isinstance(node, (Temporal, Spatial)) for node in above):
        raise UnsupportedError("a fused mapping (loops above a Sequential)", path="mapping")
    for node in above:
        if isinstance(node, Toll) or (isinstance(node, Storage) and node.component != outermost):
            what = f"{node.component} shared by several Einsums"
            raise UnsupportedError(f"a fused mapping ({what})", path="mapping")
    _check_shared_tensors(mapping, einsums, outermost)


def _branching(nodes: tuple[Node, ...]) -> list[Sequential | Pipeline]:
    """Every node with branches, outermost first."""
    found: list[Sequential | Pipeline] = []
    for node in nodes:
        if isinstance(node, (Sequential, Pipeline)):
            found.append(node)
            for branch in node.branches:
                found += _branching(branch)
    return found


def _check_shared_tensors(mapping: Mapping, einsums: tuple[Einsum, ...], outermost: str) -> None:
    """Tensors that several Einsums use are first stored in the outermost memory, with no loop above."""
    backing: dict[str, set[str]] = {}
    looped: set[str] = set()
    for einsum in einsums:
        first: set[str] = set()
        loops = False
        for node in nest_of(mapping, einsum):
            loops = loops or isinstance(node, (Temporal, Spatial))
            if isinstance(node, Storage):
                for tensor in set(node.tensors) - first:
                    backing.setdefault(tensor, set()).add(node.component)
                    looped |= {tensor} if loops else set()
                first |= set(node.tensors)
    for tensor, memories in backing.items():
        users = sum(tensor in einsum.tensor_names for einsum in einsums)
        if users > 1 and (memories != {outermost} or tensor in looped):
            raise UnsupportedError(f"a fused mapping ({tensor} is exchanged inside it)", path="mapping")


def _check_imperfect(nest: tuple[Node, ...], einsum: Einsum) -> None:
    """AccelForge's averages hold for the outermost loop of a rank variable that stands alone in every projection."""
    alone = {rank: True for rank in einsum.ranks}
    for tensor in einsum.tensors:
        for index in tensor.projection:
            for rank, coefficient in index:
                alone[rank] &= len(index) == 1 and coefficient == 1
    tile, looped = dict(einsum.bounds), set[str]()
    for node in nest:
        if isinstance(node, (Temporal, Spatial)) and node.rank in tile:
            if tile[node.rank] % node.tile_shape:
                if node.rank in looped:
                    raise UnsupportedError(f"{IMPERFECT} of {node.rank} below its outermost loop", path="mapping")
                if not alone[node.rank]:
                    raise UnsupportedError(f"{IMPERFECT} of {node.rank}, which shares an index", path="mapping")
            looped.add(node.rank)
            tile[node.rank] = node.tile_shape
