"""How large a node graph becomes when its aliases are written out: known before anything is built."""

from __future__ import annotations

from collections.abc import Callable

import yaml

from accelax.errors import Location, Problem, SpecError

MAX_VALUES = 500_000
MAX_DEPTH = 100


def check_expansion(root: yaml.Node, locate: Callable[[yaml.Node], Location]) -> None:
    """Check the tree that a node graph stands for, in time proportional to the graph and not to the tree.

    Raises:
        SpecError: an alias refers to a value that contains it, or the tree has more than ``MAX_VALUES`` values or more
            than ``MAX_DEPTH`` levels.
    """
    _Measure(locate).size_and_height(root, 0)


def too_many_values(location: Location) -> SpecError:
    """Return the error for an input that is too large once aliases and includes are written out."""
    message = f"the input expands to more than {MAX_VALUES} values; do its aliases or includes multiply?"
    return SpecError([Problem(message, location)])


def too_deep(location: Location) -> SpecError:
    """Return the error for an input that nests too deep."""
    return SpecError([Problem(f"nested more than {MAX_DEPTH} levels deep", location)])


class _Measure:
    """Sizes of the nodes seen so far."""

    def __init__(self, locate: Callable[[yaml.Node], Location]):
        self._locate = locate
        self._known: dict[int, tuple[int, int]] = {}
        self._open: set[int] = set()

    def size_and_height(self, node: yaml.Node, depth: int) -> tuple[int, int]:
        """Return how many values a node stands for and how many levels they have."""
        if isinstance(node, yaml.ScalarNode):
            return 1, 0
        if id(node) in self._open:
            raise SpecError([Problem("the alias refers to a value that contains it", self._locate(node))])
        if id(node) not in self._known:
            if depth >= MAX_DEPTH:
                raise too_deep(self._locate(node))
            self._open.add(id(node))
            self._known[id(node)] = self._measure(node, depth)
            self._open.discard(id(node))
        size, height = self._known[id(node)]
        if depth + height > MAX_DEPTH:
            raise too_deep(self._locate(node))
        return size, height

    def _measure(self, node: yaml.Node, depth: int) -> tuple[int, int]:
        size, height = 1, 1
        children = (part for pair in node.value for part in pair) if isinstance(node, yaml.MappingNode) else node.value
        for child in children:
            child_size, child_height = self.size_and_height(child, depth + 1)
            size += child_size
            height = max(height, child_height + 1)
        if size > MAX_VALUES:
            raise too_many_values(self._locate(node))
        return size, height
