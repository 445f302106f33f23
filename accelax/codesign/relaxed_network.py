"""The relaxed cost of a whole network as a function of the hardware knobs and of every layer's tile shapes.

Each layer has several classes of mappings, and each class its own factors. Given the totals ``E`` and ``C`` of the
network, a layer with energy ``e`` and delay ``c`` (counts included) enters ``a log E + b log C`` to first order as
``a e / E log e + b c / C log c``: with a weight ``w = a e / E + b c / C`` and a balance ``alpha = a e / (E w)`` it is
``w (alpha log e + (1 - alpha) log c)``. The second factor is what each class of the layer makes small for itself; the
knobs follow the sum over layers, in which a class counts by its share in a soft minimum over the layer's classes.
Limits on totals are products of the same totals: their multipliers are added to the powers ``a`` and ``b``, which stay
at 0 or above: to save power the clock may be slowed, but no mapping is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from accelax.codesign.choice import Goal
from accelax.codesign.relaxed_layers import Stack
from accelax.encode.machine_function import MachineFunction
from accelax.model.levels.arrays import LevelHardware, LevelStructure
from accelax.model.levels.energy import run_area
from accelax.search.relaxed.cost import price, relaxed_cost
from accelax.search.relaxed.layout import Shared
from accelax.search.relaxed.program import Program
from accelax.search.relaxed.solve import SHUT, shares

FIRM = 4.0
"""What an excess of a limit costs: in logarithms of the objective, or of a layer's part in it, over that of the use."""
MOST_SPARED = 0.5
"""First visits are taken to spare at most this part of the energy."""
ROOMY = 50.0
"""The logarithm of how far a limit is where there is none."""
FAINTEST = 1e-4
"""Classes count at least so much, so that they go on towards their own optimum."""
POWERS = {
    "energy_pJ": (1.0, 0.0, 0.0, 0.0),
    "cycles": (0.0, 1.0, 0.0, 0.0),
    "latency_s": (0.0, 1.0, 1.0, 0.0),
    "power_W": (1.0, -1.0, -1.0, 0.0),
    "area_um2": (0.0, 0.0, 0.0, 1.0),
}
"""What can be limited, as powers of energy (pJ), cycles, seconds of a cycle, and area (um2)."""
UNITS = {"power_W": math.log(1e-12)}
"""The logarithm of what such a product is to be multiplied by."""


@dataclass(frozen=True)
class Form:
    """What a compilation depends on besides shapes: by group of layers its structure and its machine; goal and limits.

    ``scaled``: the delay is in seconds of a clock that the knobs change.
    """

    structures: tuple[LevelStructure, ...]
    machines: tuple[MachineFunction, ...]
    goal: Goal
    limits: tuple[str, ...] = ()
    scaled: bool = False

    @property
    def timed(self) -> bool:
        """Whether the clock matters."""
        return self.scaled or any(POWERS[name][2] for name in self.limits)


@struct.dataclass
class Network:
    """The numbers: ``stacks`` and ``constants`` by group; for ``K`` knobs their range; the logarithms of the limits.

    ``sized`` by group ``[levels]``: 1 where the size of a memory depends on the knobs. A knob goes from ``low`` to
    ``high``, in ratio where ``ratio`` is 1, where these are logarithms; else evenly.
    """

    stacks: tuple[Stack, ...]
    constants: tuple[Any, ...]
    sized: tuple[Any, ...]
    low: Any
    high: Any
    ratio: Any
    limits: Any


@struct.dataclass
class Heat:
    """How smooth things are: maxima, in logarithms of words and cycles; limits; and the choice of classes."""

    maxima: Any
    limits: Any
    classes: Any


@struct.dataclass
class Point:
    """Where a start is.

    knobs
        ``[K]`` from 0 to 1.
    free
        By group ``[L, C, N]``: parameters of each class's factors.
    """

    knobs: Any
    free: tuple[Any, ...]


@struct.dataclass
class State:
    """What a network costs at a point.

    costs
        By group ``[L, C, 2]``: logarithms of energy (pJ) and cycles of one occurrence.
    excess
        By group ``[L, C, G]``: 0 or less where a class fits.
    clock, area
        Logarithms of seconds and of um2; 0 where they do not matter.
    """

    costs: tuple[Any, ...]
    excess: tuple[Any, ...]
    clock: Any
    area: Any


