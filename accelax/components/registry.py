"""Which estimators there are, and which of them prices a component.

An estimator is a function from attributes to an :class:`Estimate`, entered with :func:`component`::

    @component("counter", accuracy=60, source="measured in our lab, 2024", attributes={"width": BITS})
    def lab_counter(*, width, technology):
        return Estimate({"count": 0.01 * width * energy_scale(40, technology)}, area_um2=12.0 * width)

Its parameters are the attributes it needs; one with a default may be left out. Several may claim a class: the one with
the highest ``accuracy`` (percent, as its author states it) that can price the component wins.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from accelax.components.estimate import TECHNOLOGY, Attribute, Estimate
from accelax.components.numbers import is_plain, is_traced
from accelax.errors import AccelaxError, did_you_mean

UNSTATED = Attribute(least=-math.inf, above=False)
"""What holds for an attribute of which an estimator states nothing."""


ANY_CLASS = "*"
"""The class of estimators that are asked about every component."""


class Declined(Exception):
    """Why an estimator does not price a component; an estimator may raise it. ``attribute`` is the one at fault."""

    def __init__(self, reason: str, attribute: str | None = None):
        super().__init__(reason)
        self.reason = reason
        self.attribute = attribute


@dataclass(frozen=True)
class Estimator:
    """A function that prices components, and what is stated of it."""

    name: str
    classes: tuple[str, ...]
    function: Callable[..., Estimate]
    accuracy: float
    source: str
    formula: str = ""
    attributes: Mapping[str, Attribute] = field(default_factory=dict)

    @property
    def parameters(self) -> Mapping[str, bool]:
        """The attributes it looks at, and whether each is required."""
        found = inspect.signature(self.function).parameters.values()
        return {p.name: p.default is p.empty for p in found if p.kind is not p.VAR_KEYWORD}

    def asked(self, kind: str, attributes: Mapping[str, Any], action: str | None) -> Estimator:
        """The estimator that answers for an action of a component, or for its area: this one, unless overridden.

        Raises:
            Declined: it does not answer.
        """
        del kind, attributes, action
        return self

    def price(self, attributes: Mapping[str, Any]) -> tuple[Estimate, tuple[str, ...]]:
        """The estimate for ``attributes`` and the warnings about it; attributes that it does not look at are ignored.

        Raises:
            Declined: an attribute is missing, is no such thing as expected, or is outside its domain.
        """
        given: dict[str, Any] = {}
        warnings: list[str] = []
        for name, required in self.parameters.items():
            if attributes.get(name) is not None:
                given[name] = checked(name, attributes[name], self._demand(name), warnings)
            elif required:
                hint = did_you_mean(name, [key for key in attributes if key not in self.parameters])
                near = hint if "did you mean" in hint else ""
                raise Declined(f"the attribute {name!r} is missing{near}", name)
        return self.function(**given), tuple(warnings)

    def _demand(self, name: str) -> Attribute:
        """What is demanded of an attribute."""
        return self.attributes.get(name, TECHNOLOGY if name == "technology" else UNSTATED)


def checked(name: str, value: Any, demand: Attribute, warnings: list[str]) -> Any:
    """A value of an attribute as its estimator takes it; a tracer passes as it is.

    Raises:
        Declined: it is not what the estimator demands.

    >>> checked("technology", "45nm", TECHNOLOGY, [])
    45.0
    """
    if demand.kind != "number":
        return _checked_other(name, value, demand)
    if isinstance(value, str):
        value = _number_in(name, value, demand)
    if not is_plain(value):
        if not is_traced(value):
            raise Declined(f"the attribute {name!r} must be a number, not {value!r}", name)
        return value
    if math.isnan(value) or value < demand.least or (demand.above and value == demand.least) or value > demand.most:
        raise Declined(f"the attribute {name!r} must be {_domain(demand)}, not {value:g}", name)
    if demand.whole and value != int(value):
        raise Declined(f"the attribute {name!r} must be a whole number, not {value:g}", name)
    low, high = demand.valid
    if not low <= value <= high:
        unit = f" {demand.unit}" if demand.unit else ""
        warnings.append(f"{name} = {value:g}{unit} is outside the range {low:g} to {high:g}{unit} of the source")
    return value


def _checked_other(name: str, value: Any, demand: Attribute) -> Any:
    """A text, a flag or a list of numbers, as its estimator takes it."""
    if demand.kind == "text":
        match = next((choice for choice in demand.choices if choice.lower() == str(value).lower()), None)
        if match is None and demand.choices:
            hint = did_you_mean(str(value), demand.choices)
            raise Declined(
                f"the attribute {name!r} must be one of {', '.join(demand.choices)}, not {value!r}{hint}", name
            )
        return str(value) if match is None else match
    if demand.kind == "flag":
        if value not in (True, False, 0, 1):
            raise Declined(f"the attribute {name!r} must be true or false, not {value!r}", name)
        return bool(value)
    if hasattr(value, "__array_namespace__"):
        return value
    import numpy

    try:
        return numpy.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise Declined(f"the attribute {name!r} must be a list of numbers, not {value!r}", name) from None


def _number_in(name: str, text: str, demand: Attribute) -> float:
    """The number in a text that may end with the unit: ``45nm``."""
    stripped = text.strip().removesuffix(demand.unit).strip() if demand.unit else text.strip()
    try:
        return float(stripped)
    except ValueError:
        raise Declined(f"the attribute {name!r} must be a number, not {text!r}", name) from None


def _domain(demand: Attribute) -> str:
    """The domain of a number in words."""
    least = f"{'above' if demand.above else 'at least'} {demand.least:g}"
    if math.isinf(demand.most):
        return least
    return f"{least} and at most {demand.most:g}" if math.isfinite(demand.least) else f"at most {demand.most:g}"


@dataclass(frozen=True)
class Refusal:
    """An estimator that was asked and could not price a component."""

    estimator: str
    reason: str
    attribute: str | None = None


@dataclass(frozen=True)
class Choice:
    """The estimator that prices a component, what it says, and who was asked before it or would have been next."""

    estimator: Estimator
    estimate: Estimate
    warnings: tuple[str, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    others: tuple[str, ...] = ()


class NoEstimate(AccelaxError):
    """No estimator prices a component: ``message`` says who was asked and why each declined."""

    def __init__(self, message: str, refusals: tuple[Refusal, ...] = ()):
        super().__init__(message)
        self.message = message
        self.refusals = refusals


class Registry:
    """Estimators by the class of the components they price; classes are compared without regard to case."""

    def __init__(self) -> None:
        self._estimators: dict[str, list[Estimator]] = {}
        self.version = 0
        """Changes whenever an estimator is added, so that what was priced before can be told."""

    def add(self, estimator: Estimator) -> None:
        """Enter an estimator. One of the same name replaces it, so that a notebook cell may run twice."""
        self.version += 1
        for name in estimator.classes:
            held = self._estimators.setdefault(name.lower(), [])
            held[:] = [one for one in held if one.name != estimator.name] + [estimator]

    def classes(self) -> tuple[str, ...]:
        """The names of all classes that some estimator claims, as their authors write them."""
        names = {name.lower(): name for held in self._estimators.values() for e in held for name in e.classes}
        names.pop(ANY_CLASS, None)
        return tuple(sorted(names.values(), key=str.lower))

    def claiming(self, kind: str) -> tuple[Estimator, ...]:
        """The estimators that claim a class, the most accurate first; of equals the one entered last."""
        held = [*self._estimators.get(ANY_CLASS, []), *self._estimators.get(kind.lower(), [])]
        return tuple(sorted(reversed(held), key=lambda estimator: -estimator.accuracy))

    def choose(self, kind: str, attributes: Mapping[str, Any], action: str | None = None) -> Choice:
        """The most accurate estimator that prices ``kind`` with ``attributes``, and ``action`` where one is named.

        An attribute ``plug_in`` names the only estimator to ask, ``min_accuracy`` or ``minimum_accuracy`` asks for a
        percentage.

        Raises:
            NoEstimate: none does.
        """
        refusals: list[Refusal] = []
        asked = self._asked(kind, attributes, action, refusals)
        if not asked:
            raise NoEstimate(f"no estimator knows the class {kind!r}{did_you_mean(kind, self.classes())}")
        for position, estimator in enumerate(asked):
            try:
                _check_wanted(estimator, attributes)
                estimate, warnings = estimator.price(attributes)
                if action is not None and action not in estimate.energy_pJ:
                    hint = did_you_mean(action, estimate.energy_pJ)
                    raise Declined(f"it has no action {action!r}{hint}")
            except Declined as declined:
                refusals.append(Refusal(estimator.name, declined.reason, declined.attribute))
                continue
            others = tuple(one.name for one in asked[position + 1 :])
            return Choice(estimator, estimate, warnings, tuple(refusals), others)
        reasons = "; ".join(f"{refusal.estimator}: {refusal.reason}" for refusal in refusals)
        raise NoEstimate(f"no estimator prices the class {kind!r} ({reasons})", tuple(refusals))

    def _asked(
        self, kind: str, attributes: Mapping[str, Any], action: str | None, refusals: list[Refusal]
    ) -> list[Estimator]:
        """The estimators that answer, the most accurate first; those that do not go to ``refusals``."""
        found: list[Estimator] = []
        for estimator in self.claiming(kind):
            try:
                found.append(estimator.asked(kind, attributes, action))
            except Declined as declined:
                refusals.append(Refusal(estimator.name, declined.reason, declined.attribute))
        return sorted(found, key=lambda estimator: -estimator.accuracy)


def _check_wanted(estimator: Estimator, attributes: Mapping[str, Any]) -> None:
    """Raise Declined where the component's attributes rule an estimator out."""
    wanted = attributes.get("plug_in")
    if wanted is not None and str(wanted).lower() != estimator.name.lower():
        raise Declined(f"the component asks for {wanted!r}", "plug_in")
    for name in ("min_accuracy", "minimum_accuracy"):
        least = attributes.get(name)
        if least is not None and is_plain(least) and estimator.accuracy < least:
            raise Declined(f"its accuracy of {estimator.accuracy:g} % is below the {least:g} % asked for", name)


REGISTRY = Registry()
"""The estimators of the library, and those that a user adds."""


def component(
    *classes: str,
    source: str,
    accuracy: float = 50.0,
    formula: str = "",
    attributes: Mapping[str, Attribute] | None = None,
    registry: Registry = REGISTRY,
) -> Callable[[Callable[..., Estimate]], Callable[..., Estimate]]:
    """Enter a function as the estimator of ``classes``; the function itself stays as it is.

    ``accuracy`` is in percent, ``source`` names where the numbers come from, ``formula`` how energy depends on the
    attributes, ``attributes`` states domains and ranges of validity.

    >>> mine = Registry()
    >>> @component("lamp", source="a guess", attributes={"watts": Attribute("W")}, registry=mine)
    ... def lamp(*, watts):
    ...     return Estimate({"shine": watts * 1e3})
    >>> mine.choose("Lamp", {"watts": 2}).estimate.energy_pJ
    {'shine': 2000.0}
    """

    def enter(function: Callable[..., Estimate]) -> Callable[..., Estimate]:
        """Add ``function`` to the registry and give it back."""
        registry.add(Estimator(function.__name__, classes, function, accuracy, source, formula, dict(attributes or {})))
        return function

    return enter
