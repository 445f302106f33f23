"""Classes of mappings: every mapping has one, and few are enough."""

from __future__ import annotations

import itertools

import jax
import numpy as np

import accelax as ax
from accelax.search.relaxed import class_of, enumerate_classes, whole_box
from accelax.search.relaxed.classes import LoopClass, loop_classes, watched_tensors
from tests.search.cases import specification
from tests.search.relaxed.relaxed_cases import COUNTEREXAMPLE, plain, random_mappings, three_levels
from tests.search.small_problems import small_problems

A, B, Z = range(3)
M, N, K = range(3)


def test_the_orders_of_a_matrix_product_fall_into_three_classes_and_transparent_ones():
    problem = three_levels()
    box, keep = whole_box(problem), ((True,) * 3,) * 3
    outer, inner, innermost = (loop_classes(problem, box, keep, level) for level in range(3))
    assert {frozenset(t for t, run in enumerate(c.runs) if run) for c in outer} == {
        frozenset({A}),
        frozenset({B}),
        frozenset({Z}),
    }
    transparent = sorted(sum(run is None for run in c.runs) for c in inner)
    assert transparent == [0, 0, 0, 1, 1, 1, 3]
    assert len(innermost) == 1
    classes, complete = enumerate_classes(problem, box)
    assert len(classes) == 21
    assert complete


def test_a_cap_says_that_classes_are_missing():
    problem = three_levels()
    classes, complete = enumerate_classes(problem, whole_box(problem), 20)
    assert len(classes) == 20
    assert not complete


def test_the_counterexample_is_transparent_to_the_output():
    problem = three_levels()
    found = class_of(problem, plain(problem, *COUNTEREXAMPLE))
    outer, inner, _ = found.loops
    assert outer.runs == (frozenset(), frozenset(), frozenset({K}))
    assert inner.runs == (frozenset(), frozenset(), None)
    assert inner.units == {M, N}


def test_loops_of_one_do_not_change_the_class():
    problem = three_levels(4, 4, 4)
    factors = [[1, 2, 1], [2, 1, 4], [2, 2, 1]]
    classes = set()
    for outer in itertools.permutations(range(3)):
        classes.add(class_of(problem, plain(problem, factors, [list(outer), [0, 1, 2], [0, 1, 2]])))
    assert len(classes) == 1
    other = class_of(problem, plain(problem, factors, [[0, 1, 2], [2, 1, 0], [0, 1, 2]]))
    assert other not in classes
    assert other.loops[0] == next(iter(classes)).loops[0]


def test_what_no_child_keeps_has_no_run():
    problem = three_levels()
    keep = ((True,) * 3, (False, True, True), (False, True, False))
    assert watched_tensors(problem.structure, keep, 0) == {B, Z}
    assert watched_tensors(problem.structure, keep, 1) == {B}
    assert watched_tensors(problem.structure, keep, 2) == set()


def _covers(loops: LoopClass, own: LoopClass, factor, relevant) -> bool:
    """Whether ``loops`` allows the factors of one level, and keeps every tensor at least as long as ``own`` does."""
    if any(factor[r] > 1 for r in loops.units):
        return False
    real = {r for r, f in enumerate(factor) if f > 1}
    for t, (run, mine) in enumerate(zip(loops.runs, own.runs, strict=True)):
        if mine is None and run is not None and not real - relevant[t] <= run:
            return False
        if mine is not None and (run is None or not mine <= run or own.moving[t] != loops.moving[t]):
            return False
    return True


def test_every_mapping_has_one_class_and_some_enumerated_class_is_no_worse():
    for case in small_problems(11, 12):
        problem = ax.encode(case.specification())
        structure = problem.structure
        relevant = [structure.relevant(t) for t in range(len(structure.tensors))]
        classes, complete = enumerate_classes(problem, whole_box(problem))
        assert complete
        for mapping in random_mappings(problem, 0, 60):
            own = class_of(problem, mapping)
            assert own == class_of(problem, mapping)
            assert hash(own) == hash(class_of(problem, mapping))
            assert any(
                candidate.keep == own.keep
                and all(
                    mine is None or _covers(theirs, mine, mapping.factor[level], relevant)
                    for level, (theirs, mine) in enumerate(zip(candidate.loops, own.loops, strict=True))
                )
                for candidate in classes
            ), (case.name, own)


def test_an_object_and_its_numbers_have_the_same_class():
    problem = ax.encode(specification())
    for row in random_mappings(problem, 0, 10):
        batch = jax.tree.map(lambda leaf: np.array([leaf]), row)
        assert class_of(problem, problem.decode(batch, 0)) == class_of(problem, row)
