"""Many designs in one call: points over paths of a specification, with one compilation and a file that resumes.

Where ``jax.distributed`` joins several processes, on one host or many, each takes its share of the chunks and writes a
part, ``OUTPUT.part0``, ``OUTPUT.part1`` and so on. Every process runs the same lines, and any reads the whole when all
are done, if the parts lie in one directory::

    jax.distributed.initialize("host:1234", num_processes=2, process_id=n)
    ax.sweep(spec, axes, output="shared/results.jsonl")
    ax.SweepResult.read("shared/results.jsonl")
"""

from accelax.sweeps.entry import sweep
from accelax.sweeps.progress import SweepProgress
from accelax.sweeps.result import SweepResult

__all__ = ["SweepProgress", "SweepResult", "sweep"]
