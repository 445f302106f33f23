"""Energy, area, leakage and latency of components as functions of their attributes.

An estimator is one function (:mod:`accelax.components.registry`); the library's own are in
:mod:`accelax.components.library`. All are differentiable in their numeric attributes.
"""

from __future__ import annotations

from accelax.components.estimate import Attribute, Estimate
from accelax.components.registry import REGISTRY, Choice, Declined, Estimator, NoEstimate, Refusal, Registry, component

__all__ = [
    "REGISTRY", "Attribute", "Choice", "Declined", "Estimate", "Estimator", "NoEstimate", "Refusal", "Registry",
    "component",
]  # fmt: skip
