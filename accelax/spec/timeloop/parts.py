"""A component to price, and the tree of parts that a compound component is made of, with all attributes evaluated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from accelax.components.numbers import Number, is_plain, is_traced
from accelax.errors import Location
from accelax.spec.text import ExpressionError, Problems, Quoted
from accelax.spec.timeloop.attribute_scope import evaluated, resolved, unspecified
from accelax.spec.timeloop.compound import ComponentClass, PartClass, PartName
from accelax.spec.timeloop.reader import join_path, show

HANDED_DOWN = (
    "technology", "global_cycle_seconds", "cycle_seconds", "n_instances", "action_latency_cycles", "leak_scale",
)  # fmt: skip
"""The attributes that the parts of a component have from it, unless they set their own."""
MAX_PARTS = 10_000
"""How many kinds of parts a component may be made of, those of its parts included."""
Place = Callable[[str], "Location | None"]
"""Where the value of an attribute stands; the empty name asks for the component itself."""


@dataclass(frozen=True)
class Component:
    """A component of the architecture as the pricing sees it.

    ``attributes`` are numbers (possibly traced), texts and lists; ``defaults`` those that hold where neither the
    component nor its class says anything; ``surroundings`` the names that formulae of its class may use besides.
    """

    name: str
    kind: str
    attributes: Mapping[str, Any]
    actions: tuple[tuple[str, ...], ...] = ()
    """The actions it must have; of each the names under which a table is searched, the usual one first."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    surroundings: Mapping[str, Any] = field(default_factory=dict)
    instances: Number = 1
    energy_scale: Number = 1
    area_scale: Number = 1
    path: str = ""
    place: Place = lambda name: None


@dataclass
class Part:
    """A component or subcomponent: its class, its attributes, and its own parts.

    ``count`` parts of the name ``base``, numbered from ``first``, stand in the component around it.
    """

    kind: str
    attributes: dict[str, Any]
    definition: ComponentClass | None
    place: Place
    path: str
    count: Number = 1
    first: Number | None = None
    area_scale: Number = 1
    energy_scale: Number = 1
    parts: dict[str, Part] = field(default_factory=dict)
    surroundings: Mapping[str, Any] = field(default_factory=dict)


