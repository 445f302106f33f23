"""The chain of levels as a machine of the IR: sizes, bandwidths, energies, networks and gating.

A level has the attributes that containers hand down, unless its node sets the key itself; a default of a storage's own
table counts as set.
"""

from __future__ import annotations

import math
from typing import Any

from accelax.components.numbers import is_traced, maximum, may_differ
from accelax.errors import UnsupportedError, did_you_mean
from accelax.ir.level_machine import Level, LevelCompute, LevelMachine, LevelNetwork
from accelax.spec.text import Problems
from accelax.spec.timeloop.chain import Chain, Place
from accelax.spec.timeloop.kinds import Kind, choice, number
from accelax.spec.timeloop.problem import Workload
from accelax.spec.timeloop.reader import show
from accelax.spec.timeloop.schema import STORAGE_ATTRIBUTES
from accelax.spec.timeloop.tables import COMPUTE, FILL, LEAK, READ, UPDATE, ReferenceTables

NETWORK_ATTRIBUTES: dict[str, Kind] = {
    "network_word_bits": number(above=0),
    "tile_width": number(minimum=0),
    "wire_energy": number(minimum=0),
    "energy_per_hop": number(minimum=0),
    "router_energy": number(minimum=0),
    "energy_per_ingress": number(minimum=0),
    "network_type": choice("1:1", "1:N", "M:N"),
    "vector_access_energy": number(minimum=0),
    "addr_gen_energy": number(minimum=0),
    "cluster_area": number(minimum=0),
}
REFUSED_ATTRIBUTES = (
    "instances", "network_read", "network_fill", "network_drain", "network_update",
)  # fmt: skip


def build_machine(chain: Chain, tables: ReferenceTables, workload: Workload, problems: Problems) -> LevelMachine | None:
    """Turn the chain into a :class:`LevelMachine`; None when something essential is missing."""
    if chain.compute is None:
        return None
    levels = [
        _fanout_level(place, tables, problems)
        if place.is_fanout
        else _storage_level(place, chain, tables, workload, problems)
        for place in chain.levels
    ]
    if not any(not place.is_fanout for place in chain.levels):
        problems.add("the architecture has no storage", chain.compute.leaf.location(), "architecture")
    unit = chain.compute
    compute = LevelCompute(
        unit.name, unit.mesh_x, unit.mesh_y, tables.energy(unit.name, COMPUTE), tables.areas.get(unit.name, 0.0)
    )
    return LevelMachine(tuple(levels), compute, chain.cycle_seconds)


def attributes_of(place: Place, problems: Problems) -> dict[str, Any]:
    """The attributes that hold for a level, keys with underscores: its own, then what containers hand down.

    Raises:
        UnsupportedError: an attribute that Timeloop knows and this library does not.
    """
    own = {} if place.is_fanout else {k: v for k, v in place.leaf["attributes"].items() if v is not None}
    merged: dict[str, Any] = {}
    for key, value in (place.inherited | own).items():
        merged[key.replace("-", "_")] = value
    kinds = {name: entry.kind for name, entry in STORAGE_ATTRIBUTES.items()} | NETWORK_ATTRIBUTES
    for key, value in list(merged.items()):
        if key in REFUSED_ATTRIBUTES:
            path = f"{place.leaf.path}.attributes.{key}"
            raise UnsupportedError(f"the attribute {key!r}", place.leaf.location(), path)
        kind = kinds.get(key)
        if isinstance(kind, Kind):
            try:
                merged[key] = kind.convert(value)
            except (ValueError, TypeError, OverflowError):
                attributes = place.leaf["attributes"]
                problems.add(
                    f"expected {kind.expected}, got {show(value)}", attributes.location(key), f"{attributes.path}.{key}"
                )
                del merged[key]
    return merged


