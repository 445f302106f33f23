"""What the actions of components cost: of compound classes by their parts, of all others by an estimator.

Pure functions of the attributes of components (:class:`~accelax.spec.timeloop.parts.Component`): nothing is read here,
and numbers are only multiplied and added, so that they may be traced.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accelax.components.energy_tables import AreaEntry, EnergyEntry, Term
from accelax.components.numbers import Number, is_plain
from accelax.components.registry import Choice, NoEstimate, Registry
from accelax.errors import did_you_mean
from accelax.spec.text import Problems, Quoted
from accelax.spec.timeloop.compound import Acted, ActionClass, ComponentClass
from accelax.spec.timeloop.parts import Component, Part, PartBuilder
from accelax.spec.timeloop.reader import join_path

LEAK = "leak"
MAX_ARGUMENTS = 1024
"""How many combinations of an action's arguments a table lists."""
MAX_STEPS = 50_000
"""How many actions of parts all actions of a component may be made of."""


@dataclass(frozen=True)
class Priced:
    """The entries of one component; ``area`` is None after a mistake."""

    energies: tuple[EnergyEntry, ...] = ()
    area: AreaEntry | None = None


def price(
    components: Sequence[Component], classes: Mapping[str, ComponentClass], registry: Registry, problems: Problems
) -> tuple[Priced, ...]:
    """The energies and areas of ``components``, in their order. Mistakes of all of them go to ``problems``."""
    builder = PartBuilder(classes, problems)
    return tuple(_price(component, builder, registry) for component in components)


def _price(component: Component, builder: PartBuilder, registry: Registry) -> Priced:
    """The entries of one component; none of them where its attributes or its class are wrong."""
    before = len(builder.problems)
    part = builder.component(component)
    if len(builder.problems) > before:
        return Priced()
    pricer = _Pricer(component, builder, registry)
    entries: list[EnergyEntry] = []
    for action, arguments in pricer.wanted(part):
        terms = pricer.energy(part, action, arguments)
        energy = component.energy_scale * sum((term.total for term in terms), start=0)
        entries.append(EnergyEntry(component.name, action, energy, terms, component.energy_scale, arguments))
    terms = pricer.area(part)
    total = component.area_scale * sum((term.total for term in terms), start=0)
    if len(builder.problems) > before:
        return Priced()
    return Priced(tuple(entries), AreaEntry(component.name, total, terms, component.area_scale))


