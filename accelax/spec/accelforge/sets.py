"""Sets that know the space they live in, so that ``~`` has a meaning: the values of AccelForge's set expressions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal


class SetError(ValueError):
    """An operation that sets do not have."""


@dataclass(frozen=True)
class ElementSet:
    """A subset of ``space``, the tensors or the rank variables of one Einsum, in the order of the space.

    ``ranks_of`` maps each tensor of the space to its rank variables, ``bits_of`` to its bits per value.

    >>> space = ("A", "B", "Z")
    >>> tuple(~ElementSet(("A",), space))
    ('B', 'Z')
    >>> tuple((ElementSet(("A", "B"), space) - ElementSet(("A",), space)) | ElementSet(("Z",), space))
    ('B', 'Z')
    """

    members: tuple[str, ...]
    space: tuple[str, ...]
    kind: Literal["tensor", "rank"] = "tensor"
    ranks_of: tuple[tuple[str, ElementSet], ...] = field(default=(), compare=False, repr=False)
    bits_of: tuple[tuple[str, float], ...] = field(default=(), compare=False, repr=False)

    def of(self, members: Iterable[str]) -> ElementSet:
        """The set of ``members`` in the same space; what is not in the space is dropped."""
        wanted = set(members)
        ordered = tuple(name for name in self.space if name in wanted)
        return ElementSet(ordered, self.space, self.kind, self.ranks_of, self.bits_of)

    def _other(self, other: object) -> ElementSet:
        if not isinstance(other, ElementSet):
            raise SetError(f"expected a set of {self.kind}s, got {other!r}")
        if other.kind != self.kind:
            raise SetError(f"a set of {self.kind}s and a set of {other.kind}s can not be combined")
        return other

    def __and__(self, other: object) -> ElementSet:
        return self.of(set(self.members) & set(self._other(other).members))

    def __or__(self, other: object) -> ElementSet:
        return self.of(set(self.members) | set(self._other(other).members))

    def __sub__(self, other: object) -> ElementSet:
        return self.of(set(self.members) - set(self._other(other).members))

    def __xor__(self, other: object) -> ElementSet:
        return self.of(set(self.members) ^ set(self._other(other).members))

    def __invert__(self) -> ElementSet:
        return self.of(set(self.space) - set(self.members))

    def __len__(self) -> int:
        return len(self.members)

    def __bool__(self) -> bool:
        return bool(self.members)

    def __iter__(self) -> Iterator[str]:
        return iter(self.members)

    def __contains__(self, item: object) -> bool:
        """Whether a name, or every member of another set, is in this one."""
        if isinstance(item, ElementSet):
            return set(item.members) <= set(self.members)
        return item in self.members

    def __le__(self, other: object) -> bool:
        return set(self.members) <= set(self._other(other).members)

    def __ge__(self, other: object) -> bool:
        return set(self.members) >= set(self._other(other).members)

    def __lt__(self, other: object) -> bool:
        return set(self.members) < set(self._other(other).members)

    def __gt__(self, other: object) -> bool:
        return set(self.members) > set(self._other(other).members)

    @property
    def rank_variables(self) -> ElementSet:
        """The rank variables that index any tensor of the set."""
        if self.kind != "tensor":
            raise SetError("rank_variables is of sets of tensors, not of rank variables")
        if not self.ranks_of:
            raise SetError("the rank variables of these tensors are not known here")
        empty = self.ranks_of[0][1].of(())
        for name, ranks in self.ranks_of:
            if name in self.members:
                empty = empty | ranks
        return empty

    @property
    def tensors(self) -> ElementSet:
        """The set itself: ``GLB.tensors`` means the same as ``GLB``."""
        if self.kind != "tensor":
            raise SetError("tensors is of sets of tensors, not of rank variables")
        return self

    @property
    def bits_per_value(self) -> float:
        """The bits per value of the only tensor of the set."""
        if len(self.members) != 1:
            raise SetError(f"bits_per_value is of a set of one tensor, not of {len(self.members)}")
        bits = dict(self.bits_of)
        if self.members[0] not in bits:
            raise SetError(f"the bits per value of {self.members[0]!r} are not known here")
        return bits[self.members[0]]

    def expression_attribute(self, name: str) -> object:
        """What ``set.name`` means in an expression. Raises SetError for anything but the three attributes there are."""
        if name not in ("rank_variables", "tensors", "bits_per_value"):
            raise SetError(f"a set has no attribute {name!r}; it has rank_variables, tensors and bits_per_value")
        return getattr(self, name)
