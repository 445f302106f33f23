"""Searches in words: lines and tables from made-up figures."""

from __future__ import annotations

import io

from rich.console import Console

from accelax.report.searches import (
    front_summary,
    front_table,
    layer_table,
    summary,
    total_lines,
    workload_summary,
)

SEARCH = {
    "objective": "edp", "value": 123.0, "lower_bound": 61.5, "gap": 0.5, "optimal": False, "evaluated": 5000,
    "seconds": 1.25, "interrupted": False, "mapping": "mapping: []", "same_as": None, "name": "conv1", "count": 2,
    "result": {"energy": 2e-6, "cycles": 4096, "latency": None, "utilization": 0.125},
}  # fmt: skip
NOTHING = SEARCH | {"name": "fc", "mapping": None, "result": None, "lower_bound": 0.0, "evaluated": 7}
TOTAL = {"energy": 4e-6, "cycles": 8192, "latency": 4.096e-5, "edp": 0.032768}
NETWORK = {
    "interrupted": True, "seconds": 3.0, "largest_gap": 0.5, "total": None,
    "layers": [SEARCH, SEARCH | {"name": "conv2", "same_as": "conv1"}, NOTHING],
}  # fmt: skip


def drawn(table) -> list[str]:
    console = Console(file=io.StringIO(), width=100)
    console.print(table)
    return [" ".join(line.split()) for line in console.file.getvalue().splitlines() if line.strip()]


def test_one_line_about_a_search():
    assert summary(SEARCH) == "best edp 123, gap 50 %; 5,000 mappings in 1.2 s"
    proved = SEARCH | {"optimal": True, "interrupted": True}
    assert summary(proved) == "interrupted: best edp 123, optimal; 5,000 mappings in 1.2 s"


def test_a_line_for_each_layer():
    lines = drawn(layer_table(NETWORK))
    assert lines[0] == "layer count value gap energy cycles util. proof"
    assert lines[2:] == [
        "conv1 2 123 50 % 2 µJ 4,096 12.5 % gap 50 %",
        "conv2 2 123 50 % 2 µJ 4,096 12.5 % as conv1",
        "fc 2 - - - - - nothing found",
    ]


def test_a_dialect_without_cycles_shows_time():
    result = {"energy": 2e-6, "cycles": None, "latency": 0.003, "utilization": 1.0}
    layer = SEARCH | {"result": result, "lower_bound": 0.0}
    lines = drawn(layer_table(NETWORK | {"layers": [layer]}))
    assert lines[0].split()[5] == "time"
    assert lines[2] == "conv1 2 123 - 2 µJ 3 ms 100.0 % without a bound"


def test_the_network_as_a_whole():
    assert total_lines(NETWORK).startswith("no total")
    text = total_lines(NETWORK | {"total": TOTAL})
    assert text.endswith("4 µJ, 8,192 cycles, 40.96 µs, EDP 0.032768 J·cycle")
    seconds = total_lines(NETWORK | {"total": TOTAL | {"cycles": None, "edp": None}})
    assert seconds.endswith("4 µJ, 40.96 µs")


def test_one_line_about_a_network():
    want = "interrupted: 2 of 3 layers mapped, 0 optimal, largest gap 50 %; 5,007 mappings in 3.0 s"
    assert workload_summary(NETWORK) == want


def test_a_front():
    figures = {
        "metrics": ["energy", "delay"], "lower_bounds": {"energy": 90.0, "delay": 0.0}, "interrupted": False,
        "front": [{"energy": 100.0, "delay": 9.0}, {"energy": 200.0, "delay": 4.0}], "evaluated": 12, "seconds": 0.5,
    }  # fmt: skip
    assert drawn(front_table(figures))[2:] == ["1 100 9", "2 200 4"]
    assert front_summary(figures) == "2 mappings on the front, energy at least 90; 12 mappings in 0.5 s"
