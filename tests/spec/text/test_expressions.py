from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelax.errors import AccelaxError
from accelax.spec.text import ExpressionError, evaluate_expression, names_in, parse_expression


class Node:
    """A value that offers one attribute and one method."""

    secret = "hidden"

    def expression_attribute(self, name: str) -> object:
        if name == "find":
            return lambda wanted: {"width": wanted}
        if name == "meshX":
            return 4
        raise AttributeError(f"no attribute {name!r}")


BINDINGS = {"x": 3, "y": 4.0, "items": [1, 2, 3], "box": {"depth": 8, "inner": {"z": 5}}, "node": Node(), "name": "GLB"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(x + 1) ** 2 // 3 % 4", 1),
        ("7 / 2", 3.5),
        ("-x", -3),
        ("2 ** 10", 1024),
        ("1 << 4 | 3", 19),
        ("5 & 6 ^ 1", 5),
        ("x if y > 3 else 0", 3),
        ("not x", False),
        ("x and y", 4.0),
        ("0 or x", 3),
        ("1 < x <= 3 < y", True),
        ("x == 3 != y", True),
        ("2 in items and 9 not in items", True),
        ("None is None", True),
        ("items[0] + items[-1]", 4),
        ("items[1:]", [2, 3]),
        ("box['depth']", 8),
        ("box.inner.z", 5),
        ("box.get('nope', 2)", 2),
        ("name.lower() == 'glb'", True),
        ("node.meshX * 2", 8),
        ("node.find('w')['width']", "w"),
        ("ceil(x / 2)", 2),
        ("log2(8)", 3.0),
        ("min(x, y) + max(items)", 6),
        ("max(items, key=abs)", 3),
        ("sum(i * i for i in items if i > 1)", 13),
        ("[a + b for a in items for b in [10, 20] if a != 2]", [11, 21, 13, 23]),
        ("[i for i, j in enumerate('ab')]", [0, 1]),
        ("{k: v for k, v in box.items() if k == 'depth'}", {"depth": 8}),
        ("[j for i in items for j in range(i) if i == 3]", [0, 1, 2]),
        ("list(map(ceil, [1.5, 2.5]))", [2, 3]),
        ("len(tuple(range(4)))", 4),
        ("round(pi, 2)", 3.14),
        ("any(i > 2 for i in items)", True),
        ("str(x) + 'a'", "3a"),
        ("int('12') + float('0.5') + bool(1)", 13.5),
        ("  1 +\n 2 ", 3),
        ("inf > 10 ** 300", True),
        ("prod(items) + comb(5, 2) + gcd(12, 18)", 22),
        ("{1, 2} & {2, 3}", {2}),
    ],
)
def test_values(text, expected):
    value = evaluate_expression(text, BINDINGS)
    assert value == expected
    assert type(value) is type(expected)


def test_bindings_hide_functions_and_given_functions_extend():
    assert evaluate_expression("e * 2", {"e": 4}) == 8
    assert evaluate_expression("twice(4)", {}, {"twice": lambda v: 2 * v}) == 8
    assert evaluate_expression("abs(4)", {}, {"abs": lambda v: -v}) == -4


def test_a_comprehension_hides_names_only_inside():
    assert evaluate_expression("sum(x for x in items) + x", BINDINGS) == 9


class Lazy(Mapping):
    """Bindings that record what is read."""

    def __init__(self):
        self.read: list[str] = []

    def __getitem__(self, name: str) -> int:
        self.read.append(name)
        return 1

    def __contains__(self, name: object) -> bool:
        return name in ("a", "b")

    def __iter__(self) -> Iterator[str]:
        return iter("ab")

    def __len__(self) -> int:
        return 2


def test_only_names_that_are_used_are_looked_up():
    lazy = Lazy()
    assert evaluate_expression("a if 1 > 0 else b", lazy) == 1
    assert lazy.read == ["a"]


def test_errors_of_bindings_pass_through():
    class Failing(Lazy):
        def __getitem__(self, name):
            raise ExpressionError("cyclic", "a")

    with pytest.raises(ExpressionError, match="cyclic"):
        evaluate_expression("a + 1", Failing())


def test_unknown_names():
    with pytest.raises(ExpressionError) as caught:
        evaluate_expression("nme + 1", BINDINGS)
    assert caught.value.unknown_name == "nme"
    assert caught.value.available == tuple(sorted(BINDINGS))
    assert caught.value.message == "name 'nme' is not defined; did you mean 'name'?"
    assert str(caught.value) == "cannot evaluate 'nme + 1': name 'nme' is not defined; did you mean 'name'?"
    assert isinstance(caught.value, AccelaxError)


