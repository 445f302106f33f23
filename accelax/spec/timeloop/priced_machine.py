"""The machine of a specification with the energies and areas that its tables leave to component models."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from accelax.components.energy_tables import AreaEntry, EnergyEntry, EnergyTables
from accelax.components.numbers import maximum
from accelax.components.registry import REGISTRY, Registry
from accelax.errors import Location, Problem, SpecError, UnsupportedError
from accelax.ir.level_machine import LevelMachine
from accelax.spec.estimators import all_estimators
from accelax.spec.text import Problems
from accelax.spec.timeloop.architecture import leaves_in_order
from accelax.spec.timeloop.chain import Place
from accelax.spec.timeloop.compound import read_classes
from accelax.spec.timeloop.machine import build_machine
from accelax.spec.timeloop.parts import HANDED_DOWN, Component
from accelax.spec.timeloop.pricing import price
from accelax.spec.timeloop.state import State
from accelax.spec.timeloop.tables import COMPUTE, FILL, READ, UPDATE, ReferenceTables, read_tables

_STORAGE_ACTIONS = (
    ("read", "random_read"),
    ("write", "random_write", "fill", "random_fill"),
    ("update", "random_update", "write", "random_write"),
)
_COMPUTE_ACTIONS = (("compute", "mac_random", "mult_random", "mac", "mult"),)


class PricedMachine:
    """The machine of a state with every energy known: from the ERT of the file, else by pricing its component.

    A component that the ERT mentions has its leakage and its area from the tables alone. ``registry`` holds the
    estimators to ask; without one, those of the library and those that users added. All is found when first asked for.
    """

    def __init__(self, state: State, registry: Registry | None = None):
        self._state = state
        self._registry = registry
        self._version = REGISTRY.version
        self._given = read_tables(state.sections.get("ERT"), state.sections.get("ART"))

    @property
    def is_current(self) -> bool:
        """Whether no estimator was added since."""
        return self._version == REGISTRY.version

    @functools.cached_property
    def machine(self) -> LevelMachine:
        """The machine.

        Raises:
            SpecError: components that cannot be priced, all of them.
            UnsupportedError: a feature that was recognized and is not supported.
        """
        if self._state.refusals:
            raise self._state.refusals[0]
        energies, areas = self._priced
        if not energies:
            return self._state.machine
        problems = Problems()
        tables = _merged(self._given, energies, areas)
        machine = build_machine(self._state.chain, tables, self._state.workload, problems)
        problems.raise_if_any()
        assert machine is not None
        return machine

    @functools.cached_property
    def tables(self) -> EnergyTables:
        """The energies and areas of all components. Features that only an evaluation needs are no obstacle.

        Raises:
            SpecError: components that cannot be priced, all of them.
            UnsupportedError: a feature that was recognized and is not supported.
        """
        if self._state.chain.compute is None and self._state.refusals:
            raise self._state.refusals[0]
        places, (energies, areas) = _components(self._state), self._priced
        return _tables(
            places, [*_given_energies(self._given, places), *energies], [*_given_areas(self._given, places), *areas]
        )

    @functools.cached_property
    def _priced(self) -> tuple[list[EnergyEntry], list[AreaEntry]]:
        """The entries of the components that the file's tables do not cover. Raises as :attr:`tables`."""
        state, given = self._state, self._given
        wanted = [component for place in _components(state) if (component := _to_price(place, state, given))]
        _refuse_plug_ins(state, bool(wanted))
        problems = Problems()
        found = _price(wanted, state, self._registry, given, problems)
        self._version = REGISTRY.version  # asking may have loaded the library
        if problems:
            raise SpecError(_each_once(problems))
        return found


def _refuse_plug_ins(state: State, used: bool) -> None:
    """Raise UnsupportedError where a file names plug-ins that would have to price something."""
    settings = state.sections.get("globals")
    if used and settings and settings["accelergy_plug_ins"]:
        feature = "running the plug-ins that a file names (accelax.components.accelergy_plugins adds them)"
        raise UnsupportedError(feature, settings.location("accelergy_plug_ins"), "globals.accelergy_plug_ins")


def estimate_tables(state: State, registry: Registry | None = None) -> EnergyTables:
    """What component models say of every component, whatever the tables of the file say.

    Components that no model prices are left out; the notes say why.
    """
    places, nothing, problems = _components(state), ReferenceTables(), Problems()
    wanted = [component for place in places if (component := _to_price(place, state, nothing))]
    energies, areas = _price(wanted, state, registry, nothing, problems)
    return _tables(places, energies, areas, tuple(map(str, _each_once(problems))))


def _components(state: State) -> list[Place]:
    """The storages and the compute unit, outermost first."""
    places = [place for place in state.chain.levels if not place.is_fanout]
    return places + ([state.chain.compute] if state.chain.compute else [])


def _tables(
    places: list[Place], energies: list[EnergyEntry], areas: list[AreaEntry], notes: tuple[str, ...] = ()
) -> EnergyTables:
    """Entries as tables of all components."""
    instances = {place.name: place.mesh_x * place.mesh_y for place in places}
    return EnergyTables(tuple(energies), tuple(areas), instances, {place.name: _kind(place) for place in places}, notes)


