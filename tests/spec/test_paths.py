"""The path grammar."""

from __future__ import annotations

import pytest

from accelax.errors import SpecError
from accelax.ir import Rules
from accelax.spec.paths import parse_path, rules_with


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("rules.halo", ["rules", "halo"]),
        ("mapping[0].factors[-1]", ["mapping", 0, "factors", -1]),
        ("architecture.GLB.attributes.energy-per-ingress", ["architecture", "GLB", "attributes", "energy-per-ingress"]),
        ("a", ["a"]),
        ("a[1][2]", ["a", 1, 2]),
    ],
)
def test_steps(path, steps):
    assert parse_path(path) == steps


@pytest.mark.parametrize(
    "path", ["", ".", "a.", ".a", "a..b", "[0]", "a[x]", "a[", "a]b", "a[0]b", "x" * 2000, "a[99999999999]"]
)
def test_what_is_no_path(path):
    with pytest.raises(SpecError, match="is no path"):
        parse_path(path)


def test_rules():
    assert rules_with(Rules(), "link_transfers", "torus") == Rules(link_transfers="torus")
    assert rules_with(Rules(), "multicast", "False") == Rules(multicast=False)
    assert rules_with(Rules(), "multicast", False) == Rules(multicast=False)
    for name, value in (
        ("multicast", "maybe"),
        ("multicast", 0),
        ("halo", True),
        ("halo", "exakt"),
        ("halos", "exact"),
    ):
        with pytest.raises(SpecError, match=f"rules.{name}"):
            rules_with(Rules(), name, value)
