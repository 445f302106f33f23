"""What a batched evaluation returns: five numbers for each mapping."""

from __future__ import annotations

from flax import struct

from accelax.model.ops import Number


@struct.dataclass
class Cost:
    """The cost of one mapping, or of ``n`` of them (every field ``[n]``).

    ``edp`` is joules x cycles in the Timeloop dialect and joules x seconds in AccelForge's. ``cycles`` is NaN where the
    dialect measures time in seconds alone, ``latency_s`` where no clock is known.
    """

    energy_pJ: Number
    cycles: Number
    latency_s: Number
    edp: Number
    violation: Number
    """The largest relative excess over a constraint (0.25: a quarter too large); 0 when the mapping fits."""
