"""How far a sweep is."""

from __future__ import annotations

from typing import NamedTuple


class SweepProgress(NamedTuple):
    """Points that are done, of how many; seconds spent; those found in the file do not count as this run's work.

    >>> SweepProgress(60, 100, 10.0, found=20).points_per_s
    4.0
    """

    done: int
    total: int
    seconds: float
    found: int = 0

    @property
    def points_per_s(self) -> float:
        """Points a second in this run; 0 before the first."""
        fresh = self.done - self.found
        return fresh / self.seconds if fresh and self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the end at this speed; None while it is not known."""
        return (self.total - self.done) / self.points_per_s if self.points_per_s else None
