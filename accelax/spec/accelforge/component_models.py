"""What component models say of a component whose energies, throughputs, area or leakage the file does not give.

Attributes of a model are the component's fields and ``extra_attributes_for_component_model``, those of an action hide
them. Names of the AccelForge world are taken as well: ``tech_node`` in metres, ``size`` in bits, ``cycle_period``.
"""

from __future__ import annotations

import ast
import functools
import math
from collections.abc import Mapping
from typing import Any

from accelax.components.energy_tables import Term
from accelax.components.numbers import Number
from accelax.components.registry import Choice, NoEstimate
from accelax.errors import did_you_mean
from accelax.spec.accelforge.arch_models import Component, ComputeAction
from accelax.spec.accelforge.evaluating import FieldEvaluator
from accelax.spec.accelforge.scope import EvaluationError
from accelax.spec.estimators import all_estimators
from accelax.spec.text.expressions import ExpressionError, parse_expression

_FIELDS = ("size", "bits_per_action")
"""The fields of a component that its model sees."""
_OTHER_ACTION_NAMES = {"compute": ("compute", "mac", "mac_random", "mult"), "read": ("read", "convert")}
"""What estimators may call an action besides its own name."""


class ComponentModel:
    """The model of one component as one Einsum sees it; estimators are asked when something is needed of them.

    ``everywhere`` are the attributes that the architecture gives all models.
    """

    def __init__(
        self, component: Component, fields: FieldEvaluator, path: str, everywhere: Mapping[str, Any] | None = None
    ):
        self.component = component
        self.fields = fields
        self.path = path
        self.everywhere = dict(everywhere or {})
        self._attributes: dict[str, Any] | None = None

    @functools.cached_property
    def kind(self) -> str:
        """The class of the component as estimators call it."""
        named = self.component.component_class or self.component.component_model
        return registered_class(named if isinstance(named, str) else "")

    @property
    def attributes(self) -> dict[str, Any]:
        """The values that the component gives its model."""
        if self._attributes is None:
            own = {name: value for name in _FIELDS if (value := getattr(self.component, name, None)) is not None}
            given = self.everywhere | own | self.component.extra_attributes_for_component_model
            self._attributes = with_translations(self._evaluated(given, f"{self.path}.{_EXTRAS}"))
        return self._attributes

    def energy(self, action: ComputeAction, bits: float | None, place: str) -> float | None:
        """J per action, None after a mistake; that of ``bits`` bits where the model's energy is for a whole line."""
        choice = self._choose(action, place)
        if choice is None:
            return None
        picojoules = choice.estimate.energy_pJ[_name_in(choice, action.name)]
        return float(picojoules * self._share(choice, action, bits, place)) * 1e-12

    def throughput(self, action: ComputeAction, bits: float | None, place: str) -> float | None:
        """Actions per second, None after a mistake; infinite where the model gives no latency."""
        choice = self._choose(action, place)
        if choice is None:
            return None
        seconds = choice.estimate.latency_s.get(_name_in(choice, action.name), 0.0)
        seconds = float(seconds * self._share(choice, action, bits, place))
        return 1.0 / seconds if seconds > 0 else math.inf

    def area(self) -> float | None:
        """m² of one instance, None after a mistake."""
        choice = self._choose(None, self.path)
        return None if choice is None else float(choice.estimate.area_um2) * 1e-12

    def leak_power(self) -> float | None:
        """W of one instance, None after a mistake."""
        choice = self._choose(None, self.path)
        return None if choice is None else float(choice.estimate.leak_power_W)

    def terms(self, action: ComputeAction | None, bits: float | None, place: str) -> tuple[Term, ...]:
        """The energy of an action (pJ), or the area (µm²) of one instance, as one term of a table."""
        choice = self._choose(action, place)
        if choice is None:
            return ()
        if action is None:
            return (Term("", self.kind, "area", choice.estimate.area_um2, choice),)
        name = _name_in(choice, action.name)
        share = self._share(choice, action, bits, place)
        return (Term("", self.kind, name, choice.estimate.energy_pJ[name], choice, scale=share),)

    def _attributes_of(self, action: ComputeAction | None, place: str) -> dict[str, Any]:
        """The attributes with those of an action."""
        extras = {} if action is None else action.extra_attributes_for_component_model
        if not extras:
            return self.attributes
        return self.attributes | with_translations(self._evaluated(extras, f"{place}.{_EXTRAS}"))

    def _share(self, choice: Choice, action: ComputeAction, bits: float | None, place: str) -> Number:
        """The part of a line of ``width`` bits that an action moves; 1 where the model knows no width."""
        width = self._attributes_of(action, place).get("width")
        if bits is None or "width" not in choice.estimator.parameters or not isinstance(width, (int, float)):
            return 1.0
        return bits / width

    def _choose(self, action: ComputeAction | None, place: str) -> Choice | None:
        """The estimator of the component, or of one of its actions; None after a mistake."""
        attributes = self._attributes_of(action, place)
        registry = all_estimators()
        failure: NoEstimate | None = None
        for name in _OTHER_ACTION_NAMES.get(action.name, (action.name,)) if action else (None,):
            try:
                return registry.choose(self.kind, attributes, name)
            except NoEstimate as error:
                failure = failure or error
        assert failure is not None
        if not failure.refusals:
            hint = did_you_mean(self.kind, registry.classes())
            self.fields.collector.add(f"no component model of the class {self.kind!r}{hint}", f"{self.path}.{_CLASS}")
            return None
        at_fault = next((refusal.attribute for refusal in failure.refusals if refusal.attribute), None)
        given = at_fault in self.component.extra_attributes_for_component_model
        where = f"{_EXTRAS}.{at_fault}" if given else _CLASS
        self.fields.collector.add(f"cannot model {self.component.name!r}: {failure.message}", f"{self.path}.{where}")
        return None

    def _evaluated(self, given: Mapping[str, Any], path: str) -> dict[str, Any]:
        """Attributes with their expressions evaluated; a word that names nothing stays a word."""
        found: dict[str, Any] = {}
        for name, value in given.items():
            try:
                found[name] = self.fields.scope.evaluate(value)
            except EvaluationError as error:
                if _is_formula(value):
                    self.fields.collector.add(str(error), f"{path}.{name}")
                else:
                    found[name] = value
        return found


