"""Whether a mapping is a mapping of given Einsums on given machines: names, order of tile shapes, completeness, fusion."""

from __future__ import annotations

from accelax.errors import UnsupportedError, did_you_mean
from accelax.ir.mapping import Compute, Mapping, Node, Pipeline, Sequential, Spatial, Storage, Temporal, Toll
from accelax.ir.nests import nest_of
from accelax.ir.rules import Rules
from accelax.ir.tree_machine import TreeMachine
from accelax.ir.workload import Einsum
from accelax.spec.accelforge.models import Collector


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
    path: str = "mapping",
) -> None:
    """Note everything that keeps ``mapping`` from being a mapping of all ``einsums``.

    Raises UnsupportedError for fused and pipelined mappings, and for imperfect tile shapes beyond AccelForge's rule.
    """
    known = len(collector.problems)
    _check_names(mapping, einsums, machines, collector, path)
    computed = [node.einsum for node in _all_nodes(mapping.nodes) if isinstance(node, Compute)]
    for einsum in einsums:
        if computed.count(einsum.name) != 1:
            count = computed.count(einsum.name)
            collector.add(f"the mapping has {count} Compute nodes of {einsum.name!r}, expected 1", path)
    if len(collector.problems) > known:
        return
    for einsum, machine in zip(einsums, machines, strict=True):
        nest = nest_of(mapping, einsum)
        _check_loops(nest, einsum, collector, path)
        _check_storage(nest, einsum, machine, collector, path)
    if len(collector.problems) > known:
        return
    check_unfused(mapping, einsums, machines)
    if rules.imperfect == "accelforge_average":
        for einsum in einsums:
            _check_imperfect(nest_of(mapping, einsum), einsum)


def _check_names(
    mapping: Mapping,
    einsums: tuple[Einsum, ...],
    machines: tuple[TreeMachine, ...],
    collector: Collector,
    path: str,
) -> None:
    """Every name in the mapping is known, and of the right kind."""
    tensors = {name for einsum in einsums for name in einsum.tensor_names}
    ranks = {rank for einsum in einsums for rank in einsum.ranks}
    components = {c.name: c for machine in machines for c in machine.components}

    def known(what: str, name: str, choices: object) -> bool:
        if name in choices:  # type: ignore[operator]
            return True
        collector.add(f"the mapping names the unknown {what} {name!r}{did_you_mean(name, choices)}", path)  # type: ignore[arg-type]
        return False

    for node in _all_nodes(mapping.nodes):
        if isinstance(node, (Temporal, Spatial)):
            known("rank variable", node.rank, ranks)
        if isinstance(node, (Storage, Toll)):
            for tensor in node.tensors:
                known("tensor", tensor, tensors)
        if isinstance(node, Compute):
            known("Einsum", node.einsum, [einsum.name for einsum in einsums])
        if isinstance(node, Temporal) or not known("component", node.component, components):  # type: ignore[union-attr]
            continue
        component = components[node.component]  # type: ignore[union-attr]
        kinds = {Storage: "memory", Toll: "toll", Compute: "compute"}
        if type(node) in kinds and component.kind != kinds[type(node)]:
            collector.add(f"!{type(node).__name__} of {component.name!r}, which is a {component.kind}", path)
        if isinstance(node, Spatial):
            dimensions = [dimension.name for dimension in component.spatial]
            if node.dimension not in dimensions:
                hint = did_you_mean(node.dimension, dimensions) if dimensions else "; it has no fan-out"
                collector.add(f"{component.name!r} has no dimension {node.dimension!r}{hint}", path)


def _check_loops(nest: tuple[Node, ...], einsum: Einsum, collector: Collector, path: str) -> None:
    """Tile shapes shrink from the bound of each rank variable to 1."""
    tile = dict(einsum.bounds)
    for node in nest:
        if isinstance(node, (Temporal, Spatial)) and node.rank in tile:
            if node.tile_shape > tile[node.rank] or node.tile_shape < 1:
                message = f"the tile shape {node.tile_shape} of {node.rank!r} is not between 1 and {tile[node.rank]},"
                collector.add(f"{message} the extent around its loop", path)
            tile[node.rank] = node.tile_shape
    for rank, extent in tile.items():
        if extent > 1:
            collector.add(
                f"the loops over {rank!r} of {einsum.name!r} end at a tile shape of {extent}; the innermost has to reach 1",
                path,
            )


def _check_storage(
    nest: tuple[Node, ...], einsum: Einsum, machine: TreeMachine, collector: Collector, path: str
) -> None:
    """Every tensor is stored somewhere, at most once in each component, in inner components below outer ones."""
    last: dict[str, int] = {}
    seen: set[tuple[str, str]] = set()
    for node in nest:
        if not isinstance(node, (Storage, Toll)):
            continue
        position = machine.index(node.component)
        for tensor in node.tensors:
            if (node.component, tensor) in seen:
                collector.add(f"{tensor!r} is stored twice in {node.component!r}", path)
            elif position < last.get(tensor, -1):
                outer = machine.components[last[tensor]].name
                collector.add(f"{tensor!r} is stored in {node.component!r} below {outer!r}, which is inside it", path)
            elif tensor not in last and isinstance(node, Toll):
                collector.add(f"{tensor!r} passes {node.component!r} before it is stored anywhere", path)
            seen.add((node.component, tensor))
            last[tensor] = position
    for tensor in einsum.tensor_names:
        if tensor not in last:
            collector.add(f"the mapping of {einsum.name!r} stores the tensor {tensor!r} nowhere", path)
    if isinstance(nest[-1], Compute) and nest[-1].component != machine.components[-1].name:
        unit = machine.components[-1].name
        collector.add(f"{einsum.name!r} is computed by {nest[-1].component!r}, expected {unit!r}", path)


def check_unfused(mapping: Mapping, einsums: tuple[Einsum, ...], machines: tuple[TreeMachine, ...]) -> None:
    """Raise UnsupportedError when Einsums of the mapping depend on each other inside it.

    They do when loops stand above a Sequential, when a tensor that several Einsums use is first stored anywhere else than
    in the outermost memory, or when storages other than those of that memory are shared.
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
                    raise UnsupportedError(f"an imperfect tile shape of {node.rank} below its outermost loop", path="mapping")
                if not alone[node.rank]:
                    raise UnsupportedError(f"an imperfect tile shape of {node.rank}, which shares an index", path="mapping")
            looped.add(node.rank)
            tile[node.rank] = node.tile_shape
