"""The constraints of an AccelForge mapspace on where storages stand in the nest of one Einsum."""

from __future__ import annotations

from accelax.ir.mapping import Compute, Node, Spatial, Storage, Temporal, Toll
from accelax.ir.tree_machine import TreeComponent, TreeMachine
from accelax.ir.workload import Einsum

Placed = tuple[int, str, str]
"""The position in the nest, the component and the tensor of one stored tensor."""


def storage_violations(
    nest: tuple[Node, ...], einsum: Einsum, machine: TreeMachine, force_order: bool = True
) -> list[str]:
    """What breaks a rule about storages, one line each.

    ``force_order`` is the mapper's ``force_memory_hierarchy_order``; each component may also switch it off for itself.
    """
    placed = [
        (position, node.component, tensor)
        for position, node in enumerate(nest)
        if isinstance(node, (Storage, Toll))
        for tensor in node.tensors
    ]
    found = _untiled_violations(nest, machine) + _back_violations(placed, machine)
    if force_order:
        found += _hierarchy_violations(placed, machine)
    for component in machine.components:
        found += _order_violations(placed, component)
        for tensor in component.no_refetch_from_above:
            found += _refetches(nest, placed, einsum, component.name, tensor)
        for tensor in component.no_resend_to_below:
            found += _resends(nest, placed, einsum, component.name, tensor)
    return found


def _untiled_violations(nest: tuple[Node, ...], machine: TreeMachine) -> list[str]:
    """No loop stands above a storage of the outermost memory."""
    outermost = next((c.name for c in machine.components if c.kind == "memory"), None)
    loops = False
    for node in nest:
        loops = loops or isinstance(node, (Temporal, Spatial))
        if loops and isinstance(node, Storage) and node.component == outermost:
            return [f"a loop stands above a storage of the outermost memory {outermost}"]
    return []


def _back_violations(placed: list[Placed], machine: TreeMachine) -> list[str]:
    """Tensors of ``back`` have their outermost storage in the component."""
    first: dict[str, str] = {}
    for _, component, tensor in placed:
        first.setdefault(tensor, component)
    return [
        f"the outermost storage of {tensor} has to be {component.name}"
        for component in machine.components
        for tensor in component.back
        if first.get(tensor) != component.name
    ]


def _hierarchy_violations(placed: list[Placed], machine: TreeMachine) -> list[str]:
    """Storages of outer components stand above those of inner ones, of all tensors."""
    found = []
    for later, (_, component, _) in enumerate(placed):
        for _, above, _ in placed[:later]:
            outer = machine.index(component) < machine.index(above)
            forced = machine.components[machine.index(component)].force_hierarchy_order
            if outer and forced:
                found.append(f"a storage of {component} stands below one of {above}, which is inside it")
    return list(dict.fromkeys(found))


def _order_violations(placed: list[Placed], component: TreeComponent) -> list[str]:
    """One of the orders of ``tensor_order_options`` holds; tensors that an order does not name are free."""
    order = [tensor for _, name, tensor in placed if name == component.name]
    if not component.tensor_order_options:
        return []
    for option in component.tensor_order_options:
        rank = {tensor: position for position, group in enumerate(option) for tensor in group}
        named = [rank[tensor] for tensor in order if tensor in rank]
        if named == sorted(named):
            return []
    return [f"the storages of {component.name} are in an order that tensor_order_options does not have"]


def _moving_twice(nest: tuple[Node, ...], end: int, einsum: Einsum, tensor: str) -> list[str]:
    """The ranks of loops above position ``end`` that make the tensor, or a piece of it, move more than once."""
    alone: set[str] = set()
    for entry in einsum.tensors:
        if entry.name == tensor:
            alone = {index[0][0] for index in entry.projection if len(index) == 1}
    tile, ranks = dict(einsum.bounds), []
    for node in nest[:end]:
        if isinstance(node, (Temporal, Spatial)) and node.rank in tile:
            if node.tile_shape < tile[node.rank] and node.rank not in alone:
                ranks.append(node.rank)
            tile[node.rank] = node.tile_shape
    return ranks


def _refetches(nest: tuple[Node, ...], placed: list[Placed], einsum: Einsum, name: str, tensor: str) -> list[str]:
    """The storage of a tensor of ``no_refetch_from_above`` stands below a loop that fetches it again."""
    for position, component, stored in placed:
        if component == name and stored == tensor:
            ranks = _moving_twice(nest, position, einsum, tensor)
            if ranks:
                return [f"{name} may fetch {tensor} once, the loops over {', '.join(ranks)} fetch it again"]
    return []


def _resends(nest: tuple[Node, ...], placed: list[Placed], einsum: Einsum, name: str, tensor: str) -> list[str]:
    """What is below the storage of a tensor of ``no_resend_to_below`` takes it more than once."""
    positions = [position for position, _, stored in placed if stored == tensor]
    mine = [position for position, component, stored in placed if component == name and stored == tensor]
    if not mine:
        return []
    computes = [position for position, node in enumerate(nest) if isinstance(node, Compute)]
    below = min([position for position in positions if position > mine[0]] or computes or [len(nest)])
    ranks = _moving_twice(nest, below, einsum, tensor)
    return [f"{name} may send {tensor} once, the loops over {', '.join(ranks)} send it again"] if ranks else []
