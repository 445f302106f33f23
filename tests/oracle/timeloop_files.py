"""Read the small part of a Timeloop v4 file that the nest analysis needs, without the package's front end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.oracle.timeloop_collapse import CollapseRules
from tests.oracle.timeloop_nest import NestInput, NestLevel, NestLoop


class _Loader(yaml.SafeLoader):
    pass


def _tagged(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    return {**loader.construct_mapping(node, deep=True), "tag": suffix}


_Loader.add_multi_constructor("!", _tagged)


@dataclass(frozen=True)
class Case:
    """A nest with its bypass pattern. ``names`` are those of the levels; ``tensors`` those of the tensors."""

    nest: NestInput
    keep: list[list[bool]]
    outputs: list[bool]
    rules: CollapseRules
    names: list[str]
    tensors: list[str]


def read_case(path: Path) -> Case:
    """Read one file. Raises KeyError or ValueError on what a plain file of numbers does not have."""
    data = yaml.load(path.read_text(), Loader=_Loader)
    shape = data["problem"]["shape"]
    bounds = data["problem"]["instance"]
    ranks = list(shape["dimensions"])
    spaces = shape["data_spaces"]
    tensors = [space["name"] for space in spaces]
    directives: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in data["mapping"]:
        directives.setdefault((entry["target"], entry["type"]), {}).update(entry)
    environment = data.get("globals", {}).get("environment_variables", {})
    levels, keep, names = [], [], []
    for name, is_fanout, mesh in _levels(data["architecture"]["nodes"]):
        kind = "spatial" if is_fanout else "temporal"
        levels.append(_level(directives.get((name, kind), {}), is_fanout, mesh, ranks, bounds, tensors))
        kept = _kept(directives.get((name, "dataspace"), {}), tensors)
        keep.append([not is_fanout and tensor in kept for tensor in tensors])
        names.append(name)
    links = "mesh"
    if str(environment.get("TIMELOOP_DISABLE_LINK_TRANSFERS", "0")) != "0":
        links = "off"
    nest = NestInput(
        levels=tuple(levels),
        projections=tuple(_projection(space["projection"], ranks, bounds, shape) for space in spaces),
        n_ranks=len(ranks),
        links=links,
    )
    rules = CollapseRules(
        first_read_elision=str(environment.get("TIMELOOP_ENABLE_FIRST_READ_ELISION", "1")) != "0",
        rmw_first_update=_switch(directives, names, tensors, "temporal", "rmw_first_update"),
        no_coalesce=_switch(directives, names, tensors, "dataspace", "no_coalesce"),
    )
    return Case(nest, keep, [bool(space.get("read_write")) for space in spaces], rules, names, tensors)


def _levels(nodes: list[dict[str, Any]]) -> list[tuple[str, bool, tuple[int, int]]]:
    found = []
    for node in nodes:
        spatial = node.get("spatial") or {}
        mesh = (int(spatial.get("meshX", 1)), int(spatial.get("meshY", 1)))
        if mesh != (1, 1):
            found.append((node["name"], True, mesh))
        if node["tag"] == "Component" and not any(word in node["class"] for word in ("mac", "compute")):
            found.append((node["name"], False, (1, 1)))
    return found


def _kept(directive: dict[str, Any], tensors: list[str]) -> list[str]:
    if "keep_only" in directive:
        return directive["keep_only"]
    return [tensor for tensor in tensors if tensor not in directive.get("bypass", [])]


def _level(
    directive: dict[str, Any],
    is_fanout: bool,
    mesh: tuple[int, int],
    ranks: list[str],
    bounds: dict[str, int],
    tensors: list[str],
) -> NestLevel:
    factors = {}
    if "factors_only" in directive:
        factors = {rank: (1, 1) for rank in ranks}
    for text in directive.get("factors", directive.get("factors_only", [])):
        rank, _, value = str(text).partition("=")
        end, _, residual = value.partition(",")
        count = int(end) or bounds[rank]
        factors[rank] = (count, int(residual) if residual else count)
    given = list(directive.get("permutation", []))
    order = [r for r in ranks if r not in given and (factors.get(r, (0, 0))[0] == 1 or bounds[r] == 1)] + given
    order += [rank for rank in ranks if rank not in order]
    split = directive.get("split", len(order))
    loops = [
        NestLoop(ranks.index(rank), *factors.get(rank, (1, 1)), on_x=place < split) for place, rank in enumerate(order)
    ]
    named = {key: _tensors(directive.get(key, []), tensors) for key in ("no_reuse", "no_link_transfer")}
    none: frozenset[int] = frozenset()
    return NestLevel(
        tuple(reversed(loops)),
        is_fanout,
        mesh,
        no_temporal_reuse=none if is_fanout else named["no_reuse"],
        no_multicast=named["no_reuse"] if is_fanout else none,
        no_link_transfer=named["no_link_transfer"],
    )


def _tensors(names: list[str], tensors: list[str]) -> frozenset[int]:
    return frozenset(range(len(tensors)) if "*" in names else [tensors.index(name) for name in names])


def _switch(
    directives: dict[tuple[str, str], dict[str, Any]], names: list[str], tensors: list[str], kind: str, key: str
) -> frozenset[tuple[int, int]]:
    return frozenset(
        (level, tensor)
        for level, name in enumerate(names)
        for tensor in _tensors(directives.get((name, kind), {}).get(key, []), tensors)
    )


def _projection(
    projection: list[Any], ranks: list[str], bounds: dict[str, int], shape: dict[str, Any]
) -> tuple[tuple[tuple[int, int], ...], ...]:
    defaults = {c["name"]: c.get("default", 1) for c in shape.get("coefficients", [])}
    axes = []
    for axis in projection:
        terms = axis if isinstance(axis, list) else [[axis]]
        axes.append(
            tuple(
                (ranks.index(term[0]), int(bounds.get(term[1], defaults.get(term[1], 1))) if len(term) > 1 else 1)
                for term in terms
            )
        )
    return tuple(axes)