class _Pricer:
    """Prices the tree of parts of one component."""

    def __init__(self, component: Component, builder: PartBuilder, registry: Registry):
        self.component = component
        self.builder = builder
        self.registry = registry
        self._reported: set[str] = set()
        self._steps = 0
        self._choices: dict[tuple[int, str | None], Choice | None] = {}

    def wanted(self, part: Part) -> Iterator[tuple[str, dict[str, Any]]]:
        """The actions to price, each with the arguments of one entry: those that the class has or the component must.

        Leakage is an action of every component.
        """
        defined = part.definition.actions if part.definition and part.definition.parts else None
        if defined is not None:
            for name, action in defined.items():
                yield from ((name, arguments) for arguments in self._argument_values(part, action))
            for names in self.component.actions:
                if not any(name in defined for name in names):
                    hint = did_you_mean(names[0], defined)
                    self._report(f"the class {part.kind!r} has no action {names[0]!r}{hint}", part, "")
        else:
            found = [
                next((name for name in names if self._is_priced(part, name)), names[0])
                for names in self.component.actions
            ]
            yield from ((name, {}) for name in dict.fromkeys(found) if name != LEAK)
        if LEAK not in (defined or ()):
            yield LEAK, {}

    def energy(self, part: Part, action: str, arguments: Mapping[str, Any]) -> tuple[Term, ...]:
        """What an action of a part is made of, in pJ."""
        self._steps += 1
        if self._steps > MAX_STEPS:
            self._report(f"its actions take more than {MAX_STEPS} actions of parts", part, "")
            return ()
        if part.definition is None or not part.definition.parts:
            term = self._leak(part, arguments) if action == LEAK else self._dynamic(part, action, arguments)
            return (term,) if term else ()
        if action in part.definition.actions:
            scope = {**part.surroundings, **part.attributes, **arguments}
            acted = part.definition.actions[action].acted
            return tuple(term for one in acted for term in self._acted(part, one, scope))
        if action == LEAK:
            inner = ((name, one, self.energy(one, LEAK, {})) for name, one in part.parts.items())
            return tuple(
                term.times(one.count, one.energy_scale, _numbered(name, one.first, one.count))
                for name, one, terms in inner
                for term in terms
            )
        hint = did_you_mean(action, part.definition.actions)
        self._report(f"the class {part.kind!r} has no action {action!r}{hint}", part, "")
        return ()

    def _acted(self, part: Part, acted: Acted, scope: Mapping[str, Any]) -> Iterator[Term]:
        """What the actions on one subcomponent contribute."""
        inner = part.parts.get(acted.name.base)
        if inner is None:
            return
        place, path = acted.section.location("name"), join_path(acted.section.path, "name")
        first, count = self.builder.range(acted.name, scope, place, path)
        if not _within(first, count, inner):
            there = _numbered(acted.name.base, inner.first, inner.count)
            asked = _numbered(acted.name.base, first, count)
            self.builder.problems.add(f"{asked} is not among the parts {there}", place, path)
        for sub in acted.actions:
            given = sub.section["arguments"] or {}
            values = {
                name: self.builder.value(text, scope, sub.section["arguments"].location(name), sub.section.path)
                for name, text in given.items()
                if text is not None
            }
            scale = self.builder.product(sub.shares, scope, sub.section) * inner.energy_scale
            for term in self.energy(inner, sub.name, values):
                yield term.times(count, scale, _numbered(acted.name.base, first, count))

    def area(self, part: Part) -> tuple[Term, ...]:
        """What the area of a part is made of, in µm²."""
        if part.definition is None or not part.definition.parts:
            choice = self._choose(part, None, {})
            if choice is None:
                return ()
            area = choice.estimate.area_um2 * part.attributes.get("n_instances", 1)
            return (Term("", part.kind, "area", area, choice),)
        return tuple(
            term.times(inner.count, inner.area_scale, _numbered(name, inner.first, inner.count))
            for name, inner in part.parts.items()
            for term in self.area(inner)
        )

    def _dynamic(self, part: Part, action: str, arguments: Mapping[str, Any]) -> Term | None:
        """The energy of an action, as an estimator says."""
        choice = self._choose(part, action, arguments)
        return None if choice is None else Term("", part.kind, action, choice.estimate.energy_pJ[action], choice)

    def _leak(self, part: Part, arguments: Mapping[str, Any]) -> Term | None:
        """The energy that leaks in one cycle: watts x ``global_cycle_seconds`` x ``n_instances``, in pJ.

        The attribute ``leak_scale`` multiplies it: 0 where leakage is to be left out.
        """
        choice = self._choose(part, None, arguments)
        if choice is None:
            return None
        watts = choice.estimate.leak_power_W * part.attributes.get("leak_scale", 1)
        if is_plain(watts) and watts == 0:
            return Term("", part.kind, LEAK, 0.0, choice)
        names = {**part.attributes, **arguments}
        if "global_cycle_seconds" not in names:
            self._report("it leaks, and the attribute 'global_cycle_seconds' is missing", part, "global_cycle_seconds")
            return None
        energy = watts * names["global_cycle_seconds"] * 1e12 * names.get("n_instances", 1)
        return Term("", part.kind, LEAK, energy, choice)

    def _is_priced(self, part: Part, action: str) -> bool:
        """Whether an estimator prices an action of a part that is no compound."""
        try:
            self.registry.choose(part.kind, part.attributes, action)
        except NoEstimate:
            return False
        return True

    def _choose(self, part: Part, action: str | None, arguments: Mapping[str, Any]) -> Choice | None:
        """The estimator of a part that is no compound, and what it says; None after a mistake."""
        if arguments:
            return self._ask(part, action, {**part.attributes, **arguments})
        if (id(part), action) not in self._choices:
            self._choices[id(part), action] = self._ask(part, action, part.attributes)
        return self._choices[id(part), action]

    def _ask(self, part: Part, action: str | None, attributes: Mapping[str, Any]) -> Choice | None:
        """Ask the registry; None after a mistake."""
        try:
            return self.registry.choose(part.kind, attributes, action)
        except NoEstimate as error:
            if not error.refusals:
                known = [*self.builder.classes, *self.registry.classes()]
                message = f"no estimator knows the class {part.kind!r}, and no file defines it"
                self._report(message + did_you_mean(part.kind, known), part, "")
                return None
            at_fault = next((refusal.attribute for refusal in error.refusals if refusal.attribute), "")
            self._report(error.message, part, at_fault)
            return None

    def _report(self, message: str, part: Part, attribute: str) -> None:
        """Report a mistake of a part once, at the attribute at fault."""
        if message in self._reported:
            return
        self._reported.add(message)
        self.builder.problems.add(f"cannot price {self.component.name!r}: {message}", part.place(attribute), part.path)

    def _argument_values(self, part: Part, action: ActionClass) -> Iterator[dict[str, Any]]:
        """The arguments of each entry of an action; ``0..n`` means an entry for each number from 0 to n."""
        scope = {**part.surroundings, **part.attributes}
        choices: dict[str, list[Any]] = {}
        for name, text in (action.section["arguments"] or {}).items():
            place, path = action.section["arguments"].location(name), join_path(action.section.path, "arguments")
            if isinstance(text, str) and not isinstance(text, Quoted) and ".." in text:
                ends = [self.builder.number(end.strip(), scope, place, path) for end in text.split("..", 1)]
                if not all(is_plain(end) and end == int(end) for end in ends) or ends[1] - ends[0] >= MAX_ARGUMENTS:
                    self.builder.problems.add(f"expected a range of whole numbers, got {text!r}", place, path)
                    ends = [1, 1]
                choices[name] = list(range(int(ends[0]), int(ends[1]) + 1))
            elif text is not None:
                choices[name] = [self.builder.value(text, scope, place, path)]
        for values in itertools.islice(itertools.product(*choices.values()), MAX_ARGUMENTS):
            yield dict(zip(choices, values, strict=True))


def _within(first: Number | None, count: Number, part: Part) -> bool:
    """Whether parts ``first``, ``first + 1``... are parts of that name; what is traced is not looked at."""
    if first is None:
        return True
    if part.first is None:
        return is_plain(first) and first == 0 and is_plain(count) and count == 1
    if not all(is_plain(value) for value in (first, count, part.first, part.count)):
        return True
    return first >= part.first and first + count <= part.first + part.count


def _numbered(name: str, first: Number | None, count: Number) -> str:
    """A name with its range, as tables write it.

    >>> _numbered("adder", 0, 2), _numbered("adder", 1, 1), _numbered("storage", None, 1)
    ('adder[0..1]', 'adder[1]', 'storage')
    """
    if first is None:
        return name
    if not (is_plain(first) and is_plain(count)):
        return f"{name}[..]"
    return f"{name}[{first:g}]" if count == 1 else f"{name}[{first:g}..{first + count - 1:g}]"
