"""A mapping written as Timeloop's ``mapping`` section: directives per level, permutations innermost first."""

from __future__ import annotations

import math
from collections.abc import Mapping as MappingABC
from typing import Any

from accelax.errors import SpecError, UnsupportedError
from accelax.ir import Compute, Mapping, Spatial, Storage, Temporal

Loop = Temporal | Spatial


def mapping_directives(mapping: Mapping, bounds: MappingABC[str, int] | None = None) -> list[dict[str, Any]]:
    """The entries of a ``mapping`` section that reads back as ``mapping``, as plain dictionaries.

    Args:
        mapping: a LoopTree of levels, each rank at most once per level.
        bounds: rank to extent; those that the mapping itself knows by default.

    Raises:
        SpecError: the extent of a rank is not known.
        UnsupportedError: a node that Timeloop's section cannot express.

    >>> nodes = (Storage("GLB", ("A",)), Temporal("M", 7), Spatial("M", 1, "PE", "X"), Compute("A", "MAC"))
    >>> for entry in mapping_directives(Mapping(nodes, bounds=(("M", 10),))):
    ...     print(entry)
    {'target': 'GLB', 'type': 'dataspace', 'keep': ['A'], 'bypass': []}
    {'target': 'GLB', 'type': 'temporal', 'factors': ['M=2'], 'permutation': ['M']}
    {'target': 'PE', 'type': 'spatial', 'factors': ['M=7,3'], 'permutation': ['M'], 'split': 1}
    """
    sizes = dict(mapping.bounds if bounds is None else bounds)
    extent = dict(sizes)
    everything = dict.fromkeys(name for node in mapping.nodes if isinstance(node, Storage) for name in node.tensors)
    entries: list[dict[str, Any]] = []
    for target, loops in _groups(mapping):
        if isinstance(target, Storage):
            bypassed = [name for name in everything if name not in target.tensors]
            kept = list(target.tensors)
            entries.append({"target": target.component, "type": "dataspace", "keep": kept, "bypass": bypassed})
            name, kind = target.component, "temporal"
        else:
            name, kind = target, "spatial"
        factors = [_factor(loop, sizes, extent) for loop in loops]
        entry = {"target": name, "type": kind, "factors": factors, "permutation": [loop.rank for loop in loops][::-1]}
        if kind == "spatial":
            entry["split"] = sum(isinstance(loop, Spatial) and loop.dimension == "X" for loop in loops)
        if loops:
            entries.append(entry)
    return entries


def _factor(loop: Loop, sizes: dict[str, int], extent: dict[str, int]) -> str:
    """One factor, with the steps of its last iteration where they differ; ``extent`` becomes the tile below."""
    rank, tile = loop.rank, loop.tile_shape
    if rank not in sizes:
        raise SpecError(f"the mapping does not say the size of {rank!r}: give it as Mapping(nodes, bounds=...)")
    steps = math.ceil(extent[rank] / tile)
    last = (sizes[rank] - 1) // tile % steps + 1
    extent[rank] = tile
    return f"{rank}={steps}" if last == steps else f"{rank}={steps},{last}"


def _groups(mapping: Mapping) -> list[tuple[Storage | str, list[Loop]]]:
    """The levels of a mapping: a storage or the name of a fan-out, each with its loops, outermost first."""
    groups: list[tuple[Storage | str, list[Loop]]] = []
    for node in mapping.nodes:
        if isinstance(node, Compute):
            continue
        if isinstance(node, Storage):
            groups.append((node, []))
        elif isinstance(node, Spatial):
            if not groups or groups[-1][0] != node.component:
                groups.append((node.component, []))
            groups[-1][1].append(node)
        elif isinstance(node, Temporal) and groups and isinstance(groups[-1][0], Storage):
            groups[-1][1].append(node)
        else:
            what = "a temporal loop below a fan-out" if isinstance(node, Temporal) else f"a {type(node).__name__} node"
            raise UnsupportedError(f"{what} in Timeloop's mapping section")
    for target, loops in groups:
        name = target.component if isinstance(target, Storage) else target
        ranks = [loop.rank for loop in loops]
        if len(set(ranks)) != len(ranks):
            raise UnsupportedError(f"two loops of one rank at {name!r} in Timeloop's mapping section")
        on_x = [isinstance(loop, Spatial) and loop.dimension == "X" for loop in loops]
        if on_x != sorted(on_x):
            raise UnsupportedError(f"a loop on Y inside one on X at {name!r} in Timeloop's mapping section")
    return groups


def write_mapping(mapping: Mapping, bounds: MappingABC[str, int] | None = None) -> str:
    """The ``mapping`` section as YAML text. Arguments and errors as :func:`mapping_directives`.

    >>> print(write_mapping(Mapping((Storage("GLB", ("A",)), Temporal("M", 1)), bounds=(("M", 4),))), end="")
    mapping:
    - {target: GLB, type: dataspace, keep: [A], bypass: []}
    - {target: GLB, type: temporal, factors: [M=4], permutation: [M]}
    """
    lines = ["mapping:"]
    for entry in mapping_directives(mapping, bounds):
        lines.append("- {" + ", ".join(f"{key}: {_inline(value)}" for key, value in entry.items()) + "}")
    return "\n".join(lines) + "\n"


def _inline(value: object) -> str:
    """A value in YAML's flow style; text is quoted where a plain scalar would read as something else."""
    if isinstance(value, list):
        return "[" + ", ".join(_inline(item) for item in value) + "]"
    text = str(value)
    plain = isinstance(value, int) or text.replace("=", "").replace("_", "").isalnum()
    if plain and text.lower() not in ("true", "false", "null", "yes", "no", "on", "off"):
        return text if isinstance(value, int) or not text.isdigit() else f'"{text}"'
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
