"""``accelax check``: read everything, compute nothing."""

from __future__ import annotations

from collections.abc import Sequence

from accelax.cli.exits import ExitCode
from accelax.cli.inputs import load_specification
from accelax.ir import LoweredLevels, LoweredTree


def check_files(files: Sequence[str]) -> ExitCode:
    """Read and lower ``files``; print one line about what they hold.

    Raises:
        SpecError: every problem found.
        UnsupportedError: the first feature that accelax does not have.
    """
    spec = load_specification(files)
    print(f"fine: {spec.dialect} specification, {_describe(spec.lowered())}")
    return ExitCode.FINE


def _describe(lowered: LoweredLevels | LoweredTree) -> str:
    """What the specification holds, in half a sentence."""
    if isinstance(lowered, LoweredLevels):
        bounds = " ".join(f"{rank}={bound}" for rank, bound in lowered.einsum.bounds)
        storages = [level.name for level in lowered.machine.levels if not level.is_fanout]
        parts = [f"{lowered.einsum.name} with {bounds}", f"{' > '.join((*storages, lowered.machine.compute.name))}"]
    else:
        names = ", ".join(einsum.name for einsum in lowered.einsums)
        components = [c.name for c in lowered.machines[0].components if c.kind != "container"]
        parts = [f"{'Einsum' if len(lowered.einsums) == 1 else 'Einsums'} {names}", " > ".join(components)]
    parts.append("a complete mapping" if lowered.mapping else "no complete mapping")
    return ", ".join(parts)
