"""The judge of searches that prove bounds: a search is run to its end next to the known optimum of a small problem.

What it must never do: state a bound above the optimum, hand out a mapping that is not in the mapspace, or fail. What is
only counted: how far the first bound is from the optimum, whether the search was done, and whether it then had the
optimum among its candidates.
"""

from __future__ import annotations

import importlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from accelax import evaluate
from accelax.encode import encode
from accelax.errors import UnsupportedError
from accelax.search.objective import Objective, exact_values, parse_objective
from accelax.spec.specification import Specification

SEARCHES = {
    "chain": ("timeloop", "accelax.search.chain", "ChainSearch"),
    "gradient": ("timeloop", "accelax.search.relaxed", "GradientSearch"),
    "exhaustive": ("timeloop", "accelax.search.exhaustive", "ExhaustiveSearch"),
    "tree": ("accelforge", "accelax.search.tree", "TreeSearch"),
}
"""Name: the dialect, and where the search is."""
TOLERANCE = 1e-9
"""Relative: what the order of floating-point operations may do to the optimum."""
MODES = ("alone", "informed", "slices")
"""Incumbents are the search's own; or the optimum is known from the start; or turns are as short as possible."""

TURN, SLICE = 0.25, 0.01
"""Seconds of a turn."""

Make = Callable[[Any, Objective], Any]


def available(dialect: str | None = None) -> dict[str, Make]:
    """The searches that can be imported, of one dialect or of both."""
    found = {}
    for name, (own, module, attribute) in SEARCHES.items():
        if dialect not in (None, own):
            continue
        try:
            found[name] = getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError):
            continue
    return found


@dataclass
class Verdict:
    """What one run of a search on one problem for one objective showed.

    ``violations`` are sentences. Bounds are parts of the optimum, the first one is that of the first turn after which
    there is any. ``missed``: the search was done without having found
    the optimum; ``refused``: why it did not take the problem.
    """

    objective: str
    mode: str
    violations: list[str] = field(default_factory=list)
    first: float = 0.0
    last: float = 0.0
    done: bool = False
    missed: bool = False
    refused: str = ""
    seconds: float = 0.0


def judge(
    make: Make, spec: Specification, objective: str, optimum: float, mode: str = "alone", seconds: float = 10.0
) -> Verdict:
    """Run a search on a problem until it is done, at most ``seconds``, and check everything that it says."""
    verdict = Verdict(objective, mode)
    run = _Run(spec, parse_objective(objective), optimum, verdict)
    begin = time.perf_counter()
    try:
        search = make(encode(spec), run.goal)
        run.look(search, "at the start")
        incumbent = optimum if mode == "informed" else math.inf
        turn = 0
        while not search.done and time.perf_counter() - begin < seconds:
            candidates = search.advance(incumbent, SLICE if mode == "slices" else TURN)
            turn += 1
            run.look(search, f"after turn {turn}")
            incumbent = min([incumbent, *(run.value(candidate) for candidate in candidates)])
            verdict.first = verdict.first or search.lower_bound / optimum
        verdict.done, verdict.last = bool(search.done), search.lower_bound / optimum
        verdict.missed = verdict.done and incumbent > optimum * (1 + TOLERANCE)
    except UnsupportedError as error:
        verdict.refused = str(error)
    except Exception as error:  # Whatever goes wrong is a finding of the judge, not its end.
        verdict.violations.append(f"{type(error).__name__}: {error}")
    verdict.seconds = time.perf_counter() - begin
    return verdict


@dataclass
class _Run:
    """One run, and where its findings go."""

    spec: Specification
    goal: Objective
    optimum: float
    verdict: Verdict

    def look(self, search: Any, when: str) -> None:
        """Check the bound as it stands."""
        bound = search.lower_bound
        if not bound <= self.optimum * (1 + TOLERANCE):
            excess = bound / self.optimum - 1
            self.verdict.violations.append(
                f"bound {bound!r} above the optimum {self.optimum!r} by {excess:.3%}, {when}"
            )

    def value(self, mapping: Any) -> float:
        """The exact value of a candidate, infinite where it does not fit; it must be in the mapspace."""
        broken = self.spec.mapspace.violations(mapping)
        if broken:
            self.verdict.violations.append(f"a candidate that is not in the mapspace: {'; '.join(broken)}")
            return math.inf
        result = evaluate(self.spec.with_mapping(mapping))
        if not result.valid:
            return math.inf
        value = exact_values(result.to_dict(), self.goal)[0]
        if value < self.optimum * (1 - TOLERANCE):
            self.verdict.violations.append(f"a candidate of {value!r}, better than the optimum {self.optimum!r}")
        return value
