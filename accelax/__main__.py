"""``python -m accelax``."""

from __future__ import annotations

from accelax.cli import main

if __name__ == "__main__":
    main()
