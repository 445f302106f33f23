"""A specification in AccelForge's dialect."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping as MappingABC
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from accelax.components.energy_tables import EnergyTables
from accelax.errors import SpecError, UnsupportedError, did_you_mean
from accelax.ir.lowered import LoweredTree
from accelax.ir.mapping import Mapping
from accelax.ir.rules import Rules
from accelax.ir.tree_machine import TreeMachine
from accelax.spec.accelforge.arch_models import Arch
from accelax.spec.accelforge.checks import check_mapping, held_by
from accelax.spec.accelforge.components import MachineLowering
from accelax.spec.accelforge.energy_tables import energy_tables_of
from accelax.spec.accelforge.mapping_yaml import Places, read_mapping
from accelax.spec.accelforge.mapspace import TreeMapspace
from accelax.spec.accelforge.models import Collector
from accelax.spec.accelforge.paths import set_value
from accelax.spec.accelforge.reading import read_sections
from accelax.spec.accelforge.scope import EvaluationError, Scope
from accelax.spec.accelforge.workload import ScopedEinsum, lower_workload
from accelax.spec.accelforge.workload_models import Mapper, Renames, Workload, objectives_of
from accelax.spec.specification import Specification


class AccelForgeSpecification(Specification):
    """``arch``, ``workload``, ``mapping``, ``renames``, ``variables`` and ``mapper`` as objects that can be changed.

    :meth:`lowered` reflects the objects as they are when it is called. The constructor raises SpecError for everything
    that is wrong, at once; what is right and not supported is refused by :meth:`lowered`.
    """

    dialect: ClassVar[str] = "accelforge"

    def __init__(self, documents: Sequence[MappingABC[str, Any]]):
        sections = read_sections(documents)
        self.arch: Arch = sections.arch
        self.workload: Workload = sections.workload
        self.renames: Renames = sections.renames
        self.mapper: Mapper = sections.mapper
        self.variables: dict[str, Any] = sections.variables
        self._rules = Rules.accelforge()
        self._sources = sections.sources
        self.config: dict[str, Any] = sections.config
        self.mapping_source: Any = sections.mapping
        self._mapping: Mapping | None = None
        self._mapspace_of: AccelForgeSpecification = self
        with contextlib.suppress(UnsupportedError):
            self.lowered()

    @classmethod
    def from_documents(cls, documents: Sequence[MappingABC[str, Any]]) -> AccelForgeSpecification:
        """Build a specification from the documents of its files, or from plain dictionaries. Raises SpecError."""
        return cls(documents)

    @property
    def rules(self) -> Rules:
        """The accounting rules: AccelForge's, until set."""
        return self._rules

    @rules.setter
    def rules(self, rules: Rules) -> None:
        self._rules = rules

    @property
    def mapping(self) -> Mapping | None:
        """The mapping, or None where the specification has none. Raises SpecError when it can not be read."""
        return self._read_mapping()[0]

    def _read_mapping(self) -> tuple[Mapping | None, Places]:
        """The mapping, and where its nodes are written. Raises SpecError."""
        places: Places = {}
        if self._mapping is not None:
            return self._mapping, places
        collector = Collector(self._sources)
        mapping = read_mapping(self.mapping_source, self._variables(), collector, places)
        collector.raise_if_any()
        return mapping, places

    def with_mapping(self, mapping: Mapping) -> AccelForgeSpecification:
        """The same specification with ``mapping`` alone. ``mapspace`` stays that of the original."""
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        for name in ("arch", "workload", "renames", "mapper"):
            setattr(twin, name, getattr(self, name).model_copy(deep=True))
        twin.variables = dict(self.variables)
        twin._mapping, twin.mapping_source = mapping, None
        twin._mapspace_of = self._mapspace_of
        return twin

    @property
    def mapspace(self) -> TreeMapspace:
        """The mappings that the constraints of the (original) specification allow."""
        return TreeMapspace(self._mapspace_of)

    @property
    def objectives(self) -> tuple[str, ...]:
        """The objectives of the mapper section: ``energy`` where it says nothing."""
        return objectives_of(self.mapper.metrics)

    @property
    def search_settings(self) -> dict[str, Any]:
        """The other fields of the mapper section, as they are given."""
        return self.mapper.settings

    def set(self, path: str, value: object) -> None:
        """Set the value that ``path`` names: ``arch.GLB.size``, ``workload.rank_sizes.M``, ``rules.halo``.

        A mapping of the file is not checked against the change before :meth:`lowered` is called. Raises SpecError when
        there is no such value or it can not be ``value``, and leaves the specification as it was.
        """
        restore = set_value(self, path, value)
        try:
            with contextlib.suppress(UnsupportedError):
                self.lower(None)
        except SpecError:
            restore()
            raise

    def lowered(self) -> LoweredTree:
        """The specification as the intermediate representation.

        Raises SpecError with every problem, and UnsupportedError for what is right and not done yet.
        """
        return self.lower(*self._read_mapping())

    def lower(self, mapping: Mapping | None, places: Places | None = None) -> LoweredTree:
        """Lower with ``mapping``, whose nodes are written at ``places``. Raises as :meth:`lowered`."""
        collector = Collector(self._sources)
        refused = [
            UnsupportedError(f"config.{name}", path=f"config.{name}") for name in self.config if self.config[name]
        ]
        scoped = self._scoped(collector, refused)
        machines = self._machines(scoped, mapping, collector, refused)
        einsums = tuple(entry.einsum for entry in scoped)
        if mapping is not None and len(machines) == len(self.workload.einsums):
            try:
                check_mapping(mapping, einsums, machines, self.rules, collector, places)
            except UnsupportedError as error:
                refused.append(error)
        instances = self._instances(collector)
        collector.raise_if_any()
        if refused:
            first = refused[0]
            raise UnsupportedError(first.feature, first.location or self._sources.location(first.path), first.path)
        explored = (self.mapper.explore_imperfect_temporal_loops, self.mapper.explore_imperfect_spatial_loops)
        return LoweredTree(einsums, self._in_order(machines), mapping, self.rules, instances, explored)

    def energy_tables(self) -> EnergyTables:
        """The energies and areas of the components as the first Einsum sees them, with their component models.

        Energies are pJ per action with all scales; leakage is in the notes, as no clock says what a cycle is.

        Raises:
            SpecError: components without energies that cannot be modelled, all of them.
            UnsupportedError: a feature that was recognized and is not supported.
        """
        collector = Collector(self._sources)
        refused: list[UnsupportedError] = []
        scoped = self._scoped(collector, refused)
        modelled = []
        if scoped:
            lowering = MachineLowering(self.arch, scoped[0], self.rules, collector)
            lowering.machine()
            modelled = lowering.modelled
        tables = energy_tables_of(modelled)
        collector.raise_if_any()
        if refused:
            raise refused[0]
        return tables

    def energy_estimates(self) -> EnergyTables:
        """What component models say; those of components whose energies are given are not asked here."""
        return EnergyTables(notes=self.energy_tables().notes)

    def _in_order(self, machines: tuple[TreeMachine, ...]) -> tuple[TreeMachine, ...]:
        """The machines with the mapper's own ``force_memory_hierarchy_order``, which switches it off for all."""
        if self.mapper.force_memory_hierarchy_order:
            return machines
        return tuple(
            TreeMachine(tuple(replace(component, force_hierarchy_order=False) for component in machine.components))
            for machine in machines
        )

    def _machines(
        self,
        scoped: list[ScopedEinsum],
        mapping: Mapping | None,
        collector: Collector,
        refused: list[UnsupportedError],
    ) -> tuple[TreeMachine, ...]:
        """The machine as each Einsum sees it."""
        held = None if mapping is None else held_by(mapping)
        machines = []
        for entry in scoped:
            try:
                machines.append(MachineLowering(self.arch, entry, self.rules, collector, held).machine())
            except UnsupportedError as error:
                refused.append(error)
        return tuple(machines)

    def _scoped(self, collector: Collector, refused: list[UnsupportedError]) -> list[ScopedEinsum]:
        """The Einsums with their scopes."""
        try:
            return lower_workload(self.workload, self.renames, self._variables(), collector)
        except UnsupportedError as error:
            refused.append(error)
            return []

    def _variables(self) -> Scope:
        """The scope of the specification's variables."""
        return Scope(pending=self.variables)

    def _instances(self, collector: Collector) -> int:
        try:
            return self._variables().integer(self.workload.n_instances)
        except EvaluationError as error:
            collector.add(str(error), "workload.n_instances")
            return 1

    def find(self, name: str) -> Any:
        """The component called ``name``. Raises SpecError with the nearest name."""
        try:
            return self.arch.find(name)
        except KeyError:
            names = [leaf.name for leaf in self.arch.leaves() if leaf.name]
            raise SpecError(f"no component {name!r}{did_you_mean(name, names)}") from None
