"""kill -9 in the middle of a sweep: the resumed file has each point once, with the values of an undisturbed run."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import accelax as ax

POINTS, CHUNK = 2000, 16
BUFFER = "architecture.buffer.attributes."
AXES = {
    f"{BUFFER}depth": (256, 1024),
    f"{BUFFER}read_bandwidth": (0.5, 8.0),
    "architecture.main_memory.attributes.read_bandwidth": (0.5, 4.0),
    "rules.halo": ["timeloop", "none"],
}
SCRIPT = f"""
import sys, time, accelax as ax
names = "arch/two_level.yaml", "workload/bert_base/layer_03.yaml", "mapping/two_level_bert_base.yaml"
spec = ax.Specification.from_yaml_files(*("configs/" + name for name in names))
ax.sweep(spec, {AXES!r}, "random", points={POINTS}, output=sys.argv[1], chunk={CHUNK}, seed=7,
         progress=lambda progress: time.sleep(0.002))
"""


def start(root: Path, file: Path, cache: Path) -> subprocess.Popen:
    """The sweep in a process of its own; compiled programs are kept for the next."""
    environment = {**os.environ, "JAX_COMPILATION_CACHE_DIR": str(cache), "JAX_PLATFORMS": "cpu"}
    environment |= {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    return subprocess.Popen([sys.executable, "-c", SCRIPT, str(file)], cwd=root, env=environment)


def finish(small: ax.Specification, file: Path) -> None:
    """The same sweep in this process."""
    ax.sweep(small, AXES, "random", points=POINTS, output=file, chunk=CHUNK, seed=7)


def rows_of(file: Path) -> list[dict]:
    """The points of a file, in the order in which they were written."""
    return [json.loads(line) for line in file.read_text().splitlines()[1:]]


def killed(root: Path, tmp_path: Path, small: ax.Specification, kills: int) -> None:
    """Kill a sweep some times at random moments, let it end, and compare."""
    rng = random.Random(kills)
    undisturbed, file, cache = tmp_path / "undisturbed.jsonl", tmp_path / "killed.jsonl", tmp_path / "cache"
    finish(small, undisturbed)
    whole = undisturbed.stat().st_size
    moments = sorted(rng.randrange(0, whole) for _ in range(kills))
    for size in moments:
        process = start(root, file, cache)
        while process.poll() is None and (not file.exists() or file.stat().st_size < size):
            time.sleep(0.001)
        time.sleep(rng.random() * 0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        if rng.random() < 0.5 and file.exists() and file.stat().st_size > 2000:
            os.truncate(file, file.stat().st_size - rng.randrange(1, 300))
    finish(small, file)
    found = rows_of(file)
    assert sorted(row["point"] for row in found) == list(range(POINTS))
    assert sorted(found, key=lambda row: row["point"]) == sorted(rows_of(undisturbed), key=lambda row: row["point"])


def test_three_kills_lose_and_repeat_nothing(root, tmp_path, small):
    killed(root, tmp_path, small, 3)


@pytest.mark.slow
def test_twenty_kills_lose_and_repeat_nothing(root, tmp_path, small):
    killed(root, tmp_path, small, 20)
