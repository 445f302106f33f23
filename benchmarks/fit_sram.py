"""Fit the SRAM law of accelax.components.library.sram to runs of CACTI 7.

    python benchmarks/fit_sram.py --cacti CACTI/cacti [--config CACTI/cache.cfg] [--json FILE]

CACTI is built from https://github.com/HewlettPackard/cacti; each run starts from its configuration file and overrides
what is listed in ``SETTINGS``: a scratchpad of low-standby-power cells at 300 K whose organisation is chosen for
leakage, which is how Accelergy's plug-in asks for one. Printed are the knots of the energies at 45 nm, the coefficients
of area, leakage and cycle, the factors of the other nodes, and the errors of all of them on the runs of the fit and on
random sizes.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from scipy.optimize import nnls

from accelax.components.library import sram

SETTINGS = {
    "-Data array cell type -": '"itrs-lstp"',
    "-Data array peripheral type -": '"itrs-lstp"',
    "-Tag array cell type -": '"itrs-lstp"',
    "-Tag array peripheral type -": '"itrs-lstp"',
    "-operating temperature (K)": "300",
    "-access mode (normal, sequential, fast) -": '"fast"',
    "-design objective (weight delay, dynamic power, leakage power, cycle time, area)": "0:0:1000000:0:0",
    "-deviate (delay, dynamic power, leakage power, cycle time, area)": "20:10:100000:100:100",
    "-Optimize ED or ED^2 (ED, ED^2, NONE):": '"ED^2"',
    "-Cache model (NUCA, UCA)  -": '"UCA"',
    "-Wire signaling (fullswing, lowswing, default) -": '"Global_30"',
    "-Wire inside mat -": '"semi-global"',
    "-Wire outside mat -": '"semi-global"',
    "-Interconnect projection -": '"normal"',
    "-Add ECC -": '"false"',
    "-exclusive read port": "0",
    "-exclusive write port": "0",
    "-single ended read ports": "0",
    "-cache type": '"ram"',
    "-tag size (b)": "0",
    "-associativity": "1",
}
MOST_BITS = 2**22
"""Larger memories of the grid are not run; their knots continue those beside them."""
COLUMNS = {
    # name: CACTI's column and its unit in pJ, W, um2 or s
    "read": (" Dynamic read energy (nJ)", 1e3),
    "write": (" Dynamic write energy (nJ)", 1e3),
    "leak": (" Standby leakage per bank(mW)", 1e-3),
    "area": (" Area (mm2)", 1e6),
    "cycle": (" Random cycle time (ns)", 1e-9),
}
FORMS = {
    # the powers of width and depth whose sum is fitted
    "area": ((1, 1), (0.5, 1), (1.5, 0), (1.5, 1)),
    "leak": ((0.5, 0.75), (0.5, 1), (1, 0.75), (1, 1)),
    "cycle": ((0, 0), (0, 0.25), (0.5, 0.25), (0.5, 0.5)),
}
Run = dict[str, float]


def run_cacti(executable: Path, config: str, width: int, depth: int, node: int) -> Run:
    """The figures of one memory."""
    size = {
        "-size (bytes)": width * depth // 8, "-block size (bytes)": width // 8, "-output/input bus width": width,
        "-technology (u)": node / 1000, "-UCA bank count": 1, "-UCA bank": 1, "-read-write port": 1,
    }  # fmt: skip
    lines = [f"{key} {value}" for key, value in {**SETTINGS, **size}.items()]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "memory.cfg"
        path.write_text("\n".join([config, *lines, ""]))
        subprocess.run([executable, "-infile", path], cwd=executable.parent, check=True, stdout=subprocess.DEVNULL)
        with Path(f"{path}.out").open() as table:
            row = list(csv.DictReader(table))[-1]
    figures = {name: float(row[column]) * unit for name, (column, unit) in COLUMNS.items()}
    return {"width": width, "depth": depth, "node": node, **figures}


def runs_of(executable: Path, config: str, random_sizes: int) -> tuple[list[Run], list[Run]]:
    """The grid of knots at 45 nm with every other depth at the other nodes, and memories of random size."""
    sizes = [(width, depth) for width in sram.WIDTHS for depth in sram.DEPTHS if width * depth <= MOST_BITS]
    grid = [run_cacti(executable, config, *size, 45) for size in sizes]
    for node in (22, 32, 65, 90):
        grid += [run_cacti(executable, config, *size, node) for size in sizes if size[1] in sram.DEPTHS[::2]]
    rng = np.random.default_rng(0)
    others = [
        run_cacti(
            executable, config, 8 * int(rng.integers(4, 64)), int(2 ** rng.uniform(6, 13)), int(rng.choice(sram.NODES))
        )
        for _ in range(random_sizes)
    ]
    return grid, others


def knots(grid: list[Run], name: str) -> np.ndarray:
    """Energies at 45 nm by width and depth; what was not run continues its neighbours geometrically."""
    held = {(run["width"], run["depth"]): run[name] for run in grid if run["node"] == 45}
    table = np.full((len(sram.WIDTHS), len(sram.DEPTHS)), np.nan)
    for row, width in enumerate(sram.WIDTHS):
        for column, depth in enumerate(sram.DEPTHS):
            known = held.get((width, depth))
            before = table[row - 1, column] * table[row, column - 1] / table[row - 1, column - 1]
            table[row, column] = before if known is None else known
    return table


def coefficients(runs: list[Run], name: str) -> np.ndarray:
    """The non-negative coefficients of a form with the least squared relative error at 45 nm."""
    chosen = [run for run in runs if run["node"] == 45]
    terms = np.array([[run["width"] ** i * run["depth"] ** j for i, j in FORMS[name]] for run in chosen])
    found, _ = nnls(terms / np.array([[run[name]] for run in chosen]), np.ones(len(chosen)))
    return found


def predicted(run: Run, name: str, table: np.ndarray | None, factors: np.ndarray | None) -> float:
    """A figure of the law at 45 nm."""
    if table is not None:
        return float(sram.between_knots(run["width"], run["depth"], table.tolist()))
    assert factors is not None
    return sum(c * run["width"] ** i * run["depth"] ** j for c, (i, j) in zip(factors, FORMS[name], strict=True))


def fit(grid: list[Run], others: list[Run]) -> dict:
    """Knots or coefficients, factors of nodes, and errors as (median, largest) of every figure."""
    report = {}
    for name in COLUMNS:
        table = knots(grid, name) if name in ("read", "write") else None
        factors = None if table is not None else coefficients(grid + others, name)
        ratios = {
            node: [r[name] / predicted(r, name, table, factors) for r in grid + others if r["node"] == node]
            for node in map(int, sram.NODES)
        }
        by_node = {node: 1.0 if node == 45 else float(np.median(values)) for node, values in ratios.items()}
        errors = {node: np.abs(np.array(values) / by_node[node] - 1) for node, values in ratios.items()}
        report[name] = {
            "figures": (table if table is not None else factors).tolist(),
            "by_node": by_node,
            "error": {node: [float(np.median(e)), float(np.max(e))] for node, e in errors.items()},
        }
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cacti", type=Path, required=True, help="the executable")
    parser.add_argument("--config", type=Path, help="a configuration to start from; cache.cfg beside the executable")
    parser.add_argument("--random", type=int, default=60, help="memories of random size")
    parser.add_argument("--json", type=Path, help="write the report here, not to the terminal")
    given = parser.parse_args()
    config = (given.config or given.cacti.parent / "cache.cfg").read_text()
    report = json.dumps(fit(*runs_of(given.cacti.resolve(), config, given.random)), indent=1)
    if given.json:
        given.json.write_text(report + "\n")
    else:
        print(report)


if __name__ == "__main__":
    main()
