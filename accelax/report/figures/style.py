"""How all figures look, and how they are written: the same input gives the same bytes. They need matplotlib."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from io import StringIO
from pathlib import Path
from typing import Any

from accelax.errors import AccelaxError, Location, Problem, SpecError
from accelax.report.shares import ALL, COMPUTE, LEAKAGE, NETWORKS

INK, GRID, PAPER = "#1b1e23", "#d4d8de", "#fefefe"
"""Text and lines, the grid, the gaps between parts: a page replaces these three by its own colours."""
PALETTE = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#7a5195")
"""Okabe's and Ito's colours, told apart by all kinds of colour vision, and one more."""
LIMITING, PLAIN = "#d55e00", "#56b4e9"
MARKERS = "osD^vPX*"
_FIXED = {COMPUTE: "#8c929b", LEAKAGE: "#4a4f57", NETWORKS: "#b3b8bf", "other": "#b3b8bf", ALL: PALETTE[0]}

_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.facecolor": "none",
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "legend.handlelength": 1.2,
    "hatch.linewidth": 0.6,
    "svg.fonttype": "none",
    "svg.hashsalt": "accelax",
    "axes.formatter.min_exponent": 4,
}


class LeftOut(AccelaxError):
    """A figure that a result does not hold the numbers for; the message says what is missing."""


def styled() -> AbstractContextManager[Any]:
    """The settings of matplotlib that hold while a figure is drawn or written. Raises AccelaxError without it."""
    try:
        from matplotlib import rc_context
    except ImportError:
        raise AccelaxError("plots need matplotlib: pip install 'accelax[plot]'") from None
    return rc_context(_STYLE)


def new_figure(width: float, height: float) -> Any:
    """A figure of so many inches that no window shows. Raises AccelaxError without matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise AccelaxError("plots need matplotlib: pip install 'accelax[plot]'") from None
    return Figure(figsize=(width, height), layout="constrained")


def colours(names: Iterable[str], compute_units: Iterable[str] = ()) -> dict[str, str]:
    """A colour for each name, in order of appearance; the same for compute, leakage and networks everywhere."""
    fixed = _FIXED | dict.fromkeys(compute_units, _FIXED[COMPUTE])
    distinct = list(dict.fromkeys(names))
    free = [name for name in distinct if name not in fixed]
    return {name: fixed.get(name) or PALETTE[free.index(name) % len(PALETTE)] for name in distinct}


def plain(text: str) -> str:
    r"""Text that matplotlib shows as it is: no formula between dollars, no label left out for its underscore.

    >>> plain("$x_$"), plain("_hidden")
    ('\\$x_\\$', ' _hidden')
    """
    return (" " if text.startswith("_") else "") + text.replace("$", r"\$")


def save(figure: Any, path: str | Path) -> Path:
    """Write a figure in the format that the ending names, without the time of day in it.

    Raises:
        SpecError: matplotlib does not write such files.
    """
    file = Path(path)
    ending = check_format(file)
    metadata = {"svg": {"Date": None, "Creator": None}, "png": {"Software": None}, "pdf": {"CreationDate": None}}
    with styled():
        figure.savefig(file, dpi=160, facecolor=PAPER, metadata=metadata.get(ending))
    return file


def check_format(file: Path) -> str:
    """The format that a file's ending names.

    Raises:
        AccelaxError: matplotlib is missing.
        SpecError: it does not write such files.
    """
    ending = file.suffix.lower().removeprefix(".")
    if ending not in new_figure(1.0, 1.0).canvas.get_supported_filetypes():
        message = f"expected a name that ends in .png or .svg, got {file.name!r}"
        raise SpecError([Problem(message, Location(str(file)))])
    return ending


def inline_svg(figure: Any, name: str, description: str) -> str:
    """A figure as an SVG element for a page: no addresses, ids of its own, the page's colours, ``description`` as text.

    ``name`` has to be new in the page.
    """
    from html import escape

    stream = StringIO()
    with styled():
        figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->\n?", "", text, flags=re.DOTALL)
    text = re.sub(r'\s(xmlns(:\w+)?|version)="[^"]*"', "", text)
    text = text.replace("xlink:href=", "href=")
    text = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', text)
    text = re.sub(r'href="#', f'href="#{name}-', text)
    text = re.sub(r"url\(#", f"url(#{name}-", text)
    for colour, variable in ((INK, "--ink"), (GRID, "--rule"), (PAPER, "--paper")):
        text = text.replace(colour, f"var({variable})")
    size = re.match(r'<svg[^>]*viewBox="0 0 ([\d.]+)', text)
    width = f"{float(size.group(1)):.0f}" if size else "600"
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', rf'\1 style="max-width:{width}pt" role="img"', text, count=1)
    text = re.sub(r"(<svg[^>]*>)", rf"\1<title>{escape(description)}</title>", text, count=1)
    return text.strip()


def wants_log(values: Sequence[float]) -> bool:
    """Whether an axis is better logarithmic: positive values that differ by more than ten times.

    >>> wants_log([1.0, 20.0]), wants_log([1.0, 5.0]), wants_log([0.0, 50.0])
    (True, False, False)
    """
    return bool(values) and min(values) > 0 and max(values) > 10 * min(values)
