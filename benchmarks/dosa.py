"""Check the model against Timeloop results of a Gemmini-like machine, row by row, and time it.

    python benchmarks/dosa.py ROWS.csv.gz [ROWS.csv.gz ...] [--head HEAD.csv.gz] [--json]

Each row is one mapping of one layer on one machine size. All rows go through one encoded problem and one compiled
``evaluate_batch``: layer, machine and mapping are numbers. Without ``--head`` the two older rules of the rows hold
(halo before pull request 297, first fills counted); with ``--head`` the rows named there are compared under today's
rules.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from accelax.encode import encode_lowered
from accelax.ir import Einsum, LevelConstraints, LoweredLevels, Rules, Tensor
from accelax.ir.level_machine import Level, LevelCompute, LevelMachine
from accelax.ir.lowered import LevelReuse
from accelax.model.evaluate import evaluate_batch
from accelax.model.levels.arrays import LevelHardware, LevelMapping, LevelWorkload

RANKS = ("R", "S", "P", "Q", "C", "K", "N")
LEVELS = ("DRAM", "Scratchpad", "PECols", "Accumulator", "PERows", "Registers")
KEPT = (("Weights", "Inputs", "Outputs"), ("Weights", "Inputs"), (), ("Outputs",), (), ("Weights",))
DRAM_LINE, MAC = 6400.0, 0.5608
CHUNK = 8192


def sram_energy(width_bits: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """pJ per access of an SRAM, Timeloop's built-in formula: ``((5/99.5) (KB - 0.5) + 1) width / 16``."""
    return ((5 / 99.5) * (width_bits * depth / 8192 - 0.5) + 1) * width_bits / 16


def machine() -> LoweredLevels:
    """The machine at one size; every size is then a replacement of its numbers."""
    einsum = Einsum(
        "conv",
        tuple((rank, 1) for rank in RANKS),
        (
            Tensor("Weights", ((("C", 1),), (("K", 1),), (("R", 1),), (("S", 1),))),
            Tensor("Inputs", ((("N", 1),), (("C", 1),), (("R", 1), ("P", 1)), (("S", 1), ("Q", 1)))),
            Tensor("Outputs", ((("N", 1),), (("K", 1),), (("Q", 1),), (("P", 1),)), output=True),
        ),
    )
    energies = {"read_energy": 1.0, "fill_energy": 1.0, "update_energy": 1.0}
    levels = tuple(
        Level(name, is_fanout=not kept, **({} if not kept else energies))
        for name, kept in zip(LEVELS, KEPT, strict=True)
    )
    owned = {0: RANKS, 2: ("K",), 3: RANKS, 4: ("C",), 5: ("P", "Q")}
    constraints = tuple(
        LevelConstraints(
            fixed=tuple((rank, 1) for rank in RANKS if rank not in owned.get(level, ())),
            keep=kept,
            bypass=tuple(t for t in einsum.tensor_names if t not in kept),
        )
        for level, kept in enumerate(KEPT)
    )
    chain = LevelMachine(levels, LevelCompute("MACC", energy=MAC))
    return LoweredLevels(einsum, chain, constraints, tuple(LevelReuse() for _ in levels))


def read_rows(paths: Sequence[Path]) -> dict[str, np.ndarray]:
    """The columns of all files, numbers as float64 and loop orders as strings."""
    rows: list[dict[str, str]] = []
    for path in paths:
        with gzip.open(path, "rt", newline="") as stream:
            rows += csv.DictReader(stream)
    text = ("order1", "order3", "mapping", "split")
    return {key: np.array([r[key] if key in text else float(r[key]) for r in rows]) for key in rows[0]}


def positions(orders: np.ndarray) -> list[np.ndarray]:
    """``[R]`` arrays of loop positions (0 innermost) from strings that name the loops outermost first."""
    place = np.zeros((len(RANKS), len(orders)))
    for row, order in enumerate(orders):
        for position, rank in enumerate(reversed(order.replace("-", ""))):
            place[RANKS.index(rank), row] = position
    return list(place)


def workloads(rows: dict[str, np.ndarray], template: LevelWorkload) -> LevelWorkload:
    """One workload per row."""
    ones, stride = np.ones_like(rows["stride"]), rows["stride"]
    coefficients = [[[ones] * len(axis) for axis in tensor] for tensor in template.coefficients]
    for axis in coefficients[1][2:]:
        axis[1] = stride
    return LevelWorkload(
        bounds=tuple(rows[rank] for rank in RANKS),
        coefficients=tuple(tuple(tuple(axis) for axis in tensor) for tensor in coefficients),
    )


def hardware(rows: dict[str, np.ndarray], template: LevelHardware) -> LevelHardware:
    """One machine per row."""
    pe, spad, acc = rows["pe"], rows["spad_depth"], rows["acc_depth"]
    one, infinite = np.ones_like(pe), np.full_like(pe, np.inf)
    energy = (DRAM_LINE * one, sram_energy(8 * pe, spad), 0 * one, sram_energy(32 * one, acc), 0 * one)
    energy = (*energy, sram_energy(8 * one, one))
    width = jax.tree.map(lambda number: np.full_like(pe, number), template)
    return width.replace(
        size=(infinite, pe * spad, infinite, acc, infinite, one),
        block_size=(64 * one, pe, one, one, one, one),
        mesh_x=(one, one, one, pe, pe, pe),
        mesh_y=(one, one, one, one, one, pe),
        mesh_x_compute=pe,
        mesh_y_compute=pe,
        shared_bandwidth=(8 * one, 2 * pe, infinite, 2 * one, infinite, infinite),
        read_energy=energy,
        fill_energy=energy,
        update_energy=energy,
    )


