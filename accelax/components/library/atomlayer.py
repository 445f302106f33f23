"""The buffers of AtomLayer (Qiao et al., DAC 2018, 32 nm) and a gain-cell memory (Giterman et al., 2020, 16 nm)."""

from __future__ import annotations

from accelax.components.estimate import Attribute, Estimate
from accelax.components.library.published import Published, for_actions
from accelax.components.numbers import Number
from accelax.components.registry import component

ATOMLAYER = "Qiao et al., DAC 2018"
MEMORY = {"width": Attribute("bit"), "depth": Attribute()}


@component(
    "atomlayer_register_ladder",
    accuracy=85,
    source=ATOMLAYER,
    formula="0.083 pJ * width / 16 * (depth / 128)^0.78",
    attributes=MEMORY,
)
def atomlayer_register_ladder(*, technology: Number, width: Number = 16, depth: Number = 128) -> Estimate:
    """The registers that hand inputs from row to row."""
    stated = Published(for_actions(0.083, "read", "write", free=("update",)), 1620.0, 32)
    return stated.scaled(technology, width=width / 16, depth=depth / 128)


@component(
    "atomlayer_input_buffer_transfers",
    accuracy=85,
    source=ATOMLAYER,
    formula="6.46 pJ * width / 16 * (depth / 128)^0.78",
    attributes=MEMORY,
)
def atomlayer_input_buffer_transfers(*, technology: Number, width: Number = 16, depth: Number = 128) -> Estimate:
    """Reading another input buffer; writing is charged to that buffer."""
    stated = Published(for_actions(6.46, "read", "transfer", free=("write", "update")), 2100.0, 32)
    return stated.scaled(technology, width=width / 16, depth=depth / 128)


@component(
    "raaam_edram", "gain_cell_edram",
    accuracy=85,
    source="Giterman et al., IEEE SSC-L 2020: 1 Mbit in 16 nm",
    formula="2641.92 pJ read, 2519.04 pJ write, * width / 1024 * (depth / 1024)^0.78",
    attributes=MEMORY,
)  # fmt: skip
def raaam_edram(*, technology: Number, width: Number = 1024, depth: Number = 1024) -> Estimate:
    """An embedded DRAM of three-transistor gain cells; leakage includes refreshing."""
    stated = Published({"read": 2641.92, "write": 2519.04, "update": 2519.04}, 131570.0, 16, 381e-6)
    return stated.scaled(technology, width=width / 1024, depth=depth / 1024)
