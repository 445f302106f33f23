"""What every specification offers, whichever dialect it is written in, and the way from files to the right one."""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from pathlib import Path
from typing import Any, ClassVar, Protocol

from accelax.components.energy_tables import EnergyTables
from accelax.errors import Problem, SpecError, did_you_mean
from accelax.ir import LoweredLevels, LoweredTree, Mapping, Rules
from accelax.spec.text import key_location_of, load_files, location_of

TIMELOOP_KEYS = ("architecture", "problem")
ACCELFORGE_KEYS = ("arch", "workload")


class Mapspace(Protocol):
    """The mappings that the constraints of a specification allow."""

    def contains(self, mapping: Mapping) -> bool:
        """Whether ``mapping`` meets every constraint."""
        ...


class Specification:
    """A problem, a machine and possibly a mapping. Mutable: :meth:`lowered` reflects the current state.

    Build one with :meth:`from_yaml_files` or :meth:`from_dict`, which tell the dialects apart by their top-level keys.
    """

    dialect: ClassVar[str] = ""

    @staticmethod
    def from_yaml_files(*paths: str | Path, jinja_parse_data: MappingABC[str, object] | None = None) -> Specification:
        """Read YAML files (or glob patterns) of either dialect; their sections are joined.

        Raises:
            SpecError: with every problem found, each with its file, line and column.
            UnsupportedError: a feature that is recognized and not supported.
        """
        if not paths:
            raise SpecError("no input files")
        loaded = load_files(paths, dict(jinja_parse_data or {}))
        switches = {name: value for name, value in loaded.environment.items() if name.startswith("TIMELOOP_")}
        return specification_of(loaded.documents, switches)

    @staticmethod
    def from_dict(data: MappingABC[str, object]) -> Specification:
        """Build a specification from plain Python dictionaries and lists, without YAML.

        Nodes of a Timeloop architecture say their tag by the key ``tag`` (``"Component"``); it may be left out where
        the other keys tell. Raises as :meth:`from_yaml_files`.
        """
        if not isinstance(data, MappingABC):
            raise SpecError(f"expected a dictionary, got {type(data).__name__}")
        return specification_of([data])

    @property
    def rules(self) -> Rules:
        """The accounting rules: those of the dialect and the file, until set."""
        raise NotImplementedError

    @rules.setter
    def rules(self, rules: Rules) -> None:
        raise NotImplementedError

    @property
    def mapping(self) -> Mapping | None:
        """The complete mapping, or None when the specification does not determine one."""
        raise NotImplementedError

    @property
    def mapspace(self) -> Mapspace:
        """The mappings that the constraints of the specification, as it was read, allow."""
        raise NotImplementedError

    @property
    def objectives(self) -> tuple[str, ...]:
        """The metrics that the file asks a mapper to minimize, most important first."""
        raise NotImplementedError

    @property
    def search_settings(self) -> dict[str, Any]:
        """The other settings of the file for a mapper."""
        raise NotImplementedError

    def with_mapping(self, mapping: Mapping) -> Specification:
        """A copy whose mapping is ``mapping`` alone: mapping constraints are dropped, :attr:`mapspace` keeps them."""
        raise NotImplementedError

    def lowered(self) -> LoweredLevels | LoweredTree:
        """The IR of the current state. Raises SpecError or UnsupportedError."""
        raise NotImplementedError

    def energy_tables(self) -> EnergyTables:
        """The energy of every action of every component and all areas, with where each comes from.

        Raises SpecError with every component that cannot be priced, or UnsupportedError.
        """
        raise NotImplementedError

    def energy_estimates(self) -> EnergyTables:
        """What component models say of every component, also where the files give energies themselves.

        Components that cannot be priced are left out; the ``notes`` of the tables say why.
        """
        raise NotImplementedError

    def set(self, path: str, value: object) -> None:
        """Set one value by its path (``architecture.GLB.attributes.depth``, ``problem.instance.C``, ``rules.halo``).

        A string is read as it would be in the file. Raises SpecError, leaving the specification as it was.
        """
        raise NotImplementedError


def specification_of(documents: list[Any], switches: MappingABC[str, str] | None = None) -> Specification:
    """The specification of documents, by their top-level keys; ``switches`` were set by templates for Timeloop."""
    keys = {key for document in documents for key in document}
    timeloop = [key for key in TIMELOOP_KEYS if key in keys]
    accelforge = [key for key in ACCELFORGE_KEYS if key in keys]
    if timeloop and accelforge:
        place = next(key_location_of(document, accelforge[0]) for document in documents if accelforge[0] in document)
        message = f"{timeloop[0]!r} belongs to Timeloop's dialect, {accelforge[0]!r} to AccelForge's: use one"
        raise SpecError([Problem(message, place)])
    if timeloop:
        from accelax.spec.timeloop.specification import TimeloopSpecification

        if switches:
            documents = [*documents, {"globals": {"environment_variables": dict(switches)}}]
        return TimeloopSpecification(documents)
    if accelforge:
        from accelax.spec.accelforge.specification import AccelForgeSpecification

        return AccelForgeSpecification(documents)
    hint = next((h for key in keys if "did you mean" in (h := did_you_mean(key, TIMELOOP_KEYS + ACCELFORGE_KEYS))), "")
    found = ", ".join(map(str, keys)) or "nothing"
    message = (
        "neither dialect: expected 'architecture' and 'problem' (Timeloop) or 'arch' and 'workload' (AccelForge),"
        f" found {found}{hint}"
    )
    raise SpecError([Problem(message, location_of(documents[0]))])
