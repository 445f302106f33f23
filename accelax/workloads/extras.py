"""Optional packages: imported when they are needed, and named when they are missing."""

from __future__ import annotations

import importlib
from typing import Any

from accelax.errors import AccelaxError


def optional_module(name: str, extra: str, purpose: str) -> Any:
    """Import the module ``name``, which comes with the extra ``extra``.

    Raises:
        AccelaxError: it is not installed; says for what ``purpose`` it is needed and how to install it.
    """
    try:
        return importlib.import_module(name)
    except ImportError:
        package = name.partition(".")[0]
        raise AccelaxError(f"{purpose} needs {package}: pip install 'accelax[{extra}]'") from None
