"""The expressions of the input files, evaluated by walking a checked syntax tree; nothing here calls ``eval``.

Allowed: arithmetic, comparison, ``and or not``, ``a if c else b``, indexing, calls to known functions, lists, tuples,
sets, dictionaries, comprehensions, and attributes of values that offer them. A value offers attributes when it is a
mapping (its keys) or has a method ``expression_attribute(name)``. Length, depth, number of steps and size of results
are bounded.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from accelax.components.numbers import is_traced, where
from accelax.errors import did_you_mean
from accelax.spec.text.expression_functions import CONSTANTS, FUNCTIONS, MAX_BITS, MAX_ITEMS, power
from accelax.spec.text.expression_syntax import ExpressionError, names_in, parse_expression

__all__ = ["ExpressionError", "evaluate_expression", "names_in", "parse_expression"]

MAX_STEPS = 200_000

_METHODS: dict[type, frozenset[str]] = {
    dict: frozenset(("get", "keys", "values", "items")),
    str: frozenset(("lower", "upper", "startswith", "endswith", "strip", "split")),
    list: frozenset(("index", "count")),
    tuple: frozenset(("index", "count")),
}
_UNARY = {ast.UAdd: operator.pos, ast.USub: operator.neg, ast.Not: operator.not_, ast.Invert: operator.invert}
_COMPARE = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge, ast.Is: operator.is_, ast.IsNot: operator.is_not,
    ast.In: lambda a, b: a in b, ast.NotIn: lambda a, b: a not in b,
}  # fmt: skip


def evaluate_expression(
    text: str, bindings: Mapping[str, object], functions: Mapping[str, Callable] | None = None
) -> object:
    """Evaluate an expression.

    Args:
        text: the source.
        bindings: what names stand for; looked up only when used, so that a lazy mapping works. They hide functions and
            constants.
        functions: further functions besides those of ``expression_functions``; they may hide these.

    Raises:
        ExpressionError: with the reason; a name that is not defined comes with the nearest one that is.

    >>> evaluate_expression("ceil(depth / 3) if depth > 2 else 0", {"depth": 8})
    3
    """
    tree = parse_expression(text)
    try:
        return _Evaluator(text, bindings, functions or {}).value(tree)
    except ExpressionError:
        raise
    except KeyError as error:
        raise ExpressionError(f"no key {error.args[0]!r}" if error.args else "no such key", text) from error
    except RecursionError as error:
        raise ExpressionError("it refers to itself without end", text) from error
    except (ArithmeticError, TypeError, ValueError, LookupError, AttributeError, MemoryError) as error:
        raise ExpressionError(str(error) or type(error).__name__, text) from error


class _Evaluator:
    """Evaluates one tree; comprehensions add local names on top of the bindings."""

    def __init__(self, text: str, bindings: Mapping[str, object], functions: Mapping[str, Callable]):
        self._text = text
        self._bindings = bindings
        self._functions = functions
        self._locals: list[dict[str, object]] = []
        self._steps = 0

    def value(self, node: ast.expr) -> Any:
        """Return the value of a node, counting one step."""
        self._step()
        return getattr(self, "_" + type(node).__name__)(node)

    def _step(self, cost: int = 1) -> None:
        self._steps += cost
        if self._steps > MAX_STEPS:
            raise self._error(f"it takes more than {MAX_STEPS} steps")

    def _charge(self, value: object) -> None:
        """Count a step per item of a container, nested ones included: a function or comparison may walk through it."""
        if isinstance(value, list | tuple | set | frozenset | dict):
            self._step(len(value))
            for item in value.values() if isinstance(value, dict) else value:
                self._charge(item)

    def _error(self, message: str) -> ExpressionError:
        return ExpressionError(message, self._text)

    def _bounded(self, value: object) -> object:
        """Return ``value`` unless it is an integer, text or list of a size that no specification needs."""
        if isinstance(value, int):
            if value.bit_length() > 2 * MAX_BITS:
                raise self._error("an integer grows too large")
        elif isinstance(value, complex):
            raise self._error("the result is not a real number")
        elif isinstance(value, str | list | tuple):
            if len(value) > MAX_ITEMS:
                raise self._error("a text or list grows too long")
            self._step(len(value) // 8)
        return value

    def _Constant(self, node: ast.Constant) -> object:
        return self._bounded(node.value)

    def _Name(self, node: ast.Name) -> object:
        name = node.id
        for scope in reversed(self._locals):
            if name in scope:
                return scope[name]
        for table in (self._bindings, self._functions, FUNCTIONS, CONSTANTS):
            if name in table:
                return table[name]
        available = sorted({str(n) for n in self._bindings} | {n for scope in self._locals for n in scope})
        known = [*available, *self._functions, *FUNCTIONS, *CONSTANTS]
        nearest = did_you_mean(name, known)
        if not nearest.startswith("; did"):
            nearest = f"; available: {', '.join(available[:20])}" if available else ""
        raise ExpressionError(f"name {name!r} is not defined{nearest}", self._text, name, available)

    def _Attribute(self, node: ast.Attribute) -> object:
        owner, name = self.value(node.value), node.attr
        offered = getattr(type(owner), "expression_attribute", None)
        if offered is not None:
            return owner.expression_attribute(name)
        if isinstance(owner, Mapping) and name in owner:
            return owner[name]
        for kind, methods in _METHODS.items():
            if isinstance(owner, kind) and name in methods:
                return getattr(owner, name)
        nearest = did_you_mean(name, owner) if isinstance(owner, Mapping) else ""
        raise self._error(f"{ast.unparse(node.value)} has no attribute {name!r}{nearest}")

    def _Subscript(self, node: ast.Subscript) -> object:
        return self.value(node.value)[self.value(node.slice)]

    def _Slice(self, node: ast.Slice) -> slice:
        return slice(*(None if part is None else self.value(part) for part in (node.lower, node.upper, node.step)))

    def _Call(self, node: ast.Call) -> object:
        function = self.value(node.func)
        if not callable(function):
            raise self._error(f"{ast.unparse(node.func)} is not a function")
        keywords = {}
        for keyword in node.keywords:
            if keyword.arg is None:
                raise self._error("** is not allowed in a call")
            keywords[keyword.arg] = self.value(keyword.value)
        args = [self.value(arg) for arg in node.args]
        self._charge([args, keywords])
        return self._bounded(function(*args, **keywords))

    def _BinOp(self, node: ast.BinOp) -> object:
        left, right = self.value(node.left), self.value(node.right)
        self._check_operands(node.op, left, right)
        return self._bounded(_BINARY[type(node.op)](left, right))

    def _check_operands(self, kind: ast.operator, left: Any, right: Any) -> None:
        """Refuse an operation whose result would be huge, before computing it."""
        if isinstance(kind, ast.Mult):
            for items, times in ((left, right), (right, left)):
                if isinstance(items, str | list | tuple) and isinstance(times, int) and len(items) * times > MAX_ITEMS:
                    raise self._error("a text or list grows too long")
        elif isinstance(kind, ast.LShift) and isinstance(right, int) and right > MAX_BITS:
            raise self._error("the shift is too large")
        elif isinstance(kind, ast.Mod) and isinstance(left, str):
            raise self._error("text cannot be formatted with %")

    def _UnaryOp(self, node: ast.UnaryOp) -> object:
        return _UNARY[type(node.op)](self.value(node.operand))

    def _BoolOp(self, node: ast.BoolOp) -> object:
        stop_at = isinstance(node.op, ast.Or)
        result: object = None
        for part in node.values:
            result = self.value(part)
            if bool(result) == stop_at:
                break
        return result

    def _Compare(self, node: ast.Compare) -> object:
        left = self.value(node.left)
        result: object = True
        for kind, right_node in zip(node.ops, node.comparators, strict=True):
            right = self.value(right_node)
            self._charge([left, right])
            result = _COMPARE[type(kind)](left, right)
            if len(node.ops) > 1 and not result:
                break
            left = right
        return result

    def _IfExp(self, node: ast.IfExp) -> object:
        """One of two values; both are computed where a traced number decides."""
        test = self.value(node.test)
        if is_traced(test):
            return where(test, self.value(node.body), self.value(node.orelse))
        return self.value(node.body if test else node.orelse)

    def _List(self, node: ast.List) -> list:
        return [self.value(item) for item in node.elts]

    def _Tuple(self, node: ast.Tuple) -> tuple:
        return tuple(self.value(item) for item in node.elts)

    def _Set(self, node: ast.Set) -> set:
        return {self.value(item) for item in node.elts}

    def _Dict(self, node: ast.Dict) -> dict:
        result = {}
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                raise self._error("** is not allowed in a dictionary")
            result[self.value(key)] = self.value(value)
        return result

    def _ListComp(self, node: ast.ListComp) -> list:
        return [self.value(node.elt) for _ in self._turns(node.generators)]

    def _SetComp(self, node: ast.SetComp) -> set:
        return {self.value(node.elt) for _ in self._turns(node.generators)}

    def _GeneratorExp(self, node: ast.GeneratorExp) -> list:
        return [self.value(node.elt) for _ in self._turns(node.generators)]

    def _DictComp(self, node: ast.DictComp) -> dict:
        return {self.value(node.key): self.value(node.value) for _ in self._turns(node.generators)}

    def _turns(self, generators: Sequence[ast.comprehension]) -> Iterator[None]:
        """Run the loops of a comprehension; while a turn is yielded, its names are in scope."""
        loop, rest = generators[0], generators[1:]
        scope: dict[str, object] = {}
        for item in self.value(loop.iter):
            self._step()
            self._bind(loop.target, item, scope)
            self._locals.append(scope)
            try:
                if all(self.value(test) for test in loop.ifs):
                    if rest:
                        yield from self._turns(rest)
                    else:
                        yield
            finally:
                self._locals.pop()

    def _bind(self, target: ast.expr, item: Any, scope: dict[str, object]) -> None:
        """Assign a loop item to a name or to a tuple of names."""
        if isinstance(target, ast.Name):
            scope[target.id] = item
        elif isinstance(target, (ast.Tuple, ast.List)):
            items = list(item)
            if len(items) != len(target.elts):
                raise self._error(f"cannot unpack {len(items)} values into {len(target.elts)} names")
            for part, value in zip(target.elts, items, strict=True):
                self._bind(part, value, scope)
        else:
            raise self._error("a comprehension can only bind names")


_BINARY: dict[type[ast.operator], Callable] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: power, ast.LShift: operator.lshift,
    ast.RShift: operator.rshift, ast.BitAnd: operator.and_, ast.BitOr: operator.or_, ast.BitXor: operator.xor,
}  # fmt: skip
