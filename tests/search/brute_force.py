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
from accelax.ir import LoweredLevels, Mapping
from accelax.spec.specification import Specification
from tests.search.batch_levels import costs as level_costs
from tests.search.batch_levels import fitting
from tests.search.brute_levels import LevelSpace

OBJECTIVES = ("energy", "delay", "edp")
BATCH = 50_000
"""Mappings scored at once."""


def count(spec: Specification, most: int) -> int:
    """How many different mappings the mapspace has, those that do not fit included; inexact above ``most``."""
    return _space(spec).count(most)


def anything_fits(spec: Specification) -> bool:
    """Whether some mapping fits."""
    problem = encode(spec)
    return any(len(fitting(problem, batch).factor[0][0]) for batch in _batches(_space(spec).blocks()))


def optimum(spec: Specification) -> dict[str, tuple[float, Mapping]]:
    """The least energy, delay and edp with a mapping that has it; empty where nothing fits.

    pJ and cycles, or J and s, as ``exact_values`` has them.
    """
    problem = encode(spec)
    best: dict[str, tuple[float, Mapping]] = {}
    for batch in _batches(_space(spec).blocks()):
        batch = fitting(problem, batch)
        if not len(batch.factor[0][0]):
            continue
        energy, delay, violation = level_costs(problem, batch)
        assert not violation.any()
        for name, values in zip(OBJECTIVES, (energy, delay, energy * delay), strict=True):
            i = int(values.argmin())
            if name not in best or values[i] < best[name][0]:
                best[name] = float(values[i]), problem.decode(batch, i)
    return best


def _space(spec: Specification) -> LevelSpace:
    lowered = spec.lowered()
    assert isinstance(lowered, LoweredLevels)
    return LevelSpace(lowered)


def _batches(blocks: Iterator[Any]) -> Iterator[Any]:
    """Join small blocks."""
    held: list[Any] = []
    size = 0
    for block in blocks:
        held.append(block)
        size += len(jax.tree.leaves(block)[0])
        if size >= BATCH:
            yield _joined(held)
            held, size = [], 0
    if held:
        yield _joined(held)


def _joined(blocks: list[Any]) -> Any:
    return jax.tree.map(lambda *leaves: np.concatenate(leaves), *blocks)
