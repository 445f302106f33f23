"""Plug-ins written for Accelergy as estimators of a registry.

Both of Accelergy's interfaces are taken, by what the objects offer, so that Accelergy itself need not be there:

* a plug-in object with ``primitive_action_supported``, ``estimate_energy``, ``primitive_area_supported`` and
  ``estimate_area``, which is asked about every class (:func:`add_plug_in`);
* an estimator class with ``name``, ``percent_accuracy_0_to_100``, ``get_area``, ``leak`` and methods that are marked
  as actions, whose ``__init__`` names the attributes it needs (:func:`add_estimator_class`).

Plug-ins compute in joules and square metres, of plain numbers only.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

from accelax.components.estimate import Estimate
from accelax.components.numbers import is_traced
from accelax.components.registry import ANY_CLASS, REGISTRY, Declined, Estimator, Registry

LEAK = "leak"
_ACTION_MARK = "_is_accelergy_action"
_QUESTIONS = ("primitive_action_supported", "estimate_energy", "primitive_area_supported", "estimate_area")


@dataclass
class Query:
    """What a plug-in is asked; Accelergy's own query has the same fields."""

    class_name: str
    class_attrs: dict[str, Any]
    action_name: str | None = None
    action_args: dict[str, Any] | None = None

    def to_legacy_interface_dict(self) -> dict[str, Any]:
        """The query as plug-ins before version 0.4 take it."""
        asked: dict[str, Any] = {"class_name": self.class_name, "attributes": self.class_attrs}
        if self.action_name:
            asked |= {"action_name": self.action_name, "arguments": self.action_args or None}
        return asked


class Lookup(Mapping[str, Any]):
    """Energies that are asked for one by one; ``find`` raises Declined where there is none."""

    def __init__(self, find: Callable[[str], float], names: tuple[str, ...] = ()):
        self._find = find
        self._names = names

    def __getitem__(self, name: str) -> float:
        """The energy that ``find`` gives; a KeyError with its reason where it declines."""
        try:
            return self._find(name)
        except Declined as declined:
            raise KeyError(declined.reason) from declined

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@dataclass(frozen=True)
class PlugInEstimator(Estimator):
    """An estimator that asks a plug-in object; ``query`` is what it was asked about last."""

    plug_in: Any = None
    query: Query | None = None

    def asked(self, kind: str, attributes: Mapping[str, Any], action: str | None) -> Estimator:
        """This estimator with the accuracy that the plug-in states for the query.

        Raises:
            Declined: the accuracy is 0, the plug-in raises an exception, or an attribute is traced.
        """
        query = Query(kind, _plain(attributes), action, {})
        accuracy = self._ask("primitive_action_supported" if action else "primitive_area_supported", query)
        if not accuracy > 0:
            raise Declined("it states an accuracy of 0")
        return replace(self, accuracy=accuracy, query=query)

    def price(self, attributes: Mapping[str, Any]) -> tuple[Estimate, tuple[str, ...]]:
        """The energy of the action asked about, or area and leakage where none was named.

        Raises:
            Declined: the plug-in raises an exception or says that it failed.
        """
        query = self.query
        assert query is not None
        if query.action_name:
            energy = self._ask("estimate_energy", query) * 1e12
            return Estimate({query.action_name: energy}), ()
        area = self._ask("estimate_area", query) * 1e12
        return Estimate({}, area_um2=area, leak_power_W=self._leak_power(query, attributes)), ()

    def _leak_power(self, query: Query, attributes: Mapping[str, Any]) -> float:
        """Watts; 0 where the plug-in knows no leakage or no clock is given."""
        seconds = attributes.get("global_cycle_seconds")
        if not seconds:
            return 0.0
        leak = replace(query, action_name=LEAK, action_args={"global_cycle_seconds": seconds})
        try:
            if not self._ask("primitive_action_supported", leak) > 0:
                return 0.0
            return self._ask("estimate_energy", leak) / seconds
        except Declined:
            return 0.0

    def _ask(self, question: str, query: Query) -> float:
        """The answer of the plug-in as a number. Raises Declined."""
        modern = hasattr(self.plug_in, "get_name")
        asked = _accelergy_query(query) if modern else query.to_legacy_interface_dict()
        try:
            answer = getattr(self.plug_in, question)(asked)
        except Exception as error:
            raise Declined(f"{type(error).__name__}: {error}") from error
        if question.startswith("primitive"):
            return float(getattr(answer, "value", answer) or 0.0)
        return _number(answer, legacy_unit=1.0 if modern else 1e-12)