def values_of(network: Network, knobs: Any) -> Any:
    """``[K]`` values of the knobs at places from 0 to 1 in their ranges."""
    between = network.low + (network.high - network.low) * knobs
    return jnp.where(network.ratio > 0, jnp.exp(jnp.where(network.ratio > 0, between, 0.0)), between)


def state_at(form: Form, network: Network, point: Point, temperature: Any, empty: Any = 0.0) -> State:
    """The relaxed cost of every class of every layer, with maxima at ``temperature``.

    ``empty``: the logarithm of memories over the part of them that tiles may fill, where knobs decide their size.
    """
    values = values_of(network, point.knobs)
    costs, excess, first = [], [], None
    numbers = zip(network.stacks, network.constants, network.sized, point.free, strict=True)
    for structure, machine, (stack, constants, sized, free) in zip(
        form.structures, form.machines, numbers, strict=True
    ):
        hardware, clock = machine(tuple(values), constants, relaxed=True)
        first = (hardware, clock) if first is None else first

        spare = jnp.pad(empty * sized, (0, stack.shared.spread_level.shape[1]))

        def one(
            shared: Shared,
            program: Program,
            z: Any,
            structure: LevelStructure = structure,
            hardware: LevelHardware = hardware,
            spare: Any = spare,
        ) -> tuple[Any, Any]:
            x = shares(shared, program, z)
            cost = relaxed_cost(structure, price(structure, hardware, shared), shared, program, x, temperature)
            wide = jnp.where(program.upper - program.lower > SHUT, x - program.upper, -ROOMY)
            spared = jnp.minimum(cost.offsets[:2] * jnp.exp(-cost.logs[:2]), MOST_SPARED)
            return cost.logs[:2] + jnp.log1p(-spared), jnp.concatenate([jnp.maximum(cost.excess + spare, -ROOMY), wide])

        every = jax.vmap(jax.vmap(one, in_axes=(None, 0, 0)))
        logs, over = every(stack.shared, stack.programs, free)
        costs.append(logs)
        excess.append(over)
    assert first is not None
    hardware, clock = first
    return State(
        tuple(costs),
        tuple(excess),
        jnp.log(clock) if form.timed else jnp.zeros(()),
        jnp.log(run_area(hardware)) if "area_um2" in form.limits else jnp.zeros(()),
    )


def totals_of(network: Network, state: State, weights: tuple[Any, ...]) -> Any:
    """``[4]``: logarithms of energy, cycles, seconds of a cycle and area, with each layer's classes mixed."""
    sums = [
        jnp.einsum("l,lc,lcm->m", stack.counts, share, jnp.exp(costs))
        for stack, share, costs in zip(network.stacks, weights, state.costs, strict=True)
    ]
    return jnp.concatenate([jnp.log(sum(sums)), jnp.stack([state.clock, state.area])])


def powers_of(form: Form, forces: Any) -> Any:
    """``[4]``: the powers of the totals in the objective and in the limits that press with ``forces`` ``[n]``."""
    delay = form.goal.delay
    powers = jnp.array([form.goal.energy, delay, delay if form.scaled else 0.0, 0.0])
    return powers + forces @ np.array([POWERS[name] for name in form.limits]).reshape(-1, 4)


def overshoot(form: Form, network: Network, totals: Any) -> Any:
    """``[n]``: the logarithm of what is limited over its limit."""
    table = np.array([POWERS[name] for name in form.limits]).reshape(-1, 4)
    units = np.array([UNITS.get(name, 0.0) for name in form.limits])
    return table @ totals + units - network.limits


def penalty(excess: Any, temperature: Any) -> Any:
    """What limits cost, summed over the last axis: ``FIRM`` times a smooth ``max(excess, 0)``.

    As the temperature falls it keeps a limit exactly, unless the objective falls by more than ``FIRM`` per cent where
    one per cent more were allowed.
    """
    return FIRM * temperature * jnp.sum(jax.nn.softplus(excess / temperature), axis=-1)


def pressure(excess: Any, temperature: Any) -> Any:
    """The slopes of :func:`penalty`: the multipliers of the limits."""
    return FIRM * jax.nn.sigmoid(excess / temperature)


def mix(values: Any, softness: Any) -> Any:
    """``[L, C]``: each class's share in the soft minimum of its layer."""
    return jax.nn.softmax(-values / softness, axis=1)


