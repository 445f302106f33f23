"""Co-design a Gemmini-like machine for whole networks, and compare with published designs and with plain baselines.

    python benchmarks/codesign.py --networks networks.json [--only bert ...] [--seconds 300] [--workers 2] [--pe free]
                                  [--rules rows|today] [--method certified|gradient]
                                  [--baselines random bayesian grid --seeds 5] [--json]

Sizes of scratchpad and accumulators are free in whole KB, the array has 16 x 16 units (``--pe free``: 4 to 128).
EDP is (sum of energies) x (sum of cycles) over the layers of a network, in uJ x cycles. The search runs under the
rules of DOSA's rows (halo before pull request 297, first fills counted) or of today's Timeloop; its mappings are
evaluated under both.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import statistics
import time
from pathlib import Path
from typing import Any

from mapper_table import text_table

import accelax as ax

CONFIGS = Path(__file__).parents[1] / "configs"
RANKS = "RSPQCKN"
SPAD, ACC = "variables.spad_depth", "variables.acc_depth"
RULES = {"rows": {"halo": "timeloop_pre297", "first_fill_elision": False}, "today": {}}
PUBLISHED = {"bert": 5.861010e9, "resnet50": 2.431419e11, "retinanet": 1.244738e11, "unet": 2.972127e14}
"""DOSA's best points, rules of the rows, uJ x cycles."""
TO_BEAT = {"bert": 5.8475e9, "resnet50": 2.1707e11, "retinanet": 1.1801e11, "unet": 2.2247e14}
DOSA_RATIOS = {"random": 2.80, "bayesian": 12.59}


def network(path: Path, name: str, rules: str) -> list[ax.Layer]:
    """The layers of a network on the machine, under some rules."""
    base = ax.Specification.from_yaml_files(
        CONFIGS / "arch" / "gemmini_like.yaml", CONFIGS / "workload" / "gemmini_layer.yaml"
    )
    base.rules = dataclasses.replace(base.rules, link_transfers="off", **RULES[rules])
    found = []
    for layer in json.loads(path.read_text())["networks"][name]["layers"]:
        values = {f"problem.instance.{rank}": layer[rank] for rank in RANKS}
        values |= {"problem.instance.Wstride": layer["stride"], "problem.instance.Hstride": layer["stride"]}
        found.append(ax.Layer(base.with_values(values), layer["name"], layer["count"]))
    return found


def knobs(pe: str) -> dict[str, tuple[float | str, ...]]:
    """Whole KB of both memories at 16 x 16; with the array free, depths from 512 to 32768 and 64 to 2048."""
    if pe == "free":
        return {"variables.pe": (4, 128, "x2"), SPAD: (512, 32768, 512), ACC: (64, 2048, 64)}
    return {SPAD: (64 * 16, 64 * 512, 64), ACC: (16, 16 * 128, 16)}


def edp(layers: list[ax.Layer], found: ax.CodesignResult, rules: str) -> float:
    """The network's EDP of the mappings found, under some rules: every layer evaluated by itself."""
    energy = cycles = 0.0
    mappings = {name: layer.mapping for layer in found.layers for name in layer.names}
    for layer in layers:
        values = {path: int(value) for path, value in (found.knobs or {}).items()}
        spec = layer.specification.with_values(values).with_mapping(mappings[layer.name])
        spec.rules = dataclasses.replace(ax.Rules.timeloop(), link_transfers="off", **RULES[rules])
        result = ax.evaluate(spec).to_dict()
        energy += layer.count * result["energy_pJ"] * 1e-6
        cycles += layer.count * result["cycles"]
    return energy * cycles


def measure(layers: list[ax.Layer], name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """One co-design of a network."""
    begin = time.perf_counter()
    found = ax.codesign(
        layers,
        knobs=knobs(arguments.pe),
        seconds=arguments.seconds,
        seed=0,
        workers=arguments.workers,
        method=arguments.method,
    )
    wall = time.perf_counter() - begin
    chosen = found.knobs or {}
    pe = chosen.get("variables.pe", 16)
    rows, today = edp(layers, found, "rows"), edp(layers, found, "today")
    best = {"rows": rows, "today": today}[arguments.rules]
    return {
        "network": name,
        "pe": int(pe),
        "spad_KB": pe * chosen[SPAD] / 1024,
        "acc_KB": 4 * pe * chosen[ACC] / 1024,
        "area_mm2": found.total["area_um2"] * 1e-6,  # type: ignore[operator]
        "edp_rows": rows,
        "edp_today": today,
        "bound": found.lower_bound * 1e-6,
        "gap": found.gap,
        "to_beat": TO_BEAT[name],
        "to_dosa": rows / PUBLISHED[name],
        "first_below_s": next((s for s, value, _ in found.history if value * 1e-6 < TO_BEAT[name]), None),
        "searches": found.searches,
        "seconds": wall,
        "agrees": abs(best / (found.value * 1e-6) - 1) < 1e-9,
    }


def compare(layers: list[ax.Layer], ours: dict[str, Any], arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """The baselines with several seeds at the same time limit: the ratios of their values to ours."""
    rows = []
    key = {"rows": "edp_rows", "today": "edp_today"}[arguments.rules]
    for method in arguments.baselines:
        ratios = []
        for seed in range(arguments.seeds if method != "grid" else 1):
            found = ax.codesign(
                layers,
                knobs=knobs(arguments.pe),
                seconds=arguments.seconds,
                seed=seed,
                workers=arguments.workers,
                method=method,
            )
            ratios.append(found.value * 1e-6 / ours[key])
        row = {"network": ours["network"], "method": method, "seeds": len(ratios), "ratio": statistics.median(ratios)}
        rows.append({**row, "least": min(ratios), "largest": max(ratios), "dosa_ratio": DOSA_RATIOS.get(method)})
    return rows


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", type=Path, required=True, help="layers of the networks, with their counts")
    parser.add_argument("--only", nargs="+", choices=sorted(TO_BEAT), default=list(TO_BEAT))
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--pe", choices=("16", "free"), default="16")
    parser.add_argument("--method", choices=("certified", "gradient"), default="certified")
    parser.add_argument("--rules", choices=tuple(RULES), default="rows")
    parser.add_argument("--baselines", nargs="*", choices=("random", "bayesian", "grid"), default=[])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    results: dict[str, list[dict[str, Any]]] = {"networks": [], "baselines": []}
    for name in arguments.only:
        layers = network(arguments.networks, name, arguments.rules)
        ours = measure(layers, name, arguments)
        results["networks"].append(ours)
        results["baselines"] += compare(layers, ours, arguments)
        if not arguments.json:
            print(text_table(tuple(ours), [ours]), flush=True)
    if arguments.json:
        print(json.dumps(results))
    elif results["baselines"]:
        print(text_table(tuple(results["baselines"][0]), results["baselines"]))


if __name__ == "__main__":
    main()
