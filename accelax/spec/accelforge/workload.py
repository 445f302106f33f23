"""From the ``workload`` section to :class:`accelax.ir.Einsum`: bounds, projections, bits, and scopes."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from accelax.errors import UnsupportedError
from accelax.ir.workload import Einsum, Tensor, Term
from accelax.spec.accelforge.affine import Affine, AffineError, parse_affine, parse_inequalities
from accelax.spec.accelforge.bounds import EmptySpaceError, UnboundedError, extents
from accelax.spec.accelforge.models import Collector
from accelax.spec.accelforge.scope import EvaluationError, Scope, by_tensor
from accelax.spec.accelforge.symbols import einsum_scope, projection_of, ranks_of_einsum, tensor_set
from accelax.spec.accelforge.workload_models import EinsumModel, Renames, TensorAccess, Workload

_WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass
class ScopedEinsum:
    """An Einsum of the IR and the scope in which set expressions about it are evaluated."""

    einsum: Einsum
    scope: Scope


def lower_workload(workload: Workload, renames: Renames, base: Scope, collector: Collector) -> list[ScopedEinsum]:
    """Lower every Einsum, in order. Problems go to ``collector``; an Einsum with problems is left out.

    Raises UnsupportedError for copy Einsums and for projections and iteration spaces that are not handled.
    """
    _check_names(workload, collector)
    lowered = []
    for position, einsum in enumerate(workload.einsums):
        found = _lower_einsum(einsum, workload, renames, base, f"workload.einsums[{position}]", collector)
        if found is not None:
            lowered.append(found)
    _check_bits_agree([found.einsum for found in lowered], collector)
    return lowered


def _check_names(workload: Workload, collector: Collector) -> None:
    """Einsum names are unique, and a tensor has the same ranks wherever it appears."""
    seen: set[str] = set()
    ranks: dict[str, tuple[str, ...]] = {}
    if not workload.einsums:
        collector.add("the workload has no Einsum", "workload.einsums")
    for position, einsum in enumerate(workload.einsums):
        path = f"workload.einsums[{position}]"
        if einsum.name in seen or einsum.name == "Total":
            what = "reserved" if einsum.name == "Total" else "not unique"
            collector.add(f"the name {einsum.name!r} of an Einsum is {what}", path)
        seen.add(einsum.name)
        if not einsum.tensor_accesses:
            collector.add(f"the Einsum {einsum.name!r} accesses no tensor", path)
        for access in einsum.tensor_accesses:
            mine = tuple(projection_of(access))
            if sorted(ranks.setdefault(access.name, mine)) != sorted(mine):
                known = ", ".join(ranks[access.name])
                message = f"the tensor {access.name!r} has the ranks {', '.join(mine)} here and {known} elsewhere"
                collector.add(message, path)


def _lower_einsum(
    einsum: EinsumModel, workload: Workload, renames: Renames, base: Scope, path: str, collector: Collector
) -> ScopedEinsum | None:
    """One Einsum with its scope, or None when it has problems."""
    known = collector.noted
    scope = einsum_scope(einsum, workload, renames, base, path, collector)
    if _truth(scope, einsum.is_copy_operation, f"{path}.is_copy_operation", collector):
        raise UnsupportedError("a copy Einsum", collector.sources.location(path), path)
    bits = _bits_per_value(einsum, workload, scope, path, collector)
    bounds = _bounds(einsum, workload, scope, path, collector)
    persistent = _persistent(einsum, workload, scope, collector)
    tensors = tuple(
        Tensor(
            access.name,
            _projection(access, f"{path}.tensor_accesses[{position}]", collector),
            access.output,
            bits.get(access.name),
            access.name in persistent,
        )
        for position, access in enumerate(einsum.tensor_accesses)
        if access.backing_storage_size_scale == 1.0 or _refuse_scale(path, collector)
    )
    instances = 1
    try:
        instances = scope.integer(einsum.n_instances)
    except EvaluationError as error:
        collector.add(str(error), f"{path}.n_instances")
    if collector.noted > known:
        return None
    scope = einsum_scope(einsum, workload, renames, base, path, collector, bits)
    scope.values["Persistent"] = tensor_set(einsum, bits).of(persistent)
    lowered = Einsum(einsum.name, tuple(bounds.items()), tensors, instances)
    return ScopedEinsum(lowered, scope)


def _refuse_scale(path: str, collector: Collector) -> bool:
    raise UnsupportedError("backing_storage_size_scale", collector.sources.location(path), path)


def _truth(scope: Scope, value: object, path: str, collector: Collector) -> bool:
    try:
        return scope.truth(value)
    except EvaluationError as error:
        collector.add(str(error), path)
        return False


def _projection(access: TensorAccess, path: str, collector: Collector) -> tuple[tuple[Term, ...], ...]:
    """The terms of each index. Offsets and negative coefficients are refused: tile sizes would be wrong."""
    indices = []
    for rank, expression in projection_of(access).items():
        place = f"{path}.projection.{rank}"
        try:
            index = parse_affine(expression)
        except AffineError as error:
            collector.add(str(error), place)
            continue
        if index.constant:
            raise UnsupportedError("a constant offset in a projection", collector.sources.location(place), place)
        if any(coefficient < 0 for _, coefficient in index.terms):
            raise UnsupportedError("a negative coefficient in a projection", collector.sources.location(place), place)
        indices.append(index.terms)
    return tuple(indices)


def _bounds(einsum: EinsumModel, workload: Workload, scope: Scope, path: str, collector: Collector) -> dict[str, int]:
    """The bounding box of ``0 <= projection < rank_size`` and the iteration space."""
    ranks = ranks_of_einsum(einsum)
    inequalities = _inequalities(einsum, workload, scope, path, collector)
    for position, access in enumerate(einsum.tensor_accesses):
        for rank, expression in projection_of(access).items():
            where = f"{path}.rank_sizes" if rank in einsum.rank_sizes else "workload.rank_sizes"
            sizes = einsum.rank_sizes if rank in einsum.rank_sizes else workload.rank_sizes
            if rank not in sizes:
                continue
            try:
                size = scope.integer(sizes[rank])
                index = parse_affine(expression)
                inequalities += [index, index.scaled(-1) + Affine((), size - 1)]
            except EvaluationError as error:
                collector.add(str(error), f"{where}.{rank}")
            except AffineError as error:
                collector.add(str(error), f"{path}.tensor_accesses[{position}].projection.{rank}")
    try:
        return extents(ranks, inequalities)
    except UnboundedError as error:
        hint = f"give rank_sizes.{error.rank.upper()} or '0 <= {error.rank} < N' in iteration_space_shape"
        collector.add(f"{error}; {hint}", path)
    except (EmptySpaceError, ValueError) as error:
        collector.add(str(error), path)
    except UnsupportedError as error:
        raise UnsupportedError(error.feature, collector.sources.location(path), path) from None
    return {}


def _inequalities(
    einsum: EinsumModel, workload: Workload, scope: Scope, path: str, collector: Collector
) -> list[Affine]:
    """The inequalities that are written out, those of the workload for ranks of this Einsum included."""
    ranks = ranks_of_einsum(einsum)
    written = [(f"{path}.iteration_space_shape[{i}]", text) for i, text in enumerate(einsum.iteration_space_shape)]
    for rank, text in workload.iteration_space_shape.items():
        if rank in ranks:
            written.append((f"workload.iteration_space_shape.{rank}", text))
    found: list[Affine] = []
    for place, text in written:
        try:
            words = set(_WORD.findall(text)) - set(ranks)
            constants = {word: scope.evaluate(word) for word in words if word in scope.pending or word in scope.values}
            numbers = {name: value for name, value in constants.items() if isinstance(value, (int, float))}
            inequalities = parse_inequalities(text, numbers)
            unknown = sorted({r for i in inequalities for r, _ in i.terms} - set(ranks))
            if unknown:
                raise AffineError(f"{', '.join(unknown)} in {text!r} is no rank variable of {einsum.name!r}")
            found.extend(inequalities)
        except (AffineError, EvaluationError) as error:
            collector.add(str(error), place)
    return found


def _bits_per_value(
    einsum: EinsumModel, workload: Workload, scope: Scope, path: str, collector: Collector
) -> dict[str, float]:
    """Bits of each tensor: its own, else those of the workload's set expressions, which may not overlap."""

    def report(message: str, key: str) -> None:
        collector.add(message, f"workload.bits_per_value.{key}")

    shared = by_tensor(workload.bits_per_value, scope, tensor_set(einsum), report)
    bits: dict[str, float] = {}
    for position, access in enumerate(einsum.tensor_accesses):
        own = access.bits_per_value is not None
        place = f"{path}.tensor_accesses[{position}].bits_per_value" if own else "workload.bits_per_value"
        value = access.bits_per_value if own else shared.get(access.name)
        if value is None:
            collector.add(f"the tensor {access.name!r} of {einsum.name!r} has no bits per value", place)
            continue
        try:
            bits[access.name] = scope.number(value)
            if not 0 < bits[access.name] < math.inf:
                raise EvaluationError(f"expected a positive number of bits for {access.name!r}, got {value!r}")
        except EvaluationError as error:
            collector.add(str(error), place)
    return bits


def _persistent(einsum: EinsumModel, workload: Workload, scope: Scope, collector: Collector) -> set[str]:
    """The tensors that stay in their backing storage all the time."""
    names = {access.name for access in einsum.tensor_accesses if access.persistent}
    if workload.persistent_tensors is not None:
        try:
            names |= set(scope.set_of(workload.persistent_tensors))
        except EvaluationError as error:
            collector.add(str(error), "workload.persistent_tensors")
    return names


def _check_bits_agree(einsums: list[Einsum], collector: Collector) -> None:
    """A tensor has the same bits per value in every Einsum that uses it."""
    bits: dict[str, tuple[str, float | None]] = {}
    for einsum in einsums:
        for tensor in einsum.tensors:
            first, known = bits.setdefault(tensor.name, (einsum.name, tensor.bits_per_value))
            if known != tensor.bits_per_value:
                message = f"{tensor.name!r} has {known} bits per value in {first!r} and {tensor.bits_per_value} in"
                collector.add(f"{message} {einsum.name!r}", "workload.bits_per_value")
