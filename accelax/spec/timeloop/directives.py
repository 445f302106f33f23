"""What a specification says about the mapping at one node: factors, orders, what is kept. Parsing and joining.

The constraints inside a node, the entries of ``constraints.targets`` and those of ``mapping`` are the same objects;
all that concern one node are joined, and two that contradict each other are a mistake.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from accelax.errors import Location, did_you_mean
from accelax.spec.text import Problems
from accelax.spec.timeloop.problem import Workload
from accelax.spec.timeloop.reader import Parsed, show

_FACTOR = re.compile(r"\s*([A-Za-z]\w*)\s*(<=|>=|=)\s*([0-9]+)(?:\s*,\s*([0-9]+))?\s*,?")


@dataclass(frozen=True)
class Factor:
    """``X=n``, ``X<=n``, ``X>=n`` or ``X=n,r``; ``value`` is already the full bound where 0 was written."""

    rank: str
    operator: str
    value: int
    residual: int | None = None
    location: Location | None = field(default=None, compare=False)
    path: str = field(default="", compare=False)

    def __str__(self) -> str:
        tail = "" if self.residual is None else f",{self.residual}"
        return f"{self.rank}{self.operator}{self.value}{tail}"


@dataclass
class Iteration:
    """The loops of one node, temporal or spatial, as far as they are given. ``permutation`` is innermost first."""

    factors: list[Factor] = field(default_factory=list)
    permutation: list[str] = field(default_factory=list)
    default_max_factor: int | None = None
    default_min_factor: int | None = None
    remainders: int | None = None
    split: int | None = None
    no_reuse: list[str] = field(default_factory=list)
    no_link_transfer: list[str] = field(default_factory=list)
    rmw_first_update: list[str] = field(default_factory=list)
    factors_only: list[Factor] | None = None
    no_iteration_over: list[str] | None = None
    must_iterate_over: list[str] | None = None
    maximize: list[list[str]] | None = None
    maximize_capacity: int | None = None
    maximize_evenly: bool | None = None
    location: Location | None = None
    path: str = ""

    def exact(self) -> dict[str, Factor]:
        """The factors that are fixed, by rank."""
        return {f.rank: f for f in self.factors if f.operator == "="}


@dataclass
class Residence:
    """Which tensors a node keeps. ``keep`` and ``bypass`` are disjoint; a tensor in neither is free."""

    keep: list[str] = field(default_factory=list)
    bypass: list[str] = field(default_factory=list)
    no_coalesce: list[str] = field(default_factory=list)
    location: Location | None = None
    path: str = ""


@dataclass
class Directives:
    """Everything about the mapping at one node."""

    spatial: Iteration = field(default_factory=Iteration)
    temporal: Iteration = field(default_factory=Iteration)
    residence: Residence = field(default_factory=Residence)
    utilization_minimum: float = 0.0


def parse_factors(
    written: object, workload: Workload, location: Location | None, path: str, problems: Problems
) -> list[Factor]:
    """Parse a list of factors, or a string of them separated by commas or blanks.

    ``0`` means the full bound. Raises nothing: mistakes go to ``problems``.
    """
    items = [written] if isinstance(written, str) else list(written) if isinstance(written, list) else []
    factors: list[Factor] = []
    for item in items:
        text = "".join(str(part) for part in item) if isinstance(item, list) else str(item)
        text = text.split("#")[0].strip()
        position = 0
        while position < len(text):
            match = _FACTOR.match(text, position)
            if match is None:
                hint = " (quote 'X=4,2' as a whole)" if text.isdigit() else ""
                problems.add(
                    f"expected factors like X=4, X<=4, X>=4 or 'X=4,2', got {show(text)}{hint}", location, path
                )
                break
            position = match.end()
            factor = _factor(match, workload, location, path, problems)
            if factor is not None:
                factors.append(factor)
    return factors


def _factor(
    match: re.Match[str], workload: Workload, location: Location | None, path: str, problems: Problems
) -> Factor | None:
    """Check one matched factor against the problem."""
    rank, operator = match[1], match[2]
    bounds = workload.bounds
    if rank not in bounds:
        problems.add(f"{rank!r} is not a dimension of the problem{did_you_mean(rank, bounds)}", location, path)
        return None
    if len(match[3]) > 15 or len(match[4] or "") > 15:
        problems.add(f"the factor of {rank!r} is too large", location, path)
        return None
    value = int(match[3]) or bounds[rank]
    residual = None if match[4] is None else int(match[4])
    if residual is not None and (not 1 <= residual <= value or operator != "="):
        problems.add(f"in {match[0].strip()!r} the last iteration must have 1 to {value} steps", location, path)
        return None
    if residual == value:
        residual = None
    return Factor(rank, operator, value, residual, location, path)


def parse_permutation(section: Parsed, workload: Workload, problems: Problems) -> list[str]:
    """A permutation, innermost first: a list, or a string of letters, with or without commas. ``_`` is the rest."""
    written = section.get("permutation") or []
    location, path = section.location("permutation"), f"{section.path}.permutation"
    if isinstance(written, str):
        written = [part.strip() for part in written.split(",")] if "," in written else list(written)
    ranks = [str(part) for part in written if str(part).strip()]
    known = [*workload.einsum.ranks, "_"]
    for rank in ranks:
        if rank not in known:
            problems.add(f"{rank!r} is not a dimension of the problem{did_you_mean(rank, known[:-1])}", location, path)
        elif ranks.count(rank) > 1:
            problems.add(f"dimension {rank!r} is listed twice", location, path)
    return [rank for rank in dict.fromkeys(ranks) if rank in known]


def parse_tensors(section: Parsed, key: str, workload: Workload, problems: Problems) -> list[str] | None:
    """A list of data spaces; ``*`` is all of them. None when the key is not given."""
    names = section.get(key)
    if names is None:
        return None
    known = list(workload.einsum.tensor_names)
    found = []
    for name in names:
        if name == "*":
            found += known
        elif name in known:
            found.append(name)
        else:
            problems.add(
                f"{name!r} is not a data space of the problem{did_you_mean(name, known)}",
                section.location(key),
                f"{section.path}.{key}",
            )
    return list(dict.fromkeys(found))


def parse_iteration(section: Parsed, workload: Workload, problems: Problems) -> Iteration:
    """Turn a section read by ``SPATIAL`` or ``TEMPORAL`` into an :class:`Iteration`."""

    def factors(key: str) -> list[Factor]:
        return parse_factors(section.get(key), workload, section.location(key), f"{section.path}.{key}", problems)

    def tensors(key: str) -> list[str]:
        return parse_tensors(section, key, workload, problems) or []

    iteration = Iteration(
        factors("factors"),
        parse_permutation(section, workload, problems),
        section["default_max_factor"],
        section["default_min_factor"],
        section["remainders"],
        section.get("split"),
        tensors("no_reuse"),
        tensors("no_link_transfer"),
        tensors("rmw_first_update"),
        None if section["factors_only"] is None else factors("factors_only"),
        parse_tensors(section, "no_iteration_over_dataspaces", workload, problems),
        parse_tensors(section, "must_iterate_over_dataspaces", workload, problems),
        _maximize(section, workload, problems),
        section["maximize_dims_capacity"],
        section["maximize_dims_evenly"],
        section.location(),
        section.path,
    )
    add_factors(Iteration(location=iteration.location, path=iteration.path), iteration.factors, problems)
    return iteration


def _maximize(section: Parsed, workload: Workload, problems: Problems) -> list[list[str]] | None:
    """``maximize_dims`` as a list of lists; a flat list is one list."""
    written = section["maximize_dims"]
    if not written:
        return None
    groups = [written] if all(isinstance(item, str) for item in written) else written
    location, path = section.location("maximize_dims"), f"{section.path}.maximize_dims"
    for group in groups:
        if not isinstance(group, list):
            problems.add(f"expected a list of dimensions or a list of lists, got {show(group)}", location, path)
            return None
        for rank in group:
            if rank not in workload.bounds:
                hint = did_you_mean(rank, workload.bounds)
                problems.add(f"cannot maximize {rank!r}: not a dimension of the problem{hint}", location, path)
                return None
    return groups


def parse_residence(section: Parsed, workload: Workload, problems: Problems) -> Residence:
    """Turn a section read by ``DATASPACE`` into a :class:`Residence`.

    ``keep_only`` bypasses all other tensors, ``bypass_only`` keeps all others.
    """
    residence = Residence(location=section.location(), path=section.path)
    everything = list(workload.einsum.tensor_names)

    def put(keep: list[str], bypass: list[str]) -> None:
        join_residence(residence, Residence(keep, bypass, [], section.location(), section.path), problems)

    for key in ("keep", "bypass"):
        names = parse_tensors(section, key, workload, problems) or []
        put(names, []) if key == "keep" else put([], names)
    residence.no_coalesce = parse_tensors(section, "no_coalesce", workload, problems) or []
    kept = parse_tensors(section, "keep_only", workload, problems)
    if kept is not None:
        put(kept, [name for name in everything if name not in kept])
    bypassed = parse_tensors(section, "bypass_only", workload, problems)
    if bypassed is not None:
        put([name for name in everything if name not in bypassed], bypassed)
    return residence


def add_factors(iteration: Iteration, factors: list[Factor], problems: Problems) -> None:
    """Add factors; one that contradicts an earlier one of the same rank is a mistake.

    ``X>=a`` goes with ``X<=b``, and equal numbers go together whatever the operators.
    """
    for factor in factors:
        for other in iteration.factors:
            same = factor.value == other.value and factor.residual == other.residual
            both_sides = {factor.operator, other.operator} == {"<=", ">="}
            if factor.rank == other.rank and not same and not both_sides:
                problems.add(
                    f"conflicting factors {factor} and {other}" + (f" ({other.location})" if other.location else ""),
                    factor.location or iteration.location,
                    factor.path or iteration.path,
                )
                break
        else:
            if factor not in iteration.factors:
                iteration.factors.append(factor)


def join_iteration(mine: Iteration, other: Iteration, problems: Problems) -> None:
    """Join ``other`` into ``mine``: factors are collected, everything else must agree where both give it.

    An empty list gives nothing, except in ``factors_only``, where it says that every rank is 1.
    """
    add_factors(mine, other.factors, problems)
    for name in (
        "permutation", "default_max_factor", "default_min_factor", "remainders", "split", "no_iteration_over",
        "must_iterate_over", "maximize", "maximize_capacity", "maximize_evenly", "factors_only",
    ):  # fmt: skip
        absent = (None,) if name == "factors_only" else (None, [])
        ours, theirs = getattr(mine, name), getattr(other, name)
        if theirs in absent:
            continue
        if ours not in absent and ours != theirs:
            problems.add(f"two values of {name}: {ours} and {theirs}", other.location, f"{other.path}.{name}")
        setattr(mine, name, theirs)
    for name in ("no_reuse", "no_link_transfer", "rmw_first_update"):
        setattr(mine, name, list(dict.fromkeys(getattr(mine, name) + getattr(other, name))))
    mine.location, mine.path = mine.location or other.location, mine.path or other.path


def join_residence(mine: Residence, other: Residence, problems: Problems) -> None:
    """Join ``other`` into ``mine``; a tensor that one keeps and the other bypasses is a mistake."""
    keep, bypass = dict.fromkeys(mine.keep + other.keep), dict.fromkeys(mine.bypass + other.bypass)
    for name in keep:
        if name in bypass:
            problems.add(
                f"{name!r} is both kept and bypassed", other.location or mine.location, other.path or mine.path
            )
    mine.keep, mine.bypass = list(keep), [name for name in bypass if name not in keep]
    mine.no_coalesce = list(dict.fromkeys(mine.no_coalesce + other.no_coalesce))
    mine.location, mine.path = mine.location or other.location, mine.path or other.path
