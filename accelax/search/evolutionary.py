"""Hill climbers that mutate mappings on the device, as a searcher."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from accelax.encode.level_problem import LevelProblem
from accelax.errors import UnsupportedError
from accelax.ir import Mapping
from accelax.search.adopting import genome_of
from accelax.search.judge import Judge
from accelax.search.objective import Objective
from accelax.search.population import adopt, breed, newcomers, rehearse, select
from accelax.search.protocol import SearchState


@dataclass
class ClimbingState(SearchState):
    """The climbers, and the children that were handed out and not judged yet."""

    problem: LevelProblem | None = None
    space: Any = None
    climbers: Any = None
    children: Any = None
    first: Any = None


class Evolutionary:
    """``evolutionary``: many hill climbers side by side, for Timeloop's dialect. It proves no bound."""

    def init(self, problem: Any, objective: Objective, seed: int) -> ClimbingState:
        """Compile the step and the model, and breed the first children.

        Raises UnsupportedError in the AccelForge dialect.
        """
        if not isinstance(problem, LevelProblem):
            raise UnsupportedError("evolutionary search in the AccelForge dialect")
        begin = time.perf_counter()
        space = jax.device_put(problem.space)
        climbers, children, layout = breed(space, newcomers(problem.space, seed, len(objective)))
        table, _ = Judge(problem, objective).batch(layout)
        jax.block_until_ready(rehearse(space, climbers, children, table))
        state = ClimbingState(problem=problem, space=space, climbers=climbers, children=children, first=layout)
        state.startup_seconds = time.perf_counter() - begin
        return state

    def welcome(self, state: ClimbingState, mappings: Sequence[Mapping], scores: Any) -> None:
        """Let climbers start from mappings of another searcher; ``scores`` ``[criteria, n]`` as they are told.

        Mappings that do not belong to the problem are passed over.
        """
        assert state.problem is not None
        found = genome_of(state.problem, mappings)
        if found is not None:
            genome, places = found
            table = jnp.asarray(np.asarray(scores, dtype=float)[:, places])
            state.climbers = adopt(state.climbers, genome, table)

    def ask(self, state: ClimbingState, incumbent: float, seconds: float) -> tuple[ClimbingState, Any]:
        """The children of all climbers."""
        if state.first is not None:
            layout, state.first = state.first, None
            return state, layout
        state.climbers, state.children, layout = breed(state.space, state.climbers)
        return state, layout

    def tell(self, state: ClimbingState, candidates: Any, scores: Any) -> ClimbingState:
        """Move the climbers."""
        state.climbers = select(state.climbers, state.children, scores)
        return state