def _network(attributes: dict[str, Any], word_bits: float, tables: ReferenceTables) -> LevelNetwork:
    """The network below a level, from the level's attributes; an ERT entry ``wire`` sets the wire energy of all."""
    wire = tables.wire_energy()
    return LevelNetwork(
        attributes.get("network_word_bits", word_bits),
        attributes.get("tile_width"),
        attributes.get("wire_energy", 0.0) if wire is None else wire,
        attributes.get("energy_per_hop"),
        attributes.get("router_energy", 0.0),
        attributes.get("energy_per_ingress", 0.0),
        attributes.get("network_type", "1:N"),
    )


def _fanout_level(place: Place, tables: ReferenceTables, problems: Problems) -> Level:
    """The implicit level above a node with a fan-out: one word of one bit, nothing kept, no energy."""
    attributes = attributes_of(place, problems)
    return Level(
        place.name,
        is_fanout=True,
        mesh_x=place.mesh_x,
        mesh_y=place.mesh_y,
        word_bits=1,
        block_size=1,
        size_words=1,
        network_fill_latency=attributes.get("network_fill_latency", 0),
        network_drain_latency=attributes.get("network_drain_latency", 0),
        read_energy=0.0,
        fill_energy=0.0,
        update_energy=0.0,
        network=_network(attributes, 1, tables),
    )


def _storage_level(
    place: Place, chain: Chain, tables: ReferenceTables, workload: Workload, problems: Problems
) -> Level:
    """A storage component as a level: sizes in words, bandwidths in words per cycle, energies from the ERT."""
    attributes = attributes_of(place, problems)
    where, path = place.leaf["attributes"], f"{place.leaf['attributes'].path}"
    if attributes.get("allow_overbooking"):
        raise UnsupportedError("allow_overbooking", where.location("allow_overbooking"), f"{path}.allow_overbooking")
    word_bits = attributes.get("datawidth", 1)
    cluster = attributes.get("cluster_size", 1)
    block = block_size(attributes, word_bits, cluster, place, problems)
    instances = place.mesh_x * place.mesh_y
    if not is_traced(instances) and not is_traced(cluster) and instances % cluster:
        problems.add(
            f"{instances} instances do not form clusters of {cluster}",
            where.location("cluster_size"),
            f"{path}.cluster_size",
        )
    energies, area = access_energies(place, attributes, tables, cluster), tables.areas.get(place.name)
    leak = tables.energy(place.name, LEAK)
    leak = 0.0 if leak is None else leak
    return Level(
        place.name,
        mesh_x=place.mesh_x,
        mesh_y=place.mesh_y,
        word_bits=word_bits,
        block_size=block,
        cluster_size=cluster,
        size_words=size_in_words(attributes, word_bits, block),
        multiple_buffering=attributes.get("multiple_buffering", 1),
        min_utilization=attributes.get("min_utilization", 0.0),
        read_bandwidth=attributes.get("read_bandwidth", math.inf),
        write_bandwidth=attributes.get("write_bandwidth", math.inf),
        shared_bandwidth=attributes.get("shared_bandwidth", math.inf),
        network_fill_latency=attributes.get("network_fill_latency", 0),
        network_drain_latency=attributes.get("network_drain_latency", 0),
        bandwidth_scale=_bandwidth_scale(place, attributes, workload, problems),
        read_energy=energies[0],
        fill_energy=energies[1],
        update_energy=energies[2],
        leak_energy=leak,
        address_generation_energy=attributes.get("addr_gen_energy", 0.0),
        area_um2=attributes.get("cluster_area", 0.0) / cluster if area is None else area,
        power_gated_at=_gate(place, attributes, chain, leak, problems),
        reduction_supported=attributes.get("reduction_supported", True),
        network=_network(attributes, word_bits, tables),
    )