_EXTRAS = "extra_attributes_for_component_model"
_CLASS = "component_class"


def _is_formula(value: object) -> bool:
    """Whether a text is more than a word or a number with its unit."""
    try:
        return not isinstance(parse_expression(str(value)), ast.Name)
    except ExpressionError:
        return False


def _name_in(choice: Choice, action: str) -> str:
    """What the chosen estimator calls an action."""
    return next(name for name in _OTHER_ACTION_NAMES.get(action, (action,)) if name in choice.estimate.energy_pJ)


def registered_class(name: str) -> str:
    """The class as estimators call it: AccelForge writes ``SmartBufferSRAM`` where Accelergy has ``smartbuffer_SRAM``.

    A name that no estimator has comes back as it is.
    """
    registry = all_estimators()
    if registry.claiming(name):
        return name
    squashed = {known.replace("_", "").lower(): known for known in registry.classes()}
    return squashed.get(name.replace("_", "").lower(), name)


def with_translations(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes with those added that estimators know by another name or in another unit.

    >>> with_translations({"tech_node": 45e-9, "size": 1024, "width": 32})["technology"]
    45.0
    """
    found = dict(attributes)
    node, size, width, period = (found.get(name) for name in ("tech_node", "size", "width", "cycle_period"))
    if isinstance(node, (int, float)):
        found.setdefault("technology", round(node * 1e9, 9))
    if isinstance(size, (int, float)) and isinstance(width, (int, float)) and width > 0 and math.isfinite(size):
        found.setdefault("depth", size / width)
    if isinstance(period, (int, float)):
        found.setdefault("cycle_seconds", period)
    return found
