"""A Jinja2 environment that cannot reach out of the template and cannot run or grow without bound.

On top of Jinja2's own sandbox: loop turns and calls are counted, strings and numbers stay small, and every stretch of
template text is preceded by a mark from which the line of the source file is found again after rendering. A mark is
a number written in Unicode space characters, so that ``trim`` and ``indent`` treat it as the white space that it is.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar, cast

from jinja2 import BaseLoader, StrictUndefined, TemplateNotFound, TemplateRuntimeError, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment

MAX_STEPS = 200_000
MAX_REPEAT = 10_000
MAX_TEXT = 1_000_000
MAX_BITS = 4_096
_MARK_EDGE = "\u200a"
_MARK = re.compile("\u200a([\u2000-\u2009]+)\u200a")
_WIDE_FORMAT = re.compile(r"%[^a-zA-Z%]*(?:\d{5}|\*)|\{[^{}]*(?:\d{5}|\{)")
_WIDTH_METHODS = frozenset(("center", "ljust", "rjust", "zfill", "expandtabs"))
_WIDTH_FILTERS = ("batch", "center", "indent", "slice", "wordwrap")
_UNMARKED = (nodes.Macro, nodes.CallBlock, nodes.FilterBlock, nodes.AssignBlock)


class Marks:
    """Numbers the places (file, line) that marks in a rendered text stand for."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, int], int] = {}
        self._places: list[tuple[str, int]] = []

    def mark(self, file: str, line: int) -> str:
        """Return the invisible text that says: what follows stands in ``file`` at ``line``."""
        number = self._numbers.setdefault((file, line), len(self._places))
        if number == len(self._places):
            self._places.append((file, line))
        digits = "".join(chr(0x2000 + int(digit)) for digit in str(number))
        return f"{_MARK_EDGE}{digits}{_MARK_EDGE}"

    def strip(self, marked: str, file: str) -> tuple[str, list[tuple[str, int]]]:
        """Remove the marks; return the text and for each of its lines the (file, line) it came from."""
        lines, places = [], []
        here = (file, 1)
        for line in marked.split("\n"):
            place = here
            for match in _MARK.finditer(line):
                here = self._place(match) or here
                if not line[: match.start()].strip():
                    place = here
            lines.append(_MARK.sub(lambda match: "" if self._place(match) else match[0], line))
            places.append(place)
            here = (here[0], here[1] + 1)
        return "\n".join(lines), places

    def _place(self, match: re.Match[str]) -> tuple[str, int] | None:
        """Return the place that a mark stands for; ``None`` for spaces of the text that only look like one."""
        number = int("".join(str(ord(digit) - 0x2000) for digit in match[1][:12]))
        return self._places[number] if number < len(self._places) else None


class _MarkingGenerator(CodeGenerator):
    """Compiles templates whose text carries marks and whose loops are counted."""

    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:
        for loop in node.find_all(nodes.For):
            loop.iter = nodes.Filter(loop.iter, "counted_turns", [], [], None, None, lineno=loop.lineno)
        self._mark(node)
        super().visit_Template(node, frame)

    def _mark(self, node: nodes.Node) -> None:
        for child in node.iter_child_nodes():
            if isinstance(child, nodes.TemplateData):
                environment = cast(BoundedEnvironment, self.environment)
                child.data = environment.marks.mark(self.filename or "", child.lineno) + child.data
            elif not isinstance(child, _UNMARKED):
                self._mark(child)


class _Assert(Extension):
    """``{% assert condition %}`` or ``{% assert condition, "message" %}`` stops the template when it does not hold."""

    tags: ClassVar[set[str]] = {"assert"}

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        condition = parser.parse_expression()
        message = parser.parse_expression() if parser.stream.skip_if("comma") else nodes.Const("it does not hold")
        check = self.call_method("_check", [condition, message], lineno=line)
        return nodes.ExprStmt(check, lineno=line)

    def _check(self, condition: object, message: object) -> None:
        if not condition:
            raise TemplateRuntimeError(f"assertion failed: {message}")


