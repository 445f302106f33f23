"""The sections of a specification besides the architecture: the classes of TimeloopFE by their names there.

``tl.problem``, ``tl.mapper``, ``tl.constraints``, ``tl.variables``, ``tl.components``, ``tl.globals``, ``tl.mapspace``
and ``tl.sparse_optimizations`` all are this module.
"""

from __future__ import annotations

from accelax.ir import Mapping
from accelax.timeloop.nodes import DictNode, ListNode


class Problem(DictNode):
    """The problem: ``shape`` and ``instance``."""

    __slots__ = ()
    places = ("problem",)


class Shape(DictNode):
    """Dimensions, data spaces and coefficients."""

    __slots__ = ()
    places = ("problem.shape",)


class Instance(DictNode):
    """The bounds of the dimensions, and the coefficients."""

    __slots__ = ()
    places = ("problem.instance",)


class Variables(DictNode):
    """Names that expressions use."""

    __slots__ = ()
    places = ("variables",)


class Mapper(DictNode):
    """The settings of the mapper."""

    __slots__ = ()
    places = ("mapper",)


class Components(DictNode):
    """The compound components."""

    __slots__ = ()
    places = ("components",)


class Constraints(DictNode):
    """Constraints listed apart from the architecture: ``targets``."""

    __slots__ = ()
    places = ("constraints",)


class ConstraintsList(ListNode):
    """The entries of ``constraints.targets``, or of ``mapping``."""

    __slots__ = ()
    places = ("mapping", "constraints.targets")


class ConstraintGroup(DictNode):
    """The constraints of one node of the architecture."""

    __slots__ = ()
    places = ("leaf.constraints",)


class Spatial(DictNode):
    """A spatial constraint of a node."""

    __slots__ = ()
    places = ("leaf.constraints.spatial",)


class Temporal(DictNode):
    """A temporal constraint of a node."""

    __slots__ = ()
    places = ("leaf.constraints.temporal",)


class Dataspace(DictNode):
    """What a node keeps and bypasses."""

    __slots__ = ()
    places = ("leaf.constraints.dataspace",)


class SparseOptimizations(DictNode):
    """Sparse optimizations listed apart from the architecture."""

    __slots__ = ()
    places = ("sparse_optimizations",)


class SparseOptimizationGroup(DictNode):
    """The sparse optimizations of one node of the architecture."""

    __slots__ = ()
    places = ("leaf.sparse_optimizations",)


class Globals(DictNode):
    """Environment variables, functions and plug-ins."""

    __slots__ = ()
    places = ("globals",)


class Ert(DictNode):
    """Energies of actions."""

    __slots__ = ()
    places = ("ERT",)


class Art(DictNode):
    """Areas of components."""

    __slots__ = ()
    places = ("ART",)


class Mapspace(DictNode):
    """The template of the mapspace; also tells whether a mapping is in it."""

    __slots__ = ()
    places = ("mapspace",)

    def contains(self, mapping: Mapping) -> bool:
        """Whether ``mapping`` meets every constraint of the specification."""
        return not self.violations(mapping)

    def violations(self, mapping: Mapping) -> list[str]:
        """Every constraint that ``mapping`` breaks, in words."""
        return self._spec.level_mapspace().violations(mapping)  # type: ignore[attr-defined]
