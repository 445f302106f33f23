"""A layer as an instance of a problem that a machine already has, in the names that its constraints use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accelax.workloads.shapes import LayerShape

Terms = Sequence[Sequence[str]]


@dataclass(frozen=True)
class ConvolutionRanks:
    """The names that a problem gives to the parts of a convolution.

    ``batch`` is None where there is none. ``windows`` are (filter, dilation, output, stride) along the width and the
    height, with None for a coefficient that is always 1.
    """

    reduced: str
    outputs: str
    batch: str | None
    windows: tuple[tuple[str, str | None, str, str | None], ...]

    def instance(self, shape: LayerShape) -> dict[str, int] | None:
        """The extents and coefficients of a layer; None for a layer that is no such convolution.

        The rows of a matrix product are its output pixels along the width: a batch need not be there.
        """
        if shape.kind == "depthwise":
            return None
        extents = shape.as_convolution(rows="P")
        found: dict[str, int] = {self.reduced: extents["C"], self.outputs: extents["M"]}
        if self.batch is not None:
            found[self.batch] = extents["N"]
        elif extents["N"] > 1:
            return None
        sides = zip(self.windows, (("R", "P"), ("S", "Q")), shape.dilations, shape.strides, strict=True)
        for (across, apart, pixels, step), (r, p), dilation, stride in sides:
            found |= {across: extents[r], pixels: extents[p]}
            for name, value in ((apart, dilation), (step, stride)):
                if name is not None:
                    found[name] = value
                elif value > 1:
                    return None
        return found


def convolution_ranks(problem: Mapping[str, Any]) -> ConvolutionRanks | None:
    """The ranks of a Timeloop problem that is a convolution of two tensors with two windows; None for any other.

    The window named first is that of the width.

    >>> window = [[["R"], ["P", "Wstride"]], [["S"], ["Q", "Hstride"]]]
    >>> spaces = [{"name": "W", "projection": [[["C"]], [["K"]], [["R"]], [["S"]]]},
    ...           {"name": "I", "projection": [[["C"]], *window]},
    ...           {"name": "O", "projection": [[["K"]], [["P"]], [["Q"]]], "read_write": True}]
    >>> convolution_ranks({"shape": {"data_spaces": spaces}}).windows
    (('R', None, 'P', 'Wstride'), ('S', None, 'Q', 'Hstride'))
    """
    shape = problem.get("shape")
    spaces = shape.get("data_spaces") if isinstance(shape, Mapping) else None
    if not isinstance(spaces, Sequence) or len(spaces) != 3:
        return None
    written = [space for space in spaces if space.get("read_write")]
    slid = [space for space in spaces if any(len(terms) > 1 for terms in space["projection"])]
    if len(written) != 1 or len(slid) != 1 or written[0] is slid[0]:
        return None
    (other,) = (space for space in spaces if space is not written[0] and space is not slid[0])
    inputs, weights, outputs = (
        {t[0] for terms in one["projection"] for t in terms} for one in (slid[0], other, *written)
    )
    windows = [_window(terms, weights, outputs) for terms in slid[0]["projection"] if len(terms) > 1]
    known = [window for window in windows if window is not None]
    if len(windows) != 2 or len(known) != 2:
        return None
    slides = {rank for across, _, pixels, _ in known for rank in (across, pixels)}
    single = inputs - slides
    shared = (single & weights, weights & outputs, single & outputs)
    reduced, made, batch = (sorted(ranks) for ranks in shared)
    if len(reduced) != 1 or len(made) != 1 or len(batch) > 1 or {*reduced, *made} & {*batch}:
        return None
    if inputs | weights | outputs != {*reduced, *made, *batch, *slides}:
        return None
    return ConvolutionRanks(reduced[0], made[0], batch[0] if batch else None, tuple(known))


def _window(terms: Terms, weights: set[str], outputs: set[str]) -> tuple[str, str | None, str, str | None] | None:
    """Filter and output ranks of a sum of two, each with its coefficient."""
    across = [term for term in terms if term[0] in weights - outputs]
    pixels = [term for term in terms if term[0] in outputs - weights]
    if len(terms) != 2 or len(across) != 1 or len(pixels) != 1:
        return None
    apart, step = (str(term[1]) if len(term) > 1 else None for term in (across[0], pixels[0]))
    return str(across[0][0]), apart, str(pixels[0][0]), step
