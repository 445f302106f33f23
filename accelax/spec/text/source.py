"""Containers that remember where in the input they came from, and the collector of problems."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping

from accelax.errors import Location, Problem, SpecError


class Quoted(str):
    """A scalar that was written in quotes: a string literal, never an expression.

    >>> Quoted("2 * x") == "2 * x"
    True
    """

    __slots__ = ()


class SourceDict(dict):
    """A mapping read from a file.

    ``tag`` is its YAML tag without the exclamation mark (``"Component"``), ``location`` the place where it starts.
    ``key_locations`` and ``value_locations`` give the place of each key and value, which after a merge may be in
    another file. ``nomerge`` says that the mapping was marked ``!nomerge``: recursive merges leave it alone.
    """

    __slots__ = ("key_locations", "location", "nomerge", "tag", "value_locations")

    def __init__(
        self,
        items: Mapping | Iterable[tuple[Hashable, object]] = (),
        *,
        tag: str | None = None,
        location: Location | None = None,
        nomerge: bool = False,
    ):
        super().__init__(items)
        self.tag = tag
        self.location = location
        self.nomerge = nomerge
        self.key_locations: dict[Hashable, Location] = {}
        self.value_locations: dict[Hashable, Location] = {}

    def place(
        self, key: Hashable, value: object, key_location: Location | None, value_location: Location | None
    ) -> None:
        """Set ``self[key] = value`` and record where the key and the value stand (``None``: unknown)."""
        self[key] = value
        for table, location in ((self.key_locations, key_location), (self.value_locations, value_location)):
            if location is None:
                table.pop(key, None)
            else:
                table[key] = location

    def copy(self) -> SourceDict:
        """Return a shallow copy that keeps the tag and the locations."""
        twin = SourceDict(self, tag=self.tag, location=self.location, nomerge=self.nomerge)
        twin.key_locations.update(self.key_locations)
        twin.value_locations.update(self.value_locations)
        return twin


class SourceList(list):
    """A sequence read from a file: ``tag``, ``location`` and ``nomerge`` as in ``SourceDict``, and a place per item.

    ``item_locations`` stays aligned with the items as long as items are added with ``place``.
    """

    __slots__ = ("item_locations", "location", "nomerge", "tag")

    def __init__(
        self,
        items: Iterable[object] = (),
        *,
        tag: str | None = None,
        location: Location | None = None,
        nomerge: bool = False,
    ):
        super().__init__(items)
        self.tag = tag
        self.location = location
        self.nomerge = nomerge
        self.item_locations: list[Location | None] = [location] * len(self)

    def place(self, item: object, location: Location | None) -> None:
        """Append ``item`` and record where it stands."""
        self.append(item)
        self.item_locations.append(location)

    def copy(self) -> SourceList:
        """Return a shallow copy that keeps the tag and the locations."""
        twin = SourceList(self, tag=self.tag, location=self.location, nomerge=self.nomerge)
        twin.item_locations[:] = self.item_locations
        return twin


def location_of(container: object, key_or_index: object = None) -> Location | None:
    """Return where a value of ``container`` stands, or where the container does when no key is given.

    Works for plain dictionaries and lists too (they have no place: ``None``), so that the same code reads data that
    never was in a file. An unknown key falls back to the place of the container.

    >>> box = SourceDict(location=Location("a.yaml", 1, 1))
    >>> box.place("depth", 8, Location("a.yaml", 2, 3), Location("a.yaml", 2, 10))
    >>> print(location_of(box, "depth"), location_of(box, "width"), location_of({"depth": 8}, "depth"))
    a.yaml:2:10 a.yaml:1:1 None
    """
    if isinstance(container, SourceDict):
        return container.value_locations.get(key_or_index, container.location)
    if isinstance(container, SourceList):
        places = container.item_locations
        if isinstance(key_or_index, int) and -len(places) <= key_or_index < len(places):
            return places[key_or_index] or container.location
        return container.location
    return None


def key_location_of(container: object, key: Hashable) -> Location | None:
    """Return where ``key`` itself is written (for messages about an unknown key), or the place of the container."""
    if isinstance(container, SourceDict):
        return container.key_locations.get(key, container.location)
    return location_of(container)


class Problems:
    """Collects what is wrong with the input, so that everything is reported at once.

    >>> problems = Problems()
    >>> problems.add("expected a number", Location("a.yaml", 3, 5), "problem.instance.C")
    >>> [str(p) for p in problems.items]
    ['a.yaml:3:5: problem.instance.C: expected a number']
    """

    def __init__(self) -> None:
        self.items: list[Problem] = []

    def add(self, message: str, location: Location | None = None, path: str = "") -> None:
        """Record one problem; the same one is kept once."""
        problem = Problem(message, location, path)
        if problem not in self.items:
            self.items.append(problem)

    def extend(self, problems: Iterable[Problem]) -> None:
        """Record several problems (those of a caught ``SpecError``, for instance)."""
        for problem in problems:
            self.add(problem.message, problem.location, problem.path)

    def __bool__(self) -> bool:
        return bool(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def raise_if_any(self) -> None:
        """Raise ``SpecError`` with every problem recorded so far; do nothing when there is none."""
        if self.items:
            raise SpecError(self.items)
