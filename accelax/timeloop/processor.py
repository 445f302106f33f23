"""User-written processors: classes that change a specification before it is run."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from accelax.errors import SpecError
from accelax.timeloop.declared import UNSPECIFIED, Declared
from accelax.timeloop.nodes import Node

if TYPE_CHECKING:
    from accelax.timeloop.specification import Specification


class ProcessorError(SpecError):
    """A processor is misused, or left something behind that it should have removed."""


class Processor:
    """Base class of processors; a class with ``process(self, spec)`` alone will do as well.

    :meth:`declare_attrs` runs when a specification is made, :meth:`pre_parse_process` before all :meth:`process`, which
    run in the order of ``spec.processors`` when the specification is run, each once, on a copy.
    """

    def __init__(self, spec: Specification | None = None):
        self.spec = spec
        self.logger = logging.getLogger(type(self).__name__)

    def declare_attrs(self) -> None:
        """Say with :meth:`add_attr` which keys the processor adds to the specification."""

    def init_attrs(self) -> None:
        """The name of :meth:`declare_attrs` in older scripts, with :meth:`init_attr`."""

    def pre_parse_process(self, spec: Specification) -> None:
        """Change the specification before any processor's :meth:`process`."""
        self.spec = spec

    def process(self, spec: Specification) -> None:
        """Change the specification."""
        self.spec = spec

    def add_attr(
        self, target: type[Node], key: str, required_type: Any = None, default: Any = UNSPECIFIED, *_: Any, **__: Any
    ) -> None:
        """Let nodes of class ``target`` have ``key``, of some type or types, ``default`` where it is not given.

        Raises:
            TypeError: ``target`` is no class of nodes.
        """
        if not (isinstance(target, type) and issubclass(target, Node)):
            raise TypeError(f"expected a class of nodes such as tl.Problem, got {target!r}")
        kinds = required_type if isinstance(required_type, tuple) else (required_type,)
        listed = tuple(kind for kind in kinds if isinstance(kind, type))
        assert self.spec is not None
        self.spec.declare(Declared(target, key, listed, default, type(self).__name__))

    init_attr = add_attr

    def must_run_after(self, other: type, spec: Specification, ok_if_not_found: bool = False) -> None:
        """Raise ProcessorError unless processor ``other`` ran before (or is not there at all, if that is fine)."""
        if any(isinstance(done, other) for done in spec.processors_run):
            return
        waiting = any(one is other or isinstance(one, other) for one in spec.processors)
        if waiting or not ok_if_not_found:
            raise ProcessorError(f"{other.__name__} must run before {type(self).__name__}: list it first")


def processor_named(name: str) -> type[Processor] | None:
    """The class derived from :class:`Processor` that has this name; None where the program has none."""
    waiting: list[type[Processor]] = [Processor]
    while waiting:
        for kind in waiting.pop().__subclasses__():
            if kind.__name__ == name:
                return kind
            waiting.append(kind)
    return None
