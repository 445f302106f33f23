"""The switches that Timeloop reads from the environment, as fields of the rules."""

from __future__ import annotations

from dataclasses import replace

from accelax.errors import UnsupportedError
from accelax.ir import Rules
from accelax.spec.timeloop.reader import Parsed

HARMLESS = (
    "TIMELOOP_BASE_PATH", "TIMELOOP_DIR", "TIMELOOP_ENABLE_TRACING", "TIMELOOP_PROBLEM_SHAPE_DIR",
    "TIMELOOP_PROBLEM_SHAPE_DIRS",
)  # fmt: skip


def rules_from_environment(variables: Parsed) -> Rules:
    """Timeloop's rules with the switches of ``globals.environment_variables``; a switch is on unless it is ``0``.

    Raises:
        UnsupportedError: a ``TIMELOOP_`` switch that changes results and is not supported, or is not known.
    """
    rules = Rules.timeloop()
    for name, value in variables.items():
        on = str(value).strip().lower() not in ("0", "none", "")
        if name == "TIMELOOP_DISABLE_LINK_TRANSFERS":
            rules = replace(rules, link_transfers="off") if on else rules
        elif name == "TIMELOOP_ENABLE_TOROIDAL_LINKS":
            if on and rules.link_transfers != "off":
                rules = replace(rules, link_transfers="torus")
        elif name == "TIMELOOP_ENABLE_FIRST_READ_ELISION":
            rules = replace(rules, first_read_elision=on, first_fill_elision=on)
        elif name.startswith("TIMELOOP_") and on and name not in HARMLESS:
            raise UnsupportedError(f"the switch {name}", variables.location(name), f"{variables.path}.{name}")
    return rules
