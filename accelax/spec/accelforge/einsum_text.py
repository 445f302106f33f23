"""The concise notation of Einsums: ``T1[m, n1] = T0[m, n0] * W0[n0, n1]``."""

from __future__ import annotations

import re

from accelax.spec.accelforge.affine import AffineError, parse_affine

_TENSOR = re.compile(r"([A-Za-z_]\w*)\s*\[([^\[\]]*)\]")
_RANK = re.compile(r"[A-Za-z_]\w*")


class EinsumTextError(ValueError):
    """The text is not an Einsum."""


def parse_einsum_text(text: str) -> tuple[str, list[dict[str, object]]]:
    """Return the Einsum's name, which is that of its output, and its tensor accesses: inputs in order, then the output.

    An index is a rank variable ``m`` (of the rank ``M``), an expression with the name of its rank (``H: 2*p + r``), or
    ``H: p``. Raises EinsumTextError.

    >>> parse_einsum_text("Z[m] = A[m, k] * B[k]")[1][2]
    {'name': 'Z', 'projection': {'M': 'm'}, 'output': True}
    """
    sides = text.split("=")
    if len(sides) != 2:
        raise EinsumTextError(f"expected one '=' in an Einsum, got {text!r}")
    output = _TENSOR.fullmatch(sides[0].strip())
    if not output:
        raise EinsumTextError(f"expected 'Output[ranks] = ...', got {text!r}")
    inputs = _TENSOR.findall(sides[1])
    rest = _TENSOR.sub("", sides[1])
    if not inputs:
        raise EinsumTextError(f"the Einsum {text!r} has no input tensor")
    if re.search(r"[\[\]]", rest):
        raise EinsumTextError(f"unbalanced brackets in {text!r}")
    accesses: list[dict[str, object]] = [_access(name, indices, False, text) for name, indices in inputs]
    accesses.append(_access(output[1], output[2], True, text))
    names = [access["name"] for access in accesses]
    for name in names:
        if names.count(name) > 1:
            raise EinsumTextError(f"the tensor {name!r} appears {names.count(name)} times in {text!r}")
    return output[1], accesses


def _access(name: str, indices: str, output: bool, text: str) -> dict[str, object]:
    """The tensor access of ``name[indices]``."""
    if not indices.strip():
        raise EinsumTextError(f"the tensor {name!r} has no index in {text!r}")
    projection: dict[str, str] = {}
    for part in indices.split(","):
        rank, colon, expression = (piece.strip() for piece in part.partition(":"))
        if not colon:
            rank, expression = rank.upper(), rank
            if not _RANK.fullmatch(expression):
                raise EinsumTextError(
                    f"the index {expression!r} of {name!r} is an expression and needs the name of its rank:"
                    f" 'H: {expression}'"
                )
        if not _RANK.fullmatch(rank):
            raise EinsumTextError(f"{rank!r} is not a name of a rank in {text!r}")
        if rank in projection:
            raise EinsumTextError(f"the rank {rank!r} appears twice in the indices of {name!r}")
        try:
            parse_affine(expression)
        except AffineError as error:
            raise EinsumTextError(str(error)) from None
        projection[rank] = expression
    return {"name": name, "projection": projection, "output": output}
