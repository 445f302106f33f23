"""On-chip routers, buses, wires and networks of them."""

from __future__ import annotations

from accelax.components.estimate import COUNT, Attribute, Estimate
from accelax.components.numbers import Number
from accelax.components.registry import component
from accelax.components.scaling import NOMINAL_V, SUPPLY, area_scale, logic_energy_scale, supply_energy_scale

ISAAC = "ISAAC (Shafiee et al., ISCA 2016), power over rate, at 32 nm"
WIRES = "2e-10 F/m at 0.7 V of CiMLoop's wires"
WIDTH = Attribute("bit", valid=(1, 1024), whole=True)
_NODE_NM = 32.0
_ACTIONS = ("read", "write", "update", "transfer")


def _transfers(energy_pJ: Number, area_um2: Number, technology: Number, voltage: Number) -> Estimate:
    """A part of the network with its energy per transfer and its area at 32 nm."""
    scale = logic_energy_scale(_NODE_NM, technology, voltage)
    return Estimate(dict.fromkeys(_ACTIONS, energy_pJ * scale), area_um2=area_um2 * area_scale(_NODE_NM, technology))


@component(
    "router", "noc_router",
    accuracy=60, source=ISAAC, formula="20.74 pJ * width / 256 at 32 nm",
    attributes={"width": WIDTH, "voltage": SUPPLY},
)  # fmt: skip
def router(*, technology: Number, width: Number = 256, voltage: Number = NOMINAL_V) -> Estimate:
    """A router that moves ``width`` bits per action: 20.74 pJ and 150,000 µm² for 256 bits at 32 nm."""
    return _transfers(20.74 * width / 256, 150e3 * width / 256, technology, voltage)


@component(
    "bus", "shared_bus",
    accuracy=60, source=ISAAC, formula="0.054 pJ * width at 32 nm", attributes={"width": WIDTH, "voltage": SUPPLY},
)  # fmt: skip
def bus(*, technology: Number, width: Number, voltage: Number = NOMINAL_V) -> Estimate:
    """A bus within a tile: 0.054 pJ and 29.297 µm² per bit at 32 nm, whatever its length."""
    return _transfers(0.054 * width, 29.297 * width, technology, voltage)


@component(
    "wire", "wires",
    accuracy=60, source=WIRES, formula="activity * C V² * length * width",
    attributes={
        "length": Attribute("m"), "width": WIDTH, "voltage": Attribute("V", valid=(0.3, 2.0)),
        "capacitance_per_meter": Attribute("F/m"), "activity": Attribute("", least=0.0, above=False, most=1.0),
    },
)  # fmt: skip
def wire(
    *,
    length: Number,
    width: Number = 1,
    voltage: Number = 0.7,
    capacitance_per_meter: Number = 2e-10,
    activity: Number = 0.5,
) -> Estimate:
    """``width`` wires of ``length`` meters, of which a share ``activity`` is charged at a transfer.

    The capacitance of a wire hardly depends on the node, so no technology is asked for.

    >>> round(float(wire(length=1e-3, activity=1.0).energy_pJ["transfer"]), 4)
    0.098
    """
    energy = activity * width * capacitance_per_meter * length * voltage**2 * 1e12
    return Estimate(dict.fromkeys(_ACTIONS, energy))


@component(
    "XY_NoC", "mesh_noc",
    accuracy=40, source=f"{ISAAC}; {WIRES}", formula="hops * (router + wire of one tile)",
    attributes={
        "width": WIDTH, "datawidth": WIDTH, "n_PE_rows": COUNT, "n_PE_cols": COUNT, "tile_side": Attribute("m"),
        "voltage": SUPPLY,
    },
)  # fmt: skip
def xy_noc(
    *,
    technology: Number,
    n_PE_rows: Number = 1,
    n_PE_cols: Number = 1,
    width: Number = 32,
    datawidth: Number | None = None,
    tile_side: Number = 1e-4,
    voltage: Number = NOMINAL_V,
) -> Estimate:
    """A mesh with a router per node, in which a word goes along its row and then along its column.

    ``tile_side`` is the distance of neighbours. A word from a corner takes (rows + columns) / 2 hops on average; the
    action ``transfer_hop`` is one hop alone.
    """
    bits = width if datawidth is None else datawidth
    node = router(technology=technology, width=bits, voltage=voltage)
    line = wire(length=tile_side, width=bits, voltage=0.7 * supply_energy_scale(technology, voltage) ** 0.5)
    hop = node.energy_pJ["transfer"] + line.energy_pJ["transfer"]
    hops = (n_PE_rows + n_PE_cols) / 2
    whole = dict.fromkeys((*_ACTIONS, "transfer_random"), hops * hop)
    area = node.area_um2 * n_PE_rows * n_PE_cols
    return Estimate({**whole, "transfer_hop": hop, "idle": 0.0 * hop}, area_um2=area)
