"""From a state to the IR."""

from __future__ import annotations

from accelax.ir import LevelConstraints, LoweredLevels, Mapping, Rules
from accelax.spec.text import Problems, SourceDict, location_of
from accelax.spec.timeloop.constraints import level_constraints, level_reuse
from accelax.spec.timeloop.directives import Factor
from accelax.spec.timeloop.loops import build_mapping, fold_mistakes, level_loops, report_fold
from accelax.spec.timeloop.state import State


def lower_state(
    state: State, rules: Rules | None, where: SourceDict, replacement: Mapping | None = None, partial: bool = False
) -> LoweredLevels:
    """The IR of a state. A ``replacement`` stands for the mapping and all constraints on it.

    With ``partial`` a ``mapping`` that does not make the bounds is no mistake; the result then has none.

    Raises:
        UnsupportedError: a feature that was recognized and is not supported.
        SpecError: a ``mapping`` whose factors do not make the bounds.
    """
    if state.refusals:
        raise state.refusals[0]
    chain, directives, workload = state.chain, state.directives, state.workload
    reuse = tuple(level_reuse(place, directives) for place in chain.levels)
    rules = rules or state.rules or Rules.timeloop()
    if replacement is not None:
        free = tuple(LevelConstraints() for _ in chain.levels)
        return LoweredLevels(workload.einsum, state.machine, free, reuse, replacement, rules)
    loops = level_loops(chain, directives, workload)
    mapping = None
    mistakes = fold_mistakes(loops, workload)
    if not mistakes:
        mapping = build_mapping(loops, chain, directives, workload)
    elif not partial and _is_meant_complete(where, mistakes):
        problems = Problems()
        report_fold(loops, workload, problems, location_of(where, "mapping"))
        problems.raise_if_any()
    section = state.sections["mapspace"]
    ruby = isinstance(section, dict) and section["template"] == "ruby"
    return LoweredLevels(
        workload.einsum,
        state.machine,
        tuple(level_constraints(place, directives, workload, ruby) for place in chain.levels),
        reuse,
        mapping,
        rules,
    )


def _is_meant_complete(raw: SourceDict, mistakes: list[tuple[str, int, int, Factor | None]]) -> bool:
    """Whether factors that miss the bounds are a mistake: there is a ``mapping`` that no mapper could complete."""
    if not raw.get("mapping"):
        return False
    return raw.get("mapper") is None or any(extent > bound for _, extent, bound, _ in mistakes)
