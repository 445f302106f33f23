"""What the command line, and only it, asks of jax: compiled programs are kept between runs."""

from __future__ import annotations

import os
from pathlib import Path


def keep_compiled_programs() -> Path | None:
    """Let jax keep compiled programs in the user's cache directory, and return that directory.

    Call it before jax is imported: it goes by jax's environment variables, and leaves any that the user has set.
    Returns None, and changes nothing, where the directory cannot be written.
    """
    directory = Path(os.environ.get("JAX_COMPILATION_CACHE_DIR") or _user_cache() / "jax")
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    if not os.access(directory, os.W_OK):
        return None
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(directory))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.2")
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
    return directory


def _user_cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path("~/.cache").expanduser()) / "accelax"
