"""RAELLA's study against runs of its artifact: energies and cycles of given mappings, own mappings, and time.

    python benchmarks/raella.py --golden RUNS.json --statistics LAYERS.csv [--json]

``golden`` evaluates the mapping of every run through the general model on ``configs/cim`` and compares the energy of
every component and the cycles. ``own`` searches a mapping for every run and gives its energy-delay product over the
run's, at most, and how many break a capacity. ``warm_s`` and ``cold_s`` time the whole study: all layers of the table
on the four architectures, packing, search and totals. RUNS and LAYERS are recordings that this project does not hold.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from raella_golden import compare, read_rows, summary


def main() -> None:
    """Measure, and print a table or one JSON object."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--golden", type=Path, required=True, help="runs of the artifact, JSON")
    parser.add_argument("--statistics", type=Path, required=True, help="layers and their statistics, CSV")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    runs: list[dict[str, Any]] = json.loads(arguments.golden.read_text())
    lines = compare(runs, read_rows(arguments.statistics))
    result: dict[str, Any] = {"runs": len(runs), "golden": summary(lines)}
    try:
        from raella_study import measure
    except ImportError:
        result |= {"own": None, "warm_s": None, "cold_s": None}
    else:
        result |= measure(runs, arguments.statistics)
    print(json.dumps(result) if arguments.json else table(lines, result))


def table(lines: list[dict[str, Any]], result: dict[str, Any]) -> str:
    """The results as text: per architecture the agreement, and each network's energy over its runs."""
    text = [
        f"{result['runs']} runs",
        "",
        f"{'architecture':32} {'component':>10} {'cycles':>7} {'own EDP':>8} {'capacity':>9}",
    ]
    for name, golden in result["golden"].items():
        own = (result["own"] or {}).get(name, {})
        ratio, violations = own.get("edp_ratio_max", float("nan")), own.get("capacity_violations", "-")
        cells = f"{golden['component_energy_max_rel']:10.2e} {golden['cycles_wrong']:7} {ratio:8.5f} {violations:>9}"
        text.append(f"{name:32} {cells}")
    text += ["", "energy under the runs' mappings, in uJ, over the layers that have runs"]
    for name in result["golden"]:
        for network in dict.fromkeys(line["dnn"] for line in lines):
            mine = [line for line in lines if (line["arch"], line["dnn"]) == (name, network)]
            if mine:
                total = sum(line["energy_pJ"] for line in mine) * 1e-6
                text.append(f"{name:32} {network:14} {len(mine):4} {total:12.1f}")
    if result["warm_s"] is not None:
        text += ["", f"the whole study: {result['cold_s']:.2f} s cold, {result['warm_s']:.2f} s warm"]
    return "\n".join(text)


if __name__ == "__main__":
    main()