@struct.dataclass
class Leaning:
    """How layers and classes enter the objective at a point; nothing here is differentiated.

    powers, totals
        ``[4]`` each.
    balances
        By group ``[L]``: alpha.
    shares, weights
        By group ``[L, C]``: of classes in their layer, and what multiplies each class's own objective.
    """

    powers: Any
    totals: Any
    balances: tuple[Any, ...]
    shares: tuple[Any, ...]
    weights: tuple[Any, ...]


def lean(form: Form, network: Network, state: State, heat: Heat) -> Leaning:
    """Choose classes softly, and find each layer's weight and balance with them."""
    state = jax.lax.stop_gradient(state)
    powers = jnp.maximum(powers_of(form, jnp.zeros(len(form.limits)))[:2], 0.0)
    balances: tuple[Any, ...] = tuple(powers[0] / jnp.sum(powers) for _ in network.stacks)
    for _ in range(2):
        chosen = tuple(
            mix(own_costs(costs, over, alpha, heat.limits), heat.classes)
            for costs, over, alpha in zip(state.costs, state.excess, balances, strict=True)
        )
        totals = totals_of(network, state, chosen)
        powers = powers_of(form, pressure(overshoot(form, network, totals), heat.limits))
        parts = [
            jnp.einsum("l,lc,lcm->lm", stack.counts, share, jnp.exp(costs - totals[:2])) * jnp.maximum(powers[:2], 0.0)
            for stack, share, costs in zip(network.stacks, chosen, state.costs, strict=True)
        ]
        balances = tuple(part[:, 0] / jnp.maximum(jnp.sum(part, axis=1), FAINTEST**2) for part in parts)
    weights = tuple(
        jnp.maximum(jnp.sum(part, axis=1), FAINTEST)[:, None] * jnp.maximum(share, FAINTEST)
        for part, share in zip(parts, chosen, strict=True)
    )
    return Leaning(powers, totals, balances, chosen, weights)


def own_costs(costs: Any, excess: Any, alpha: Any, temperature: Any) -> Any:
    """``[L, C]``: what each class makes small for itself; ``alpha`` a number or ``[L]``."""
    alpha = jnp.broadcast_to(alpha, costs.shape[:1])[:, None]
    return alpha * costs[..., 0] + (1.0 - alpha) * costs[..., 1] + penalty(excess, temperature)


def merit(
    form: Form, network: Network, point: Point, heat: Heat, empty: Any = 0.0
) -> tuple[Any, tuple[State, Leaning]]:
    """A function whose slope is that of the objective with its limits (see the module); its own value means nothing."""
    state = state_at(form, network, point, heat.maxima, empty)
    leaning = lean(form, network, state, heat)
    value = leaning.powers[2] * state.clock + leaning.powers[3] * state.area
    for costs, over, alpha, weight in zip(state.costs, state.excess, leaning.balances, leaning.weights, strict=True):
        value = value + jnp.sum(weight * own_costs(costs, over, alpha, heat.limits))
    return value, (state, leaning)


def objective(form: Form, totals: Any) -> Any:
    """The logarithm of the objective of a network with ``totals`` ``[4]``, limits left out."""
    return powers_of(form, jnp.zeros(len(form.limits))) @ totals


def shortfall(form: Form, network: Network, state: State, leaning: Leaning) -> Any:
    """What the objective's logarithm owes to limits, of the classes chosen and of totals."""
    owed = FIRM * jnp.sum(jnp.maximum(overshoot(form, network, leaning.totals), 0.0))
    for over, weight, share in zip(state.excess, leaning.weights, leaning.shares, strict=True):
        counted = jnp.where(share > FAINTEST, weight, 0.0)
        owed = owed + FIRM * jnp.sum(counted[..., None] * jnp.maximum(over, 0.0))
    return owed


def alone(form: Form, state: State) -> tuple[Any, ...]:
    """By group ``[L, C]``: the logarithm of the objective of each class as if it were the network."""
    powers = powers_of(form, jnp.zeros(len(form.limits)))[:2]
    return tuple(
        costs @ powers + FIRM * jnp.sum(jnp.maximum(over, 0.0), axis=-1)
        for costs, over in zip(state.costs, state.excess, strict=True)
    )
