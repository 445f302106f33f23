"""An exact, batched and differentiable cost model of tensor accelerators.

    import accelax as ax

    spec = ax.Specification.from_yaml_files("arch.yaml", "problem.yaml", "mapping.yaml")
    result = ax.evaluate(spec)

Names are imported when they are first used, so that reading and checking files never waits for jax.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accelax.codesign import CodesignResult, codesign
    from accelax.encode import encode
    from accelax.errors import AccelaxError, SpecError, UnsupportedError
    from accelax.evaluation import evaluate
    from accelax.ir import Mapping, Rules
    from accelax.model.cost import Cost
    from accelax.model.evaluate import evaluate_batch
    from accelax.report.result import Result
    from accelax.search import ParetoResult, SearchResult, WorkloadResult
    from accelax.search import map_spec as map
    from accelax.spec.layers import Layer, read_layers
    from accelax.spec.specification import Specification
    from accelax.sweeps import SweepResult, sweep

__version__ = "0.1.0"

__all__ = [
    "AccelaxError",
    "CodesignResult",
    "Cost",
    "Layer",
    "Mapping",
    "ParetoResult",
    "Result",
    "Rules",
    "SearchResult",
    "SpecError",
    "Specification",
    "SweepResult",
    "UnsupportedError",
    "WorkloadResult",
    "codesign",
    "encode",
    "evaluate",
    "evaluate_batch",
    "map",
    "read_layers",
    "sweep",
]

_HOME = {
    "AccelaxError": ("accelax.errors", "AccelaxError"),
    "CodesignResult": ("accelax.codesign", "CodesignResult"),
    "Cost": ("accelax.model.cost", "Cost"),
    "Layer": ("accelax.spec.layers", "Layer"),
    "Mapping": ("accelax.ir", "Mapping"),
    "ParetoResult": ("accelax.search", "ParetoResult"),
    "Result": ("accelax.report.result", "Result"),
    "Rules": ("accelax.ir", "Rules"),
    "SearchResult": ("accelax.search", "SearchResult"),
    "SpecError": ("accelax.errors", "SpecError"),
    "Specification": ("accelax.spec.specification", "Specification"),
    "SweepResult": ("accelax.sweeps", "SweepResult"),
    "UnsupportedError": ("accelax.errors", "UnsupportedError"),
    "WorkloadResult": ("accelax.search", "WorkloadResult"),
    "codesign": ("accelax.codesign", "codesign"),
    "encode": ("accelax.encode", "encode"),
    "evaluate": ("accelax.evaluation", "evaluate"),
    "evaluate_batch": ("accelax.model.evaluate", "evaluate_batch"),
    "map": ("accelax.search", "map_spec"),
    "read_layers": ("accelax.spec.layers", "read_layers"),
    "sweep": ("accelax.sweeps", "sweep"),
}
"""Where each public name lives: its module and its name there."""


def __getattr__(name: str) -> object:
    """Import a public name on first use (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'accelax' has no attribute {name!r}")
    module, attribute = _HOME[name]
    value = getattr(importlib.import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
