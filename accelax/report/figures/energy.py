"""Energy by level and tensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from accelax.report.figures.bars import draw_stacks, finish, height_of, legend
from accelax.report.figures.style import LeftOut, new_figure, styled
from accelax.report.numbers import share
from accelax.report.results import Part, Results
from accelax.report.shares import COMPUTE, NETWORKS, Shares, added, energy_shares
from accelax.report.units import scale


def draw_energy(results: Results) -> Any:
    """Stacked bars: of one problem a bar for each level, of several one for each layer, and the total by level.

    Raises:
        LeftOut: nothing was evaluated.
    """
    parts = results.evaluated
    if not parts:
        raise LeftOut(results.why_no_evaluation)
    with styled():
        return _one(parts[0]) if len(parts) == 1 and parts[0].count == 1 else _several(parts)


def _one(part: Part) -> Any:
    shares = energy_shares(part.result or {})
    figure = new_figure(6.4, height_of(len(shares)))
    _by_level(figure.subplots(), shares)
    return figure


def _by_level(axes: Any, shares: Shares) -> None:
    """A bar for each level, of its tensors."""
    sums = {level: sum(parts.values()) for level, parts in shares.items()}
    whole = sum(sums.values())
    factor, unit = scale(sums.values(), "pJ")
    order = list(dict.fromkeys(name for parts in shares.values() for name in parts))
    stacks = [{name: value * factor for name, value in parts.items()} for parts in shares.values()]
    draw_stacks(axes, list(shares), stacks, order)
    notes = [share(value, whole) for value in sums.values()]
    finish(axes, list(shares), f"energy ({unit})", notes, [value * factor for value in sums.values()])
    legend(axes, len(order))


def _several(parts: Sequence[Part]) -> Any:
    """Layers by level and by tensor, each as often as it occurs, and the total below."""
    each = [(part.count, energy_shares(part.result or {})) for part in parts]
    total = added(each)
    figure = new_figure(7.4, height_of(len(parts) + len(total), 2))
    upper, lower = figure.subfigures(2, 1, height_ratios=[height_of(len(parts)), height_of(len(total))])
    left, right = upper.subplots(1, 2, sharey=True)
    names = [titled(part) for part in parts]
    by_level = [{level: count * sum(kinds.values()) for level, kinds in shares.items()} for count, shares in each]
    by_tensor = [_by_tensor(count, shares) for count, shares in each]
    factor, unit = scale([sum(stack.values()) for stack in by_level], "pJ")
    for axes, stacks, title in ((left, by_level, "level"), (right, by_tensor, "tensor")):
        scaled = [{name: value * factor for name, value in stack.items()} for stack in stacks]
        order = list(dict.fromkeys(name for stack in stacks for name in stack))
        draw_stacks(axes, names, scaled, order, [name for name, kinds in total.items() if set(kinds) == {COMPUTE}])
        finish(axes, names, f"energy by {title} ({unit})", (), [])
        axes.set_xlim(0, 1.05 * max(sum(stack.values()) for stack in scaled) or 1)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2 if len(order) < 7 else 3, borderaxespad=0.3,
                    columnspacing=1.0, fontsize=7.5)  # fmt: skip
    axes = lower.subplots()
    _by_level(axes, total)
    axes.set_xlabel(axes.get_xlabel().replace("energy", "energy of all layers"))
    return figure


def _by_tensor(count: int, shares: Shares) -> dict[str, float]:
    """Energy by tensor over all levels; that of networks is a part by itself."""
    found: dict[str, float] = {}
    for level, parts in shares.items():
        for name, value in parts.items():
            part = NETWORKS if level == NETWORKS else name
            found[part] = found.get(part, 0.0) + count * value
    return found


def titled(part: Part) -> str:
    """The name of a layer and how often it occurs."""
    return part.name if part.count == 1 else f"{part.name} ×{part.count}"
