"""Processes that search side by side: started at once, and out of the reach of Ctrl-C, which is for their parent."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any


def start_workers(
    count: int, begin: Callable[..., object] | None = None, arguments: tuple[Any, ...] = ()
) -> ProcessPoolExecutor:
    """A pool of ``count`` spawned processes that are starting already; each calls ``begin(*arguments)`` first.

    A terminal sends Ctrl-C to all of its processes: one that is importing would print a traceback, and one that is
    deep in a library may lose it and go on. So they ignore it from their first instruction.
    """
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(count, context, _begin, (begin, arguments))
    with _ignoring_interrupts():
        for _ in range(count):
            pool.submit(int)
    return pool


def _begin(begin: Callable[..., object] | None, arguments: tuple[Any, ...]) -> None:
    """Start a worker; one that takes the place of a lost one was not started as the first ones."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if begin is not None:
        begin(*arguments)


@contextlib.contextmanager
def _ignoring_interrupts() -> Iterator[None]:
    """Processes that begin here ignore interrupts, for they inherit it. Threads but the main one change nothing."""
    try:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
