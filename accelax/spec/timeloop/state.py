"""Everything a specification means, computed from its raw text in one pass."""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from dataclasses import dataclass
from typing import Any

from accelax.errors import AccelaxError, SpecError, UnsupportedError, did_you_mean
from accelax.ir import Rules
from accelax.ir.level_machine import LevelMachine
from accelax.spec.text import (
    Problems,
    SourceDict,
    key_location_of,
    location_of,
)
from accelax.spec.timeloop.architecture import Architecture, Unread, check_last, leaves_in_order, read_architecture
from accelax.spec.timeloop.attach import collect_directives, read_constraint_list, settle
from accelax.spec.timeloop.chain import Chain, walk
from accelax.spec.timeloop.constraints import check_owners
from accelax.spec.timeloop.directives import Directives
from accelax.spec.timeloop.environment import rules_from_environment
from accelax.spec.timeloop.machine import build_machine
from accelax.spec.timeloop.problem import Workload, read_workload
from accelax.spec.timeloop.reader import Parsed, Reader, Scope
from accelax.spec.timeloop.schema import (
    AREA_TABLES,
    COMPONENTS,
    ENERGY_TABLES,
    GLOBALS,
    MAPPER,
    MAPSPACE,
    PROBLEM,
    SPARSE,
    TOP_KEYS,
    TOP_PARTIAL,
    VERSION,
)
from accelax.spec.timeloop.tables import read_tables
from accelax.spec.timeloop.variables import read_variables

UNSUPPORTED_TOP = ("layout",)
METRICS = ("delay", "energy", "edp", "last_level_accesses")


def section_name(key: str) -> str:
    """The section that a top-level key stands for.

    >>> section_name("architecture_constraints"), section_name("ERT"), section_name("x_ignore_mapping")
    ('constraints', 'ERT', 'x_ignore_mapping')
    """
    if key in TOP_KEYS or "ignore" in key:
        return key
    return next((name for name in TOP_PARTIAL if name in key), key)


@dataclass
class State:
    """A specification after reading. ``sections`` holds every top-level section by name."""

    sections: dict[str, Any]
    architecture: Architecture
    workload: Workload
    directives: dict[str, Directives]
    chain: Chain
    machine: LevelMachine
    rules: Rules | None
    """None when a switch of the environment is not supported."""
    objectives: tuple[str, ...]
    refusals: list[UnsupportedError]
    priced: Any = None
    """Its :class:`accelax.spec.timeloop.priced_machine.PricedMachine`, once asked for."""


def read_state(raw: SourceDict) -> State:
    """Read a whole specification.

    Raises:
        SpecError: with every problem found.
    """
    problems = Problems()
    reader = Reader(problems)
    names: dict[str, Any] = {}
    scope = Scope({"spec": names})
    refusals: list[UnsupportedError] = []
    _check_top(raw, problems, refusals)
    sections = names
    lazy = read_variables(raw, reader, scope, sections)
    scope = Scope(lazy, Scope({"variables": lazy}, scope))
    _read_sections(raw, reader, scope, sections, refusals)
    workload = read_workload(sections["problem"], problems) if isinstance(sections.get("problem"), Parsed) else None
    architecture = read_architecture(raw.get("architecture"), reader, scope, names, location_of(raw, "architecture"))
    if raw.get("architecture") is not None:
        check_last(architecture, problems)
    listed = _listed(raw, reader, scope, refusals)
    if workload is None or any(isinstance(leaf, Unread) for leaf in architecture.leaves.values()):
        raise _cannot_go_on(problems, refusals)
    directives = collect_directives(architecture, listed, workload, problems)
    _attach_sparse(sections, architecture, problems)
    problems.raise_if_any()
    try:
        settle(architecture, directives, workload, problems)
    except UnsupportedError as error:
        refusals.append(error)
    state = _lower(sections, architecture, workload, directives, problems, refusals)
    problems.raise_if_any()
    return state


def _read_sections(
    raw: SourceDict, reader: Reader, scope: Scope, sections: dict[str, Any], refusals: list[UnsupportedError]
) -> None:
    """Read every section that a table describes into ``sections``; lists of constraints are put there as they are."""
    sections |= {name: raw[name] for name in ("mapping", "constraints") if raw.get(name) is not None}
    for name, table in (
        ("globals", GLOBALS), ("problem", PROBLEM), ("mapper", MAPPER), ("mapspace", MAPSPACE),
        ("components", COMPONENTS), ("ERT", ENERGY_TABLES), ("ART", AREA_TABLES), ("sparse_optimizations", SPARSE),
    ):  # fmt: skip
        given = raw.get(name)
        if given is None and name == "problem":
            continue
        place = location_of(raw, name)
        if name == "components" and isinstance(given, list):
            given = {"classes": given}
        try:
            sections[name] = reader.section(table, {} if given is None else given, name, scope, place)
        except UnsupportedError as error:
            refusals.append(error)


def _cannot_go_on(problems: Problems, refusals: list[UnsupportedError]) -> AccelaxError:
    """What to raise when the problem or a node could not be read: the mistakes, or else what is not supported."""
    if problems:
        return SpecError(problems.items)
    return refusals[0] if refusals else SpecError("the problem and the architecture cannot be read")


