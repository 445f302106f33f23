"""Random sampling of the mapspace, in batches."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax

from accelax.encode.level_genome import draw, express
from accelax.encode.level_mapspace import Layout, LevelSpace
from accelax.encode.level_problem import LevelProblem
from accelax.search.judge import Judge
from accelax.search.objective import Objective
from accelax.search.protocol import SearchState

LEVEL_BATCH, TREE_BATCH = 8192, 4096


@dataclass
class SamplingState(SearchState):
    """The problem, the next key, and the batch that was drawn first."""

    problem: Any = None
    space: Any = None
    key: Any = None
    first: Any = None


class Sampling:
    """``random``: independent mappings that obey the constraints, each choice drawn evenly."""

    def init(self, problem: Any, objective: Objective, seed: int) -> SamplingState:
        """Compile the model and draw the first batch."""
        begin = time.perf_counter()
        space = jax.device_put(problem.space) if isinstance(problem, LevelProblem) else None
        state = SamplingState(problem=problem, space=space, key=jax.random.key(seed, impl="rbg"))
        state.first = self._draw(state)
        jax.block_until_ready(Judge(problem, objective).batch(state.first))
        state.startup_seconds = time.perf_counter() - begin
        return state

    def ask(self, state: SamplingState, incumbent: float, seconds: float) -> tuple[SamplingState, Any]:
        """The next batch."""
        if state.first is not None:
            batch, state.first = state.first, None
            return state, batch
        return state, self._draw(state)

    def _draw(self, state: SamplingState) -> Any:
        state.key, own = jax.random.split(state.key)
        if state.space is None:
            return state.problem.sample(own, TREE_BATCH)
        return _draw(state.space, own, LEVEL_BATCH)

    def tell(self, state: SamplingState, candidates: Any, scores: Any) -> SamplingState:
        """Every batch is independent of all before."""
        return state


@partial(jax.jit, static_argnames="n")
def _draw(space: LevelSpace, key: jax.Array, n: int) -> Layout:
    return express(space, draw(space, key, n))