def test_without_a_near_name_the_bindings_are_listed():
    with pytest.raises(ExpressionError, match=r"available: box, items, name, node, x, y$"):
        evaluate_expression("qqqq", BINDINGS)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1 +", "invalid syntax"),
        ("", "invalid syntax"),
        ("x = 1", "invalid syntax"),
        ("1 / 0", "division by zero"),
        ("items[9]", "list index out of range"),
        ("box['q']", "no key 'q'"),
        ("box.dpth", "box has no attribute 'dpth'; did you mean 'depth'?"),
        ("node.mesh", "no attribute 'mesh'"),
        ("name + 1", "concatenate"),
        ("3(4)", "3 is not a function"),
        ("sqrt(-1)", "math domain error"),
        ("(-8) ** 0.5", "not a real number"),
        ("ceil()", "exactly one argument"),
        ("int('x')", "invalid literal"),
        ("[i for i, j in items]", "not iterable"),
        ("[i for i, j in [[1, 2, 3]]]", "cannot unpack 3 values into 2 names"),
        ("sum(['a', 'b'])", "sum adds numbers"),
        ("f(**box)", "is not defined"),
        ("abs(**box)", "** is not allowed"),
        ("{**box}", "** is not allowed"),
        ("'%d' % 3", "cannot be formatted"),
    ],
)
def test_failures_say_why(text, reason):
    with pytest.raises(ExpressionError) as caught:
        evaluate_expression(text, BINDINGS)
    assert reason in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        "().__class__",
        "box.__class__",
        "node.secret",
        "node.__dict__",
        "name.format",
        "name.__class__.__mro__",
        "items.append(3)",
        "box.pop('depth')",
        "items.__len__()",
        "__import__('os')",
        "__builtins__",
        "open('x')",
        "eval('1')",
        "getattr(box, 'x')",
        "type(x)",
        "lambda: 1",
        "(y := 3)",
        "f'{x}'",
        "b'x'",
        "1j",
        "...",
        "[*items]",
        "abs(*items)",
        "await x",
        "[i async for i in items]",
        "(yield 3)",
        "items @ items",
        "abs.__self__",
        "[0 for box.depth in items]",
        "[0 for items[0] in items]",
    ],
)
def test_no_way_out(text):
    before = [*BINDINGS["items"]], {**BINDINGS["box"]}
    with pytest.raises(ExpressionError):
        evaluate_expression(text, BINDINGS)
    assert before == (BINDINGS["items"], BINDINGS["box"])


RUNAWAY = [
    "9 ** 9 ** 9",
    "pow(9, 9 ** 8)",
    "10 ** 4000 * 10 ** 4000",
    "1 << 10 ** 9",
    "'x' * 10 ** 9",
    "[0] * 10 ** 9",
    "10 ** 9 * [0]",
    "range(10 ** 9)",
    "factorial(10 ** 6)",
    "comb(10 ** 7, 10 ** 6)",
    "[0 for a in range(9999) for b in range(9999)]",
    "sum(sum(1 for b in range(9999)) for a in range(9999))",
    "[[0] * 9999 for i in range(9999)]",
    "str([[[0] * 9999] * 9999] * 9999)",
    "[[[0] * 9999] * 9999] * 9999 == [[[0] * 9999] * 9999] * 9999",
    "sum([[0] * 9999] * 9999, [])",
    "round(1, 10 ** 9)",
    "int('9' * 5000)",
    "(" * 300 + "1" + ")" * 300,
    "-" * 3000 + "1",
    "not " * 900 + "1",
    "+".join(["x"] * 1900),
    "[" * 150 + "]" * 150,
    "x" * 5000,
    "9" * 3999,
    "x.a" + ".a" * 1500,
    "\0",
    "1" + "\n" * 10,
]


@pytest.mark.parametrize("text", RUNAWAY[:-1])
def test_runaway_expressions_are_stopped(text):
    start = time.perf_counter()
    with pytest.raises(ExpressionError):
        evaluate_expression(text, {"x": 1})
    assert time.perf_counter() - start < 5


def test_white_space_around_is_fine():
    assert evaluate_expression(RUNAWAY[-1], {}) == 1


def test_endless_bindings_are_an_error():
    class Endless(dict):
        def __contains__(self, name):
            return True

        def __getitem__(self, name):
            return evaluate_expression(name, self)

    with pytest.raises(ExpressionError, match="refers to itself without end"):
        evaluate_expression("a", Endless())


def test_names_in():
    assert names_in("a.b[c] + f(d, k=e) if g else [h for h in i]") == {"a", "c", "f", "d", "e", "g", "i"}
    with pytest.raises(ExpressionError):
        names_in("1 +")


def test_trees_are_shared_between_calls():
    assert parse_expression("a + 1") is parse_expression("a + 1")


leaves = st.one_of(st.integers(0, 20).map(str), st.sampled_from(["x", "y", "0.5"]))
arithmetic = st.recursive(
    leaves,
    lambda inner: st.tuples(inner, st.sampled_from(["+", "-", "*", "<", "==", "and", "or"]), inner).map(
        lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"
    ),
    max_leaves=12,
)


@settings(max_examples=100)
@given(arithmetic)
def test_arithmetic_is_python_s(text):
    names = {"x": 3, "y": 4.0}
    assert evaluate_expression(text, names) == eval(text, {}, names)


@settings(max_examples=200)
@given(st.text(alphabet="xy12+-*/()[]{},.:<=% 'abdefinorst", max_size=40))
def test_any_text_evaluates_or_is_refused(text):
    with contextlib.suppress(ExpressionError):
        value = evaluate_expression(text, {"x": 3, "y": 4.0})
        assert not isinstance(value, complex)


def test_traced_numbers_pass_through_functions_and_conditions():
    jax = pytest.importorskip("jax")

    def words(depth: object) -> object:
        return evaluate_expression("max(1, log2(depth)) + min(depth, 3, 7) if depth >= 1 else 0", {"depth": depth})

    assert words(8) == 6.0
    assert float(jax.jit(words)(8.0)) == pytest.approx(6.0)
    assert float(jax.grad(words)(8.0)) == pytest.approx(1 / (8 * 0.6931471805599453))
    assert float(jax.jit(words)(0.5)) == 0.0


def test_functions_of_traced_numbers_mean_the_same():
    jax = pytest.importorskip("jax")
    text = "int(x) + float(x) + log(x, 2) + min([x, 2]) + abs(-x) + atan2(x, 1) + ceil(x) + pow(x, 2)"
    traced = jax.jit(lambda x: evaluate_expression(text, {"x": x}))(2.75)
    assert float(traced) == pytest.approx(evaluate_expression(text, {"x": 2.75}), rel=1e-6)