def _check_top(raw: SourceDict, problems: Problems, refusals: list[UnsupportedError]) -> None:
    """Every top-level key must be known; the architecture and the problem must be there."""
    for key in raw:
        if not isinstance(key, str) or "ignore" in key or key in TOP_KEYS:
            continue
        if key in UNSUPPORTED_TOP:
            refusals.append(UnsupportedError(f"the section {key!r}", key_location_of(raw, key), key))
        else:
            problems.add(f"unknown section {key!r}{did_you_mean(key, TOP_KEYS)}", key_location_of(raw, key), key)
    for key in ("architecture", "problem"):
        if raw.get(key) is None:
            problems.add(f"the section {key!r} is missing", location_of(raw), key)
    if raw.get("processors"):
        refusals.append(UnsupportedError("processors of the user", location_of(raw, "processors"), "processors"))


def _listed(raw: SourceDict, reader: Reader, scope: Scope, refusals: list[UnsupportedError]) -> list[Parsed]:
    """The constraints of ``constraints.targets`` and of ``mapping``."""
    listed: list[Parsed] = []
    constraints = raw.get("constraints")
    if isinstance(constraints, MappingABC):
        for key in constraints:
            if key not in ("version", "targets") and "ignore" not in str(key):
                hint = did_you_mean(key, ("version", "targets"))
                place = key_location_of(constraints, key)
                reader.problems.add(f"unknown key {key!r}{hint}", place, f"constraints.{key}")
        if "version" in constraints:
            place = location_of(constraints, "version")
            reader.value(VERSION.kind, constraints["version"], "constraints.version", place, scope)
        constraints, path = constraints.get("targets"), "constraints.targets"
    else:
        path = "constraints"
    for given, where in ((constraints, path), (raw.get("mapping"), "mapping")):
        try:
            listed += read_constraint_list(given, where, reader, scope)
        except UnsupportedError as error:
            refusals.append(error)
    return listed


def _attach_sparse(sections: dict[str, Any], architecture: Architecture, problems: Problems) -> None:
    """Bring listed sparse optimizations to their nodes."""
    leaves = {leaf["name"]: leaf for leaf, _ in leaves_in_order(architecture.root["nodes"])}
    sparse = sections.get("sparse_optimizations")
    for group in (sparse.get("targets") if isinstance(sparse, Parsed) else None) or []:
        target = group["target"]
        if target not in leaves:
            problems.add(
                f"the target {target!r} is not a node of the architecture{did_you_mean(target, leaves)}",
                group.location("target"),
                f"{group.path}.target",
            )
            continue
        mine = leaves[target]["sparse_optimizations"]
        for key in ("action_optimization", "compute_optimization"):
            mine[key] = [*(mine.get(key) or []), *(group[key] or [])]
        if (group["representation_format"] or {}).get("data_spaces"):
            mine["representation_format"] = group["representation_format"]


def sparse_refusal(architecture: Architecture) -> UnsupportedError | None:
    """What to raise when some node has a sparse optimization; densities alone are evaluated as dense."""
    for leaf, _ in leaves_in_order(architecture.root["nodes"]):
        group = leaf["sparse_optimizations"]
        formats = (group.get("representation_format") or {}).get("data_spaces")
        if group.get("action_optimization") or group.get("compute_optimization") or formats:
            return UnsupportedError(
                f"sparse optimizations (at {leaf['name']!r})", leaf.location("sparse_optimizations"), group.path
            )
    return None


def _lower(
    sections: dict[str, Any],
    architecture: Architecture,
    workload: Workload,
    directives: dict[str, Directives],
    problems: Problems,
    refusals: list[UnsupportedError],
) -> State:
    """Lower the tree to the machine; refusals are kept for :meth:`lowered`, so that reading reports mistakes first."""
    variables = sections["variables"]
    settings = sections["globals"]
    assert isinstance(variables, Parsed)
    chain, machine, rules = Chain(), None, None
    try:
        chain = walk(architecture, variables, problems)
        tables = read_tables(sections.get("ERT"), sections.get("ART"))  # type: ignore[arg-type]
        machine = build_machine(chain, tables, workload, problems)
        check_owners(chain, directives, problems)
    except UnsupportedError as error:
        refusals.append(error)
    if isinstance(settings, Parsed):
        if settings["expression_custom_functions"]:
            refusals.append(
                UnsupportedError(
                    "functions from Python files", settings.location("expression_custom_functions"), settings.path
                )
            )
        try:
            rules = rules_from_environment(settings["environment_variables"])
        except UnsupportedError as error:
            refusals.append(error)
    refused = sparse_refusal(architecture)
    if refused is not None:
        refusals.append(refused)
    objectives = _objectives(sections["mapper"], problems, refusals)
    return State(sections, architecture, workload, directives, chain, machine, rules, objectives, refusals)  # type: ignore[arg-type]


def _objectives(mapper: Parsed, problems: Problems, refusals: list[UnsupportedError]) -> tuple[str, ...]:
    """The metrics of the mapper section, with underscores."""
    found = []
    for key in ("optimization_metrics", "optimization_metric"):
        given = mapper[key] or []
        for name in given.replace(",", " ").split() if isinstance(given, str) else given:
            metric = name.replace("-", "_")
            if metric in METRICS:
                found.append(metric)
            elif metric.startswith("accesses_") or metric == "ordered_accesses":
                refusals.append(UnsupportedError(f"the metric {name!r}", mapper.location(key), f"mapper.{key}"))
            else:
                hint = did_you_mean(metric, METRICS)
                problems.add(f"unknown metric {name!r}{hint}", mapper.location(key), f"mapper.{key}")
    return tuple(dict.fromkeys(found)) or ("edp",)
