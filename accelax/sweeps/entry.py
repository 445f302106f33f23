"""The one verb of this package."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax

from accelax.errors import SpecError, UnsupportedError
from accelax.search.budget import Budget
from accelax.search.objective import name_of
from accelax.sweeps.axes import PROBLEM, Axis, lay_out, read_axes
from accelax.sweeps.execution import solve_here, solve_there
from accelax.sweeps.journal import Contents, Journal
from accelax.sweeps.mapping_text import from_lists, to_lists
from accelax.sweeps.networks import Network, label_of, network_at, network_of, network_with
from accelax.sweeps.plan import (
    CHUNK,
    SEARCH_CHUNK,
    Chunk,
    Maps,
    Plan,
    Settings,
    check_paths,
    divide,
    goal_of,
    identity,
    plain,
)
from accelax.sweeps.progress import SweepProgress
from accelax.sweeps.result import SweepResult, result_of
from accelax.sweeps.searching import Starts, search_network
from accelax.sweeps.solving import forget

if TYPE_CHECKING:
    from accelax.search.driver import Goal
    from accelax.spec.layers import Layer
    from accelax.spec.specification import Specification

Row = dict[str, Any]


def sweep(
    spec: Specification | Layer | Sequence[Specification | Layer],
    axes: Mapping[str, Any],
    mode: str = "grid",
    points: int | None = None,
    objective: Goal | None = None,
    map: Maps = False,
    seconds: float = 10.0,
    tolerance: float = 0.0,
    output: str | Path | None = None,
    executor: Any = None,
    seed: int = 0,
    progress: Callable[[SweepProgress], None] | None = None,
    *,
    chunk: int | None = None,
    resume: bool = True,
    run: Mapping[str, Any] | None = None,
) -> SweepResult:
    """Evaluate many designs: every point gives some paths of a specification other values.

    Paths that change only numbers of the machine are traced: their points are priced in chunks by one compiled
    function, in float64, on all local devices (a few points are not worth a compilation and evaluated one by one).
    Energies, times and areas equal those of ``accelax.evaluate`` to 1e-12 (compiled code may fuse two roundings into
    one), whole numbers exactly. Points that differ in other paths (text,
    structure, rules, problems) are grouped by these values; in the AccelForge dialect all are evaluated one by one.

    Results of fixed mappings do not depend on interruptions, executors or devices. Searches have time budgets, so only
    their bounds say how near two runs must be.

    Args:
        spec: a specification or the layers of a network, whose totals (each layer as often as it occurs) are those of
            a point.
        axes: ``{path: [values] or (low, high)}``. Both ends of a range of two integers are included and its values are
            integers. ``problem`` is an axis over problems: files, layers, or lists of these, which are networks.
        mode: ``grid`` (all combinations, the last axis running fastest), ``zip``, ``random`` or ``sobol``.
        points: how many to draw in the last two modes.
        objective: as for ``accelax.map``; gives ``value`` and what searches minimise.
        map: False evaluates the mapping of the files; ``"once"`` searches one for each layer at the first point (of
            every structure) and keeps it; True searches at every point, from the mappings of the points before.
        seconds: of each search, as for ``accelax.map``.
        tolerance: of each search, as for ``accelax.map``.
        output: a file that gets a header and one line for each point as they are done. Where it is there already, the
            sweep goes on from its last good line.
        executor: a ``concurrent.futures.Executor``, or Dask's ``client.get_executor()``: its workers evaluate chunks.
            Processes should be spawned, not forked. What a lost worker had is done again.
        seed: of the draws and the searches.
        progress: called with a :class:`SweepProgress` at the start and after every chunk.
        chunk: points at once; the default is 1024, and 8 where mappings are searched.
        resume: False refuses an ``output`` that is there already.
        run: what the header is to hold besides, such as the command; nothing depends on it.

    The package's description tells how several processes share a sweep.

    Raises:
        SpecError: an axis, a path (with the nearest) or an argument is wrong, the file is of another sweep or cannot be
            written, or there is no mapping.
        UnsupportedError: something is not modelled.
    """
    begin = time.perf_counter()
    forget()
    read = read_axes(axes)
    table = lay_out(read, mode, points, seed)
    plan, chunks, facts = make_plan(network_of(spec), read, table, objective, map, seconds, tolerance, seed, chunk)
    header = {**({"run": dict(run)} if run else {}), "mode": mode, "seed": seed, **facts}
    if jax.process_count() > 1:
        header, chunks, output = _share(header, chunks, output)
    if output is None:
        return _run(plan, chunks, _Memory(header), executor, progress, begin)
    with Journal.open(output, header, resume) as journal:
        return _run(plan, chunks, journal, executor, progress, begin)


def _share(
    header: dict[str, Any], chunks: list[Chunk], output: str | Path | None
) -> tuple[dict[str, Any], list[Chunk], str | None]:
    """What one of the processes that ``jax.distributed`` joined does of a sweep, and where it writes."""
    part, of = jax.process_index(), jax.process_count()
    if header["map"] == "once":
        raise UnsupportedError("map='once' in several processes of jax.distributed")
    place = None if output is None else f"{output}.part{part}"
    return {**header, "part": [part, of]}, chunks[part::of], place


class _Memory:
    """Stands in for a results file where none is wanted."""

    def __init__(self, header: Mapping[str, Any]):
        self.contents = Contents(dict(header))

    def add(self, rows: Sequence[Row]) -> None:
        self.contents.rows.update({row["point"]: row for row in rows})

    def add_mappings(self, variant: int, mappings: list[Any]) -> None:
        self.contents.mappings[variant] = mappings


def make_plan(
    base: Network,
    axes: tuple[Axis, ...],
    table: Sequence[tuple[Any, ...]],
    objective: Goal | None,
    map: Maps,
    seconds: float,
    tolerance: float,
    seed: int,
    chunk: int | None,
) -> tuple[Plan, list[Chunk], dict[str, Any]]:
    """The plan of a sweep, its chunks in order, and what its results file says of it. Raises as :func:`sweep`."""
    if map not in (False, True, "once"):
        raise SpecError(f"map: expected False, True or 'once', got {map!r}")
    size = chunk if chunk is not None else SEARCH_CHUNK if map is True else CHUNK
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise SpecError(f"chunk: expected how many points to take at once, got {chunk!r}")
    Budget(seconds, tolerance)
    paths = tuple(axis.path for axis in axes)
    traced = check_paths(base, axes, table, search=map is True)
    networks = _networks(base, axes, table)
    first = next(iter(networks.values()))
    settings = Settings(goal_of(first, objective), map, float(seconds), float(tolerance), seed, size)
    grouped = tuple(p for p in paths if p not in traced) if map is not True else tuple(p for p in paths if p == PROBLEM)
    variants, chunks = divide(paths, grouped, table, size)
    fingerprint = identity(list(networks.values()), paths, table, settings)
    sizes = [0] * len(variants)
    for one in chunks:
        sizes[one.variant] += len(one.numbers)
    plan = Plan(base, paths, traced, grouped, variants, tuple(sizes), settings, fingerprint)
    if map is False:
        _check_mappings(plan.network(0))
    facts = {
        "axes": {axis.path: _shown(axis) for axis in axes},
        "points": len(table),
        "objective": name_of(settings.objective),
        **{name: getattr(settings, name) for name in ("map", "seconds", "tolerance", "chunk")},
        "traced": list(traced),
        "networks": {label: [[one.name, one.count] for one in network] for label, network in networks.items()},
        "versions": _versions(),
        "fingerprint": fingerprint,
    }
    return plan, chunks, facts


def _networks(base: Network, axes: Sequence[Axis], table: Sequence[tuple[Any, ...]]) -> dict[str, Network]:
    """The networks of a sweep by the values of the ``problem`` axis, if there is one. Raises SpecError."""
    place = next((place for place, axis in enumerate(axes) if axis.path == PROBLEM), None)
    if place is None:
        return {"": base}
    values = list({id(row[place]): row[place] for row in table}.values())
    found: dict[str, Network] = {}
    meant: dict[str, Any] = {}
    for value in values:
        label = label_of(value)
        if label in found and meant[label] != value:
            raise SpecError(f"two values of the axis problem are called {label!r}")
        found[label], meant[label] = network_at(base[0].specification, value), value
    return found


def _check_mappings(network: Network) -> None:
    """Raise SpecError where a layer has no complete mapping."""
    missing = [layer.name for layer in network if layer.specification.lowered().mapping is None]
    if missing:
        raise SpecError(f"no complete mapping of {', '.join(missing)}: sweep with map=True or map='once'")


def _shown(axis: Axis) -> Any:
    """An axis as the header has it."""
    return {"low": axis.low, "high": axis.high} if axis.is_range else [plain(axis.path, value) for value in axis.values]


def _versions() -> dict[str, str]:
    import accelax

    return {"accelax": accelax.__version__, "jax": jax.__version__}


def _run(
    plan: Plan,
    chunks: list[Chunk],
    journal: Journal | _Memory,
    executor: Any,
    progress: Callable[[SweepProgress], None] | None,
    begin: float,
) -> SweepResult:
    """Evaluate what the journal does not have yet."""
    contents = journal.contents
    found, total = len(contents.rows), sum(len(chunk.numbers) for chunk in chunks)

    def show() -> None:
        if progress is not None:
            progress(SweepProgress(len(contents.rows), total, time.perf_counter() - begin, found))

    show()
    if plan.settings.map == "once":
        plan = replace(plan, mappings=_mapped_once(plan, chunks, journal))
    rows: Iterator[list[Row]]
    if executor is None:
        rows = solve_here(plan, chunks, contents.rows)
    else:
        rows = solve_there(plan, chunks, contents.rows, executor)
    for some in rows:
        journal.add(some)
        show()
    return result_of(contents, contents.rows, contents.notes)


def _mapped_once(plan: Plan, chunks: Sequence[Chunk], journal: Journal | _Memory) -> dict[int, Any]:
    """The mappings of every variant, searched at its first point unless the journal has them."""
    found: dict[int, Any] = {}
    for chunk in chunks:
        if chunk.variant in found:
            continue
        known = journal.contents.mappings.get(chunk.variant)
        if known is None:
            network = network_with(plan.network(chunk.variant), plan.own_values(chunk.values[0]))
            results = search_network(network, plan.settings, Starts())
            known = [None if one.mapping is None else to_lists(one.mapping) for one in results]
            journal.add_mappings(chunk.variant, known)
        found[chunk.variant] = tuple(None if text is None else from_lists(text) for text in known)
    return found
