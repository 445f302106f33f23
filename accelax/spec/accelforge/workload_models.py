"""The objects under ``workload``, ``renames`` and ``mapper``, as written."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field, field_validator

from accelax.spec.accelforge.models import Condition, Expression, SetExpression, SpecModel

METRICS = {"latency": 1, "energy": 2, "dynamic_energy": 4, "leak_energy": 8, "edp": 128}
"""The flags of AccelForge's ``metrics`` that accelax reads, by the name of the objective."""

METRIC_NAMES = {
    "latency": "latency",
    "delay": "latency",
    "energy": "energy",
    "edp": "edp",
    "energy_delay_product": "edp",
}


class Rename(SpecModel):
    """Another name for a set of tensors or rank variables. ``expected_count`` is checked where it is given."""

    name: str
    source: SetExpression
    expected_count: Expression | None = None


def renames_of(value: object) -> object:
    """Turn ``{name: source}`` into the list form of renames; anything else is left for validation."""
    if isinstance(value, dict):
        return [{"name": name, "source": source} for name, source in value.items()]
    return value


class TensorAccess(SpecModel):
    """How an Einsum indexes a tensor. A list projection ``[m, k]`` means ``{M: m, K: k}``."""

    name: str
    projection: dict[str, str | int] | list[str]
    output: bool = False
    persistent: bool = False
    backing_storage_size_scale: float = 1.0
    bits_per_value: Expression | None = None


class EinsumModel(SpecModel):
    """One Einsum. Where ``einsum`` text was given, ``tensor_accesses`` holds what it says."""

    name: str
    tensor_accesses: list[TensorAccess] = Field(default_factory=list)
    iteration_space_shape: list[str] = Field(default_factory=list)
    rank_sizes: dict[str, Expression] = Field(default_factory=dict)
    is_copy_operation: Condition = False
    renames: list[Rename] = Field(default_factory=list)
    n_instances: Expression = 1

    @field_validator("renames", mode="before")
    @classmethod
    def _read_renames(cls, value: object) -> object:
        return renames_of(value)

    @field_validator("iteration_space_shape", mode="before")
    @classmethod
    def _one_or_more(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value


class Workload(SpecModel):
    """A cascade of Einsums, with sizes and bits for all of them."""

    einsums: list[EinsumModel] = Field(default_factory=list)
    iteration_space_shape: dict[str, str] = Field(default_factory=dict)
    rank_sizes: dict[str, Expression] = Field(default_factory=dict)
    n_instances: Expression = 1
    bits_per_value: dict[SetExpression, Expression] = Field(default_factory=dict)
    persistent_tensors: SetExpression | None = None


class EinsumRename(SpecModel):
    """Renames of the Einsum called ``name``; ``default`` stands for every Einsum."""

    name: str
    tensor_accesses: list[Rename] = Field(default_factory=list)
    rank_variables: list[Rename] = Field(default_factory=list)

    @field_validator("tensor_accesses", "rank_variables", mode="before")
    @classmethod
    def _read_renames(cls, value: object) -> object:
        return renames_of(value)


class Renames(SpecModel):
    """The ``renames`` section."""

    einsums: list[EinsumRename] = Field(default_factory=list)


class Mapper(SpecModel):
    """The ``mapper`` section: ``metrics`` as flags or names, and search settings that are handed on as they are."""

    model_config = ConfigDict(extra="allow", validate_assignment=True)
    metrics: int | str | list[str] = 2
    explore_imperfect_spatial_loops: bool = False
    explore_imperfect_temporal_loops: bool = False
    force_memory_hierarchy_order: bool = True

    @field_validator("metrics")
    @classmethod
    def _known_metrics(cls, metrics: int | str | list[str]) -> int | str | list[str]:
        objectives_of(metrics)
        return metrics

    @property
    def settings(self) -> dict[str, Any]:
        """Every field but ``metrics`` that the file gives."""
        return {name: value for name, value in self.model_dump(exclude_unset=True).items() if name != "metrics"}


def objectives_of(metrics: int | str | list[str]) -> tuple[str, ...]:
    """The objectives that ``metrics`` names: flags 1 latency, 2 energy, 128 energy-delay product, or their names.

    Raises ValueError for anything else.

    >>> objectives_of(2), objectives_of(3), objectives_of("ENERGY | LATENCY")
    (('energy',), ('energy', 'latency'), ('energy', 'latency'))
    """
    if isinstance(metrics, int):
        names = [name for name in ("energy", "latency", "edp") if metrics & METRICS[name]]
        if not names:
            raise ValueError(f"expected a sum of 1 (latency), 2 (energy) and 128 (edp), got {metrics}")
        return tuple(names)
    words = metrics.split("|") if isinstance(metrics, str) else metrics
    keys = [word.strip().removeprefix("Metrics.").lower() for word in words]
    unknown = [key for key in keys if key not in METRIC_NAMES]
    if unknown or not keys:
        raise ValueError(f"unknown metric {', '.join(unknown)!r}; expected one of: {', '.join(METRIC_NAMES)}")
    return tuple(dict.fromkeys(METRIC_NAMES[key] for key in keys))
