"""The rows of a chunk of points: fixed mappings priced together, or searches point by point."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from accelax.errors import AccelaxError, SpecError
from accelax.evaluation import evaluate
from accelax.ir import Mapping as LoopTree
from accelax.spec.layers import Layer
from accelax.sweeps.networks import Network, changed, network_with
from accelax.sweeps.plan import FEW, Chunk, Plan, plain
from accelax.sweeps.pricing import PricedLayer, price, priced_layer
from accelax.sweeps.rows import COLUMNS, Row, failed_row, figures_of, row_of, rows_of
from accelax.sweeps.searching import Starts, searched_row

PREPARED = 8
"""Variants that a process keeps ready."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """A variant: its layers with their mappings; counted and traced unless ``priced`` is None.

    That is so where points are few, or a layer cannot be traced.
    """

    network: Network
    priced: tuple[PricedLayer, ...] | None


_ready: OrderedDict[tuple[Any, ...], Prepared] = OrderedDict()


def solve(plan: Plan, chunk: Chunk, done: Mapping[int, Row]) -> Iterator[list[Row]]:
    """The rows of a chunk that are not ``done`` yet, in order: together, or one by one where each takes long.

    The result does not depend on what is done already, but for the time that searches have.
    """
    if plan.settings.map is True:
        yield from _search(plan, chunk, done)
        return
    try:
        prepared = prepare(plan, chunk.variant)
    except AccelaxError as error:
        rows = [failed_row(n, _shown(plan, point), str(error)) for n, point in _points(chunk)]
    else:
        rows = _price(plan, chunk, prepared) if prepared.priced else list(_evaluate(plan, chunk, prepared.network))
    if plan.settings.map == "once":
        rows = [{**row, "variant": chunk.variant} for row in rows]
    left = [row for row in rows if row["point"] not in done]
    if left:
        yield left


def forget() -> None:
    """Make everything ready anew: estimators may have been registered since."""
    _ready.clear()


def prepare(plan: Plan, variant: int) -> Prepared:
    """A variant made ready, once in a process. Raises SpecError or UnsupportedError where it cannot be evaluated."""
    key = plan.fingerprint, variant, plan.mappings.get(variant)
    prepared = _ready.get(key)
    if prepared is None:
        network = plan.network(variant)
        if plan.settings.map == "once":
            network = _mapped(network, plan.mappings[variant])
        priced = None
        if plan.traced and plan.sizes[variant] * len(network) > FEW:
            with contextlib.suppress(AccelaxError):
                priced = tuple(priced_layer(layer.specification, plan.traced) for layer in network)
        prepared = _ready[key] = Prepared(network, priced)
        while len(_ready) > PREPARED:
            _ready.popitem(last=False)
    return prepared


def _mapped(network: Network, mappings: Sequence[LoopTree | None]) -> Network:
    """A network with the mappings that were found for it. Raises SpecError where one is missing."""
    missing = [layer.name for layer, mapping in zip(network, mappings, strict=True) if mapping is None]
    if missing:
        raise SpecError(f"no valid mapping of {', '.join(missing)} was found at the first point")
    pairs = zip(network, mappings, strict=True)
    return tuple(Layer(one.specification.with_mapping(m), one.name, one.count) for one, m in pairs if m is not None)


def _points(chunk: Chunk) -> Iterator[tuple[int, tuple[Any, ...]]]:
    return zip(chunk.numbers, chunk.values, strict=True)


def _shown(plan: Plan, point: tuple[Any, ...]) -> dict[str, Any]:
    """The values of a point as JSON can hold them."""
    return {path: plain(path, value) for path, value in zip(plan.paths, point, strict=True)}


def _price(plan: Plan, chunk: Chunk, prepared: Prepared) -> list[Row]:
    """All points of a chunk in one call, padded to its full size so that nothing depends on how many there are."""
    assert prepared.priced is not None
    columns = [plan.paths.index(path) for path in plan.traced]
    points = np.array([[float(point[k]) for k in columns] for point in chunk.values])
    full = np.concatenate([points, np.repeat(points[-1:], plan.settings.chunk - len(points), axis=0)])
    table = price(prepared.priced, full)[:, :, : len(points)]
    counts = [layer.count for layer in prepared.network]
    shown = [_shown(plan, point) for point in chunk.values]
    return rows_of(chunk.numbers, shown, table, counts, plan.settings.objective)


def _evaluate(plan: Plan, chunk: Chunk, network: Network) -> Iterator[Row]:
    """Points one by one, each read again."""
    counts = [layer.count for layer in network]
    for number, point in _points(chunk):
        shown = _shown(plan, point)
        try:
            layers = [changed(one.specification, plan.own_values(point)) for one in network]
            figures = [figures_of(evaluate(spec)) for spec in layers]
        except AccelaxError as error:
            yield failed_row(number, shown, str(error))
            continue
        columns = {name: [one[name] for one in figures] for name in COLUMNS}
        yield row_of(number, shown, columns, counts, plan.settings.objective)


def _search(plan: Plan, chunk: Chunk, done: Mapping[int, Row]) -> Iterator[list[Row]]:
    """Search point by point; each starts from the mappings of those before in the chunk."""
    starts = Starts()
    for number, point in _points(chunk):
        if number in done:
            starts.read(done[number])
            continue
        shown = _shown(plan, point)
        try:
            network = network_with(plan.network(chunk.variant), plan.own_values(point))
            row = searched_row(number, shown, network, plan.settings, starts)
        except AccelaxError as error:
            row = failed_row(number, shown, str(error))
        starts.read(row)
        yield [row]
