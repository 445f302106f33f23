"""The architecture and its nodes: the classes of TimeloopFE by their names there."""

from __future__ import annotations

from typing import Any

from accelax.errors import SpecError, did_you_mean
from accelax.timeloop.nodes import DictNode, ListNode, Node


class Branch(DictNode):
    """A node with nodes below it."""

    __slots__ = ()

    def find(self, name: str) -> Any:
        """The leaf called ``name`` below this node.

        Raises:
            SpecError: there is none; the message names the nearest.
        """
        leaves = self.get_nodes_of_type(Leaf)
        for leaf in leaves:
            if leaf.get("name") == name:
                return leaf
        known = [leaf.get("name") for leaf in leaves]
        raise SpecError(f"there is no component {name!r} in the architecture{did_you_mean(name, known)}")

    name2leaf = find

    def leaves(self) -> list[Any]:
        """Every leaf below this node, in the order of the text."""
        return self.get_nodes_of_type(Leaf)


class Architecture(Branch):
    """The whole architecture."""

    __slots__ = ()
    places = ("architecture",)


class Hierarchical(Branch):
    """Nodes one inside the other."""

    __slots__ = ()
    places = ("!Hierarchical",)
    node_tag = "Hierarchical"


class Parallel(Branch):
    """Nodes beside each other, each for its own data spaces."""

    __slots__ = ()
    places = ("!Parallel",)
    node_tag = "Parallel"


class Pipelined(Branch):
    """Nodes that work as a pipeline; treated as hierarchical."""

    __slots__ = ()
    places = ("!Pipelined",)
    node_tag = "Pipelined"


class Leaf(DictNode):
    """A node without nodes below it."""

    __slots__ = ()


class Container(Leaf):
    """A group with attributes and a fan-out for everything after it."""

    __slots__ = ()
    places = ("leaf.container", "!Container")
    node_tag = "Container"


class Component(Leaf):
    """A piece of hardware."""

    __slots__ = ()
    places = ("leaf.unknown", "!Component")
    node_tag = "Component"


class Storage(Component):
    """A component that keeps data."""

    __slots__ = ()
    places = ("leaf.storage",)


class Compute(Component):
    """A component that computes."""

    __slots__ = ()
    places = ("leaf.compute",)


class Network(Component):
    """A component that moves data."""

    __slots__ = ()
    places = ("leaf.network",)


class Nothing(Leaf):
    """A node that is no hardware."""

    __slots__ = ()
    places = ("leaf.nothing", "!Nothing")
    node_tag = "Nothing"


class ArchNodes(ListNode):
    """The nodes of a branch."""

    __slots__ = ()
    places = ("architecture.nodes",)


class Attributes(DictNode):
    """The attributes of a leaf."""

    __slots__ = ()
    places = ("leaf.attributes",)


class Spatial(DictNode):
    """The fan-out of a leaf: ``meshX`` and ``meshY``."""

    __slots__ = ()
    places = ("leaf.spatial",)


ArchNode = Node
