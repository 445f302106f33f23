"""What a component holds and how it may be used: fan-outs, sets of tensors, sizes, constraints on storages."""

from __future__ import annotations

from accelax.ir.tree_machine import FanoutDimension
from accelax.spec.accelforge.arch_models import Component, Compute, Memory, SpatialFanout, TensorHolder, Toll
from accelax.spec.accelforge.evaluating import FieldEvaluator
from accelax.spec.accelforge.sets import ElementSet


def lower_fanout(dimension: SpatialFanout, fields: FieldEvaluator, path: str) -> FanoutDimension:
    """One dimension of a fan-out: ``may_reuse`` defaults to ``reuse`` where that is given, else to all tensors."""
    reuse = fields.names(dimension.reuse or "Nothing", f"{path}.reuse")
    may_reuse = reuse if dimension.reuse is not None else tuple(fields.everything)
    if dimension.may_reuse is not None:
        may_reuse = fields.names(dimension.may_reuse, f"{path}.may_reuse")
    return FanoutDimension(
        dimension.name,
        fields.integer(dimension.fanout, f"{path}.fanout"),
        may_reuse,
        reuse,
        fields.comparisons(dimension.loop_bounds, f"{path}.loop_bounds"),
        fields.at_least_zero(dimension.min_usage, f"{path}.min_usage"),
        fields.at_least_zero(dimension.usage_scale, f"{path}.usage_scale"),
        fields.truth(dimension.power_gateable, f"{path}.power_gateable"),
    )


def lower_bits(leaf: Component, bits: dict[str, float], fields: FieldEvaluator, path: str) -> dict[str, float]:
    """Bits of one value of each tensor in a component: ``bits`` of the Einsum, where it says nothing else."""
    found = dict(bits)
    if isinstance(leaf, TensorHolder):
        where = f"{path}.bits_per_value"
        for tensor, value in fields.table(dict(leaf.bits_per_value), where).items():
            found[tensor] = float(fields.finite(value, where))
            if not found[tensor] > 0:
                fields.collector.add(f"expected a positive number of bits for {tensor!r}, got {value!r}", where)
                found[tensor] = 1.0
    return found


def kept_tensors(leaf: TensorHolder, fields: FieldEvaluator, path: str) -> tuple[ElementSet, ElementSet]:
    """The tensors that must be held, those of ``back`` included, and those that may be held."""
    tensors, where = leaf.tensors, f"{path}.tensors"
    back = fields.tensors(tensors.back, f"{where}.back")
    keep = fields.tensors(tensors.keep or "Nothing", f"{where}.keep") | back
    default = "All" if tensors.keep is None else "Nothing"
    return keep, fields.tensors(tensors.may_keep or default, f"{where}.may_keep") - back


def storage_fields(leaf: Component, fields: FieldEvaluator, path: str) -> dict[str, object]:
    """The fields of a :class:`~accelax.ir.tree_machine.TreeComponent` that say what it stores, ``keep`` apart."""
    found: dict[str, object] = {}
    if isinstance(leaf, (Memory, Compute)):
        where = f"{path}.skip_initial_output_write"
        found["skip_initial_output_write"] = fields.truth(leaf.skip_initial_output_write, where)
    if isinstance(leaf, Memory):
        found["size_bits"] = fields.at_least_zero(leaf.size, f"{path}.size")
    if isinstance(leaf, Toll):
        found["direction"] = _direction(leaf, fields, f"{path}.direction")
    if isinstance(leaf, TensorHolder):
        found |= _constraints(leaf, fields, f"{path}.tensors")
    return found


def _constraints(leaf: TensorHolder, fields: FieldEvaluator, path: str) -> dict[str, object]:
    """The constraints on where and how often tensors are stored in a component."""
    tensors = leaf.tensors
    options = tuple(
        tuple(fields.names(entry, f"{path}.tensor_order_options[{i}][{j}]") for j, entry in enumerate(option))
        for i, option in enumerate(tensors.tensor_order_options)
    )
    forced = f"{path}.force_memory_hierarchy_order"
    return {
        "back": fields.names(tensors.back, f"{path}.back"),
        "tile_shape_bounds": fields.comparisons(tensors.tile_shape, f"{path}.tile_shape"),
        "no_refetch_from_above": fields.names(tensors.no_refetch_from_above, f"{path}.no_refetch_from_above"),
        "no_resend_to_below": fields.names(tensors.no_resend_to_below, f"{path}.no_resend_to_below"),
        "tensor_order_options": options,
        "force_hierarchy_order": fields.truth(tensors.force_memory_hierarchy_order, forced),
    }


def _direction(leaf: Toll, fields: FieldEvaluator, path: str) -> tuple[tuple[str, str], ...]:
    """Which way a toll charges, for each tensor."""
    if isinstance(leaf.direction, str):
        return tuple((tensor, leaf.direction) for tensor in fields.everything)
    chosen = fields.table(dict(leaf.direction), path)
    for tensor in fields.everything:
        if tensor not in chosen:
            fields.collector.add(f"no direction for {tensor!r}", path)
    return tuple((tensor, str(direction)) for tensor, direction in chosen.items())
