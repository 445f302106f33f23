"""A mapping as an indented loop nest, the way Timeloop prints one.

Each storage is a line ``LEVEL [ tensor:words ... ]``, followed by the loops that run inside it. ``| for K in [0:8)``
runs in time, ``(Spatial-X)`` across instances; ``[0:7,3)`` runs 7 times, and 3 times in the last visit. Loops that run
once are left out.
"""

from __future__ import annotations

from collections.abc import Sequence

from accelax.ir import Einsum, Mapping
from accelax.report.nests import Entry, nest_entries


def format_loop_nest(mapping: Mapping, einsums: Sequence[Einsum]) -> str:
    """Write ``mapping`` of ``einsums`` as text, one line per storage and loop; sizes are words of the dense tile.

    >>> from accelax.ir import Compute, Storage, Temporal, Tensor
    >>> gemv = Einsum("gemv", (("M", 4), ("K", 8)), (Tensor("B", ((("K", 1),),)),))
    >>> nodes = (Storage("DRAM", ("B",)), Temporal("K", 2), Storage("RF", ("B",)), Temporal("M", 1), Temporal("K", 1))
    >>> print(format_loop_nest(Mapping((*nodes, Compute("gemv", "MAC"))), [gemv]))
    DRAM [ B:8 ]
    ------------
    | for K in [0:4)
    <BLANKLINE>
    RF [ B:2 ]
    ----------
    |   for M in [0:4)
    |     for K in [0:2)
    |       << Compute >>
    """
    printer = _Printer(mapping.dialect == "timeloop")
    printer.walk(nest_entries(mapping, einsums, single_trips=True), 0)
    return "\n".join(printer.lines).strip("\n")


class _Printer:
    """Writes entries as lines: those of storages wait until the first loop below them."""

    def __init__(self, timeloop: bool):
        self.timeloop = timeloop
        self.lines: list[str] = []
        self.headers: list[str] = []

    def walk(self, entries: Sequence[Entry], depth: int) -> None:
        fanout = ""
        for entry in entries:
            match entry["kind"]:
                case "storage":
                    sizes = "".join(f"{name}:{words} " for name, words in entry["tensors"].items())
                    self.headers.append(f"{entry['component']} [ {sizes}]")
                case "toll":
                    self.headers.append(f"{entry['component']} [ passes {' '.join(entry['tensors'])} ]")
                case "spatial" | "temporal":
                    component = entry.get("component", "")
                    if self.timeloop and component and component != fanout:
                        self.headers.append(f"inter_{component}_spatial [ ]")
                    fanout = component
                    depth += self.loop(entry, depth)
                case "compute":
                    on = "" if self.timeloop else f" {entry['einsum']} on {entry['component']}"
                    self.line(depth, f"<< Compute{on} >>")
                case _:
                    self.branches(entry, depth)

    def branches(self, entry: Entry, depth: int) -> None:
        order = "one after the other" if entry["kind"] == "sequential" else "at the same time"
        for position, branch in enumerate(entry["branches"], 1):
            self.line(depth, f"branch {position} of {len(entry['branches'])}, {order}")
            self.walk(branch, depth + 1)

    def loop(self, entry: Entry, depth: int) -> int:
        """Write the loop unless it runs once, and return how much deeper the next line is."""
        if entry["trips"] <= 1:
            return 0
        where = ""
        if entry["kind"] == "spatial":
            where = f" (Spatial-{entry['dimension']}" + ("" if self.timeloop else f" of {entry['component']}") + ")"
        last = f",{entry['last_trips']}" if "last_trips" in entry else ""
        self.line(depth, f"for {entry['rank']} in [0:{entry['trips']}{last}){where}{_tiles(entry)}")
        return 1

    def line(self, depth: int, text: str) -> None:
        if self.headers:
            width = max(len(header) for header in self.headers)
            self.lines += ["", *self.headers, "-" * width]
            self.headers = []
        self.lines.append("| " + "  " * depth + text)


def _tiles(entry: Entry) -> str:
    """The sizes of the first and the last tile where they are not all alike."""
    notes = [f"{which} tile {entry[f'{which}_tile']}" for which in ("first", "last") if f"{which}_tile" in entry]
    return f" ({', '.join(notes)})" if notes else ""
