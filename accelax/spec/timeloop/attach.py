"""Brings every constraint to its node, expands the macros, and settles what the branches of a !Parallel keep."""

from __future__ import annotations

from collections.abc import Mapping

from accelax.components.numbers import may_differ
from accelax.errors import UnsupportedError, did_you_mean
from accelax.spec.text import Problems, location_of
from accelax.spec.timeloop.architecture import Architecture, leaves_in_order
from accelax.spec.timeloop.directives import (
    Directives,
    Iteration,
    Residence,
    join_iteration,
    join_residence,
    parse_iteration,
    parse_residence,
)
from accelax.spec.timeloop.macros import expand_factor_macros, maximize
from accelax.spec.timeloop.problem import Workload
from accelax.spec.timeloop.reader import Parsed, Reader, Scope, join_path, show
from accelax.spec.timeloop.schema import BRANCH_TAGS, CONSTRAINT_TYPES


def read_constraint_list(raw: object, path: str, reader: Reader, scope: Scope) -> list[Parsed]:
    """Read a list of constraints, each with ``type`` and ``target``."""
    problems = reader.problems
    if raw is None:
        return []
    if not isinstance(raw, (list, tuple)):
        problems.add(f"expected a list of constraints, got {show(raw)}", location_of(raw), path)
        return []
    found = []
    for i, item in enumerate(raw):
        where, place = join_path(path, i), location_of(raw, i)
        if not isinstance(item, Mapping):
            problems.add(f"expected a constraint with type and target, got {show(item)}", place, where)
            continue
        kind = item.get("type")
        if kind == "skew":
            raise UnsupportedError("a skewed spatial mapping (type: skew)", location_of(item, "type"), where)
        if not isinstance(kind, str) or kind not in CONSTRAINT_TYPES:
            given = "'type' is missing" if kind is None else f"unknown constraint type {show(kind)}"
            problems.add(f"{given}{did_you_mean(kind, CONSTRAINT_TYPES)}", location_of(item, "type") or place, where)
            continue
        section = reader.section(CONSTRAINT_TYPES[kind], item, where, scope)
        if section["target"] is None:
            problems.add("'target' is missing", location_of(item) or place, where)
            continue
        found.append(section)
    return found


def collect_directives(
    architecture: Architecture, listed: list[Parsed], workload: Workload, problems: Problems
) -> dict[str, Directives]:
    """Join the constraints inside each node with those listed elsewhere, by node name in the order of the text."""
    directives: dict[str, Directives] = {}
    for leaf, _ in leaves_in_order(architecture.root["nodes"]):
        if not isinstance(leaf["name"], str):
            continue
        node = directives.setdefault(leaf["name"], Directives())
        group = leaf["constraints"]
        for kind in CONSTRAINT_TYPES:
            if isinstance(group.get(kind), Parsed) and group[kind].source:
                _join(node, kind, group[kind], workload, problems)
    for section in listed:
        target = section["target"]
        if target not in directives:
            hint = did_you_mean(target, directives)
            problems.add(
                f"the target {target!r} is not a node of the architecture{hint}",
                section.location("target"),
                f"{section.path}.target",
            )
            continue
        _join(directives[target], section["type"], section, workload, problems)
    return directives


def _join(node: Directives, kind: str, section: Parsed, workload: Workload, problems: Problems) -> None:
    """Join one constraint section into the directives of its node."""
    if kind in ("spatial", "temporal"):
        mine: Iteration = getattr(node, kind)
        join_iteration(mine, parse_iteration(section, workload, problems), problems)
    elif kind == "dataspace":
        join_residence(node.residence, parse_residence(section, workload, problems), problems)
    elif kind == "utilization" and section["min"] is not None:
        node.utilization_minimum = section["min"]


def settle(
    architecture: Architecture, directives: dict[str, Directives], workload: Workload, problems: Problems
) -> None:
    """Expand macros, bypass in each branch of a !Parallel what the others keep, and complete permutations."""
    expand_factor_macros(directives, workload, problems)
    leaves = [leaf for leaf, _ in leaves_in_order(architecture.root["nodes"])]
    fanouts = {leaf["name"]: leaf["spatial"]["meshX"] * leaf["spatial"]["meshY"] for leaf in leaves}
    maximize(directives, fanouts, workload, problems)
    tensors = list(workload.einsum.tensor_names)
    for node in architecture.root["nodes"]:
        _settle_branch(node, tensors, tensors, directives, problems)
    for leaf in leaves:
        node = directives[leaf["name"]]
        if leaf["kind"] == "storage":
            insert_units(node.temporal, workload)
        if may_differ(fanouts[leaf["name"]], 1):
            insert_units(node.spatial, workload)


def _settle_branch(
    node: Parsed, wanted: list[str], tensors: list[str], directives: dict[str, Directives], problems: Problems
) -> None:
    """In a !Parallel every tensor of ``wanted`` must be kept in exactly one child; the other children bypass it."""
    if node.tag not in BRANCH_TAGS:
        return
    children = node["nodes"]
    if node.tag != "Parallel":
        for child in children:
            _settle_branch(child, wanted, tensors, directives, problems)
        return
    kept = [_kept_below(child, directives) for child in children]
    for name in tensors:
        holders = [_label(child) for child, keeps in zip(children, kept, strict=True) if name in keeps]
        if len(holders) > 1:
            where = ", ".join(holders)
            problems.add(f"{name!r} is kept in several branches of a !Parallel: {where}", node.location(), node.path)
        elif not holders and name in wanted:
            problems.add(
                f"no branch of this !Parallel keeps {name!r}; to let it pass, add"
                f" '- !Nothing {{constraints: {{dataspace: {{keep: [{name}]}}}}}}'",
                node.location(),
                node.path,
            )
    for child, keeps in zip(children, kept, strict=True):
        passed = [name for name in tensors if name not in keeps]
        for leaf, _ in leaves_in_order([child]):
            join_residence(directives[leaf["name"]].residence, Residence([], passed), problems)
        _settle_branch(child, sorted(keeps), tensors, directives, problems)


def _kept_below(node: Parsed, directives: dict[str, Directives]) -> set[str]:
    """The tensors that some leaf at or below a node keeps by name."""
    return {name for leaf, _ in leaves_in_order([node]) for name in directives[leaf["name"]].residence.keep}


def _label(node: Parsed) -> str:
    """A node's name for a message."""
    return str(node.get("name") or f"!{node.tag}")


def insert_units(iteration: Iteration, workload: Workload) -> None:
    """Put ranks whose factor or bound is 1 and that the permutation omits at its front (innermost), one by one.

    ``split`` counts them too.
    """
    units = [factor.rank for factor in iteration.factors if factor.value == 1]
    units += [rank for rank, bound in workload.einsum.bounds if bound == 1]
    for rank in units:
        if rank not in iteration.permutation:
            iteration.permutation.insert(0, rank)