@dataclass(frozen=True)
class ClassEstimator(Estimator):
    """An estimator that makes an object of an estimator class for each component."""

    made_from: Any = None

    def price(self, attributes: Mapping[str, Any]) -> tuple[Estimate, tuple[str, ...]]:
        """Energies, area and leakage of the object that ``attributes`` make.

        Raises:
            Declined: an attribute that ``__init__`` needs is missing, or the class raises an exception.
        """
        given = _plain(attributes)
        made = _call(self.made_from, given, self.made_from.__init__)
        getattr(made, "__ListLoggable__init__", lambda: None)()  # what Accelergy calls so that they may log
        seconds = given.get("global_cycle_seconds", 1e-9)
        leak = _number(_call(made.leak, given | {"global_cycle_seconds": seconds})) / seconds
        area = _number(_call(made.get_area, given)) * 1e12
        names = tuple(name for name, value in inspect.getmembers(self.made_from) if getattr(value, _ACTION_MARK, False))

        def energy(name: str) -> float:
            """pJ of one of the plug-in's own actions."""
            if name not in names:
                raise Declined(f"it has no action {name!r}")
            return _number(_call(getattr(made, name), given)) * 1e12

        return Estimate(Lookup(energy, names), area_um2=area, leak_power_W=leak), ()


def add_plug_in(plug_in: Any, registry: Registry = REGISTRY) -> Estimator:
    """Enter a plug-in object; it is asked about components of every class.

    Raises:
        TypeError: it does not answer Accelergy's questions.
    """
    lacking = [question for question in _QUESTIONS if not callable(getattr(plug_in, question, None))]
    if lacking:
        raise TypeError(f"{plug_in!r} is no Accelergy plug-in: it has no {', '.join(lacking)}")
    name = plug_in.get_name() if hasattr(plug_in, "get_name") else getattr(plug_in, "estimator_name", None)
    name = str(name or type(plug_in).__name__)
    found = PlugInEstimator(name, (ANY_CLASS,), Estimate, 0.0, f"Accelergy plug-in {name}", plug_in=plug_in)
    registry.add(found)
    return found


def add_estimator_class(made_from: type, registry: Registry = REGISTRY) -> Estimator:
    """Enter a class of the simple interface under the class names that it claims.

    Raises:
        TypeError: it has no ``name``, ``percent_accuracy_0_to_100``, ``get_area`` or ``leak``.
    """
    needed = ("name", "percent_accuracy_0_to_100", "get_area", "leak")
    lacking = [name for name in needed if getattr(made_from, name, None) is None]
    if lacking:
        raise TypeError(f"{made_from.__name__} is no Accelergy estimator: it has no {', '.join(lacking)}")
    claimed: Any = made_from.name  # type: ignore[attr-defined]
    found = ClassEstimator(
        made_from.__name__,
        (claimed,) if isinstance(claimed, str) else tuple(claimed),
        Estimate,
        float(made_from.percent_accuracy_0_to_100),  # type: ignore[attr-defined]
        f"Accelergy estimator {made_from.__module__}.{made_from.__name__}",
        made_from=made_from,
    )
    registry.add(found)
    return found


def add_plug_ins(module: ModuleType, registry: Registry = REGISTRY) -> tuple[Estimator, ...]:
    """Enter every plug-in and estimator class that a module defines itself; plug-ins are made without arguments."""
    found: list[Estimator] = []
    for value in vars(module).values():
        if not inspect.isclass(value) or value.__module__ != module.__name__ or inspect.isabstract(value):
            continue
        if all(callable(getattr(value, question, None)) for question in _QUESTIONS):
            found.append(add_plug_in(value(), registry))
        elif getattr(value, "percent_accuracy_0_to_100", None) is not None:
            found.append(add_estimator_class(value, registry))
    return tuple(found)


def _plain(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes as a plug-in takes them. Raises Declined for a traced number."""
    for name, value in attributes.items():
        if is_traced(value):
            raise Declined("an Accelergy plug-in cannot be swept or differentiated", name)
    return {name: value for name, value in attributes.items() if value is not None}


def _call(function: Callable[..., Any], given: Mapping[str, Any], signature: Callable[..., Any] | None = None) -> Any:
    """Call a function with those of ``given`` that it names. Raises Declined."""
    parameters = [p for p in inspect.signature(signature or function).parameters.values() if p.name != "self"]
    named = [p for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    for parameter in named:
        if parameter.default is parameter.empty and parameter.name not in given:
            raise Declined(f"the attribute {parameter.name!r} is missing", parameter.name)
    try:
        return function(**{p.name: given[p.name] for p in named if p.name in given})
    except Exception as error:
        raise Declined(f"{type(error).__name__}: {error}") from error


def _number(answer: Any, legacy_unit: float = 1.0) -> float:
    """An answer in joules or square metres. Raises Declined where the plug-in says that it failed."""
    if not getattr(answer, "success", True):
        messages = getattr(answer, "messages", None) or ["it failed"]
        raise Declined(str(messages[-1]))
    return float(answer.get_value()) if hasattr(answer, "get_value") else float(answer) * legacy_unit


def _accelergy_query(query: Query) -> Any:
    """The query as Accelergy's own object where Accelergy is installed."""
    try:
        from accelergy.plug_in_interface.interface import AccelergyQuery  # type: ignore[import-not-found]
    except ImportError:
        return query
    return AccelergyQuery(query.class_name, query.class_attrs, query.action_name, query.action_args)
