"""The same sweep on the workers of executors: identical rows, also where workers are lost."""

from __future__ import annotations

import multiprocessing
import os
import socket
import subprocess
import sys
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor

import pytest

import accelax as ax
from accelax.sweeps import SweepResult, execution

BUFFER = "architecture.buffer.attributes."
AXES = {f"{BUFFER}read_bandwidth": (0.5, 8.0), "architecture.main_memory.attributes.read_bandwidth": (0.5, 4.0)}
OPTIONS = {"mode": "sobol", "points": 512, "chunk": 32}


@pytest.fixture
def wanted(small):
    """The rows of one process."""
    return ax.sweep(small, AXES, **OPTIONS).points


class KilledWorker(Exception):
    """As Dask's, by name."""


class Lossy(Executor):
    """Runs everything at once in this process, and loses some."""

    def __init__(self, losses):
        self.losses, self.submitted = list(losses), 0

    def submit(self, function, /, *arguments):
        future: Future = Future()
        self.submitted += 1
        error = self.losses.pop() if self.losses else None
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(function(*arguments))
        return future


def test_lost_workers_cost_a_retry_each(small, wanted):
    executor = Lossy([None, CancelledError(), KilledWorker("lost"), None, CancelledError()])
    assert ax.sweep(small, AXES, executor=executor, **OPTIONS).points == wanted
    assert executor.submitted == 512 // 32 + 3


def test_workers_that_are_always_lost_end_the_run_with_what_is_done(small, tmp_path):
    file = tmp_path / "r.jsonl"
    executor = Lossy([*[CancelledError("gone")] * 200, None, None])
    with pytest.raises(ax.AccelaxError, match=r"the workers of points \d+ to \d+ were lost 6 times: gone"):
        ax.sweep(small, AXES, executor=executor, output=file, **OPTIONS)
    assert len(SweepResult.read(file).points) == 64
    assert len(ax.sweep(small, AXES, output=file, **OPTIONS).points) == 512


def test_an_error_of_the_work_itself_is_no_loss(small):
    executor = Lossy([ZeroDivisionError("in the work")])
    with pytest.raises(ZeroDivisionError, match="in the work"):
        ax.sweep(small, AXES, executor=executor, **OPTIONS)
    assert executor.submitted <= 2 * (os.cpu_count() or 2)


def test_few_chunks_are_under_way_at_once(small, wanted, monkeypatch):
    most = []
    original = execution.wait

    def watch(futures, **options):
        most.append(len(futures))
        return original(futures, **options)

    monkeypatch.setattr(execution, "wait", watch)
    with ThreadPoolExecutor(2) as executor:
        assert ax.sweep(small, AXES, executor=executor, **OPTIONS).points == wanted
    assert max(most) == 4


def test_a_pool_that_is_shut_down_is_an_error_not_a_loss(small):
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    with pytest.raises(RuntimeError, match="shutdown"):
        ax.sweep(small, AXES, executor=executor, **OPTIONS)


def test_processes_give_the_same_rows_and_one_that_dies_is_replaced(small, wanted):
    """A worker that dies breaks the whole pool; another pool takes its place."""
    killed = []

    def kill(progress):
        if progress.done and not killed:
            killed.append(executor.submit(os._exit, 9).exception())

    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as executor:
        assert ax.sweep(small, AXES, executor=executor, progress=kill, **OPTIONS).points == wanted
    assert isinstance(killed[0], BrokenExecutor)


def test_a_dask_cluster_that_loses_a_worker_gives_the_same_rows(small, wanted):
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "processes": True}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        killed = []

        def kill_one(progress):
            if progress.done and not killed:
                killed.append(next(iter(client.run(os.getpid).values())))
                os.kill(killed[0], 9)

        found = ax.sweep(small, AXES, executor=client.get_executor(), progress=kill_one, **OPTIONS)
    assert killed
    assert found.points == wanted


DISTRIBUTED = f"""
import sys, jax, accelax as ax
jax.distributed.initialize("localhost:" + sys.argv[1], 2, int(sys.argv[2]))
names = "arch/two_level.yaml", "workload/bert_base/layer_03.yaml", "mapping/two_level_bert_base.yaml"
spec = ax.Specification.from_yaml_files(*("configs/" + name for name in names))
found = ax.sweep(spec, {AXES!r}, output=sys.argv[3], **{OPTIONS!r})
print(len(found.points))
"""


@pytest.mark.slow
def test_two_processes_of_jax_distributed_share_the_chunks(small, wanted, root, tmp_path):
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = str(free.getsockname()[1])
    file = tmp_path / "r.jsonl"
    environment = {**os.environ, "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-c", DISTRIBUTED, port]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen([*command, str(n), str(file)], cwd=root, env=environment, **pipes) for n in (0, 1)]
    answers = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], answers
    assert [out.strip() for out, _ in answers] == ["256", "256"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.jsonl.part0", "r.jsonl.part1"]
    assert SweepResult.read(file).points == wanted
