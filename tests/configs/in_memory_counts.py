"""What a machine that computes in memory does for a mapping, counted in closed form: products of the mapping's factors.

Independent of the model: it knows what the parts of ISAAC and RAELLA are for, and nothing of levels or reuse. Only how
much of a window is fetched anew is walked step by step.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

REDUCED = "CRS"
STRIDES = {"P": "Wstride", "Q": "Hstride"}
FANOUTS = ("tile", "macro", "crossbar", "column", "cim_unit")
BITS = 8
"""Of an input and of an output."""

Loops = Mapping[str, Mapping[str, int]]
"""Level to rank to factor, ranks from the outermost inwards."""


@dataclass(frozen=True)
class Machine:
    """What differs: the bits in a unit, and where the register of partial sums stands.

    RAELLA adds the slices of a weight before it, and each crossbar has one; that of ISAAC comes after all crossbars.
    """

    bits_per_unit: int
    adds_slices: bool


RAELLA = Machine(bits_per_unit=8, adds_slices=True)
ISAAC = Machine(bits_per_unit=2, adds_slices=False)


def product(loops: Loops, level: str, ranks: str | None = None) -> int:
    """The product of a level's factors, of ``ranks`` only where given."""
    return math.prod(f for rank, f in loops.get(level, {}).items() if ranks is None or rank in ranks)


def rows_in_use(loops: Loops, strides: Mapping[str, int]) -> int:
    """Different inputs on the rows of one crossbar: windows next to each other share some."""
    inside = {r: product(loops, "column", r) * product(loops, "cim_unit", r) for r in "CRSPQNG"}
    wide = (inside["P"] - 1) * strides["Wstride"] + inside["R"]
    high = (inside["Q"] - 1) * strides["Hstride"] + inside["S"]
    return inside["C"] * wide * high * inside["N"] * inside["G"]


def crossbars_apart(loops: Loops, strides: Mapping[str, int]) -> int:
    """Crossbars of a macro with different inputs: those that make other outputs of the same inputs share one read.

    So do crossbars whose parts of the window, of outputs side by side, happen to lie at the same place.
    """
    apart = product(loops, "crossbar", "CNG")
    for window, position in (("R", "P"), ("S", "Q")):
        inside = {r: product(loops, "column", r) * product(loops, "cim_unit", r) for r in (window, position)}
        windows, positions = (range(product(loops, "crossbar", r)) for r in (window, position))
        step = strides[STRIDES[position]] * inside[position]
        apart *= len({p * step + w * inside[window] for p in positions for w in windows})
    return apart


@dataclass
class Window:
    """A box of inputs ``sides`` wide and high that moves over images; ``depth`` bits stand at each of its points.

    It keeps what the next box needs as long as it goes on in one direction; when it turns, it is fetched whole.
    """

    sides: tuple[int, int]
    depth: int
    place: tuple[int, ...] | None = None
    direction: tuple[int, ...] | None = None

    def move(self, place: tuple[int, ...]) -> int:
        """Bits that come when the window moves to ``place`` = (column, row, image)."""
        before, self.place = self.place, place
        whole, shared = math.prod(self.sides), 0
        if before is None:
            return whole * self.depth
        step = tuple(a - b for a, b in zip(place, before, strict=True))
        if not any(step):
            return 0
        if self.direction not in (None, step):
            self.direction = None
            return whole * self.depth
        self.direction = step
        if not step[2]:
            shared = math.prod(max(side - abs(s), 0) for side, s in zip(self.sides, step[:2], strict=True))
        return (whole - shared) * self.depth


