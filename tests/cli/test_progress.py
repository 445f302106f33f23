from __future__ import annotations

import io

from accelax.cli import progress
from accelax.cli.progress import ProgressLine
from accelax.search.record import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(monkeypatch, stream: io.StringIO, times: list[float], bound: float = 0.0) -> str:
    """What is written when the search reports at each of ``times`` (seconds after the start)."""
    clock = iter([0.0, *times])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    with ProgressLine(stream) as line:
        for position, seconds in enumerate(times):
            line(Progress(1000 * (position + 1), seconds, None if position == 0 else 2.5, bound))
    return stream.getvalue()


def test_a_terminal_line_is_overwritten_five_times_a_second_at_most(monkeypatch):
    text = shown(monkeypatch, Terminal(), [0.3, 0.4, 0.6])
    assert text.split("\r\x1b[K") == [
        "",
        "  0.3 s  1,000 mappings  no valid mapping yet",
        "  0.6 s  3,000 mappings  best 2.5",
        "",
    ]


def test_a_file_gets_a_line_every_ten_seconds(monkeypatch):
    assert shown(monkeypatch, io.StringIO(), [5, 11, 15]) == " 11.0 s  2,000 mappings  best 2.5\n"


def test_a_bound_shows_as_a_gap(monkeypatch):
    assert shown(monkeypatch, io.StringIO(), [5, 11], 2.0) == " 11.0 s  2,000 mappings  best 2.5  gap 20 %\n"


def test_a_terminal_shows_at_once_that_the_search_starts_and_of_which_layer():
    stream = Terminal()
    with ProgressLine(stream) as line:
        line(Progress(0, 0.0, None, 0.0, "2/12 conv1"))
    assert stream.getvalue() == "\r\x1b[K2/12 conv1  starting\r\x1b[K"


def test_a_short_search_says_nothing(monkeypatch):
    assert shown(monkeypatch, io.StringIO(), [0.1]) == ""
