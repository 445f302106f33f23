"""The intermediate representation that both dialects lower to: plain frozen Python objects, no JAX, no YAML.

A user may write these by hand. ``workload`` says what is computed, ``mapping`` in what order and where
(a LoopTree), ``level_machine`` and ``tree_machine`` on what: the first describes a Timeloop hierarchy of levels
that own their loops, the second an AccelForge tree whose storages stand anywhere between the loops.
"""

from accelax.ir.lowered import LevelConstraints, LoweredLevels, LoweredTree
from accelax.ir.mapping import Compute, Mapping, Pipeline, Sequential, Spatial, Storage, Temporal, Toll
from accelax.ir.rules import Rules
from accelax.ir.workload import Einsum, Tensor

__all__ = [
    "Compute",
    "Einsum",
    "LevelConstraints",
    "LoweredLevels",
    "LoweredTree",
    "Mapping",
    "Pipeline",
    "Rules",
    "Sequential",
    "Spatial",
    "Storage",
    "Temporal",
    "Tensor",
    "Toll",
]
