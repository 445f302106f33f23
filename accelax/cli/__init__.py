"""The command line: one module for each command. The only package that prints and sets jax's flags."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import NoReturn

INTERRUPTED = 130


def main() -> None:
    """Run the ``accelax`` command with the arguments of this process, and exit."""
    try:
        from accelax.cli.app import app

        app(prog_name="accelax")
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        _leave_at_once()
    except SystemExit as end:
        if end.code == INTERRUPTED:
            _leave_at_once()
        raise


def _leave_at_once() -> NoReturn:
    """End an interrupted process and its workers.

    Threads that compile for jax cannot be stopped, and crash as the interpreter goes from under them.
    """
    if "multiprocessing.util" in sys.modules:
        workers = sys.modules["multiprocessing"].active_children()
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.join(1.0)
        sys.modules["multiprocessing.util"]._run_finalizers(0)  # their semaphores
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(INTERRUPTED)
