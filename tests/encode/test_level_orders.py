"""Orders of loops: what a level admits, and which orders cost the same."""

from __future__ import annotations

import math
from itertools import permutations

import pytest

from accelax.encode.level_orders import OrderRule, TensorView, arrangements, order_classes, orders, splits_of

FREE = OrderRule((), (0, 1, 2, 3), (), (0, 4))
ALL = frozenset(range(4))
WINDOW = TensorView(axis=((0, 0), (1, 0), (2, 1)), shared=frozenset({0}))
"""Ranks 0 and 1 slide along one index, 2 stands alone, 3 does not index the tensor."""
PLAIN = TensorView(axis=((0, 0), (2, 1)), shared=frozenset())


def test_given_loops_stay_at_their_ends():
    rule = OrderRule((3,), (0, 1), (2,))
    assert list(orders(rule, ALL)) == [(3, 0, 1, 2), (3, 1, 0, 2)]
    assert list(orders(rule, frozenset({1, 2}))) == [(1, 2)]


def test_keys_that_are_all_fixed_are_one_order():
    assert OrderRule.from_keys([0.5, 0.0, 0.25], [0.5, 0.0, 0.25]).inner == (1, 2, 0)


def test_renumbering_drops_ranks():
    assert OrderRule((3,), (0, 1), (2,)).only([3, 1, 2]) == OrderRule((0,), (1,), (2,))


@pytest.mark.parametrize(
    ("order", "signature"),
    [
        ((1, 3, 0, 2), (frozenset({1, 3}),)),
        ((3, 1, 2, 0), (frozenset({1, 3}),)),
        ((0, 3, 2, 1), (frozenset(),)),
        ((1, 3), ()),
    ],
)
def test_a_plain_tensor_sees_the_loops_inside_the_first_that_moves_it(order, signature):
    assert PLAIN.signature(order) == signature


def test_a_window_sees_its_loops_up_to_another_move():
    assert WINDOW.signature((3, 0, 1, 2)) == (frozenset({3}), (0, frozenset({3})), (1, frozenset({3, 0})))
    assert WINDOW.signature((0, 2, 1, 3)) == WINDOW.signature((0, 2, 3, 1)) == (frozenset(), (0, frozenset()))
    assert WINDOW.signature((2, 0, 1, 3)) == (frozenset(),)


@pytest.mark.parametrize("views", [(PLAIN,), (WINDOW,), (PLAIN, WINDOW), ()])
def test_classes_are_all_signatures_once(views):
    found = [tuple(v.signature(order) for v in views) for order in order_classes(FREE, ALL, views)]
    assert len(found) == len(set(found))
    assert set(found) == {tuple(v.signature(order) for v in views) for order in permutations(range(4))}


def test_settled_views_do_not_change_their_minds():
    for order in permutations(range(4)):
        for length in range(5):
            for view in (PLAIN, WINDOW):
                if view.settled(order[:length], ALL):
                    rest = permutations(order[length:])
                    assert len({view.signature((*order[:length], *tail)) for tail in rest}) == 1


def test_a_matrix_product_has_one_class_for_each_innermost_loop():
    views = tuple(TensorView(((a, 0), (b, 1)), frozenset()) for a, b in [(0, 2), (2, 1), (0, 1)])
    rule = OrderRule((), (0, 1, 2), ())
    assert len(order_classes(rule, frozenset({0, 1, 2}), views)) == 3
    assert len(order_classes(rule, frozenset({0, 1}), views)) == 2
    assert len(order_classes(rule, frozenset(), views)) == 1
    assert len(order_classes(rule, frozenset({0, 1, 2}), None)) == 6


@pytest.mark.parametrize("rule", [FREE, OrderRule((1,), (0, 3), (2,), (1, 2)), OrderRule((1, 0), (3, 2), (), (2, 2))])
@pytest.mark.parametrize("loops", [ALL, frozenset({0, 2}), frozenset({3}), frozenset()])
def test_arrangements_are_those_of_all_orders_and_splits(rule, loops):
    wanted = set()
    for middle in permutations(rule.free):
        order = (*rule.inner, *middle, *rule.outer)
        for split in range(rule.splits[0], rule.splits[1] + 1):
            on_x, on_y = (tuple(r for r in part if r in loops) for part in (order[:split], order[split:]))
            wanted.add((on_x, on_y))
    found = [(order[:count], order[count:]) for order, count in arrangements(rule, loops, ordered=True)]
    assert (len(found), set(found)) == (len(wanted), wanted)
    sides = [frozenset(order[:count]) for order, count in arrangements(rule, loops, ordered=False)]
    assert (len(sides), set(sides)) == (len(set(sides)), {frozenset(on_x) for on_x, _ in wanted})
    counts = {count for _, count in splits_of(rule, loops)}
    assert len(found) == len(counts) * math.factorial(len(loops & set(rule.free)))
