"""A specification in Timeloop's dialect (v4)."""

from __future__ import annotations

import functools
from collections.abc import Mapping as MappingABC
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from accelax.components.energy_tables import EnergyTables
from accelax.errors import Problem, SpecError, did_you_mean
from accelax.ir import LoweredLevels, Mapping, Rules
from accelax.spec.combine import combine_documents, copy_tree
from accelax.spec.paths import parse_path, rules_with
from accelax.spec.specification import Specification
from accelax.spec.text import Problems, Quoted, SourceDict, SourceList, location_of
from accelax.spec.text.scalars import plain_scalar
from accelax.spec.timeloop.lowering import lower_state
from accelax.spec.timeloop.machine import NETWORK_ATTRIBUTES
from accelax.spec.timeloop.mapspace import LevelMapspace
from accelax.spec.timeloop.priced_machine import PricedMachine, estimate_tables
from accelax.spec.timeloop.reader import join_path
from accelax.spec.timeloop.state import State, read_state, section_name
from accelax.spec.timeloop.views import ArchitectureView, Keys, View, leaf_keys


def path_of(keys: Keys) -> str:
    """Keys as a path: ``architecture.nodes[2].attributes``."""
    return functools.reduce(join_path, keys, "")


class TimeloopSpecification(Specification):
    """``architecture``, ``problem``, ``mapping`` and the rest, as live views; everything is read again after a change.

    The constructor raises SpecError with every mistake. What is right and not supported is refused by :meth:`lowered`.
    """

    dialect: ClassVar[str] = "timeloop"

    def __init__(self, documents: Sequence[MappingABC[str, Any]]):
        problems = Problems()
        self._raw = combine_documents(documents, problems, section_name)
        problems.raise_if_any()
        self._state: State = read_state(self._raw)
        self._rules: Rules | None = None
        self._mapping: Mapping | None = None
        self._original: TimeloopSpecification | None = None

    @property
    def architecture(self) -> ArchitectureView:
        """The architecture; ``find(name)`` gives a component."""
        return ArchitectureView(self, ("architecture",))

    @property
    def problem(self) -> View:
        """The problem: ``problem.instance.C = 64`` changes a bound."""
        return View(self, ("problem",))

    @property
    def variables(self) -> View:
        """The variables that expressions use."""
        return View(self, ("variables",))

    @property
    def components(self) -> View:
        """The compound components, as written."""
        return View(self, ("components",))

    @property
    def sparse_optimizations(self) -> View:
        """The sparse optimizations listed apart from the architecture; those of a node are its own."""
        return View(self, ("sparse_optimizations",))

    @property
    def mapper(self) -> View:
        """The settings of the mapper section."""
        return View(self, ("mapper",))

    @property
    def rules(self) -> Rules:
        """Timeloop's rules with the switches of ``globals.environment_variables``, unless set."""
        return self._rules or self._state.rules or Rules.timeloop()

    @rules.setter
    def rules(self, rules: Rules) -> None:
        if not isinstance(rules, Rules):
            raise SpecError(f"expected accelax.Rules, got {type(rules).__name__}")
        self._rules = rules

    @property
    def mapping(self) -> Mapping | None:
        """The file's ``mapping`` joined with every node's constraints; None when they do not determine one.

        Raises:
            SpecError: there is a ``mapping`` and its factors do not make the bounds.
        """
        return self._mapping or lower_state(self._state, self._rules, self._raw).mapping

    @property
    def mapspace(self) -> LevelMapspace:
        """The mappings that the constraints allow: those of the original where :meth:`with_mapping` made this one."""
        original = self._original or self
        return LevelMapspace(lower_state(original._state, original._rules, original._raw, partial=True))

    @property
    def objectives(self) -> tuple[str, ...]:
        """``mapper.optimization_metrics``; ``edp`` when it says nothing."""
        return self._state.objectives

    @property
    def search_settings(self) -> dict[str, Any]:
        """The other keys that the file gives in ``mapper``, and the ``template`` of the mapspace."""
        mapper, mapspace = self._state.sections["mapper"], self._state.sections["mapspace"]
        assert isinstance(mapper, dict)
        assert isinstance(mapspace, dict)
        given = {str(key).replace("-", "_") for key in self._raw.get("mapper") or ()}
        shown = given - {"version", "optimization_metric", "optimization_metrics"}
        return {k: v for k, v in mapper.items() if k in shown} | {"template": mapspace["template"]}

    @property
    def state(self) -> State:
        """Everything that the text means, as it was read."""
        return self._state

    def with_constraints(self, targets: Sequence[MappingABC[str, Any]]) -> TimeloopSpecification:
        """A copy with more constraints on the mapping: entries of a list of ``targets``.

        Raises:
            SpecError: one is wrong, or contradicts what there is.
        """
        held = self._raw.get("constraints")
        more: Any = list(targets)
        twin = type(self)([self._raw, {"constraints": more if isinstance(held, list) else {"targets": more}}])
        twin._rules = self._rules
        return twin

    def with_mapping(self, mapping: Mapping) -> TimeloopSpecification:
        """A copy with ``mapping`` alone, free of all mapping constraints; the reuse switches of the levels stay."""
        twin = object.__new__(type(self))
        twin._raw = copy_tree(self._raw)  # type: ignore[assignment]
        twin._state, twin._rules, twin._mapping = self._state, self._rules, mapping
        twin._original = self._original or self._frozen()
        return twin

    def _frozen(self) -> TimeloopSpecification:
        """A copy that later changes of this specification do not reach."""
        twin = object.__new__(type(self))
        twin._raw = copy_tree(self._raw)  # type: ignore[assignment]
        twin._state, twin._rules, twin._mapping, twin._original = self._state, self._rules, self._mapping, None
        return twin

    def lowered(self) -> LoweredLevels:
        """The IR of the current state. Components that the ERT does not mention are priced by component models.

        Raises:
            SpecError: there is a ``mapping`` and its factors do not make the bounds, or a component cannot be priced.
            UnsupportedError: a feature that was recognized and is not supported.
        """
        lowered = lower_state(self._state, self._rules, self._raw, self._mapping)
        return replace(lowered, machine=self._priced().machine)

    def energy_tables(self) -> EnergyTables:
        """The energy of every action of every component and all areas, each with the estimators that it comes from.

        Raises:
            SpecError: components that cannot be priced, all of them.
            UnsupportedError: a feature that was recognized and is not supported.
        """
        return self._priced().tables

    def energy_estimates(self) -> EnergyTables:
        """What component models say of every component, also of those that the ERT of the file covers.

        Components that cannot be priced are left out; the ``notes`` of the tables say why.
        """
        return estimate_tables(self._state)

    def _priced(self) -> PricedMachine:
        """The machine with all its energies; found once for each state, unless estimators are added."""
        if self._state.priced is None or not self._state.priced.is_current:
            self._state.priced = PricedMachine(self._state)
        return self._state.priced

    def set(self, path: str, value: object) -> None:
        """Set one value by its path; a string is read as it would be in the file.

        Raises:
            SpecError: no such place, or the value does not fit; the specification stays as it was.
        """
        steps = parse_path(path)
        if steps[0] == "rules":
            if len(steps) != 2:
                raise SpecError([Problem("expected rules.NAME", path=path)])
            self.rules = rules_with(self.rules, str(steps[1]), value)
            return
        keys = self._resolve(steps, path)
        self.set_known(keys, self._as_written(keys, value) if isinstance(value, str) else value)

    def with_values(self, values: MappingABC[str, object]) -> TimeloopSpecification:
        """A copy with the values of some paths replaced, all at once; a value may be traced (swept, differentiated).

        Raises:
            SpecError: no such place, a value that does not fit, or a traced one where more than a number is needed.
        """
        twin = self._frozen()
        twin._mapping, twin._original = self._mapping, self._original
        for path, value in values.items():
            keys = self._known(self._resolve(parse_path(path), path))
            twin._place(twin._raw, keys, self._as_written(keys, value) if isinstance(value, str) else value)
        twin._state = read_state(twin._raw)
        return twin

    def _as_written(self, keys: Keys, text: str) -> object:
        """What a text would be in the file: a number, a word, an expression; quoted where the old value was quoted."""
        if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
            return Quoted(text[1:-1])
        held: Any = self._raw
        try:
            for key in keys:
                held = held[key]
        except (KeyError, IndexError, TypeError):
            held = None
        value = plain_scalar(text) if text else text
        return Quoted(text) if isinstance(held, Quoted) and isinstance(value, str) else value

    def _resolve(self, steps: list[str | int], path: str) -> Keys:
        """Turn the steps of a path into keys of the tree: a component's name after ``architecture`` is looked up."""
        first = section_name(str(steps[0]))
        if first not in self._state.sections and first not in self._raw:
            raise SpecError([Problem(f"no section {first!r}{did_you_mean(first, self._raw)}", path=path)])
        if first == "architecture" and len(steps) > 1 and steps[1] not in ("nodes", "version"):
            return (*leaf_keys(self, steps[1]), *steps[2:])
        return (first, *steps[1:])

    def set_known(self, keys: Keys, value: object) -> None:
        """Set a value whose name the section has, or could have.

        Raises:
            SpecError: there is no such name, or the value does not fit.
        """
        self.set_at(self._known(keys), value)

    def _known(self, keys: Keys) -> Keys:
        """``keys``, if the section they lead to has the last of them or could have it.

        Raises:
            SpecError: it could not.
        """
        path = path_of(keys)
        try:
            section = self.value_at(keys[:-1])
        except (KeyError, IndexError, TypeError):
            raise SpecError([Problem(self._missing_of(keys), path=path)]) from None
        if not isinstance(section, (dict, list)):
            raise SpecError([Problem(f"{path_of(keys[:-1])} is a value without parts", path=path)])
        known = [*section, *NETWORK_ATTRIBUTES] if keys[-2:-1] == ("attributes",) else list(section)
        names = {str(key).replace("-", "_") for key in known}
        if isinstance(section, dict) and str(keys[-1]).replace("-", "_") not in names:
            raise SpecError([Problem(f"nothing called {keys[-1]!r}{did_you_mean(keys[-1], known)}", path=path)])
        return keys

    def _missing_of(self, keys: Keys) -> str:
        """Which of the keys is not there, in words with the nearest that is."""
        for count in range(1, len(keys)):
            try:
                self.value_at(keys[:count])
            except (KeyError, IndexError, TypeError):
                section = self.value_at(keys[: count - 1])
                if isinstance(section, dict):
                    return f"nothing called {keys[count - 1]!r}{did_you_mean(str(keys[count - 1]), section)}"
                return f"no item {keys[count - 1]!r} in {path_of(keys[: count - 1])}"
        return "there is no such value"

    def value_at(self, keys: Keys) -> Any:
        """The evaluated value that keys lead to. Raises KeyError."""
        value: Any = self._state.sections
        for i, key in enumerate(keys):
            value = self._state.architecture.root if i == 0 and key == "architecture" else value[key]
        return value

    def set_at(self, keys: Keys, value: object) -> None:
        """Write a value into the text and read everything again.

        Raises:
            SpecError: it does not fit; everything stays as it was.
        """
        raw = copy_tree(self._raw)
        assert isinstance(raw, SourceDict)
        self._place(raw, keys, value)
        self._state, self._raw = read_state(raw), raw

    def _place(self, raw: SourceDict, keys: Keys, value: object) -> None:
        """Write a value into a text. Raises SpecError where there is no such place."""
        path = path_of(keys)
        holder: Any = raw
        for position, key in enumerate(keys[:-1]):
            holder = self._step_into(holder, key, keys[position + 1], path)
        last = keys[-1]
        if isinstance(holder, SourceList):
            if not isinstance(last, int) or not -len(holder) <= last < len(holder):
                raise SpecError([Problem(f"no item {last!r} in a list of {len(holder)}", path=path)])
            holder[last] = copy_tree(value)
        elif isinstance(holder, SourceDict) and isinstance(last, str):
            holder.place(last, copy_tree(value), holder.key_locations.get(last), location_of(holder, last))
        else:
            raise SpecError([Problem("no such value", path=path)])

    @staticmethod
    def _step_into(holder: Any, key: str | int, following: str | int, path: str) -> Any:
        """The container below ``key``, made where an optional section is not there yet."""
        if isinstance(holder, SourceDict) and isinstance(key, str):
            if holder.get(key) is None and isinstance(following, str):
                holder.place(key, SourceDict(), None, None)
            inner = holder.get(key)
        elif isinstance(holder, SourceList) and isinstance(key, int) and -len(holder) <= key < len(holder):
            inner = holder[key]
        elif isinstance(holder, SourceList):
            named = [item for item in holder if isinstance(item, dict) and item.get("name") == key]
            inner = named[0] if named else None
        else:
            inner = None
        if not isinstance(inner, (SourceDict, SourceList)):
            choices = holder if isinstance(holder, dict) else ()
            raise SpecError([Problem(f"nothing called {key!r}{did_you_mean(key, choices)}", path=path)])
        return inner
