"""The study's energy as a function of values in the specification, with every mapping as it was found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from accelax.components.numbers import Number
from accelax.encode.knobs import at_values
from accelax.model.levels.arrays import LevelHardware
from accelax.model.levels.evaluate import nest_traffic, price_nest
from accelax.model.levels.nest import count_nest
from accelax.studies.raella.leftovers import ALL_PLACES
from accelax.studies.raella.machines import Machine, architecture_of
from accelax.studies.raella.openings import Openings
from accelax.studies.raella.study import LayerResult, StudyResult


def total_energy_J(study: StudyResult, values: Mapping[str, Number]) -> Number:
    """Energy of one batch through every layer on every architecture, when the values of some paths are others.

    ``values`` map paths of the specifications, such as ``variables.ADC_RESOLUTION``, to numbers that may be traced: the
    function takes ``jax.jit`` and ``jax.grad``. What the loops do is counted once, outside of what is traced.

    Raises as :func:`~accelax.encode.knobs.at_values`.
    """
    return sum(layer_energies_J(study, name, values).sum() for name in study.architectures)


def layer_energies_J(study: StudyResult, architecture: str, values: Mapping[str, Number]) -> Any:
    """``[layers]``: energy of one batch through each layer of the study on one architecture; see above."""
    import jax.numpy as jnp

    results = [result for result in study.layers if result.architecture == architecture]
    machine = Machine(architecture_of(architecture), study.batch, study.tiles)
    openings = Openings(machine.problem, machine.lanes, ALL_PLACES)
    mapping = openings.mapping(_factors(openings, results))
    strides = (np.array([float(getattr(result.layer, name)) for result in results]) for name in ("Wstride", "Hstride"))
    structure = openings.structure
    nest = count_nest(structure, openings.strided(*strides), mapping)
    traffic = nest_traffic(structure, mapping, nest)
    rows = [machine.architecture.variables(result.layer, result.statistics) for result in results]
    data = {f"variables.{name}": jnp.array([row[name] for row in rows]) for name in rows[0]}

    def hardware_at(row: Mapping[str, Number]) -> LevelHardware:
        return at_values(machine.spec, machine.problem, {**row, **values}).hardware

    return price_nest(structure, jax.vmap(hardware_at)(data), mapping, nest, traffic).energy * 1e-12


def _factors(openings: Openings, results: list[LayerResult]) -> dict[tuple[int, int], np.ndarray]:
    """The factors of each slot, ``[layers]``."""
    named = [(openings.structure.level_names[level], openings.structure.ranks[rank]) for level, rank in openings.slots]
    return {
        slot: np.array([float(result.solution.factors.get(name, 1)) for result in results])
        for slot, name in zip(openings.slots, named, strict=True)
    }
