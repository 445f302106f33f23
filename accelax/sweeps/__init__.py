"""Many designs in one call: points over paths of a specification, with one compilation and a file that resumes."""

from accelax.sweeps.entry import sweep
from accelax.sweeps.progress import SweepProgress
from accelax.sweeps.result import SweepResult

__all__ = ["SweepProgress", "SweepResult", "sweep"]
