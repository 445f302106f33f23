"""The result of a run, with the names of TimeloopFE's ``OutputStats``: joules, square metres, seconds."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Mapping
from typing import Any

from accelax.errors import did_you_mean


class MultipliableDict(dict[str, float]):
    """Numbers by name that are scaled together.

    >>> MultipliableDict(a=2.0) / 4
    {'a': 0.5}
    """

    def __truediv__(self, other: float) -> MultipliableDict:
        return MultipliableDict({key: value / other for key, value in self.items()})

    def __mul__(self, other: float) -> MultipliableDict:
        return MultipliableDict({key: value * other for key, value in self.items()})

    __rmul__ = __mul__


class OutputStats:
    """What one run costs, or several together.

    percent_utilization
        Fraction (0 to 1, whatever the name says, as in TimeloopFE) of the compute units that are busy on average.
    computes, cycles, cycle_seconds, latency
        ``latency = cycles * cycle_seconds``.
    per_component_energy, energy
        J, by component (with its leakage) and network, and their sum: exact where TimeloopFE's are rounded.
    per_component_area, area
        m² of all instances.
    edp
        J x cycles, as Timeloop prints it.
    accesses
        By storage level: ``reads``, ``fills`` and ``updates`` of one instance, in words, of all tensors.
    mapping
        The text of ``map.txt``; None of several runs together.
    variables
        Those of the specification.
    lower_bound, objective
        What no mapping can beat, and in what; None where nothing was searched.
    """

    def __init__(
        self,
        percent_utilization: float,
        computes: float,
        cycles: float,
        cycle_seconds: float,
        per_component_energy: Mapping[str, float],
        per_component_area: Mapping[str, float],
        variables: Mapping[str, Any],
        accesses: Mapping[str, Mapping[str, float]],
        mapping: str | None = "",
        *,
        edp: float | None = None,
        lower_bound: float | None = None,
        objective: str | None = None,
    ):
        self.percent_utilization = percent_utilization
        self.computes = computes
        self.cycles = cycles
        self.cycle_seconds = cycle_seconds
        self.latency = cycles * cycle_seconds
        self.per_component_energy = MultipliableDict(per_component_energy)
        self.per_component_area = MultipliableDict(per_component_area)
        self.variables = {
            key: f"function {value.__name__}" if callable(value) else copy.deepcopy(value)
            for key, value in variables.items()
        }
        self.energy = math.fsum(self.per_component_energy.values())
        self.area = math.fsum(self.per_component_area.values())
        self.edp = self.energy * cycles if edp is None else edp
        self.computes_per_second = computes / self.latency
        self.computes_per_second_per_square_meter = self.computes_per_second / self.area if self.area else math.inf
        self.computes_per_joule = computes / self.energy if self.energy else math.inf
        self.accesses = {level: dict(counts) for level, counts in accesses.items()}
        self.mapping = mapping
        self.lower_bound = lower_bound
        self.objective = objective

    def __repr__(self) -> str:
        return f"OutputStats(energy={self.energy:g} J, cycles={self.cycles:g}, computes={self.computes:g})"

    def to_dict(self) -> dict[str, Any]:
        """Everything by name, as plain numbers and text."""
        return {key: _plain(value) for key, value in vars(self).items()}

    def access(self, key: str) -> Any:
        """The attribute or variable called ``key``.

        Raises:
            AttributeError: there is neither.
        """
        if key in vars(self):
            return getattr(self, key)
        if key in self.variables:
            return self.variables[key]
        raise AttributeError(
            f"neither an attribute nor a variable {key!r}{did_you_mean(key, [*vars(self), *self.variables])}"
        )

    def per_compute(self, key: str) -> Any:
        """A number, or numbers by component, divided by the computations."""
        return getattr(self, key) / self.computes

    def scale_computes_by(self, factor: float) -> None:
        """Count more or fewer computations for the same cost (say two operations for each)."""
        self.computes *= factor
        self.computes_per_second *= factor
        self.computes_per_joule *= factor
        self.computes_per_second_per_square_meter *= factor

    @staticmethod
    def aggregate(tests: Iterable[OutputStats]) -> OutputStats:
        """Several runs one after the other on the same machine: cycles, computations, energies and accesses add up.

        The utilization is averaged over the computations; area, clock and variables are those of the last run.
        """
        runs = list(tests)
        energy = MultipliableDict()
        accesses: dict[str, dict[str, float]] = {}
        for run in runs:
            for name, joules in run.per_component_energy.items():
                energy[name] = energy.get(name, 0.0) + joules
            for level, counts in run.accesses.items():
                held = accesses.setdefault(level, dict.fromkeys(counts, 0.0))
                for what, words in counts.items():
                    held[what] = held.get(what, 0.0) + words
        computes, last = sum(run.computes for run in runs), runs[-1]
        return OutputStats(
            percent_utilization=sum(run.percent_utilization * run.computes for run in runs) / computes,
            computes=computes,
            cycles=sum(run.cycles for run in runs),
            cycle_seconds=last.cycle_seconds,
            per_component_energy=energy,
            per_component_area=last.per_component_area,
            variables=last.variables,
            accesses=accesses,
            mapping=None,
        )

    @staticmethod
    def aggregate_by(tests: Iterable[OutputStats], *keys: str) -> OutputStatsList:
        """One aggregate for each combination of values of attributes or variables."""
        return OutputStatsList(OutputStats.aggregate(group) for group in OutputStatsList(tests).split_by(*keys))

    def combine_per_component_energy(self, from_keys: list[str], to: str) -> None:
        """Add up the energies of some components under one name. Raises KeyError."""
        _combine(self.per_component_energy, from_keys, to)

    def combine_per_component_area(self, from_keys: list[str], to: str) -> None:
        """Add up the areas of some components under one name. Raises KeyError."""
        _combine(self.per_component_area, from_keys, to)

    def combine_per_component_area_energy(self, from_keys: list[str], to: str) -> None:
        """Add up the areas and energies of some components under one name. Raises KeyError."""
        self.combine_per_component_area(from_keys, to)
        self.combine_per_component_energy(from_keys, to)

    def clear_zero_energies(self) -> None:
        """Leave out components without energy."""
        self.per_component_energy = MultipliableDict({k: v for k, v in self.per_component_energy.items() if v})

    def clear_zero_areas(self) -> None:
        """Leave out components without area."""
        self.per_component_area = MultipliableDict({k: v for k, v in self.per_component_area.items() if v})


def _plain(value: Any) -> Any:
    """Dictionaries of any kind as plain ones."""
    return {key: _plain(item) for key, item in value.items()} if isinstance(value, dict) else value


def _combine(held: MultipliableDict, from_keys: list[str], to: str) -> None:
    """Replace some entries by their sum. Raises KeyError, and then changes nothing."""
    for key in from_keys:
        if key not in held:
            raise KeyError(f"no component {key!r}{did_you_mean(key, held)}")
    if len(set(from_keys)) != len(from_keys):
        raise KeyError(f"a component twice in {from_keys}")
    held[to] = math.fsum([held.pop(key) for key in from_keys])


class OutputStatsList(list[OutputStats]):
    """Several results, with what can be done with all of them."""

    def aggregate(self) -> OutputStats:
        """All of them one after the other: see :meth:`OutputStats.aggregate`."""
        return OutputStats.aggregate(self)

    def aggregate_by(self, *keys: str) -> OutputStatsList:
        """One aggregate for each combination of values of attributes or variables."""
        return OutputStats.aggregate_by(self, *keys)

    def split_by(self, *keys: str) -> list[OutputStatsList]:
        """A list for each combination of values of attributes or variables."""
        groups: dict[tuple[Any, ...], OutputStatsList] = {}
        for run in self:
            groups.setdefault(tuple(run.access(key) for key in keys), OutputStatsList()).append(run)
        return list(groups.values())

    def combine_per_component_energy(self, from_keys: list[str], to: str) -> None:
        """Add up the energies of some components under one name, in each. Raises KeyError."""
        for run in self:
            run.combine_per_component_energy(from_keys, to)

    def combine_per_component_area(self, from_keys: list[str], to: str) -> None:
        """Add up the areas of some components under one name, in each. Raises KeyError."""
        for run in self:
            run.combine_per_component_area(from_keys, to)

    def combine_per_component_area_energy(self, from_keys: list[str], to: str) -> None:
        """Add up the areas and energies of some components under one name, in each. Raises KeyError."""
        for run in self:
            run.combine_per_component_area_energy(from_keys, to)

    def clear_zero_energies(self) -> None:
        """Leave out components without energy, in each."""
        for run in self:
            run.clear_zero_energies()

    def clear_zero_areas(self) -> None:
        """Leave out components without area, in each."""
        for run in self:
            run.clear_zero_areas()
