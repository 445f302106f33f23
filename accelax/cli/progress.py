"""How far a search is, on one line of stderr."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TextIO

from accelax.report.numbers import count


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

    def __call__(self, evaluated: int, seconds: float, value: float | None) -> None:
        """Show how many mappings were evaluated in how many seconds, and the best value (None: no valid one yet).

        No mapping at all means that the model is being compiled; a terminal shows that at once.
        """
        now = time.monotonic()
        starting = evaluated == 0 and self.overwrite
        if now - self.last < self.interval and not starting:
            return
        self.last, self.shown = now, True
        best = "no valid mapping yet" if value is None else f"best {value:.6g}"
        text = f"{seconds:5.1f} s  {count(evaluated)} mappings  {best}" if evaluated else "compiling the model"
        self.stream.write(f"\r\x1b[K{text}" if self.overwrite else f"{text}\n")
        self.stream.flush()
