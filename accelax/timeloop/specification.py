"""A Timeloop specification with the interface that scripts written for TimeloopFE use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Mapping as MappingABC
from pathlib import Path
from typing import Any, ClassVar

from accelax.errors import Problem as Mistake
from accelax.errors import SpecError
from accelax.ir import Mapping
from accelax.spec.combine import combine_documents, copy_tree
from accelax.spec.text import Problems, SourceDict, SourceList, load_files, location_of
from accelax.spec.timeloop.mapping_yaml import mapping_directives
from accelax.spec.timeloop.mapspace import LevelMapspace
from accelax.spec.timeloop.specification import TimeloopSpecification, path_of
from accelax.spec.timeloop.state import read_state, section_name
from accelax.spec.timeloop.views import Keys
from accelax.timeloop.declared import HIDDEN, Declared, hidden_in, hide, show
from accelax.timeloop.nodes import Node, class_at, node_at
from accelax.timeloop.processor import ProcessorError, processor_named
from accelax.timeloop.written import written

SECTIONS = (
    "architecture", "problem", "variables", "components", "constraints", "mapping", "mapper", "mapspace",
    "sparse_optimizations", "globals", "ERT", "ART",
)  # fmt: skip


class Specification(TimeloopSpecification):
    """As :class:`accelax.Specification` of Timeloop's dialect; sections are nodes, and processors may be added.

    ``mapping`` is the list of entries of that section, as in TimeloopFE; the mapping itself is ``lowered().mapping``.
    Every change is checked at once: one that does not fit raises SpecError and changes nothing.

    Args:
        documents: one dictionary with sections, or several that are joined.
        processors: classes or objects with ``process(spec)``.
        sections: more sections by name.

    Raises:
        SpecError: with every mistake.
    """

    _declared: ClassVar[tuple[Declared, ...]] = ()

    def __init__(
        self,
        documents: MappingABC[str, Any] | Sequence[MappingABC[str, Any]] = (),
        *,
        processors: Sequence[Any] = (),
        **sections: Any,
    ):
        listed = [documents] if isinstance(documents, MappingABC) else list(documents)
        if sections:
            listed.append({name: written(value) for name, value in sections.items()})
        problems = Problems()
        raw = combine_documents(listed, problems, section_name)
        problems.raise_if_any()
        self.processors: list[Any] = [*_named_processors(raw), *processors]
        self.processors_run: list[Any] = []
        self._rules = self._mapping = self._original = None
        for index, one in enumerate(self.processors):
            self.processors[index] = made = one() if isinstance(one, type) else one
            for hook in ("declare_attrs", "init_attrs"):
                if hasattr(made, hook):
                    made.spec = self
                    getattr(made, hook)()
                    made.spec = None
        hide(raw, (), self._declared, fill=True)
        self._raw, self._state = raw, read_state(raw)

    @classmethod
    def from_yaml_files(  # type: ignore[override]
        cls,
        *paths: str | Path | Sequence[str | Path],
        jinja_parse_data: MappingABC[str, object] | None = None,
        processors: Sequence[Any] = (),
        **sections: Any,
    ) -> Specification:
        """Read YAML files (or glob patterns); their sections are joined. ``sections`` gives more of them by name.

        Raises:
            SpecError: with every problem found, each with its file, line and column.
        """
        files = [file for path in paths for file in ([path] if isinstance(path, (str, Path)) else path)]
        if not files:
            raise SpecError("no input files")
        loaded = load_files(files, dict(jinja_parse_data or {}))
        documents: list[Any] = list(loaded.documents)
        switches = {name: value for name, value in loaded.environment.items() if name.startswith("TIMELOOP_")}
        if switches:
            documents.append({"globals": {"environment_variables": switches}})
        return cls(documents, processors=processors, **sections)

    from_yaml_file = from_yaml_files

    @classmethod
    def from_dict(cls, data: MappingABC[str, object]) -> Specification:  # type: ignore[override]
        """Build a specification from plain dictionaries and lists. Raises SpecError."""
        return cls(data)

    def __getattribute__(self, name: str) -> Any:
        if name in SECTIONS:
            return self[name]
        return super().__getattribute__(name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in SECTIONS:
            self[name] = value
        else:
            super().__setattr__(name, value)

    def __getitem__(self, name: str) -> Any:
        """The section called ``name``."""
        return node_at(self, (name,), self.value_at((name,)))

    def __setitem__(self, name: str, value: Any) -> None:
        Node.of(self, ())[name] = value

    def __contains__(self, name: object) -> bool:
        return name in SECTIONS

    def __iter__(self) -> Iterator[str]:
        return iter(SECTIONS)

    def keys(self) -> list[str]:
        """The names of the sections."""
        return list(SECTIONS)

    def get_nodes_of_type(self, kinds: type | tuple[type, ...]) -> list[Any]:
        """All nodes of some class, such as ``tl.arch.Storage``."""
        return [found for name in SECTIONS for found in self[name].get_nodes_of_type(kinds)]

    def level_mapspace(self) -> LevelMapspace:
        """The mappings that the constraints allow."""
        found = TimeloopSpecification.mapspace.fget(self)  # type: ignore[attr-defined]
        assert isinstance(found, LevelMapspace)
        return found

    def value_at(self, keys: Keys) -> Any:
        """The evaluated value that keys lead to. Raises KeyError."""
        if not keys:
            return {name: None for name in SECTIONS}
        if keys[0] in ("constraints", "mapping") and self._raw.get(keys[0]) is None:
            value: Any = {"targets": []} if keys[0] == "constraints" else []
            for key in keys[1:]:
                value = value[key]
            return value
        return super().value_at(keys)

    def written_at(self, keys: Keys) -> Any:
        """The text that keys lead to, before expressions are evaluated. Raises KeyError."""
        value: Any = self._raw
        for key in keys:
            value = value[key]
        return value

    def sections_written(self) -> dict[str, Any]:
        """The text of all sections, declared keys under their own names, with the mapping that replaces the text's."""
        shown = show(self._raw)
        if self._mapping is not None:
            shown.pop("constraints", None)
            shown["mapping"] = mapping_directives(self._mapping, dict(self.lowered().einsum.bounds))
        return shown

    def require_known(self, keys: Keys) -> None:
        """Raise SpecError unless the last key is one that its section has or could have."""
        if not any(d.key == keys[-1] for d in self.declared_at(keys[:-1])):
            self._known(keys)

    def change_at(self, keys: Keys, change: Callable[[Any], None]) -> None:
        """Let ``change`` work on the written dictionary or list at ``keys``, and read everything again.

        Raises:
            SpecError: it does not fit; everything stays as it was.
        """
        raw = copy_tree(self._raw)
        assert isinstance(raw, SourceDict)
        holder: Any = raw
        for position, key in enumerate(keys):
            here = keys[: position + 1]
            inner = holder.get(key) if isinstance(holder, SourceDict) else holder[key]
            if inner is None and isinstance(holder, SourceDict):
                inner = SourceList() if isinstance(self.value_at(here), list) else SourceDict()
                holder.place(key, inner, None, None)
            if not isinstance(inner, (SourceDict, SourceList)):
                raise SpecError([Mistake("a value without parts", location_of(holder, key), path_of(here))])
            holder = inner
        change(holder)
        hide(raw, (), self._declared)
        self._state, self._raw = read_state(raw), raw

    def copy(self) -> Specification:
        """A copy that shares nothing with this one but processors."""
        twin: Specification = self._frozen()  # type: ignore[assignment]
        twin._mapping, twin._original = self._mapping, self._original
        return twin._with_processors_of(self)

    def with_mapping(self, mapping: Mapping) -> Specification:
        """A copy with ``mapping`` alone, free of all mapping constraints; the reuse switches of the levels stay."""
        twin: Specification = super().with_mapping(mapping)  # type: ignore[assignment]
        return twin._with_processors_of(self)

    def _with_processors_of(self, other: Specification) -> Specification:
        self.processors, self.processors_run = list(other.processors), list(other.processors_run)
        self._declared = other._declared  # type: ignore[misc]
        return self

    def joined_with(self, documents: Sequence[MappingABC[str, Any]]) -> Specification:
        """A copy with more documents joined to it. Raises SpecError."""
        twin = self.copy()
        problems = Problems()
        raw = combine_documents([show(self._raw), *documents], problems, section_name)
        problems.raise_if_any()
        hide(raw, (), self._declared)
        twin._raw, twin._state = raw, read_state(raw)
        return twin

    def declare(self, declared: Declared) -> None:
        """Let the nodes of a class have a key that a processor takes care of."""
        self._declared = (*self._declared, declared)  # type: ignore[misc]

    def declared_at(self, keys: Keys) -> list[Declared]:
        """What processors declared of the node that keys lead to."""
        if not self._declared:
            return []
        try:
            kind = class_at(keys, self.value_at(keys))
        except KeyError:
            return []
        return [declared for declared in self._declared if issubclass(kind, declared.target)]

    def parse_expressions(self, *_: Any, **__: Any) -> None:
        """Run what processors do first; expressions always are evaluated."""
        self.processors = [one() if isinstance(one, type) else one for one in self.processors]
        for one in self.processors:
            if hasattr(one, "pre_parse_process"):
                one.pre_parse_process(self)

    def process(self, with_processors: Any = None, *_: Any, **__: Any) -> None:
        """Run processors (a class, an object or several; by default all of ``processors``) on this specification.

        Raises:
            SpecError: a processor made a change that does not fit.
        """
        given = self.processors if with_processors is None else with_processors
        for one in given if isinstance(given, (list, tuple)) else [given]:
            made = one() if isinstance(one, type) else one
            made.process(self)
            self.processors_run.append(made)

    def processed(self) -> Specification:
        """A copy on which every processor has run that had not.

        Raises:
            ProcessorError: a key that a processor declared is still there.
        """
        twin = self.copy()
        twin.parse_expressions()
        twin.process([one for one in twin.processors if not _ran(one, twin.processors_run)])
        left = [
            Mistake(f"{declared.processor} should have removed {declared.key!r}", place, path)
            for declared, value, place, path in hidden_in(twin._raw, twin._declared)
            if value != declared.default
        ]
        if left:
            raise ProcessorError(left)
        return twin

    def hidden_name(self, keys: Keys, key: object) -> str | None:
        """The name under which the text holds a key that a processor declared; None where it is not there."""
        if not any(declared.key == key for declared in self.declared_at(keys)):
            return None
        return HIDDEN + str(key) if HIDDEN + str(key) in self.written_at(keys) else None


def _named_processors(raw: SourceDict) -> list[Any]:
    """The processors of a ``processors`` key: names of classes that the program has defined."""
    listed = raw.pop("processors", None) or []
    found, problems = [], Problems()
    for position, one in enumerate(listed):
        kind = processor_named(one) if isinstance(one, str) else one
        if kind is None:
            message = f"no class derived from tl.Processor is called {one!r}"
            problems.add(message, location_of(listed, position), f"processors[{position}]")
        found.append(kind)
    problems.raise_if_any()
    return found


def _ran(one: Any, done: Sequence[Any]) -> bool:
    """Whether a processor is among those that ran."""
    return any(other is one or (isinstance(one, type) and isinstance(other, one)) for other in done)
