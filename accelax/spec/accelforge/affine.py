"""Affine expressions of rank variables: the index expressions of tensors and the inequalities of iteration spaces."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass

_MAX_LENGTH = 1000
_LARGEST = 2**53
_COMPARISON = re.compile(r"(<=|>=|==|<|>|=)")


class AffineError(ValueError):
    """The text is not an affine expression with integer coefficients."""


@dataclass(frozen=True)
class Affine:
    """``sum(coefficient * rank) + constant``; ``terms`` in order of appearance, without zero coefficients."""

    terms: tuple[tuple[str, int], ...]
    constant: int = 0

    def __add__(self, other: Affine) -> Affine:
        sums = dict(self.terms)
        for rank, coefficient in other.terms:
            sums[rank] = sums.get(rank, 0) + coefficient
        return Affine(tuple((r, c) for r, c in sums.items() if c), self.constant + other.constant)

    def scaled(self, factor: int) -> Affine:
        """The expression times ``factor``."""
        return Affine(tuple((r, c * factor) for r, c in self.terms if c * factor), self.constant * factor)


def parse_affine(text: str | int, constants: Mapping[str, object] | None = None) -> Affine:
    """Read ``2*p + r - 1``; a coefficient may also stand without ``*`` (``2p``). ``constants`` are names with a value.

    Raises AffineError for products of rank variables, divisions and fractions.

    >>> parse_affine("2*p + r")
    Affine(terms=(('p', 2), ('r', 1)), constant=0)
    >>> parse_affine("3 * (p - 1) + p")
    Affine(terms=(('p', 4),), constant=-3)
    """
    source = str(text)
    if len(source) > _MAX_LENGTH:
        raise AffineError(f"an index expression of {len(source)} characters is too long")
    source = re.sub(r"(?<![\w.])(\d+)\s*(?=[A-Za-z_(])", r"\1*", source)
    try:
        found = _affine(ast.parse(source.strip(), mode="eval").body, constants or {}, source)
    except AffineError:
        raise
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise AffineError(f"{str(text)[:80]!r} is not an affine expression such as '2*p + r'") from None
    if any(abs(number) > _LARGEST for number in (found.constant, *(c for _, c in found.terms))):
        raise AffineError(f"a number in {source[:80]!r} is too large")
    return found


def _affine(node: ast.expr, constants: Mapping[str, object], source: str) -> Affine:
    """The value of one node of a parsed index expression."""
    if isinstance(node, ast.Constant):
        return Affine((), _integer(node.value, source))
    if isinstance(node, ast.Name):
        if node.id in constants:
            return Affine((), _integer(constants[node.id], source))
        return Affine(((node.id, 1),))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        return _affine(node.operand, constants, source).scaled(-1 if isinstance(node.op, ast.USub) else 1)
    if isinstance(node, ast.BinOp):
        left, right = _affine(node.left, constants, source), _affine(node.right, constants, source)
        if isinstance(node.op, ast.Add):
            return left + right
        if isinstance(node.op, ast.Sub):
            return left + right.scaled(-1)
        if isinstance(node.op, ast.Mult) and not (left.terms and right.terms):
            return right.scaled(left.constant) if not left.terms else left.scaled(right.constant)
    raise AffineError(f"{source!r} is not affine: only sums of rank variables with integer coefficients are")


def _integer(value: object, source: str) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value):
        raise AffineError(f"{value!r} in {source!r} is not an integer")
    return int(value)


def parse_inequalities(text: str, constants: Mapping[str, object] | None = None) -> tuple[Affine, ...]:
    """Read a chain such as ``0 <= p < 14`` (or several, joined by ``and``) as expressions that must be at least 0.

    Members of a chain may be lists: ``0 <= p, q < 14``. Raises AffineError.

    >>> parse_inequalities("0 <= p < 14")
    (Affine(terms=(('p', 1),), constant=0), Affine(terms=(('p', -1),), constant=13))
    """
    found: list[Affine] = []
    for chain in re.split(r"\band\b|&&?|∧", text):
        parts = _COMPARISON.split(chain)
        if len(parts) < 3:
            raise AffineError(f"{text!r} is not an inequality such as '0 <= m < 16'")
        sides = [[parse_affine(piece, constants) for piece in part.split(",")] for part in parts[::2]]
        for operator, lefts, rights in zip(parts[1::2], sides, sides[1:], strict=False):
            for left in lefts:
                for right in rights:
                    found.extend(_at_least_zero(left, operator, right))
    return tuple(found)


def _at_least_zero(left: Affine, operator: str, right: Affine) -> tuple[Affine, ...]:
    """``left operator right`` as expressions that must be at least 0."""
    upward, downward = right + left.scaled(-1), left + right.scaled(-1)
    if operator in ("=", "=="):
        return upward, downward
    difference = upward if operator.startswith("<") else downward
    strict = len(operator) == 1
    return (Affine(difference.terms, difference.constant - strict),)