class PartBuilder:
    """Builds the tree of parts of components from the classes of a file. Mistakes go to ``problems``."""

    def __init__(self, classes: Mapping[str, ComponentClass], problems: Problems):
        self.classes = classes
        self.problems = problems
        self._built = 0

    def component(self, component: Component) -> Part:
        """The tree of a component of the architecture; without its parts where its own attributes are wrong."""
        before = len(self.problems)
        self._built = 0
        definition = self.classes.get(component.kind)
        own = _joined(definition.attributes if definition else {}, _literal(component.attributes))
        left_open = {name for name, value in own.items() if value is None} | set(unspecified(own))
        raw = own | _literal({k: v for k, v in component.defaults.items() if k not in own or k in left_open})
        attributes = self._resolve(raw, component.attributes, component.surroundings, component, definition)
        place = _place_with_class(component.place, component.attributes, definition)
        part = Part(component.kind, attributes, definition, place, component.path)
        part.surroundings = component.surroundings
        if len(self.problems) == before:
            self._add_parts(part, (component.kind,))
        return part

    def _resolve(
        self,
        raw: Mapping[str, Any],
        given: Mapping[str, Any],
        outer: Mapping[str, Any],
        user: Component | PartClass,
        definition: ComponentClass | None,
    ) -> dict[str, Any]:
        """The attributes of a component or part whose own ones (``given``) hide those of its class."""
        own_place, path = _place_and_path(user)
        for name in unspecified(raw):
            of_class = f"the class {definition.name!r} wants it specified" if definition else "it must be specified"
            self.problems.add(f"the attribute {name!r} is missing: {of_class}", own_place(""), path)
        place = _place_with_class(own_place, given, definition)

        def path_of(name: str) -> str:
            owner = definition.section.path if definition is not None and given.get(name) is None else path
            return join_path(join_path(owner, "attributes"), name)

        return resolved(raw, outer, place, path_of, self.problems)

    def _add_parts(self, part: Part, above: tuple[str, ...]) -> None:
        """Build the parts of ``part``; ``above`` are the classes around them."""
        if part.definition is None:
            return
        for base, inner in part.definition.parts.items():
            self._built += 1
            if self._built > MAX_PARTS:
                if self._built == MAX_PARTS + 1:
                    message = f"a component of more than {MAX_PARTS} kinds of parts"
                    self.problems.add(message, inner.section.location(), inner.section.path)
                return
            if inner.kind in above and inner.kind in self.classes:
                circle = " -> ".join([*above[above.index(inner.kind) :], inner.kind])
                place = inner.section.location("class")
                self.problems.add(f"the classes contain each other: {circle}", place, inner.section.path)
                continue
            part.parts[base] = self._part(part, inner, above)

    def _part(self, around: Part, inner: PartClass, above: tuple[str, ...]) -> Part:
        """One subcomponent of ``around``."""
        before = len(self.problems)
        definition = self.classes.get(inner.kind)
        scope = {**around.surroundings, **around.attributes}
        given = inner.section["attributes"] or {}
        handed = {name: around.attributes[name] for name in HANDED_DOWN if name in around.attributes}
        own = self._resolve(given, given, scope, inner, None)
        raw = _joined(handed | dict(definition.attributes if definition else {}), _literal(handed | own))
        own_place, path = _place_and_path(inner)
        class_place = _place_with_class(own_place, own | handed, definition)

        def place(name: str) -> Location | None:
            return around.place(name) if name in handed and name not in own else class_place(name)

        attributes = self._resolve(raw, own | handed, around.surroundings, inner, definition)
        part = Part(inner.kind, attributes, definition, place, path, surroundings=around.surroundings)
        part.first, part.count = self.range(inner.name, scope, inner.section.location("name"), path)
        part.area_scale = self.product(inner.scales(("area_scale", "area_share")), scope | attributes, inner.section)
        part.energy_scale = self.product(inner.scales(("energy_scale",)), scope | attributes, inner.section)
        if len(self.problems) == before:
            self._add_parts(part, (*above, inner.kind))
        return part

    def range(
        self, name: PartName, scope: Mapping[str, Any], place: Location | None, path: str
    ) -> tuple[Number | None, Number]:
        """The first number of a range and how many parts it means; no number without a range."""
        if name.first is None:
            return None, 1
        ends = [self.number(text, scope, place, path) for text in (name.first, name.last or name.first)]
        count = ends[1] - ends[0] + 1
        if is_plain(count) and (count < 0 or count != int(count)):
            self.problems.add(f"the range {name.first}..{name.last} means {count:g} parts", place, path)
            return ends[0], 1
        return ends[0], count

    def product(self, factors: Mapping[str, Any], scope: Mapping[str, Any], section: Any) -> Number:
        """The product of scales, each a number of at least 0."""
        product: Number = 1
        for name, text in factors.items():
            product = product * self.number(text, scope, section.location(name), join_path(section.path, name))
        return product

    def value(self, value: object, scope: Mapping[str, Any], place: Location | None, path: str) -> Any:
        """What an expression makes; 1 after a mistake."""
        try:
            return evaluated(value, scope)
        except ExpressionError as error:
            self.problems.add(f"cannot evaluate {show(value)}: {error.message}", place, path)
            return 1

    def number(self, value: object, scope: Mapping[str, Any], place: Location | None, path: str) -> Number:
        """A number of at least 0 that an expression makes; 1 after a mistake."""
        before = len(self.problems)
        found = self.value(value, scope, place, path)
        if len(self.problems) > before:
            return 1
        if is_traced(found) or (is_plain(found) and found >= 0):
            return found
        came = "" if found == value else f" from {show(value)}"
        self.problems.add(f"expected a number of at least 0, got {show(found)}{came}", place, path)
        return 1


def _joined(defaults: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of a class in its order, those that are given in their places, and then the other given ones."""
    known = {name: value for name, value in given.items() if value is not None}
    return {name: known.get(name, value) for name, value in defaults.items()} | known


def _place_with_class(own_place: Place, given: Mapping[str, Any], definition: ComponentClass | None) -> Place:
    """Where attributes stand, in the class those that are not ``given``."""

    def place(name: str) -> Location | None:
        if definition is not None and given.get(name) is None and name in definition.attributes:
            return definition.attributes.location(name)
        return own_place(name)

    return place


def _literal(value: Any) -> Any:
    """A value that was evaluated before, with its texts marked so that they are not read as expressions again."""
    if isinstance(value, Mapping):
        return {key: _literal(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_literal(item) for item in value]
    return Quoted(value) if isinstance(value, str) else value


def _place_and_path(user: Component | PartClass) -> tuple[Place, str]:
    """Where a component or part and its attributes stand."""
    if isinstance(user, Component):
        return user.place, user.path
    section = user.section

    def place(name: str) -> Location | None:
        inside = section["attributes"].location(name) if name and name in (section["attributes"] or ()) else None
        return inside or section.location()

    return place, section.path
