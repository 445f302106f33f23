"""Hardware and mappings optimised together: one machine for all layers of a workload, with a bound for both."""

from __future__ import annotations

import sys
import types
from typing import Any

from accelax.codesign.entry import codesign
from accelax.codesign.result import CodesignResult, DesignedLayer, FrontDesign
from accelax.codesign.sensitivity import Slope

__all__ = ["CodesignResult", "DesignedLayer", "FrontDesign", "Slope", "codesign"]


class _CallablePackage(types.ModuleType):
    """This package, which ``accelax.codesign(...)`` may call: function and package share that name."""

    def __call__(self, *arguments: Any, **options: Any) -> CodesignResult:
        """Co-design, as :func:`codesign`."""
        return codesign(*arguments, **options)


sys.modules[__name__].__class__ = _CallablePackage
