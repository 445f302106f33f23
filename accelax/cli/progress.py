"""How far a search is, on one line of stderr."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from accelax.report.numbers import count

if TYPE_CHECKING:
    from accelax.search.record import Progress


class ProgressLine:
    """Called by a search with its figures now and then; shows them at most five times a second.

    On a terminal the line is overwritten; elsewhere a line is printed every ten seconds.
    """

    def __init__(self, stream: TextIO):
        self.stream = stream
        self.overwrite = stream.isatty()
        self.interval = 0.2 if self.overwrite else 10.0
        self.last = time.monotonic()
        self.shown = False

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.shown and self.overwrite:
            self.stream.write("\r\x1b[K")
            self.stream.flush()

    def __call__(self, progress: Progress) -> None:
        """Show how many mappings were evaluated in how many seconds, the best value and what is proved of it.

        A terminal shows at once that nothing was evaluated yet.
        """
        now = time.monotonic()
        starting = progress.evaluated == 0 and self.overwrite
        if now - self.last < self.interval and not starting:
            return
        self.last, self.shown = now, True
        text = "starting"
        if progress.evaluated:
            text = f"{progress.seconds:5.1f} s  {count(progress.evaluated)} mappings  {_best(progress)}"
        if progress.layer:
            text = f"{progress.layer}  {text}"
        self.stream.write(f"\r\x1b[K{text}" if self.overwrite else f"{text}\n")
        self.stream.flush()


def _best(progress: Progress) -> str:
    """The best value, and the gap that its bound leaves."""
    if progress.value is None:
        return "no valid mapping yet"
    proved = f"  gap {100 * (1 - progress.lower_bound / progress.value):.3g} %" if progress.lower_bound else ""
    return f"best {progress.value:.6g}{proved}"
