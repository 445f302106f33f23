"""A loop nest as boxes within boxes: levels with the tiles that they keep, loops, and fan-outs as grids."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from accelax.report.figures.style import GRID, INK, PALETTE, PAPER, LeftOut, new_figure, plain, styled
from accelax.report.nests import Entry
from accelax.report.numbers import count
from accelax.report.results import Part

WIDTH = 6.4
LINE = 0.185
"""Inches of a line of text."""
INSET, PAD = 0.09, 0.07
"""Inches between a box and the next inner one, and above and below its lines."""
CELLS = 16
"""Cells of a grid that are drawn in each direction at most."""
LETTER = 0.066
"""Inches of a letter on average."""


def draw_nest(part: Part) -> Any:
    """The nest of one layer.

    Raises:
        LeftOut: the result does not hold the nest.
    """
    nest = (part.result or {}).get("nest")
    if not nest:
        raise LeftOut("the file holds no loop nest (results of accelax before 0.1 did not)")
    layout = _Layout()
    end = layout.place(nest, 0.02, WIDTH - 0.02, 0.04)
    with styled():
        figure = new_figure(WIDTH, end + 0.06)
        figure.set_layout_engine("none")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set_xlim(0, WIDTH)
        axes.set_ylim(end + 0.06, 0)
        for draw in layout.shapes:
            _draw(axes, draw)
        return figure


class _Layout:
    """Where everything goes, in inches from the upper left corner; outer boxes come before what they hold."""

    def __init__(self) -> None:
        self.shapes: list[dict[str, Any]] = []
        self.components: list[str] = []

    def place(self, entries: Sequence[Entry], left: float, right: float, top: float) -> float:
        """Place a nest between ``left`` and ``right``; returns where it ends."""
        for position, group in enumerate(_grouped(entries)):
            first = group[0]
            rest = [entry for other in _grouped(entries)[position + 1 :] for entry in other]
            match first["kind"]:
                case "storage":
                    return self.box(self.held(first), rest, left, right, top, self.colour(first["component"]))
                case "spatial":
                    return self.fanout(group, rest, left, right, top)
                case "temporal":
                    top = self.loops(group, left, right, top)
                case "toll":
                    top = self.text(f"{first['component']}: {', '.join(first['tensors'])} pass", left, right, top)
                case "compute":
                    top = self.compute(first, left, right, top)
                case _:
                    top = self.branches(first, left, right, top)
        return top

    def colour(self, component: str) -> str:
        """The colour of a component, the same wherever it appears."""
        if component not in self.components:
            self.components.append(component)
        return PALETTE[self.components.index(component) % len(PALETTE)]

    def held(self, entry: Entry) -> list[str]:
        """The title of a storage's box, and the tiles that it keeps."""
        tiles = [f"{name} {count(words)}" for name, words in entry["tensors"].items()]
        unit = "word" if list(entry["tensors"].values()) == [1] else "words"
        return [entry["component"], f"{' · '.join(tiles)} {unit}" if tiles else "keeps nothing"]

    def box(
        self, lines: Sequence[str], rest: Sequence[Entry], left: float, right: float, top: float, colour: str
    ) -> float:
        """A box with a title and lines below it, around what is inside."""
        frame = {"shape": "box", "left": left, "right": right, "top": top, "colour": colour, "dashed": False}
        self.shapes.append(frame)
        at = top + PAD
        at = self.text(lines[0], left + INSET, right, at, bold=True)
        for line in lines[1:]:
            at = self.text(line, left + INSET, right, at)
        at = self.place(rest, left + INSET, right - INSET, at + PAD / 2)
        frame["bottom"] = at + PAD
        return at + PAD + PAD / 2

    def fanout(self, group: Sequence[Entry], rest: Sequence[Entry], left: float, right: float, top: float) -> float:
        """A dashed box with a grid of the instances in use, around what each of them does."""
        columns, rows = _sides(group)
        frame = {"shape": "box", "left": left, "right": right, "top": top, "colour": INK, "dashed": True}
        cell = min(0.09, 0.72 / min(columns, CELLS), 0.42 / min(rows, CELLS))
        grid = {"shape": "grid", "columns": min(columns, CELLS), "rows": min(rows, CELLS), "cell": cell}
        wide, high = grid["columns"] * cell, grid["rows"] * cell
        self.shapes += [frame, grid | {"left": right - INSET - wide, "top": top + PAD}]
        at = top + PAD
        instances = f"{columns} × {rows}" if columns > 1 and rows > 1 else str(columns * rows)
        title = f"{group[0]['component']}: {instances} instances"
        at = self.text(title, left + INSET, right - wide - INSET, at, bold=True)
        for entry in group:
            text = f"in parallel along {entry['dimension']}: {entry['rank']} {_trips(entry)}"
            at = self.text(text, left + INSET, right - wide - INSET, at)
        at = max(at, top + PAD + high) + PAD / 2
        at = self.place(rest, left + INSET, right - INSET, at)
        frame["bottom"] = at + PAD
        return at + PAD + PAD / 2

    def loops(self, group: Sequence[Entry], left: float, right: float, top: float) -> float:
        """A line for each loop in time, each further in than the one around it."""
        for depth, entry in enumerate(group):
            top = self.text(f"for {entry['rank']} {_trips(entry)}", left + min(depth, 10) * 0.12, right, top, loop=True)
        return top + PAD / 2

    def compute(self, entry: Entry, left: float, right: float, top: float) -> float:
        frame = {"shape": "box", "left": left, "right": right, "top": top, "colour": "#8c929b", "dashed": False}
        self.shapes.append(frame)
        at = self.text(f"{entry['component']}: {entry['einsum']}", left + INSET, right, top + PAD, bold=True)
        frame["bottom"] = at + PAD / 2
        return at + PAD

    def branches(self, entry: Entry, left: float, right: float, top: float) -> float:
        order = "one after the other" if entry["kind"] == "sequential" else "at the same time"
        for place, branch in enumerate(entry["branches"], 1):
            title = f"branch {place} of {len(entry['branches'])}, {order}"
            top = self.box([title], branch, left, right, top, INK)
        return top

    def text(
        self, text: str, left: float, right: float, top: float, *, bold: bool = False, loop: bool = False
    ) -> float:
        """One line, or more where it is too long."""
        letters = max(int((right - left) / (LETTER * (1.1 if bold else 1.0))), 12)
        for line in textwrap.wrap(text, letters) or [""]:
            self.shapes.append({"shape": "text", "left": left, "top": top, "text": line, "bold": bold, "loop": loop})
            top += LINE
        return top


