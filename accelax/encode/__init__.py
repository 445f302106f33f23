"""Specifications to arrays: the only package that sees both worlds."""

from __future__ import annotations

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
