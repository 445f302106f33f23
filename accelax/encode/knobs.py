"""Hardware numbers as functions of values in a specification, so that sweeps and gradients reach every one of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from accelax.components.numbers import Number
from accelax.encode.level_problem import LevelProblem, level_hardware, level_structure
from accelax.errors import SpecError, UnsupportedError
from accelax.ir import LoweredLevels
from accelax.model.levels.arrays import LevelStructure
from accelax.spec.timeloop.specification import TimeloopSpecification


def at_values(spec: Any, problem: LevelProblem, values: Mapping[str, Number]) -> LevelProblem:
    """``problem`` with the hardware that ``spec`` describes when the values of some paths are others.

    The specification is read again, with numbers that may be traced: expressions, compound components and estimators
    carry them on to sizes, bandwidths, energies and areas. So ``jit``, ``vmap`` and ``grad`` work over any path of the
    path grammar (``architecture.GLB.attributes.depth``, ``variables.technology``). Structure is not a number.

    Raises:
        SpecError: no such path; a value out of its range (plain values only), or a traced one of
            which more is asked than a number.
        UnsupportedError: the dialect is AccelForge's, or a value decides the structure of the machine.

    >>> import accelax as ax
    >>> files = "configs/arch/two_level.yaml", "configs/workload/bert_base/layer_01.yaml"
    >>> spec = ax.Specification.from_yaml_files(*files)
    >>> problem = ax.encode(spec)
    >>> at_values(spec, problem, {"architecture.buffer.attributes.depth": 64}).hardware.size[1]
    64.0
    """
    if not isinstance(spec, TimeloopSpecification):
        raise UnsupportedError("hardware numbers as functions of a specification in the AccelForge dialect")
    try:
        lowered = spec.with_values(values).lowered()
    except TypeError as error:
        if "Tracer" not in type(error).__name__ and "Concretization" not in type(error).__name__:
            raise
        raise SpecError(f"a value among {', '.join(values)} decides more than numbers and cannot be traced") from error
    return at_machine(problem, lowered, tuple(values))


def mesh_matters(structure: LevelStructure) -> bool:
    """Whether counts depend on the shape of a mesh, and not on the factors that a mapping spreads over it alone.

    They do where children are counted one by one: for tensors that a neighbour may serve, for hops, and for imperfect
    mappings. Elsewhere numbers of instances are hardware numbers like any other.
    """
    links = structure.rules.link_transfers != "off" and any(
        fanout and not all(row) for fanout, row in zip(structure.is_fanout, structure.no_link_transfer, strict=True)
    )
    return structure.imperfect or any(structure.network_energy) or links


def at_machine(problem: LevelProblem, lowered: LoweredLevels, paths: tuple[str, ...] = ()) -> LevelProblem:
    """``problem`` with the machine of another lowered specification of the same structure.

    Raises:
        UnsupportedError: the structure differs.
    """
    structure = level_structure(lowered)
    if not mesh_matters(problem.structure):
        structure = replace(structure, physical_mesh=problem.structure.physical_mesh)
    if structure != problem.structure:
        raise UnsupportedError(f"a change of structure by {', '.join(paths) or 'the machine'} within one batch")
    cycle = lowered.machine.cycle_seconds
    numbers = {"hardware": level_hardware(lowered), "cycle_seconds": math.nan if cycle is None else cycle}
    return problem.replace(**numbers)  # type: ignore[attr-defined]
