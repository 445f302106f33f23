"""Which imperfect shapes a chain of levels can be evaluated with."""

from __future__ import annotations

from accelax.errors import UnsupportedError
from accelax.model.levels.arrays import LevelHardware, LevelStructure
from accelax.model.levels.clipped_nest import sliding_ranks, unsupported_clipping


def refuse_imperfect(structure: LevelStructure, hardware: LevelHardware) -> None:
    """Raise UnsupportedError, naming the feature, for an imperfect problem that has no exact rule.

    ``hardware`` may be changed later (a sweep), but a router energy of zero that becomes positive then is not noticed.
    """
    if not structure.imperfect:
        return
    if structure.rules.imperfect == "accelforge_average":
        raise UnsupportedError("the rule imperfect='accelforge_average' for a chain of levels")
    missing = unsupported_clipping(structure)
    if missing is not None:
        raise UnsupportedError(missing)
    for level, energy in enumerate(hardware.router_energy):
        if structure.is_fanout[level] and energy and structure.rules.imperfect == "timeloop_residual":
            raise UnsupportedError(f"router energy below {structure.level_names[level]!r} with residual factors")


def refuse_ragged_windows(structure: LevelStructure, factors: list[list[float]], residuals: list[list[float]]) -> None:
    """Raise UnsupportedError for a mapping whose sliding windows have ragged tiles where these are counted exactly.

    ``factors`` and ``residuals`` are ``[L][R]``.
    """
    if structure.rules.imperfect != "exact":
        return
    for rank in sorted(sliding_ranks(structure)):
        if any(row[rank] != short[rank] for row, short in zip(factors, residuals, strict=True)):
            name = structure.ranks[rank]
            raise UnsupportedError(
                f"a tile of {name!r}, part of a sliding window, that does not divide it, counted exactly,"
            )
