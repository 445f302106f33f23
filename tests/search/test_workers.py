"""Processes out of the reach of Ctrl-C."""

from __future__ import annotations

import os
import signal
import threading

from accelax.search.workers import start_workers


def disposition() -> tuple[int, bool]:
    """The process that answers, and whether it ignores interrupts."""
    return os.getpid(), signal.getsignal(signal.SIGINT) == signal.SIG_IGN


def test_workers_ignore_interrupts_and_their_parent_does_not():
    before = signal.getsignal(signal.SIGINT)
    with start_workers(1, os.putenv, ("ACCELAX_TEST", "x")) as pool:
        assert signal.getsignal(signal.SIGINT) == before
        process, ignores = pool.submit(disposition).result(timeout=60)
        assert process != os.getpid()
        assert ignores
        os.kill(process, signal.SIGINT)
        assert pool.submit(disposition).result(timeout=60) == (process, True)


def test_workers_are_started_before_there_is_work_also_by_threads():
    found = []

    def start() -> None:
        with start_workers(1) as pool:
            found.extend(pool._processes)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join(timeout=60)
    assert len(found) == 1
