"""What is computed: Einsums over ranks, and the tensors they touch."""

from __future__ import annotations

from dataclasses import dataclass

Term = tuple[str, int]
"""``(rank, coefficient)``: one summand of an affine index expression."""


@dataclass(frozen=True)
class Tensor:
    """A tensor of an Einsum.

    ``projection`` has one entry per tensor rank: the terms whose sum is the index, so that ``I[c, 2*p + r]`` is
    ``((("c", 1),), (("p", 2), ("r", 1)))``. ``bits_per_value`` is None where the dialect gives word sizes by level.
    """

    name: str
    projection: tuple[tuple[Term, ...], ...]
    output: bool = False
    bits_per_value: float | None = None
    persistent: bool = False

    @property
    def ranks(self) -> tuple[str, ...]:
        """The ranks of the iteration space that index this tensor, each once, in order of appearance.

        >>> Tensor("I", ((("c", 1),), (("p", 2), ("r", 1)))).ranks
        ('c', 'p', 'r')
        """
        return tuple(dict.fromkeys(rank for terms in self.projection for rank, coefficient in terms if coefficient))


@dataclass(frozen=True)
class Einsum:
    """One Einsum: its iteration space ``bounds`` (rank to extent, in order) and its tensors, inputs and outputs.

    ``n_instances`` counts identical copies (AccelForge): they multiply energy and latency, not occupancy.
    """

    name: str
    bounds: tuple[tuple[str, int], ...]
    tensors: tuple[Tensor, ...]
    n_instances: int = 1

    @property
    def ranks(self) -> tuple[str, ...]:
        """The rank names in order."""
        return tuple(rank for rank, _ in self.bounds)

    @property
    def tensor_names(self) -> tuple[str, ...]:
        """The tensor names in order."""
        return tuple(tensor.name for tensor in self.tensors)

    def bound(self, rank: str) -> int:
        """The extent of ``rank``; a rank that the Einsum lacks has extent 1."""
        return dict(self.bounds).get(rank, 1)
