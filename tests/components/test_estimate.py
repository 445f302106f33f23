"""What an estimate holds when little is said."""

from __future__ import annotations

import math

from accelax.components import Attribute, Estimate


def test_area_leakage_and_latency_are_nothing_unless_stated() -> None:
    estimate = Estimate({"read": 1.0})

    assert (estimate.area_um2, estimate.leak_power_W, dict(estimate.latency_s)) == (0.0, 0.0, {})


def test_two_estimates_share_no_latencies() -> None:
    assert Estimate({}).latency_s is not Estimate({}).latency_s


def test_an_attribute_is_a_positive_number_unless_stated() -> None:
    assert (Attribute().kind, Attribute().least, Attribute().above, Attribute().most) == ("number", 0.0, True, math.inf)
