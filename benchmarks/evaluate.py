"""Time the full dense model on a 7-rank convolution over the Eyeriss-like machine, in float32.

    python benchmarks/evaluate.py [--batch 65536] [--repeats 20] [--json] [--out FILE]

Compile, first and steady times are apart. The yardstick, timed in the same run, is a fused elementwise loop of 3,000
multiply-adds a lane over the same batch; ``ratio`` is mappings per second over yardstick lanes per second. The mappings
are drawn from the machine's mapspace; the function is the public ``evaluate_batch`` under ``jax.jit``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

import accelax as ax

ROOT = Path(__file__).resolve().parent.parent
ARCH = ROOT / "configs/arch/eyeriss_like.yaml"
LAYER = ROOT / "configs/workload/resnet18/layer_05.yaml"
YARDSTICK_STEPS = 3000


def timed(run: Callable[[], Any], repeats: int) -> tuple[float, float]:
    """``(first, median steady)`` seconds of a compiled call."""
    begin = time.perf_counter()
    jax.block_until_ready(run())
    first = time.perf_counter() - begin
    steady = []
    for _ in range(repeats):
        begin = time.perf_counter()
        jax.block_until_ready(run())
        steady.append(time.perf_counter() - begin)
    return first, statistics.median(steady)


def yardstick(batch: int, repeats: int) -> float:
    """Lanes per second of ``YARDSTICK_STEPS`` dependent multiply-adds on each lane."""
    block = 100

    @jax.jit
    def chain(x: jax.Array) -> jax.Array:
        def steps(_: int, lane: jax.Array) -> jax.Array:
            for step in range(block):
                lane = lane * 0.999 + (0.001 + step * 1e-6)
            return lane

        return jax.lax.fori_loop(0, YARDSTICK_STEPS // block, steps, x)

    lanes = jnp.linspace(0.0, 1.0, batch, dtype=jnp.float32)
    return batch / timed(lambda: chain(lanes), repeats)[1]


def measure(batch: int, repeats: int) -> dict[str, Any]:
    """Every figure of one run."""
    spec = ax.Specification.from_yaml_files(str(ARCH), str(LAYER))
    problem = ax.encode(spec)
    mappings = jax.block_until_ready(problem.sample(jax.random.key(0), batch))
    evaluate = jax.jit(ax.evaluate_batch)
    begin = time.perf_counter()
    compiled = evaluate.lower(problem, mappings).compile()
    compile_s = time.perf_counter() - begin
    first, steady = timed(lambda: compiled(problem, mappings), repeats)

    def loss(hardware: Any, batch_of: Any) -> jax.Array:
        cost = ax.evaluate_batch(problem.replace(hardware=hardware), batch_of)
        return jnp.sum(jnp.log(cost.energy_pJ)) + jnp.sum(jnp.log(cost.cycles))

    hardware = jax.tree.map(jnp.float32, problem.hardware)
    forward_of, gradient_of = jax.jit(loss), jax.jit(jax.grad(loss))
    forward = timed(lambda: forward_of(hardware, mappings), repeats)[1]
    gradient = timed(lambda: gradient_of(hardware, mappings), repeats)[1]
    lanes = yardstick(batch, max(3, repeats // 4))
    return {
        "batch": batch,
        "compile_s": compile_s,
        "first_s": first,
        "first_call_s": compile_s + first,
        "steady_s": steady,
        "mappings_per_s": batch / steady,
        "yardstick_lanes_per_s": lanes,
        "ratio": batch / steady / lanes,
        "forward_s": forward,
        "gradient_s": gradient,
        "gradient_over_forward": gradient / forward,
        "device": jax.devices()[0].device_kind,
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "jax": jax.__version__,
    }


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=65536)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    figures = measure(arguments.batch, arguments.repeats)
    text = json.dumps(figures, indent=2)
    if arguments.out:
        arguments.out.write_text(text + "\n")
    print(text if arguments.json else "\n".join(f"{k}: {v}" for k, v in figures.items()))


if __name__ == "__main__":
    main()