class BoundedEnvironment(SandboxedEnvironment):
    """The environment in which one file is rendered.

    ``read(name)`` returns (text, path shown in messages) of a template that ``{% include %}`` names, or ``None``.
    """

    code_generator_class = _MarkingGenerator
    intercepted_binops = frozenset(("*", "**", "%", "+"))

    def __init__(self, read: Callable[[str], tuple[str, str] | None], marks: Marks, steps: Steps):
        super().__init__(
            undefined=StrictUndefined, loader=_Loader(read), extensions=[_Assert], keep_trailing_newline=True
        )
        self.marks = marks
        self.steps = steps
        self.filters.update({name: _guarded(self.filters[name]) for name in _WIDTH_FILTERS})
        self.filters["format"] = _guarded_format(self.filters["format"])
        self.filters["counted_turns"] = steps.count
        del self.globals["lipsum"]

    def call(self, context: Context, obj: object, /, *args: object, **kwargs: object) -> object:
        """Call ``obj`` for the template, counting the call and refusing what would grow without bound."""
        self.steps.take()
        owner = getattr(getattr(obj, "__wrapped__", obj), "__self__", None)
        if isinstance(owner, str):
            _check_method(owner, getattr(obj, "__name__", ""), (*args, *kwargs.values()))
        return super().call(context, obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: object, right: object) -> object:
        """Apply an operator whose result could be huge, after looking at its operands."""
        _check_operands(operator, left, right)
        return super().call_binop(context, operator, left, right)


class _Loader(BaseLoader):
    """Finds the templates of ``{% include %}`` and ``{% import %}`` through a function."""

    def __init__(self, read: Callable[[str], tuple[str, str] | None]):
        self._read = read

    def get_source(self, environment: object, template: str) -> tuple[str, str, None]:
        found = self._read(template)
        if found is None:
            raise TemplateNotFound(template)
        return (*found, None)


class Steps:
    """Counts what the templates of one load do, so that no template runs forever."""

    def __init__(self) -> None:
        self._left = MAX_STEPS

    def take(self) -> None:
        """Count one loop turn or call."""
        self._left -= 1
        if self._left < 0:
            raise TemplateRuntimeError(f"the template makes more than {MAX_STEPS} loop turns and calls")

    def count(self, items: Iterable[object]) -> Iterator[object]:
        """Iterate over the items of a loop, counting each turn."""
        if isinstance(items, Mapping):
            items = list(items)
        for item in items:
            self.take()
            yield item


def _guarded(function: Callable) -> Callable:
    """Return a filter that refuses widths and counts which would make its result huge."""

    @functools.wraps(function)
    def guarded(*args: object, **kwargs: object) -> object:
        _check_widths((*args[1:], *kwargs.values()))
        return function(*args, **kwargs)

    return guarded


def _guarded_format(function: Callable) -> Callable:
    """Return the ``format`` filter made to refuse format strings with huge widths."""

    def guarded(value: object, *args: object, **kwargs: object) -> object:
        _check_format(value)
        return function(value, *args, **kwargs)

    return guarded


def _check_method(text: str, name: str, args: tuple[object, ...]) -> None:
    """Refuse a call of a text's method whose result would be huge."""
    if name in _WIDTH_METHODS:
        _check_widths(args)
    elif name in ("format", "format_map"):
        _check_format(text)
    elif name == "replace" and len(text) * max((len(a) for a in args if isinstance(a, str)), default=0) > MAX_TEXT:
        raise TemplateRuntimeError("the text after replace is too long")


def _check_widths(args: tuple[object, ...]) -> None:
    for arg in args:
        if isinstance(arg, int) and abs(arg) > MAX_REPEAT:
            raise TemplateRuntimeError(f"the width or count is too large (at most {MAX_REPEAT})")


def _check_format(text: object) -> None:
    if _WIDE_FORMAT.search(str(text)):
        raise TemplateRuntimeError("the width in a format string is too large or computed")


def _check_operands(operator: str, left: Any, right: Any) -> None:
    """Refuse an operator application whose result would be huge."""
    both_integers = isinstance(left, int) and isinstance(right, int)
    if operator == "**" and both_integers and left.bit_length() * abs(right) > MAX_BITS:
        raise TemplateRuntimeError("the result of ** is too large")
    if operator == "*" and both_integers and left.bit_length() + right.bit_length() > MAX_BITS:
        raise TemplateRuntimeError("the result of * is too large")
    if operator == "*" and not both_integers:
        for items, times in ((left, right), (right, left)):
            if isinstance(items, str | list | tuple) and isinstance(times, int) and len(items) * times > MAX_REPEAT:
                raise TemplateRuntimeError(f"a repetition is longer than {MAX_REPEAT}")
    if operator == "%" and isinstance(left, str):
        _check_format(left)
    if operator == "+" and isinstance(left, str | list) and len(left) > MAX_TEXT:
        raise TemplateRuntimeError("a text or list grows too long")