def fetched(loops: Loops, strides: Mapping[str, int], levels: tuple[str, ...], outer: tuple[str, ...]) -> int:
    """Bits of input that enter a buffer which holds the windows of everything in ``levels`` while ``outer`` loops run.

    As the reference does it, every loop is judged by its first step.
    """
    held = {r: math.prod(product(loops, level, r) for level in levels) for r in "CRSPQNG"}
    sides = ((held["P"] - 1) * strides["Wstride"] + held["R"], (held["Q"] - 1) * strides["Hstride"] + held["S"])
    window = Window(sides, held["C"] * held["N"] * held["G"] * BITS)
    below = dict(held)
    walk: list[tuple[int, tuple[int, ...]]] = []
    for level in outer:
        for rank, factor in reversed(list(loops.get(level, {}).items())):
            if level not in FANOUTS:
                per_step = {"P": (strides["Wstride"], 0, 0), "Q": (0, strides["Hstride"], 0), "N": (0, 0, 1)}[rank]
                walk.insert(0, (factor, tuple(below[rank] * points for points in per_step)))
            below[rank] = below.get(rank, 1) * factor

    def run(position: int, place: tuple[int, ...]) -> int:
        """Everything from one loop inwards: its first iteration, and its second for all others."""
        if position == len(walk):
            return window.move(place)
        trips, step = walk[position]
        bits = run(position + 1, place)
        if trips > 1:
            bits += (trips - 1) * run(position + 1, tuple(p + s for p, s in zip(place, step, strict=True)))
        return bits

    return run(0, (0, 0, 0))


def counts(machine: Machine, loops: Loops, sizes: Mapping[str, int], strides: Mapping[str, int]) -> dict[str, float]:
    """Words that cross each part over the whole run, by part and tensor; ``steps`` are activations of the crossbars."""
    tiles, macros, crossbars, columns, units = (product(loops, name) for name in FANOUTS)
    outside = math.prod(product(loops, level) for level in ("chip", "eDRAM_buf", "input_buffer"))
    steps = outside * BITS
    rows, feeding = rows_in_use(loops, strides), crossbars_apart(loops, strides)
    summed = product(loops, "crossbar", "MNPQG")
    in_column = columns // product(loops, "column", "L")
    if machine.adds_slices:
        registers, arriving, distinct = tiles * macros * crossbars, in_column * steps, in_column * outside
        leaving, adding = distinct * BITS * summed, tiles * macros * crossbars * columns * steps
    else:
        registers, arriving = tiles * macros, columns * summed * steps
        distinct = outside * in_column * summed
        leaving, adding = distinct * BITS, tiles * macros * columns * summed * steps
    core = ("input_buffer", "crossbar", "column", "cim_unit")
    into_macro = fetched(loops, strides, core, ("macro", "eDRAM_buf", "tile", "chip"))
    into_tile = fetched(loops, strides, ("eDRAM_buf", "macro", *core), ("tile", "chip"))
    outputs = math.prod(sizes[rank] for rank in "PQMGN") * BITS * product(loops, "tile", REDUCED)
    return {
        "steps": steps,
        "pim_cell": tiles * macros * crossbars * columns * units * steps * machine.bits_per_unit,
        "timely_psubbuf": tiles * macros * crossbars * columns * steps * BITS,
        "column_readout": tiles * macros * crossbars * columns * steps * BITS,
        "input_drivers": tiles * macros * crossbars * rows * steps,
        "shift_add": adding * BITS,
        "output_register updates": registers * arriving * BITS,
        "output_register reads": registers * (arriving - distinct) * BITS,
        "output_center_offset_correct": tiles * macros * leaving,
        "input_buffer reads": tiles * macros * rows * feeding * steps,
        "input_buffer fills": tiles * macros * into_macro,
        "inter_tile_network Inputs": tiles * macros * into_macro,
        "inter_tile_network Outputs": tiles * macros * leaving,
        "output_quantize": tiles * macros * leaving,
        "eDRAM_buf Inputs reads": tiles * macros * into_macro,
        "eDRAM_buf Inputs fills": tiles * into_tile,
        "eDRAM_buf Outputs updates": outputs,
        "on_chip_network Inputs": tiles * into_tile,
        "on_chip_network Outputs": outputs,
    }
