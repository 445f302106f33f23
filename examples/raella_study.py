"""ISAAC and three versions of RAELLA on seven networks, every layer with its best mapping, next to the paper's figures.

python examples/raella_study.py [STATISTICS.csv] [NETWORK ...]

Without recorded statistics of the layers all of them have typical ones.
"""

from __future__ import annotations

import sys
import time

from accelax.studies.raella.networks import NETWORKS
from accelax.studies.raella.study import run_study
from accelax.studies.raella.tables import PAPER, mean_rows


def main() -> None:
    """Print efficiency and throughput over ISAAC for every network, and their means over the networks."""
    files = [word for word in sys.argv[1:] if word.endswith(".csv")]
    networks = [word for word in sys.argv[1:] if word not in files] or list(NETWORKS)
    begin = time.perf_counter()
    study = run_study(networks, files[0] if files else None)
    print(f"{len(study.layers)} layers mapped in {time.perf_counter() - begin:.1f} s\n")
    print(f"{'energy efficiency (throughput) over ISAAC at equal area':34}")
    print(f"{'network':16} {'ISAAC µJ':>10}" + "".join(f"{short(name):>20}" for name in study.architectures[1:]))
    for network in study.networks:
        cells = [
            f"{study.efficiency(name, network):10.2f} ({study.speedup(name, network):6.2f})"
            for name in study.architectures[1:]
        ]
        print(f"{network:16} {study.energy_J('isaac_like', network) * 1e6:10.0f}" + "".join(f"{c:>20}" for c in cells))
    rows = mean_rows(study)[1:]
    print(f"{'geometric mean':27}" + "".join(f"{r['efficiency']:11.2f} ({r['speedup']:6.2f})" for r in rows))
    published = [PAPER.get(row["architecture"]) for row in rows]
    print(f"{'paper':27}" + "".join(f"{means(entry):>20}" for entry in published))
    efficiency, speedup = PAPER["raella"]["efficiency"], PAPER["raella"]["speedup"]
    print(f"The paper gives RAELLA's networks together: efficiency {efficiency}, throughput {speedup}.")


def short(name: str) -> str:
    """The name of a version of RAELLA in a column's width."""
    return name.replace("raella", "RAELLA").replace("_no_speculation", " no spec.").replace("_2b_cells", " 2b")


def means(entry: dict | None) -> str:
    """The paper's means; nothing where it has none."""
    return "-" if entry is None else f"{entry['efficiency'].mean:10.2f} ({entry['speedup'].mean:6.2f})"


if __name__ == "__main__":
    main()