def _grouped(entries: Sequence[Entry]) -> list[list[Entry]]:
    """Entries that are drawn together: the loops of one level, and the parallel loops of one fan-out."""

    def key(entry: Entry) -> tuple[Any, ...]:
        together = entry["kind"] in ("temporal", "spatial")
        return (entry["kind"], entry.get("component", "")) if together else (id(entry),)

    return [list(group) for _, group in groupby(entries, key)]


def _sides(group: Iterable[Entry]) -> tuple[int, int]:
    """Instances side by side, along the first dimension (X, where there is one), and below each other, along others."""
    sizes: dict[str, int] = {}
    for entry in group:
        sizes[entry["dimension"]] = sizes.get(entry["dimension"], 1) * entry["trips"]
    ordered = sorted(sizes, key=lambda name: name.lower() != "x")
    if [name.lower() for name in ordered] == ["y"]:
        return 1, sizes[ordered[0]]
    return sizes[ordered[0]], math.prod(sizes[name] for name in ordered[1:])


def _trips(entry: Entry) -> str:
    """How often a loop runs, and what is different about its first and last visits."""
    notes = [f"{which} tile {entry[f'{which}_tile']}" for which in ("first", "last") if f"{which}_tile" in entry]
    notes += [f"{entry['last_trips']} in the last visit"] if "last_trips" in entry else []
    return f"× {entry['trips']}" + (f" ({', '.join(notes)})" if notes else "")


def _draw(axes: Any, shape: dict[str, Any]) -> None:
    from matplotlib.patches import FancyBboxPatch

    if shape["shape"] == "text":
        style = {"weight": "bold"} if shape["bold"] else {"family": "DejaVu Sans Mono"} if shape["loop"] else {}
        axes.text(shape["left"], shape["top"] + LINE / 2, plain(shape["text"]), va="center", fontsize=7.5, **style)
    elif shape["shape"] == "grid":
        for x, y in _cells(shape):
            axes.add_patch(_square(x, y, shape["cell"]))
    else:
        size = (shape["right"] - shape["left"], shape["bottom"] - shape["top"])
        style = "--" if shape["dashed"] else "-"
        kind = "round,pad=0,rounding_size=0.05"
        layers = ((PAPER, "none", 1.0), (shape["colour"], "none", 0.12), ("none", shape["colour"], 1.0))
        for face, edge, alpha in layers[2:] if shape["dashed"] else layers:
            axes.add_patch(
                FancyBboxPatch(
                    (shape["left"], shape["top"]), *size, boxstyle=kind, facecolor=face, edgecolor=edge, alpha=alpha,
                    linewidth=1.0, linestyle=style,
                )
            )  # fmt: skip


def _cells(shape: dict[str, Any]) -> Iterator[tuple[float, float]]:
    for column in range(shape["columns"]):
        for row in range(shape["rows"]):
            yield shape["left"] + column * shape["cell"], shape["top"] + row * shape["cell"]


def _square(x: float, y: float, size: float) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((x, y), size * 0.82, size * 0.82, facecolor=PALETTE[4], edgecolor=GRID, linewidth=0.3)
