"""The syntax of expressions: Python's own, checked node by node against what expressions may contain."""

from __future__ import annotations

import ast
import functools
from collections.abc import Sequence

from accelax.errors import AccelaxError

MAX_SOURCE = 4_000
MAX_TREE_DEPTH = 100

_ALLOWED = (
    ast.Expression, ast.Constant, ast.Name, ast.Attribute, ast.Subscript, ast.Slice, ast.Call, ast.keyword, ast.BinOp,
    ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.ListComp, ast.SetComp,
    ast.GeneratorExp, ast.DictComp, ast.comprehension, ast.expr_context, ast.operator, ast.unaryop, ast.boolop,
    ast.cmpop,
)  # fmt: skip


class ExpressionError(AccelaxError):
    """An expression that cannot be evaluated.

    ``message`` says why in one line; ``expression`` is its source; ``unknown_name`` is the name that is not defined, if
    that is the reason, and ``available`` lists the names that are.
    """

    def __init__(self, message: str, expression: str, unknown_name: str | None = None, available: Sequence[str] = ()):
        self.message = message
        self.expression = expression
        self.unknown_name = unknown_name
        self.available = tuple(available)
        super().__init__(f"cannot evaluate {_shorten(expression)!r}: {message}")


def _shorten(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."


@functools.lru_cache(maxsize=4096)
def parse_expression(text: str) -> ast.expr:
    """Return the checked syntax tree of an expression; treat it as read-only.

    Raises:
        ExpressionError: not an expression, a construct that is not allowed, or too long or too deep.

    >>> type(parse_expression("a + 1")).__name__
    'BinOp'
    """
    if len(text) > MAX_SOURCE:
        raise ExpressionError(f"longer than {MAX_SOURCE} characters", text)
    try:
        tree = ast.parse(text.strip().replace("\n", " "), mode="eval").body
    except SyntaxError as error:
        raise ExpressionError(f"invalid syntax ({error.msg})", text) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise ExpressionError("the expression cannot be parsed: too deep or a number too long", text) from error
    level: list[ast.AST] = [tree]
    for _ in range(MAX_TREE_DEPTH):
        for node in level:
            _check_node(node, text)
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return tree
    raise ExpressionError(f"nested more than {MAX_TREE_DEPTH} levels deep", text)


def _check_node(node: ast.AST, text: str) -> None:
    """Refuse a construct that expressions do not have."""
    if not isinstance(node, _ALLOWED) or (isinstance(node, ast.comprehension) and node.is_async):
        raise ExpressionError(f"{type(node).__name__} is not allowed in an expression", text)
    if isinstance(node, ast.Constant) and not isinstance(node.value, (int, float, str, bool, type(None))):
        raise ExpressionError(f"the literal {node.value!r} is not allowed in an expression", text)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        raise ExpressionError("the operator @ is not allowed in an expression", text)
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    if name.startswith("__"):
        raise ExpressionError(f"the name {name!r} is not allowed in an expression", text)


def names_in(text: str) -> frozenset[str]:
    """Return the names that an expression reads from its bindings; names bound by its comprehensions are left out.

    >>> sorted(names_in("ceil(x / y) + sum(i * z for i in range(3))"))
    ['ceil', 'range', 'sum', 'x', 'y', 'z']
    """
    names, bound = set(), set()
    for node in ast.walk(parse_expression(text)):
        if isinstance(node, ast.Name):
            (names if isinstance(node.ctx, ast.Load) else bound).add(node.id)
    return frozenset(names - bound)
