"""Gaps, times and rivals of the mapper: every layer of four networks on six machines, for the energy-delay product.

    python benchmarks/mapper.py [--parts gaps random times zigzag] [--networks ...] [--machines ...] [--seconds 10]
                                [--out benchmarks/results/mapper.json] [--fresh] [--json]

``gaps`` searches every pair and reports value, bound and gap. ``random`` gives random search ten times the evaluations
that each of these searches used. ``times`` is what a user waits for, compilation, first call and later calls apart.
``zigzag`` runs ZigZag on two of the machines and scores its mappings with this model (see ``mapper_zigzag.py``).

The result file is written after every measurement, and what it holds is not measured again unless ``--fresh`` is given:
a long run can be cut into portions. One process; compiled programs are kept as the command line keeps them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mapper_pairs import MACHINES, NETWORKS, measure_gap, measure_random, pairs
from mapper_table import gap_summary, text_table, zigzag_summary
from mapper_times import questions
from mapper_zigzag import LAYERS, LPF_LIMIT, measure_zigzag

from accelax.cli.runtime import keep_compiled_programs

OUT = Path(__file__).resolve().parent / "results/mapper.json"
PARTS = ("gaps", "random", "times", "zigzag")
TIME_COLUMNS = ("question", "tolerance", "compile_s", "first_s", "steady_s", "steady_cpu_s", "gap", "target_s", "met")
PAIR_COLUMNS = ("machine", "network", "layer", "value", "gap", "seconds", "cpu_s", "evaluated", "random_verdict")


class Results:
    """The result file: read at the start, written whole after every change."""

    def __init__(self, path: Path, fresh: bool):
        self.path = path
        self.data: dict[str, Any] = json.loads(path.read_text()) if path.exists() and not fresh else {}

    def save(self, **parts: Any) -> None:
        """Set parts of the results and write all; an interruption leaves the file as it was before."""
        self.data.update(parts)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=self.path.parent, suffix=".part", delete=False) as stream:
            stream.write(json.dumps(self.data, indent=1) + "\n")
        Path(stream.name).replace(self.path)


def environment() -> dict[str, Any]:
    """What the numbers depend on besides the code."""
    return {
        "cores": os.cpu_count(),
        "threads": os.environ.get("OMP_NUM_THREADS"),
        "python": platform.python_version(),
        "jax": version("jax"),
        "numpy": version("numpy"),
    }


def measure_pairs(results: Results, arguments: argparse.Namespace) -> None:
    """The gap table, and the random search beside it; both row by row."""
    rows = {(row["network"], row["layer"], row["machine"]): row for row in results.data.get("pairs", [])}
    for pair in pairs(arguments.networks, arguments.machines, arguments.layers_limit):
        row = rows.setdefault(pair.key, {})
        if "gaps" in arguments.parts and "value" not in row:
            row |= measure_gap(pair, arguments.seconds, arguments.tolerance, arguments.seed)
            _report(results, rows, row, arguments)
        if "random" in arguments.parts and "value" in row and "random_verdict" not in row:
            least, most = int(arguments.random_least), int(arguments.random_most)
            row |= measure_random(pair, row, arguments.random_times, least, most, arguments.seed)
            _report(results, rows, row, arguments)


def measure_times(results: Results, arguments: argparse.Namespace) -> None:
    """The times, question by question."""
    rows = {row["question"]: row for row in results.data.get("times", [])}
    for question, answer in questions(arguments.machines, arguments.seconds).items():
        if question not in rows:
            rows[question] = {"question": question, **answer()}
            results.save(times=list(rows.values()), environment=environment())
            if not arguments.json:
                print(text_table(TIME_COLUMNS, [rows[question]]).splitlines()[1], flush=True)


def _report(results: Results, rows: dict[Any, Any], row: dict[str, Any], arguments: argparse.Namespace) -> None:
    measured = [one for one in rows.values() if "value" in one]
    results.save(pairs=measured, summary=gap_summary(measured), environment=environment())
    if not arguments.json:
        print(text_table(PAIR_COLUMNS, [row]).splitlines()[1], flush=True)


def main() -> None:
    """Read the arguments, measure what is missing, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--machines", nargs="+", choices=MACHINES, default=list(MACHINES))
    parser.add_argument("--layers-limit", type=int, help="at most so many layers of each network")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each pair")
    parser.add_argument("--tolerance", type=float, default=0.0, help="the gap at which a pair's search ends")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--random-times", type=float, default=10.0, help="evaluations of random search over ours")
    parser.add_argument("--random-least", type=float, default=1e6, help="and at least so many")
    parser.add_argument("--random-most", type=float, default=1e9, help="and at most so many")
    parser.add_argument("--zigzag-python", type=Path, help="the interpreter of an environment with zigzag-dse and six")
    parser.add_argument("--zigzag-layers", nargs="+", default=list(LAYERS), help="of ResNet-18")
    parser.add_argument("--zigzag-loops", type=int, default=LPF_LIMIT, help="that ZigZag puts into every order")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--fresh", action="store_true", help="forget what the result file holds")
    parser.add_argument("--json", action="store_true", help="print the results as JSON, and no tables")
    arguments = parser.parse_args()
    keep_compiled_programs()
    results = Results(arguments.out, arguments.fresh)
    measure_pairs(results, arguments)
    if "times" in arguments.parts:
        measure_times(results, arguments)
    if "zigzag" in arguments.parts and "zigzag" not in results.data:
        python, layers, loops = arguments.zigzag_python, arguments.zigzag_layers, arguments.zigzag_loops
        rows = measure_zigzag(python, layers, loops, arguments.seconds)
        results.save(zigzag=rows, zigzag_summary=zigzag_summary(rows))
    print(json.dumps(results.data) if arguments.json else summary_text(results.data))


def summary_text(data: dict[str, Any]) -> str:
    """The tables of all parts that were measured."""
    blocks = []
    if "summary" in data:
        parts = [{"part": name, **figures} for name, figures in data["summary"].items()]
        blocks += ["Gaps", text_table(tuple(parts[0]), parts)]
    for name in ("times", "zigzag"):
        rows = data.get(name) or []
        columns = dict.fromkeys(column for row in rows for column in row if column != "mapping")
        if rows:
            blocks += [name.capitalize(), text_table(tuple(columns), rows)]
    if "zigzag_summary" in data:
        blocks.append(json.dumps(data["zigzag_summary"]))
    return "\n\n".join(blocks)


if __name__ == "__main__":
    main()
