"""One HTML file about a result, which opens without a network: figures and tables in the page, no script.

Figures are inline SVG in the page's own colours, light or dark as the reader's system is; each has a title and a
caption in words. It needs matplotlib, the ``plot`` extra.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelax.report.codesigns import design_table, slope_table
from accelax.report.codesigns import front_table as design_front_table
from accelax.report.figures import FIGURES, LOOPNEST, TITLES, Drawn, draw_all
from accelax.report.figures.style import inline_svg
from accelax.report.headlines import describe, facts_of
from accelax.report.numbers import count
from accelax.report.results import Part, Results
from accelax.report.searches import front_table, layer_table
from accelax.report.shares import is_level_result
from accelax.report.tables import action_table, component_table, cycle_table, network_table, summary_table, tensor_table
from accelax.report.words import describe_figure

MOST_ROWS = 50
"""Rows of a sweep that the page shows: those with the best values."""
MOST_NESTS = 16
"""Loop nests that the page shows: those of the layers with the most energy."""


@dataclass(frozen=True)
class TableContent:
    """A table as text; ``numeric`` columns are aligned to the right."""

    caption: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]


@dataclass(frozen=True)
class Picture:
    """A figure as it stands in the page; ``caption`` says in words what it shows."""

    name: str
    title: str
    svg: Any
    caption: str


@dataclass(frozen=True)
class Section:
    """What is told of one layer."""

    title: str
    tables: tuple[TableContent, ...]
    figures: tuple[Picture, ...]
    mapping: str


@dataclass(frozen=True)
class Page:
    """Everything that the template writes down."""

    title: str
    lead: str
    facts: Sequence[tuple[str, str]]
    figures: Sequence[Picture]
    tables: Sequence[TableContent]
    layers: Sequence[Section]
    layers_title: str
    command: str
    origin: TableContent | None
    left_out: Sequence[tuple[str, str]]


def write_page(results: Results, path: str | Path) -> dict[str, str]:
    """Write the page about ``results``; returns the figures that are left out, with the reasons.

    Raises:
        AccelaxError: matplotlib is missing.
        OSError: the file cannot be written.
    """
    page = page_of(results)
    Path(path).write_text(render(page), encoding="utf-8")
    return dict(page.left_out)


def render(page: Page) -> str:
    """The page as HTML; all text in it is escaped."""
    from importlib.resources import files

    from jinja2 import Environment, StrictUndefined

    template = files("accelax.report").joinpath("templates", "report.html.j2").read_text(encoding="utf-8")
    rules = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    return rules.from_string(template).render(page=page)


def page_of(results: Results) -> Page:
    """What the page says. Raises AccelaxError without matplotlib."""
    drawn, left_out = draw_all(results, FIGURES, nests=MOST_NESTS)
    more = len(results.evaluated) - MOST_NESTS
    if more > 0 and LOOPNEST not in left_out:
        left_out[LOOPNEST] = f"{more} more, of layers with less energy: accelax plot RESULT -o DIR draws all"
    pictures = [_picture(results, one, number) for number, one in enumerate(drawn)]
    nests = {one.layer: picture for one, picture in zip(drawn, pictures, strict=True) if one.kind == LOOPNEST}
    run = {**(results.figures.get("run") or {}), **(results.figures.get("header") or {})}
    layers = [_section(results, part, nests) for part in results.evaluated]
    title, lead = describe(results)
    return Page(
        title=title,
        lead=lead,
        facts=facts_of(results),
        figures=[picture for one, picture in zip(drawn, pictures, strict=True) if one.kind != LOOPNEST],
        tables=_tables(results),
        layers=layers or _front_mappings(results),
        layers_title="Mapping" if len(layers) == 1 else "Layers" if layers else "Mappings",
        command=run.get("command", ""),
        origin=_origin(run),
        left_out=[(TITLES[kind], reason) for kind, reason in left_out.items()],
    )


def _picture(results: Results, drawn: Drawn, number: int) -> Picture:
    from markupsafe import Markup

    name = f"{drawn.kind}-{number}"
    caption = describe_figure(results, drawn)
    return Picture(name, drawn.title, Markup(inline_svg(drawn.figure, name, f"{drawn.title}. {caption}")), caption)


def _tables(results: Results) -> list[TableContent]:
    """The tables about the whole."""
    figures = results.figures
    match results.kind:
        case "network":
            return [table_content(layer_table(figures), "Layers")]
        case "front":
            return [table_content(front_table(figures), "Front")]
        case "codesign":
            found = [(design_table(figures), "Layers on the chosen machine"), (design_front_table(figures), "Front")]
            found.append((slope_table(figures), "Sensitivity, with the mappings fixed"))
            return [table_content(table, caption) for table, caption in found if table.row_count]
        case "sweep":
            return _sweep_tables(figures)
    return []


def _sweep_tables(figures: Any) -> list[TableContent]:
    """The best points of a sweep."""
    rows = sorted((row for row in figures["points"] if row.get("valid")), key=lambda row: row.get("value") or 0.0)
    if not rows:
        return []
    names = [n for n in ("value", "energy_pJ", "cycles", "latency_s", "edp", "area_um2") if rows[0].get(n) is not None]
    paths = list(rows[0].get("values", {}))
    lines = [
        (
            str(row.get("point", "")),
            *(str(row["values"][path]) for path in paths),
            *(_number(row[name]) for name in names),
        )
        for row in rows[:MOST_ROWS]
    ]
    caption = f"Points, the best first ({min(len(rows), MOST_ROWS)} of {count(len(rows))})"
    headers = ("point", *(path.removeprefix("architecture.") for path in paths), *names)
    return [TableContent(caption, headers, tuple(lines), (False, *[True] * (len(headers) - 1)))]


def _section(results: Results, part: Part, nests: dict[str, Picture]) -> Section:
    """A layer: its tables, its nest and its mapping."""
    result = part.result or {}
    several = len(results.evaluated) > 1
    tables = [table_content(summary_table(result), "Summary", ("figure", "value"))] if several else []
    if is_level_result(result):
        tables.append(table_content(tensor_table(result), "Traffic and energy by level and tensor"))
        tables.append(table_content(cycle_table(result), "Cycles by level"))
        if any(network["tensors"] for network in result.get("networks", {}).values()):
            tables.append(table_content(network_table(result), "Networks"))
    else:
        tables.append(table_content(component_table(result), "Energy, time and usage by component"))
        tables.append(table_content(action_table(result), "Actions"))
    nest = nests.get(part.name if several else "")
    source = part.search or next((each for each in results.figures.get("layers", ()) if each["name"] == part.name), {})
    names = f" (also {', '.join(part.names[1:])})" if len(part.names) > 1 else ""
    times = f", {part.count} times" if part.count > 1 else ""
    title = f"{part.name or 'mapping'}{times}{names}"
    return Section(title, tuple(tables), (nest,) if nest else (), source.get("mapping") or "")


def _front_mappings(results: Results) -> list[Section]:
    """The mappings of a front."""
    if results.kind != "front":
        return []
    metrics = results.figures["metrics"]
    return [
        Section(
            f"{number}: " + ", ".join(f"{name} {point[name]:.6g}" for name in metrics),
            (),
            (),
            point.get("mapping") or "",
        )
        for number, point in enumerate(results.figures["front"], 1)
    ]


def _origin(run: Any) -> TableContent | None:
    """Files, settings and versions, a line each."""
    rows = [(str(name).replace("_", " "), _text(value)) for name, value in run.items() if name != "command"]
    rows = [row for row in rows if row[1]]
    if not rows:
        return None
    return TableContent("What the result depends on", ("what", "value"), tuple(rows), (False, False))


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(item)}" for name, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(_text(item) for item in value)
    return "" if value is None else str(value)


def _number(value: Any) -> str:
    return "-" if value is None else f"{value:.6g}"


def table_content(table: Any, caption: str, headers: Iterable[str] = ()) -> TableContent:
    """What a rich table holds, as text.

    >>> from rich.table import Table
    >>> table = Table("level")
    >>> table.add_column("words", justify="right")
    >>> table.add_row("DRAM", "64")
    >>> table_content(table, "Words")
    TableContent(caption='Words', headers=('level', 'words'), rows=(('DRAM', '64'),), numeric=(False, True))
    """
    columns = table.columns
    titles = tuple(headers) or tuple(str(column.header) for column in columns)
    rows = tuple(zip(*([str(cell) for cell in column.cells] for column in columns), strict=True))
    return TableContent(caption, titles, rows, tuple(column.justify == "right" for column in columns))
