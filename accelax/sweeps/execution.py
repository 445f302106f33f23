"""Chunks on the workers of an executor: a bounded number under way, and what a lost worker had is done again."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from functools import lru_cache
from typing import Any

from accelax.errors import AccelaxError
from accelax.sweeps.plan import Chunk, Plan
from accelax.sweeps.solving import solve

Row = dict[str, Any]
RETRIES = 5
"""How often a chunk is tried again after its worker was lost."""
LOST = ("KilledWorker", "CommClosedError", "WorkerLostError")
"""What executors of other libraries raise for a lost worker."""


def solve_here(plan: Plan, chunks: Sequence[Chunk], done: Mapping[int, Row]) -> Iterator[list[Row]]:
    """The rows of all chunks, in this process."""
    for chunk in chunks:
        if not all(number in done for number in chunk.numbers):
            yield from solve(plan, chunk, done)


def solve_there(plan: Plan, chunks: Sequence[Chunk], done: Mapping[int, Row], executor: Any) -> Iterator[list[Row]]:
    """The rows of all chunks, by the workers of an executor, in the order in which they come back.

    Raises:
        AccelaxError: workers were lost again and again.
    """
    text = pickle.dumps(plan)
    waiting = [chunk for chunk in reversed(chunks) if not all(number in done for number in chunk.numbers)]
    workers = _Workers(executor)
    tries: dict[int, int] = {}
    running: dict[Future[list[Row]], Chunk] = {}
    try:
        while waiting or running:
            while waiting and len(running) < workers.window:
                chunk = waiting.pop()
                known = {number: done[number] for number in chunk.numbers if number in done}
                try:
                    running[workers.executor.submit(_work, text, plan.fingerprint, chunk, known)] = chunk
                except (BrokenExecutor, RuntimeError) as error:
                    _count(tries, chunk, error)
                    waiting.append(chunk)
                    workers.replace(error)
            ready, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in ready:
                chunk = running.pop(future)
                try:
                    rows = future.result()
                except (Exception, CancelledError) as error:
                    if not _is_loss(error):
                        raise
                    _count(tries, chunk, error)
                    waiting.append(chunk)
                    workers.replace(error)
                else:
                    yield rows
    finally:
        for future in running:
            future.cancel()
        workers.close()


def _count(tries: dict[int, int], chunk: Chunk, error: BaseException) -> None:
    """Count a loss. Raises AccelaxError when there were too many."""
    first = chunk.numbers[0]
    tries[first] = tries.get(first, 0) + 1
    if tries[first] > RETRIES:
        message = f"the workers of points {chunk.numbers[0]} to {chunk.numbers[-1]} were lost {RETRIES + 1} times"
        raise AccelaxError(f"{message}: {error or type(error).__name__}") from error


def _is_loss(error: BaseException) -> bool:
    """Whether an error says that a worker was lost, not that its work went wrong."""
    return isinstance(error, (BrokenExecutor, CancelledError)) or type(error).__name__ in LOST


class _Workers:
    """An executor, or one like it in its place once it is broken, which is shut down at the end."""

    def __init__(self, executor: Executor | Any):
        self.executor = executor
        self._own = False

    @property
    def window(self) -> int:
        """How many chunks are under way at once."""
        return 2 * (getattr(self.executor, "_max_workers", None) or os.cpu_count() or 2)

    def replace(self, error: BaseException) -> None:
        """A pool of processes that lost one takes no more work: start another like it. Raises what is no loss."""
        if not isinstance(error, BrokenExecutor):
            if not _is_loss(error):
                raise error
            return
        old = self.executor
        if not isinstance(old, ProcessPoolExecutor) or not getattr(old, "_broken", False):
            return
        if self._own:
            old.shutdown(wait=False)
        parts = {"max_workers": "_max_workers", "mp_context": "_mp_context"}
        parts |= {"initializer": "_initializer", "initargs": "_initargs"}
        self.executor = ProcessPoolExecutor(**{name: getattr(old, held) for name, held in parts.items()})
        self._own = True

    def close(self) -> None:
        """Shut down what was started here."""
        if self._own:
            self.executor.shutdown(wait=False, cancel_futures=True)


def _work(text: bytes, fingerprint: str, chunk: Chunk, done: Mapping[int, Row]) -> list[Row]:
    """What a worker does."""
    return [row for rows in solve(_plan(fingerprint, text), chunk, done) for row in rows]


@lru_cache(maxsize=2)
def _plan(fingerprint: str, text: bytes) -> Plan:
    """The plan, read once in a process."""
    return pickle.loads(text)
