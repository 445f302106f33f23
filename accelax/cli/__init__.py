"""The command line: ``check``, ``evaluate``, ``energy``, ``map``. The only package that prints and sets jax's flags."""

from __future__ import annotations


def main() -> None:
    """Run the ``accelax`` command with the arguments of this process, and exit."""
    from accelax.cli.app import app

    app(prog_name="accelax")
