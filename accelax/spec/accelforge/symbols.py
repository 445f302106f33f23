"""What the names of set expressions mean in one Einsum: All, Inputs, tensors, rank variables, renames, variables."""

from __future__ import annotations

from collections.abc import Iterator

from accelax.spec.accelforge.affine import AffineError, parse_affine
from accelax.spec.accelforge.models import Collector
from accelax.spec.accelforge.scope import EvaluationError, Scope
from accelax.spec.accelforge.sets import ElementSet
from accelax.spec.accelforge.workload_models import EinsumModel, Rename, Renames, TensorAccess, Workload


def projection_of(access: TensorAccess) -> dict[str, str | int]:
    """The projection as a dict from rank to expression; a list ``[m, k]`` means ``{M: m, K: k}``."""
    if isinstance(access.projection, list):
        return {expression.upper(): expression for expression in access.projection}
    return access.projection


def ranks_of_access(access: TensorAccess) -> tuple[str, ...]:
    """The rank variables that index a tensor, in order of appearance; what can not be parsed counts for none."""
    ranks: dict[str, None] = {}
    for expression in projection_of(access).values():
        try:
            ranks.update(dict.fromkeys(rank for rank, _ in parse_affine(expression).terms))
        except AffineError:
            continue
    return tuple(ranks)


def ranks_of_einsum(einsum: EinsumModel) -> tuple[str, ...]:
    """The rank variables of an Einsum, in order of appearance."""
    return tuple(dict.fromkeys(rank for access in einsum.tensor_accesses for rank in ranks_of_access(access)))


def _renames_for(einsum: EinsumModel, renames: Renames, path: str) -> Iterator[tuple[Rename, str]]:
    """The renames that hold in an Einsum with their paths: its own, then those of ``renames``, then the defaults."""
    seen: set[str] = set()
    groups: list[tuple[list[Rename], str]] = [(einsum.renames, f"{path}.renames")]
    for wanted in (einsum.name, "default"):
        for position, entry in enumerate(renames.einsums):
            if entry.name == wanted:
                place = f"renames.einsums[{position}]"
                groups += [(entry.tensor_accesses, f"{place}.tensor_accesses")]
                groups += [(entry.rank_variables, f"{place}.rank_variables")]
    for group, place in groups:
        for rename in group:
            if rename.name not in seen:
                seen.add(rename.name)
                yield rename, f"{place}.{rename.name}"


def tensor_set(einsum: EinsumModel, bits: dict[str, float] | None = None) -> ElementSet:
    """The set of all tensors of an Einsum."""
    ranks = ranks_of_einsum(einsum)
    every_rank = ElementSet(ranks, ranks, "rank")
    names = tuple(dict.fromkeys(access.name for access in einsum.tensor_accesses))
    ranks_of = tuple((access.name, every_rank.of(ranks_of_access(access))) for access in einsum.tensor_accesses)
    return ElementSet(names, names, "tensor", ranks_of, tuple((bits or {}).items()))


def _predefined(einsum: EinsumModel, workload: Workload, bits: dict[str, float] | None) -> dict[str, ElementSet]:
    """The sets that have a name without being renamed: groups of tensors, each tensor, each rank variable."""
    everything = tensor_set(einsum, bits)
    ranks = ranks_of_einsum(einsum)
    users: dict[str, set[str]] = {}
    for other in workload.einsums:
        for access in other.tensor_accesses:
            users.setdefault(access.name, set()).add(other.name)
    read = {a.name for e in workload.einsums for a in e.tensor_accesses if not a.output}
    written = {a.name for e in workload.einsums for a in e.tensor_accesses if a.output}
    every_rank = ElementSet(ranks, ranks, "rank")
    table: dict[str, ElementSet] = {}
    for other in workload.einsums:
        table.update({rank: every_rank.of([rank]) for rank in ranks_of_einsum(other)})
    table.update({name: everything.of([name]) for name in users})
    return table | {
        "All": everything,
        "Tensors": everything,
        "Nothing": everything.of([]),
        "Above": everything.of([]),
        "Inputs": everything.of(a.name for a in einsum.tensor_accesses if not a.output),
        "Outputs": everything.of(a.name for a in einsum.tensor_accesses if a.output),
        "Intermediates": everything.of(read & written),
        "Shared": everything.of(name for name, names in users.items() if len(names) > 1),
        "Persistent": everything.of(a.name for a in einsum.tensor_accesses if a.persistent),
    }


def einsum_scope(
    einsum: EinsumModel,
    workload: Workload,
    renames: Renames,
    base: Scope,
    path: str,
    collector: Collector,
    bits: dict[str, float] | None = None,
) -> Scope:
    """The scope in which the set expressions of an Einsum are evaluated.

    ``Intermediates`` are the tensors that one Einsum of the workload writes and another reads, ``Shared`` those that
    several Einsums use. Tensors and rank variables of other Einsums are empty sets. ``base`` holds the variables, and
    ``bits`` the bits per value, once they are known.
    """
    scope = base.child(_predefined(einsum, workload, bits))
    for rename, place in _renames_for(einsum, renames, path):
        try:
            source = scope.evaluate(rename.source)
            if not isinstance(source, ElementSet):
                raise EvaluationError(f"expected a set of tensors or rank variables, got {rename.source!r}")
            if rename.expected_count is not None and len(source) != scope.number(rename.expected_count):
                raise EvaluationError(f"expected {rename.expected_count} of {rename.source!r}, got {len(source)}")
            scope.values[rename.name] = source
        except EvaluationError as error:
            collector.add(str(error), place)
    return scope
