"""Where results go, tried before a long run: nothing is computed that cannot be kept."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path


def claim(*, directory: Path | None = None, plot: Path | None = None, table: Path | None = None) -> None:
    """Make a directory for results, and try that it, a figure's file and a table's file can be written.

    A file that is there already keeps what it holds.

    Raises:
        AccelaxError: figures need matplotlib, which is missing.
        OSError: a place cannot be written; its ``filename`` says which.
        SpecError: matplotlib writes no files with such an ending.
    """
    if directory is not None:
        directory.mkdir(parents=True, exist_ok=True)
        _try_directory(directory)
    if plot is not None:
        from accelax.report.figures.style import check_format

        check_format(plot)
        _try_file(plot)
    if table is not None:
        _try_file(table)


def _try_directory(directory: Path) -> None:
    """Raise OSError where no file can be made in a directory."""
    try:
        with tempfile.TemporaryFile(dir=directory):
            return
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(directory)) from None


def _try_file(file: Path) -> None:
    """Raise OSError where a file cannot be written."""
    there = file.exists()
    with open(file, "ab"):
        pass
    if not there:
        with contextlib.suppress(OSError):
            os.remove(file)