def _bandwidth_scale(
    place: Place, attributes: dict[str, Any], workload: Workload, problems: Problems
) -> tuple[tuple[str, float], ...]:
    """Tensor to the factor on its bandwidth demand."""
    scale = attributes.get("per_dataspace_bandwidth_consumption_scale") or {}
    known, where = workload.einsum.tensor_names, place.leaf["attributes"]
    for name in scale:
        if name not in known:
            message = f"{name!r} is not a data space of the problem{did_you_mean(name, known)}"
            problems.add(message, where.location("per_dataspace_bandwidth_consumption_scale"), where.path)
    return tuple((name, value) for name, value in scale.items() if value is not None)


def block_size(attributes: dict[str, Any], word_bits: int, cluster: int, place: Place, problems: Problems) -> int:
    """Words per line: ``width / (datawidth * cluster_size)``, or ``block_size``; all three must agree."""
    given = attributes.get("block_size", attributes.get("n_words"))
    width = attributes.get("width", attributes.get("memory_width", attributes.get("data_storage_width")))
    if width is None:
        return given or 1
    lane = word_bits * cluster
    block = given or width // lane
    if not is_traced(block * lane - width) and block * lane != width:
        where = place.leaf["attributes"]
        parts = f"datawidth {word_bits}" + (f" x cluster_size {cluster}" if cluster != 1 else "")
        if given is None:
            message = f"the width {width} is no multiple of {parts}"
        else:
            message = f"the width {width} is not {parts} x block_size {given} = {given * lane}"
        problems.add(message, where.location("width"), f"{where.path}.width")
    return maximum(block, 1) if is_traced(block) else max(block, 1)


def size_in_words(attributes: dict[str, Any], word_bits: int, block: int) -> float:
    """Capacity: ``entries``, or ``depth * block_size``, or ``sizeKB * 8192 / datawidth``; infinite without any."""
    if "entries" in attributes:
        return attributes["entries"]
    depth = attributes.get("depth", attributes.get("memory_depth", attributes.get("data_storage_depth")))
    if depth is not None:
        return depth * block
    if "sizeKB" in attributes:
        return attributes["sizeKB"] * 8192 // word_bits
    return math.inf


def access_energies(
    place: Place, attributes: dict[str, Any], tables: ReferenceTables, cluster: int
) -> tuple[float | None, float | None, float | None]:
    """Energy of a read, fill and update of one line: ``vector_access_energy`` if given, else the ERT's; None: unknown.

    Raises:
        UnsupportedError: ``vector_access_energy`` of a clustered memory.
    """
    vector = attributes.get("vector_access_energy")
    if vector is not None:
        if cluster != 1:
            raise UnsupportedError("vector_access_energy with cluster_size", place.leaf.location(), place.leaf.path)
        return vector, vector, vector
    return tuple(tables.energy(place.name, actions) for actions in (READ, FILL, UPDATE))  # type: ignore[return-value]


def _gate(place: Place, attributes: dict[str, Any], chain: Chain, leak: float, problems: Problems) -> str | None:
    """The storage whose use decides how much of this one leaks; None for itself.

    Raises:
        UnsupportedError: leakage that is gated at an implicit fan-out level.
    """
    named = attributes.get("power_gated_at")
    where = place.leaf["attributes"]
    if named is None:
        if place.gated_at_fanout and may_differ(leak, 0):
            raise UnsupportedError(
                f"leakage of {place.name!r} gated at the fan-out of {place.gated_at!r}", where.location(), where.path
            )
        named = None if place.gated_at_fanout else place.gated_at
    storages = [p.name for p in chain.levels if not p.is_fanout]
    if named is not None and named not in storages:
        if named.startswith("inter_") and may_differ(leak, 0):
            raise UnsupportedError("power gating at a fan-out", where.location("power_gated_at"), where.path)
        if not named.startswith("inter_"):
            problems.add(
                f"power_gated_at names {named!r}, which is not a storage{did_you_mean(named, storages)}",
                where.location("power_gated_at"),
                f"{where.path}.power_gated_at",
            )
        return None
    return None if named == place.name else named