def mappings(rows: dict[str, np.ndarray]) -> LevelMapping:
    """One mapping per row."""
    one, zero = np.ones_like(rows["pe"]), np.zeros_like(rows["pe"])

    def factors(prefix: str) -> tuple[np.ndarray, ...]:
        return tuple(rows.get(f"{prefix}_{rank}", one) for rank in RANKS)

    flat = tuple(zero for _ in RANKS)
    inner = tuple(zero + RANKS.index(rank) for rank in RANKS)
    order3, order1 = tuple(positions(rows["order3"])), tuple(positions(rows["order1"]))
    return LevelMapping(
        factor=(
            factors("t3"),
            tuple(one for _ in RANKS),
            factors("spatial"),
            factors("t1"),
            factors("spatial"),
            factors("t0"),
        ),
        residual=(),
        position=(order3, inner, inner, order1, inner, inner),
        on_x=(flat, flat, tuple(one for _ in RANKS), flat, flat, flat),
        keep=tuple(tuple(zero + (t in kept) for t in KEPT[0]) for kept in KEPT),
    )


def evaluate_rows(rows: dict[str, np.ndarray], rules: Rules) -> tuple[np.ndarray, np.ndarray, dict[str, float]]:
    """``(cycles, energy in uJ, seconds)`` of every row, through one compiled function on chunks of one size."""
    problem = encode_lowered(replace(machine(), rules=rules))

    @jax.jit
    def run(shape: LevelWorkload, size: LevelHardware, batch: LevelMapping) -> tuple[jax.Array, jax.Array]:
        def one(w: LevelWorkload, h: LevelHardware, m: LevelMapping) -> tuple[jax.Array, jax.Array]:
            cost = evaluate_batch(problem.replace(workload=w, hardware=h), jax.tree.map(lambda leaf: leaf[None], m))
            return cost.cycles[0], cost.energy_pJ[0]

        return jax.vmap(one)(shape, size, batch)

    n = len(rows["id"])
    inputs = (workloads(rows, problem.workload), hardware(rows, problem.hardware), mappings(rows))
    padded = jax.tree.map(lambda leaf: np.concatenate([leaf, leaf[: -n % CHUNK]]) if n % CHUNK else leaf, inputs)
    if n < CHUNK:
        padded = jax.tree.map(lambda leaf: np.resize(leaf, CHUNK), inputs)
    chunks = [
        jax.tree.map(lambda leaf, s=start: jnp.asarray(leaf[s : s + CHUNK]), padded)
        for start in range(0, len(jax.tree.leaves(padded)[0]), CHUNK)
    ]
    begin = time.perf_counter()
    compiled = run.lower(*chunks[0]).compile()
    compile_s = time.perf_counter() - begin
    jax.block_until_ready(compiled(*chunks[0]))
    begin = time.perf_counter()
    results = jax.block_until_ready([compiled(*chunk) for chunk in chunks])
    steady_s = time.perf_counter() - begin
    cycles, energy = (np.concatenate([np.asarray(r[i]) for r in results])[:n] for i in (0, 1))
    return (
        cycles,
        energy * 1e-6,
        {"compile_s": compile_s, "steady_s": steady_s, "rows_per_s": len(chunks) * CHUNK / steady_s},
    )


def compare(paths: Sequence[Path], head: Path | None) -> dict[str, float]:
    """Evaluate the rows and count what differs."""
    rows = read_rows(paths)
    if head is None:
        rules = Rules(halo="timeloop_pre297", first_fill_elision=False)
        want_cycles, want_energy, tolerance = rows["cycles"], rows["energy_uJ"], rows["energy_tol_uJ"]
        relative = 1e-9
    else:
        rules = Rules()
        today = read_rows([head])
        known = {int(i): k for k, i in enumerate(today["id"])}
        pick = np.array([int(i) in known for i in rows["id"]])
        rows = {key: column[pick] for key, column in rows.items()}
        index = np.array([known[int(i)] for i in rows["id"]])
        want_cycles, want_energy = today["head_cycles"][index], today["head_energy_uJ"][index]
        tolerance, relative = np.zeros_like(want_energy), 1e-9
    cycles, energy, seconds = evaluate_rows(rows, rules)
    return {
        "rows": len(cycles),
        "cycles_wrong": int(np.sum(cycles != want_cycles)),
        "energy_outside_tolerance": int(np.sum(np.abs(energy - want_energy) > tolerance + relative * want_energy)),
        "latency_mae": float(np.mean(np.abs(cycles - want_cycles) / want_cycles)),
        "energy_mae": float(np.mean(np.abs(energy - want_energy) / want_energy)),
        **seconds,
    }


def main() -> None:
    """Read the arguments, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="+", type=Path)
    parser.add_argument("--head", type=Path)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with jax.enable_x64(True):
        figures = compare(arguments.rows, arguments.head)
    print(json.dumps(figures) if arguments.json else "\n".join(f"{k}: {v}" for k, v in figures.items()))


if __name__ == "__main__":
    main()
