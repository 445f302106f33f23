"""What the rows of the mapper benchmark add up to, and how they are printed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

Row = dict[str, Any]


def share(rows: Sequence[Row], gap: float) -> float:
    """The part of the pairs that were proved to be within ``gap``; NaN without pairs.

    >>> share([{"gap": 0.0}, {"gap": 0.2}], 0.05)
    0.5
    """
    return sum(row["gap"] <= gap for row in rows) / len(rows) if rows else math.nan


def gap_summary(rows: Sequence[Row]) -> Row:
    """Shares of pairs within 5 % and 1 %, in all and of each machine and network, and the random search's verdicts."""

    def figures(chosen: Sequence[Row]) -> Row:
        verdicts = Counter(row["random_verdict"] for row in chosen if "random_verdict" in row)
        early = Counter(row["early_verdict"] for row in chosen if "early_verdict" in row)
        compared = sum(verdicts.values())
        return {
            "pairs": len(chosen),
            "within_5_percent": share(chosen, 0.05),
            "within_1_percent": share(chosen, 0.01),
            "largest_gap": max((row["gap"] for row in chosen), default=math.nan),
            "mean_seconds": sum(row["seconds"] for row in chosen) / len(chosen) if chosen else math.nan,
            "most_seconds": max((row["seconds"] for row in chosen), default=math.nan),
            "most_cpu_s": max((row["cpu_s"] for row in chosen), default=math.nan),
            "random_pairs": compared,
            "random_better": verdicts["worse"],
            "random_beaten": verdicts["better"] / compared if compared else None,
            "random_beaten_at_10x": early["better"] / compared if compared else None,
        }

    parts: dict[str, Row] = {"all": figures(rows)}
    for key in ("machine", "network"):
        for name in dict.fromkeys(row[key] for row in rows):
            parts[name] = figures([row for row in rows if row[key] == name])
    return parts


def zigzag_summary(rows: Sequence[Row]) -> Row:
    """How many mappings of ZigZag were compared, why others were not, and whether one was better than ours."""
    verdicts = Counter(row["verdict"] for row in rows if "verdict" in row)
    skipped = Counter(row["skipped"] for row in rows if row.get("skipped"))
    ratios = [row["zigzag_value"] / row["value"] for row in rows if "verdict" in row]
    return {
        "mappings": len(rows),
        "compared": sum(verdicts.values()),
        "verdicts": dict(verdicts),
        "skipped": dict(skipped),
        "never_better": verdicts["worse"] == 0,
        "median_ratio": sorted(ratios)[len(ratios) // 2] if ratios else math.nan,
    }


def text_table(columns: Sequence[str], rows: Iterable[Row]) -> str:
    """Rows as text, one column per name in ``columns``.

    >>> print(text_table(["layer", "gap"], [{"layer": "a", "gap": 0.25}, {"layer": "bcdefg"}]))
    layer   gap
    a       0.25
    bcdefg  -
    """
    cells = [list(columns), *([_cell(row.get(name)) for name in columns] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in cells)


def _cell(value: object) -> str:
    if value is None or value == "":
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
