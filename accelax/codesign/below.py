"""Rules under which no mapping costs more: the search and its bounds use them where the rules asked for are harder."""

from __future__ import annotations

from dataclasses import replace

from accelax.encode import encode_lowered
from accelax.encode.level_problem import LevelProblem
from accelax.ir import Rules


def rules_below(rules: Rules) -> Rules:
    """``rules`` with first fills left out, and the halo of today's Timeloop instead of that before pull request 297.

    A first fill that is not counted saves energy and time. Before 297, a step along a loop that does not move a
    sliding tensor ended the overlap of its tiles: what today's rule fills in parts was filled whole. So a bound under
    these rules is one under ``rules``, and the best mappings of one are good under the other; their price is always
    that under ``rules``.

    >>> rules_below(Rules(halo="timeloop_pre297", first_fill_elision=False)) == Rules()
    True
    """
    halo = "timeloop" if rules.halo == "timeloop_pre297" else rules.halo
    return replace(rules, halo=halo, first_fill_elision=True)


def problem_below(problem: LevelProblem) -> LevelProblem:
    """``problem`` under :func:`rules_below`; the same object where that changes nothing."""
    lowered = problem.lowered
    rules = rules_below(lowered.rules)
    return problem if rules == lowered.rules else encode_lowered(replace(lowered, rules=rules))
