"""Readers of Timeloop's output files as its users write them: regular expressions and a state machine.

Written for Timeloop's own files, with nothing of accelax.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

LEVEL = re.compile(r"^=== (.+) ===$")
FIELD = re.compile(r"^\s*([A-Za-z][^:]*?)\s*: (.*)$")
TENSOR = re.compile(r"^    (\w+):$")
NUMBER = re.compile(r"^-?[\d.]+(?:e[+-]?\d+)?")
SECTIONS = ("Networks", "Operational Intensity Stats", "Summary Stats")


def number(text: str) -> float | str | None:
    """The number that a value begins with; None for a dash."""
    found = NUMBER.match(text.strip())
    return float(found[0]) if found else None if text.strip() == "-" else text.strip()


def parse_stats(text: str) -> dict[str, Any]:
    """Levels with their specs and statistics per tensor, networks, intensities, the summary and fJ per computation."""
    stats: dict[str, Any] = {"levels": {}, "networks": {}, "intensity": {}, "summary": {}, "per_compute": {}}
    section, place, target = "levels", "", {}
    for line in text.splitlines():
        if line in SECTIONS:
            section = {"Networks": "networks", "Operational Intensity Stats": "intensity"}.get(line, "summary")
            target = stats["intensity"] if section == "intensity" else {}
        elif found := LEVEL.match(line):
            target = stats[section].setdefault(found[1], {"tensors": {}} if section == "levels" else {})
            place = ""
        elif " <==> " in line and section == "networks":
            target = stats["networks"].setdefault(line.strip(), {"tensors": {}})
        elif found := re.match(r"^Computes = (\d+)$", line):
            stats["summary"]["Computes"], section = int(found[1]), "per_compute"
        elif section == "per_compute":
            if "=" in line:
                name, value = line.rsplit("=", 1)
                stats["per_compute"][name.strip()] = float(value)
            elif line.strip():
                stats["unit"] = line.strip()
        elif line.strip() in ("SPECS", "STATS", "MAPPING"):
            place = line.strip()
        elif place == "STATS" and (found := TENSOR.match(line)):
            tensor = target["tensors"].setdefault(found[1], {})
        elif found := FIELD.match(line):
            inner = section in ("levels", "networks") and line.startswith("        ") and place == "STATS"
            holder = stats["summary"] if section == "summary" else tensor if inner else target
            holder[found[1]] = number(found[2])
    return stats


def parse_map(text: str) -> list[tuple[str, dict[str, int], list[tuple[str, int, str]]]]:
    """Levels of a map.txt from the outermost: name, words by tensor, and loops ``(rank, trips, X, Y or nothing)``."""
    levels: list[tuple[str, dict[str, int], list[tuple[str, int, str]]]] = []
    for line in text.splitlines():
        if found := re.match(r"^(\w+) \[ (.*)\] $", line):
            words = {name: int(size) for name, size in re.findall(r"(\w+):(\d+) \(\d+\)", found[2])}
            levels.append((found[1], words, []))
        elif found := re.match(r"^\| +for (\w) in \[0:(\d+)(?:,\d+)?\)(?: \(Spatial-(\w)\))?$", line):
            levels[-1][2].append((found[1], int(found[2]), found[3] or ""))
    return levels


def summary_of(text: str) -> tuple[int, int, float, dict[str, float]]:
    """Cycles, computations, utilization and joules by component, as TimeloopFE takes them from the lines."""
    lines, cycles, computes, utilization = text.splitlines(), None, None, None
    energy: dict[str, float] = {}
    for line in lines:
        if computes is not None and "=" in line and not line.strip().startswith("Total"):
            name, value = line.rsplit("=", 1)
            energy[name.strip()] = float(value) * computes / 1e15
        if "Computes =" in line and computes is None:
            computes = int(line.split()[-1])
        if "Cycles: " in line:
            cycles = int(line.split()[-1])
        if "Utilization" in line:
            utilization = float(line.split()[-1][:-1]) / 100
    assert cycles is not None
    assert computes is not None
    assert utilization is not None
    return cycles, computes, utilization, energy


def areas_of(text: str) -> dict[str, float]:
    """Square metres by component of an ART: instances times area."""
    areas = {}
    for table in yaml.safe_load(text)["ART"]["tables"]:
        name, count = re.fullmatch(r"[\w.]+\.(\w+)\[1\.\.(\d+)\]", table["name"]).groups()  # type: ignore[union-attr]
        areas[name] = int(count) * table["area"] / 1e12
    return areas
