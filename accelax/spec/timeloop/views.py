"""Live views of a specification: ``spec.architecture.find("GLB").attributes.depth = 8`` is re-validated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from accelax.errors import SpecError, did_you_mean
from accelax.spec.timeloop.architecture import leaves_in_order

if TYPE_CHECKING:
    from accelax.spec.timeloop.specification import TimeloopSpecification

Keys = tuple["str | int", ...]


class View:
    """A section or list of the specification. Items and attributes are its values, evaluated, as they are now.

    Setting one writes the text of the specification, reads everything again, and raises SpecError (leaving all as it
    was) when something does not fit. ``section.name = value`` needs a name that the section has or could have;
    ``section["name"] = value`` may add one.
    """

    __slots__ = ("_keys", "_spec")

    def __init__(self, spec: TimeloopSpecification, keys: Keys):
        object.__setattr__(self, "_spec", spec)
        object.__setattr__(self, "_keys", keys)

    def _value(self) -> Any:
        return self._spec.value_at(self._keys)

    def __getitem__(self, key: str | int) -> Any:
        held = self._value()
        try:
            value = held[key]
        except (KeyError, IndexError, TypeError):
            choices = held if isinstance(held, dict) else range(len(held))
            raise KeyError(f"{key!r}{did_you_mean(key, choices)}") from None
        return View(self._spec, (*self._keys, key)) if isinstance(value, (dict, list)) else value

    def __setitem__(self, key: str | int, value: object) -> None:
        self._spec.set_at((*self._keys, key), value)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(f"no {error.args[0]}") from None

    def __setattr__(self, name: str, value: object) -> None:
        self._spec.set_known((*self._keys, name), value)

    def __iter__(self) -> Iterator[Any]:
        held = self._value()
        return iter(held) if isinstance(held, dict) else (self[i] for i in range(len(held)))

    def __len__(self) -> int:
        return len(self._value())

    def __contains__(self, item: object) -> bool:
        return item in self._value()

    def __repr__(self) -> str:
        return f"<{'.'.join(map(str, self._keys))}: {self._value()!r}>"

    def get(self, key: str, default: object = None) -> Any:
        """The value of ``key``, or ``default``."""
        return self[key] if key in self._value() else default

    def keys(self) -> list[str]:
        """The keys of the section."""
        return list(self._value())


class ArchitectureView(View):
    """The architecture, which finds its leaves by name."""

    __slots__ = ()

    def find(self, name: str) -> View:
        """The leaf called ``name``, wherever it stands.

        Raises:
            SpecError: there is none; the message names the nearest.
        """
        return View(self._spec, leaf_keys(self._spec, name))

    def leaves(self) -> list[View]:
        """Every leaf in the order of the text."""
        return [self.find(leaf["name"]) for leaf, _ in leaves_in_order(self._value()["nodes"])]


def leaf_keys(spec: TimeloopSpecification, name: object) -> Keys:
    """The keys that lead to the leaf called ``name``. Raises SpecError."""
    found: dict[str, Keys] = {}

    def visit(nodes: list, keys: Keys) -> None:
        for i, node in enumerate(nodes):
            if "nodes" in node:
                visit(node["nodes"], (*keys, i, "nodes"))
            else:
                found[node["name"]] = (*keys, i)

    visit(spec.value_at(("architecture", "nodes")), ("architecture", "nodes"))
    if name not in found:
        raise SpecError(f"there is no component {name!r} in the architecture{did_you_mean(name, found)}")
    return found[name]  # type: ignore[index]
