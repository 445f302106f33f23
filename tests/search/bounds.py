"""Judge every search that proves bounds on many small problems: ``python -m tests.search.bounds --problems 1000``.

Half of the problems are in each dialect. Prints one line per search, and every violation; ``--save`` keeps the
problems that show one as files. The exit status is 1 if there is any.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from tests.search.brute_force import OBJECTIVES, optimum
from tests.search.judge import MODES, SEARCHES, Make, Verdict, available, judge
from tests.search.small_problems import SmallProblem, small_problems


@dataclass
class Tally:
    """All verdicts on one search."""

    search: str
    verdicts: list[Verdict] = field(default_factory=list)
    violations: list[dict[str, str]] = field(default_factory=list)

    def add(self, problem: SmallProblem, verdict: Verdict) -> None:
        """Count one verdict."""
        self.verdicts.append(verdict)
        for text in verdict.violations:
            where = {"problem": problem.name, "objective": verdict.objective, "mode": verdict.mode}
            self.violations.append(where | {"violation": text})

    def gap(self, objective: str) -> float:
        """The median distance of the first bound from the optimum, as a part of it."""
        return 1.0 - median([v.first for v in self._ran() if v.objective == objective and v.mode == "alone"] or [0.0])

    def figures(self) -> dict[str, Any]:
        """What is worth telling."""
        ran = self._ran()
        return {
            "search": self.search,
            "runs": len(self.verdicts),
            "refused": len(self.verdicts) - len(ran),
            "violations": len(self.violations),
            "not_done": sum(not v.done for v in ran),
            "done_without_optimum": sum(v.missed for v in ran),
            "first_gap": {name: round(self.gap(name), 4) for name in OBJECTIVES},
            "last_gap": round(1.0 - median([v.last for v in ran] or [0.0]), 4),
            "median_seconds": round(median([v.seconds for v in ran] or [0.0]), 3),
            "longest_seconds": round(max([v.seconds for v in ran], default=0.0), 1),
            "refusals": sorted({v.refused for v in self.verdicts if v.refused})[:20],
        }

    def _ran(self) -> list[Verdict]:
        return [v for v in self.verdicts if not v.refused and not any("Error:" in text for text in v.violations)]


def judged(
    problem: SmallProblem, searches: dict[str, Make], modes: tuple[str, ...], seconds: float
) -> Iterator[tuple[str, Verdict]]:
    """The verdicts on all searches for all objectives of one problem."""
    spec = problem.specification()
    best = optimum(spec)
    for name, make in searches.items():
        for objective in OBJECTIVES:
            for mode in modes:
                yield name, judge(make, spec, objective, best[objective][0], mode, seconds)


def main(arguments: list[str] | None = None) -> int:
    """Run the judge from the command line."""
    options = _options(arguments)
    searches = {name: make for name, make in available().items() if name in options.search}
    tallies = {name: Tally(name) for name in searches}
    begin = time.perf_counter()
    for dialect in ("timeloop", "accelforge"):
        mine = {name: make for name, make in searches.items() if SEARCHES[name][0] == dialect}
        share = options.problems // 2
        for number, problem in enumerate(
            small_problems(options.seed, share, dialect, options.imperfect) if mine else ()
        ):
            for name, verdict in judged(problem, mine, tuple(options.mode), options.seconds):
                tallies[name].add(problem, verdict)
                if verdict.violations:
                    _report(problem, name, verdict, options.save)
            if not options.json and number % 50 == 49:
                print(f"{dialect}: {number + 1} of {share}, {time.perf_counter() - begin:.0f} s", flush=True)
    found = [tally.figures() for tally in tallies.values()]
    if options.json:
        print(json.dumps({"searches": found, "violations": [v for t in tallies.values() for v in t.violations]}))
    else:
        for figures in found:
            print("  ".join(f"{key} {value}" for key, value in figures.items()))
    return int(any(tally.violations for tally in tallies.values()))


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Judge the bounds of searches on small problems.")
    parser.add_argument("--problems", type=int, default=100, help="how many, half of them in each dialect")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--search", nargs="+", choices=tuple(SEARCHES), default=tuple(SEARCHES))
    parser.add_argument("--mode", nargs="+", choices=MODES, default=("alone",))
    parser.add_argument("--imperfect", action="store_true", help="tiles that do not divide (AccelForge)")
    parser.add_argument("--seconds", type=float, default=10.0, help="for each run")
    parser.add_argument("--save", type=Path, help="a folder for the problems that show a violation")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(arguments)


def _report(problem: SmallProblem, name: str, verdict: Verdict, folder: Path | None) -> None:
    """Tell of a violation at once, and keep the problem."""
    text = f"{name}, {verdict.objective}, {verdict.mode}: {verdict.violations[0]}"
    place = (
        "" if folder is None else f" ({dataclasses.replace(problem, name=f'{name}_{problem.name}').save(folder, text)})"
    )
    print(f"{problem.name}: {text}{place}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
