"""Specifications to arrays: the only package that sees both worlds."""

from __future__ import annotations

import sys
import types
from typing import TYPE_CHECKING, Any

from accelax.ir import LoweredLevels, LoweredTree

if TYPE_CHECKING:
    from accelax.spec.specification import Specification

__all__ = ["encode", "encode_lowered"]


def encode(spec: Specification) -> Any:
    """Encode a specification: a problem with a static ``structure`` and traced numbers.

    Raises SpecError when the specification is wrong, UnsupportedError when accelax does not model something in it.
    """
    return encode_lowered(spec.lowered())


def encode_lowered(lowered: LoweredLevels | LoweredTree) -> Any:
    """Encode what a specification lowered to."""
    if isinstance(lowered, LoweredTree):
        from accelax.encode.tree_problem import encode_tree

        return encode_tree(lowered)
    from accelax.encode.level_problem import encode_levels

    return encode_levels(lowered)


class _CallablePackage(types.ModuleType):
    """This package, which ``accelax.encode(spec)`` may call: function and package share the name ``accelax.encode``."""

    def __call__(self, spec: Specification) -> Any:
        """Encode a specification, as :func:`encode`."""
        return encode(spec)


sys.modules[__name__].__class__ = _CallablePackage
