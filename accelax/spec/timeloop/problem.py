"""The ``problem`` section: dimensions, bounds, coefficients and projections, as an :class:`accelax.ir.Einsum`."""

from __future__ import annotations

from dataclasses import dataclass, field

from accelax.errors import did_you_mean
from accelax.ir import Einsum, Tensor
from accelax.spec.text import Problems
from accelax.spec.timeloop.reader import Parsed, show

MAX_BOUND = 2**40


@dataclass(frozen=True)
class Workload:
    """The Einsum, and the density of each tensor that has one (a section of the file; the dense model ignores it)."""

    einsum: Einsum
    densities: dict[str, Parsed] = field(default_factory=dict)

    @property
    def bounds(self) -> dict[str, int]:
        """Rank to extent."""
        return dict(self.einsum.bounds)


def read_workload(problem: Parsed, problems: Problems) -> Workload | None:
    """Build the Einsum from a section that ``PROBLEM`` has read; None when something essential is missing."""
    shape, instance = problem["shape"], problem["instance"]
    if not isinstance(shape, Parsed) or not isinstance(instance, Parsed):
        return None
    before = len(problems)
    ranks = _ranks(shape, problems)
    bounds = _bounds(ranks, instance, problems)
    coefficients = _coefficients(shape, instance, problems)
    tensors = _tensors(shape, ranks, coefficients, problems)
    wrong = len(problems) > before
    if wrong or not tensors:
        if not wrong:
            problems.add("there are no data spaces", shape.location("data_spaces"), f"{shape.path}.data_spaces")
        return None
    name = str(shape.get("name") or "einsum")
    return Workload(Einsum(name, tuple(bounds.items()), tuple(tensors)), _densities(instance, tensors, problems))


def _ranks(shape: Parsed, problems: Problems) -> list[str]:
    """The dimension names: one letter each (a permutation is a row of letters), all different."""
    ranks = list(shape.get("dimensions") or [])
    path = f"{shape.path}.dimensions"
    for rank in ranks:
        if len(rank) != 1 or not rank.isalpha():
            problems.add(f"a dimension is named by one letter, got {rank!r}", shape.location("dimensions"), path)
        if ranks.count(rank) > 1:
            problems.add(f"dimension {rank!r} is listed twice", shape.location("dimensions"), path)
    if not ranks and shape.get("dimensions") is not None:
        problems.add("there are no dimensions", shape.location("dimensions"), path)
    return ranks


def _bounds(ranks: list[str], instance: Parsed, problems: Problems) -> dict[str, int]:
    """The extent of each dimension: every one must be given, at least 1."""
    bounds = {}
    for rank in ranks:
        value = instance.get(rank)
        path = f"{instance.path}.{rank}"
        if value is None:
            if rank not in instance:
                have = [key for key in instance if key != "densities"]
                problems.add(f"dimension {rank!r} has no size{did_you_mean(rank, have)}", instance.location(), path)
        elif not 1 <= value <= MAX_BOUND:
            problems.add(f"expected a size of 1 to {MAX_BOUND}, got {value}", instance.location(rank), path)
        bounds[rank] = value or 1
    return bounds


def _coefficients(shape: Parsed, instance: Parsed, problems: Problems) -> dict[str, int]:
    """The value of each coefficient: the instance's, or its default."""
    values = {}
    for entry in shape.get("coefficients") or []:
        name = entry["name"]
        if name is None:
            continue
        if name in values:
            problems.add(f"coefficient {name!r} is listed twice", entry.location("name"), entry.path)
        given = instance.get(name)
        values[name] = entry["default"] if given is None else given
    return values


def _tensors(shape: Parsed, ranks: list[str], coefficients: dict[str, int], problems: Problems) -> list[Tensor]:
    """The tensors with their projections, in the order of the text."""
    tensors: list[Tensor] = []
    for space in shape.get("data_spaces") or []:
        name = space["name"]
        if name is None:
            continue
        if any(name == t.name for t in tensors):
            problems.add(f"data space {name!r} is listed twice", space.location("name"), space.path)
        projection = _projection(space, ranks, coefficients, problems)
        tensors.append(Tensor(name, projection, bool(space["read_write"])))
    return tensors


def _projection(
    space: Parsed, ranks: list[str], coefficients: dict[str, int], problems: Problems
) -> tuple[tuple[tuple[str, int], ...], ...]:
    """A projection: per tensor rank a sum of terms ``[dim]`` or ``[dim, coefficient]``; ``M`` alone is ``[[M]]``."""
    path = f"{space.path}.projection"
    result = []

    def wrong(item: object, why: str) -> None:
        problems.add(f"{why}, got {show(item)}", space.location("projection"), path)

    for entry in space["projection"] or []:
        if isinstance(entry, str):
            entry = [[entry]]
        terms = []
        for term in entry if isinstance(entry, list) else [entry]:
            if not isinstance(term, list) or not 1 <= len(term) <= 2:
                wrong(term, "expected a term [dimension] or [dimension, coefficient]")
                continue
            if term[0] not in ranks:
                problems.add(
                    f"{show(term[0])} is not a dimension{did_you_mean(term[0], ranks)}",
                    space.location("projection"),
                    path,
                )
                continue
            factor = 1 if len(term) == 1 else term[1]
            factor = coefficients.get(factor, factor) if isinstance(factor, str) else factor
            if isinstance(factor, bool) or not isinstance(factor, int):
                hint = did_you_mean(factor, coefficients)
                wrong(term[1], f"expected a coefficient{hint}")
                continue
            terms.append((term[0], factor))
        result.append(tuple(terms))
    return tuple(result)


def _densities(instance: Parsed, tensors: list[Tensor], problems: Problems) -> dict[str, Parsed]:
    """Tensor to its density section; a density of an unknown tensor is a mistake."""
    densities = {}
    names = [tensor.name for tensor in tensors]
    for name, density in (instance.get("densities") or {}).items():
        if name not in names and name != "commonDensity":
            section = instance["densities"]
            problems.add(
                f"{name!r} is not a data space{did_you_mean(name, names)}", section.location(name), section.path
            )
        elif density is not None:
            densities[name] = density
    return densities
