"""Figures in words, for those who do not see them and under every picture of a page."""

from __future__ import annotations

from accelax.report.figures import Drawn
from accelax.report.numbers import count, quantity, share
from accelax.report.results import Results
from accelax.report.searches import percent
from accelax.report.shares import Times, added, energy_shares, roofline, times


def describe_figure(results: Results, drawn: Drawn) -> str:
    """What a figure shows, with the numbers that stand out."""
    match drawn.kind:
        case "energy":
            return _energy(results)
        case "latency":
            return _latency(results)
        case "roofline":
            return _roofline(results)
        case "pareto":
            return _front(results)
        case "history":
            return _history(results)
    return (
        "Boxes are levels with the tiles that they keep, in words; lines are loops in time, outermost first; "
        "dashed boxes are fan-outs, with the instances in use as a grid."
    )


def _energy(results: Results) -> str:
    shares = added([(part.count, energy_shares(part.result or {})) for part in results.evaluated])
    sums = sorted(((sum(parts.values()), level) for level, parts in shares.items()), reverse=True)
    whole = sum(value for value, _ in sums)
    first = ", ".join(f"{level} {share(value, whole)}" for value, level in sums[:3])
    return f"{quantity(whole * 1e-12, 'J')} in all. The most by level: {first}."


def _latency(results: Results) -> str:
    known = [(part, times(part.result or {})) for part in results.evaluated]
    if len(known) == 1:
        found = known[0][1]
        busy = share(found.compute, found.total)
        limits = ", ".join(found.limiting)
        bars = "A bar is the time that the words of a level need at its bandwidths."
        return f"{_time(found, found.total)} in all, {busy} of it computing. Limited by {limits}. {bars}"
    whole = sum(part.count * found.total for part, found in known)
    computing = sum(part.count * found.compute for part, found in known)
    limits = [part.name for part, found in known if found.compute_name not in found.limiting]
    rest = (
        f"Limited by a level and not by computing: {', '.join(limits)}." if limits else "Computing limits every layer."
    )
    return f"{_time(known[0][1], whole)} in all, {share(computing, whole)} of it computing. {rest}"


def _time(known: Times, value: float) -> str:
    return f"{count(value)} cycles" if known.unit == "cycles" else quantity(value, "s")


def _roofline(results: Results) -> str:
    parts = []
    for part in results.evaluated:
        found = roofline(part.result or {})
        if isinstance(found, str):
            continue
        parts.append((part, found))
    if len(parts) == 1:
        found = parts[0][1]
        reached = f"{share(found.rate, found.peak)} of the peak is reached."
        each = ", ".join(f"{roof.name} {found.computes / roof.bytes_moved:.3g}" for roof in found.levels)
        return f"{reached} Computes for each byte that a level moves: {each}."
    worst = min(parts, key=lambda pair: pair[1].rate / pair[1].peak)
    return (
        f"A point for each layer, by the bytes of {worst[1].levels[0].name}. Furthest from the peak: "
        f"{worst[0].name}, at {share(worst[1].rate, worst[1].peak)} of it."
    )


def _front(results: Results) -> str:
    points = results.points
    if points is None:
        return ""
    ranges = []
    for place, name in enumerate(points.metrics):
        column = [row[place] for row in points.values]
        ranges.append(f"{name} from {min(column):.6g} to {max(column):.6g}")
    many = "1 point" if len(points.values) == 1 else f"{count(len(points.values))} points"
    return f"{many}: {', '.join(ranges)}."


def _history(results: Results) -> str:
    gaps = [(name, figures.get("gap"), figures.get("lower_bound")) for name, figures in results.searches]
    if len(gaps) == 1:
        _, gap, bound = gaps[0]
        left = f"a gap of {percent(gap)} is left" if bound and gap is not None else "nothing is proved"
        return f"The best value and the proved lower bound over time; {left}."
    largest = max((gap for _, gap, _ in gaps if gap is not None), default=None)
    left = f" The largest gap left is {percent(largest)}." if largest is not None else ""
    return f"The best value and the proved lower bound of each search over time.{left}"
