"""The exact optimum of a small mapspace, by looking at every mapping.

    optimum(spec)["energy"]     # (value, mapping)

Slow, complete and independent of the library's own mapspace and searches: it enumerates from the specification and
scores with the library's model in float64.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import numpy as np

from accelax.encode import encode
from accelax.ir import LoweredLevels, LoweredTree, Mapping
from accelax.spec.specification import Specification
from tests.search.batch_levels import costs as level_costs
from tests.search.batch_levels import fits as levels_fit
from tests.search.batch_tree import costs as tree_costs
from tests.search.brute_levels import LevelSpace
from tests.search.brute_tree import TreeSpace

OBJECTIVES = ("energy", "delay", "edp")
BATCH = 50_000
"""Mappings scored at once."""


def count(spec: Specification, most: int) -> int:
    """How many different mappings the mapspace has, those that do not fit included; inexact above ``most``."""
    return space_of(spec).count(most)


def anything_fits(spec: Specification) -> bool:
    """Whether some mapping fits."""
    problem = encode(spec)
    if isinstance(problem.lowered, LoweredTree):
        return any(np.isfinite(tree_costs(problem, batch)[0]).any() for batch in batches(spec))
    return any(levels_fit(problem, batch).any() for batch in batches(spec))


def optimum(spec: Specification) -> dict[str, tuple[float, Mapping]]:
    """The least energy, delay and edp with a mapping that has it; empty where nothing fits.

    pJ and cycles, or J and s, as ``exact_values`` has them.
    """
    problem = encode(spec)
    costs = tree_costs if isinstance(problem.lowered, LoweredTree) else level_costs
    best: dict[str, tuple[float, Mapping]] = {}
    for batch in batches(spec):
        energy, delay = costs(problem, batch)
        for name, values in zip(OBJECTIVES, (energy, delay, energy * delay), strict=True):
            i = int(values.argmin())
            if values[i] < best.get(name, (np.inf,))[0]:
                best[name] = float(values[i]), problem.decode(batch, i)
    return best


def space_of(spec: Specification) -> LevelSpace | TreeSpace:
    """The mapspace of a specification, ready to be enumerated."""
    lowered = spec.lowered()
    if isinstance(lowered, LoweredLevels):
        return LevelSpace(lowered)
    settings = spec.search_settings
    explored = [settings.get(f"explore_imperfect_{kind}_loops", False) for kind in ("temporal", "spatial")]
    assert all(explored) or not any(explored), "imperfect loops of one kind only are not enumerated"
    return TreeSpace(lowered, imperfect=all(explored))


def batches(spec: Specification) -> Iterator[Any]:
    """All mappings, some thousand at once: batches as the model takes them."""
    held: list[Any] = []
    size = 0
    for block in space_of(spec).blocks():
        held.append(block)
        size += len(jax.tree.leaves(block)[0])
        if size >= BATCH:
            yield _joined(held)
            held, size = [], 0
    if held:
        yield _joined(held)


def _joined(blocks: list[Any]) -> Any:
    return jax.tree.map(lambda *leaves: np.concatenate(leaves), *blocks)
