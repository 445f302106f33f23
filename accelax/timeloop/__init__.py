"""A drop-in for the Python interface of Timeloop: the same scripts, with one import line changed.

    import accelax.timeloop as tl                      # was: import pytimeloop.timeloopfe.v4 as tl

    spec = tl.Specification.from_yaml_files("arch.yaml", "problem.yaml", "mapper.yaml")
    spec.architecture.find("my_buffer").attributes.depth = 2048
    stats = tl.call_mapper(spec, output_dir="out")

Energies come from the ERT of the files, else from component models. Nothing is started besides Python. Not there, as
the format is that of one C++ library: ``map+stats.xml``.
"""

from __future__ import annotations

from accelax.errors import AccelaxError, SpecError, UnsupportedError
from accelax.timeloop import arch, output, processor, sections, specification
from accelax.timeloop.arch import (
    Architecture,
    Component,
    Compute,
    Container,
    Hierarchical,
    Leaf,
    Nothing,
    Parallel,
    Pipelined,
    Storage,
)
from accelax.timeloop.calls import (
    Finished,
    TimeloopError,
    call_accelergy_verbose,
    call_mapper,
    call_model,
    call_stop,
)
from accelax.timeloop.nodes import DictNode, ListNode, Node
from accelax.timeloop.output import MultipliableDict, OutputStats, OutputStatsList
from accelax.timeloop.processor import Processor, ProcessorError
from accelax.timeloop.sections import (
    Art,
    Components,
    Constraints,
    ConstraintsList,
    Ert,
    Globals,
    Instance,
    Mapper,
    Mapspace,
    Problem,
    Shape,
    SparseOptimizations,
    Variables,
)
from accelax.timeloop.specification import Specification

problem = mapper = constraints = variables = components = mapspace = sparse_optimizations = globals = sections
output_parsing = output
Mapping = ConstraintsList

__all__ = [
    "AccelaxError",
    "Architecture",
    "Art",
    "Component",
    "Components",
    "Compute",
    "Constraints",
    "ConstraintsList",
    "Container",
    "DictNode",
    "Ert",
    "Finished",
    "Globals",
    "Hierarchical",
    "Instance",
    "Leaf",
    "ListNode",
    "Mapper",
    "Mapping",
    "Mapspace",
    "MultipliableDict",
    "Node",
    "Nothing",
    "OutputStats",
    "OutputStatsList",
    "Parallel",
    "Pipelined",
    "Problem",
    "Processor",
    "ProcessorError",
    "Shape",
    "SparseOptimizations",
    "SpecError",
    "Specification",
    "Storage",
    "TimeloopError",
    "UnsupportedError",
    "Variables",
    "arch",
    "call_accelergy_verbose",
    "call_mapper",
    "call_model",
    "call_stop",
    "components",
    "constraints",
    "globals",
    "mapper",
    "mapspace",
    "output",
    "output_parsing",
    "problem",
    "processor",
    "sections",
    "sparse_optimizations",
    "specification",
    "variables",
]