def _price(
    wanted: list[Component], state: State, registry: Registry | None, given: ReferenceTables, problems: Problems
) -> tuple[list[EnergyEntry], list[AreaEntry]]:
    """The entries of the components that the file's tables do not cover. Mistakes go to ``problems``."""
    if not wanted:
        return [], []
    classes = read_classes(state.sections.get("components"), problems)
    priced = [] if problems else price(wanted, classes, registry or all_estimators(), problems)
    lacking = {one.name: {name for names in one.actions for name in names} for one in wanted}
    energies = [entry for one in priced for entry in one.energies]
    areas = [one.area for one in priced if one.area]
    return (
        [one for one in energies if one.component not in given.energies or one.action in lacking[one.component]],
        [one for one in areas if one.component not in given.areas and one.component not in given.energies],
    )


def _each_once(problems: Problems) -> list[Problem]:
    """The problems without those that say the same of the same place."""
    return list({(problem.message, problem.location): problem for problem in reversed(problems.items)}.values())[::-1]


def _to_price(place: Place, state: State, given: ReferenceTables) -> Component | None:
    """What is to be priced of a component; None where the file says all that is used."""
    own = _own_attributes(place)
    inherited = {name.replace("-", "_"): value for name, value in place.inherited.items()}
    variables: Mapping[str, Any] = {k: v for k, v in state.sections["variables"].items() if k != "version"}
    attributes = {name: variables[name] for name in HANDED_DOWN if variables.get(name) is not None} | inherited | own
    if place.leaf["kind"] == "compute":
        actions: tuple[tuple[str, ...], ...] = _COMPUTE_ACTIONS
        known = (COMPUTE,)
    else:
        actions, known = _STORAGE_ACTIONS, (READ, FILL, UPDATE)
        if attributes.get("vector_access_energy") is not None:
            return None
    missing = tuple(names for names, held in zip(actions, known, strict=True) if given.energy(place.name, held) is None)
    if not missing:
        return None
    leaf = place.leaf
    return Component(
        name=place.name,
        kind=_kind(place),
        attributes=attributes,
        actions=(*missing, *((name,) for name in leaf["required_actions"] or ())),
        defaults=_defaults(place, state, attributes),
        surroundings=variables,
        instances=place.mesh_x * place.mesh_y,
        energy_scale=1 if leaf["energy_scale"] is None else leaf["energy_scale"],
        area_scale=1 if leaf["area_scale"] is None else leaf["area_scale"],
        path=leaf.path,
        place=lambda name: _location(place, state, name),
    )


def _kind(place: Place) -> str:
    """The class that Accelergy looks up."""
    return place.leaf["subclass"] or place.leaf["class"]


def _own_attributes(place: Place) -> dict[str, Any]:
    """The attributes that the file gives a component itself, keys with underscores."""
    section = place.leaf["attributes"]
    source = section.source if isinstance(section.source, Mapping) else {}
    own = {name: section[name] for name in source if name in section and section[name] is not None}
    return {name.replace("-", "_"): value for name, value in own.items()}


def _defaults(place: Place, state: State, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """What holds where neither the component nor its class says anything."""
    of_schema = {name: value for name, value in place.leaf["attributes"].items() if value is not None}
    found = of_schema | {"n_instances": 1, "action_latency_cycles": 1}
    clock = attributes.get("global_cycle_seconds", state.chain.cycle_seconds)
    return found if clock is None else found | {"global_cycle_seconds": clock, "cycle_seconds": clock}


def _location(place: Place, state: State, name: str) -> Location | None:
    """Where an attribute of a component stands, possibly in a container; the component itself for any other name."""
    if name and name in _own_attributes(place):
        return place.leaf["attributes"].location(name)
    if name in place.inherited:
        for leaf, _ in reversed(list(leaves_in_order(state.architecture.root["nodes"]))):
            if leaf["kind"] == "container" and leaf["attributes"].get(name) is place.inherited[name]:
                return leaf["attributes"].location(name)
    return place.leaf.location("subclass" if place.leaf["subclass"] else "class") or place.leaf.location()


def _given_energies(given: ReferenceTables, places: list[Place]) -> list[EnergyEntry]:
    """The entries of the file's ERT for the components of the machine."""
    return [
        EnergyEntry(place.name, action, energy)
        for place in places
        for action, energy in given.energies.get(place.name, {}).items()
    ]


def _given_areas(given: ReferenceTables, places: list[Place]) -> list[AreaEntry]:
    """The entries of the file's ART for the components of the machine."""
    return [AreaEntry(place.name, given.areas[place.name]) for place in places if place.name in given.areas]


def _merged(given: ReferenceTables, energies: list[EnergyEntry], areas: list[AreaEntry]) -> ReferenceTables:
    """The tables of the file with what was priced; of an action with several arguments the largest energy counts."""
    found = {component: dict(actions) for component, actions in given.energies.items()}
    for entry in energies:
        actions = found.setdefault(entry.component, {})
        held = actions.get(entry.action)
        actions[entry.action] = entry.energy if held is None else maximum(held, entry.energy)
    return ReferenceTables(found, given.areas | {entry.component: entry.area for entry in areas})
