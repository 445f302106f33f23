"""Whole searches on a small machine. The optimum of the small case was found by enumerating its mapspace here."""

from __future__ import annotations

import itertools
import math

import jax
import pytest

import accelax as ax
from accelax.errors import SpecError
from accelax.search import protocol, record
from accelax.search.driver import search
from accelax.search.objective import exact_values, parse_objective
from tests.search import cases
from tests.search.cases import SIZES, specification

PINNED = {
    "DRAM": {"temporal": {"permutation": ["M", "N", "K"]}},
    "BUF": {"dataspace": {"keep": ["A", "B", "Z"]}, "temporal": {"permutation": ["K", "M", "N"]}},
    "MAC": {"spatial": {"factors": ["M=1", "N=1", "K=1"]}},
}
"""Leaves the split of every rank between DRAM and the buffer."""


@pytest.fixture(scope="module")
def found():
    return ax.map(specification(), "edp", seconds=0.5, seed=1, searcher="evolutionary")


def test_the_mapping_found_evaluates_to_the_value_and_obeys_the_constraints(found):
    spec = specification()
    figures = ax.evaluate(spec.with_mapping(found.mapping)).to_dict()
    assert figures["valid"]
    assert found.value == figures["energy_pJ"] * figures["cycles"]
    assert spec.mapspace.contains(found.mapping)
    assert (found.lower_bound, found.gap, found.optimal, found.interrupted, found.reason) == (0, 1, False, False, None)
    assert found.evaluated > 0
    assert found.seconds >= 0.5
    assert (found.searcher, found.objective) == ("evolutionary", "edp")
    values = [value for _, value, _ in found.history]
    assert values == sorted(values, reverse=True)
    assert values[-1] == found.value


def test_the_batch_agrees_with_the_mapping_found(found):
    problem = ax.encode(specification())
    cost = jax.jit(ax.evaluate_batch)(problem, problem.encode_mappings([found.mapping]))
    assert float(cost.energy_pJ[0]) == pytest.approx(found.result.energy_pJ, rel=1e-6)
    assert float(cost.cycles[0]) == found.result.cycles


def test_one_seed_and_one_number_of_chunks_give_one_answer():
    run = {"seconds": 0, "seed": 7, "searcher": "evolutionary"}
    first, second = (ax.map(specification(), "energy", **run) for _ in range(2))
    assert first.mapping == second.mapping
    assert (first.value, first.evaluated) == (second.value, second.evaluated)


def pinned_optimum(objective) -> tuple[float, ...]:
    """The best of all mappings that the pinned constraints leave, evaluated one by one."""
    values = []
    parts = [[d for d in range(1, size + 1) if size % d == 0] for size in SIZES.values()]
    for inner in itertools.product(*parts):
        factors = [f"{rank}={f}" for rank, f in zip(SIZES, inner, strict=True)]
        outer = [f"{rank}={SIZES[rank] // f}" for rank, f in zip(SIZES, inner, strict=True)]
        changes = {name: {kind: dict(body) for kind, body in rules.items()} for name, rules in PINNED.items()}
        changes["BUF"]["temporal"]["factors"], changes["DRAM"]["temporal"]["factors"] = factors, outer
        result = ax.evaluate(specification(**changes))
        if result.valid:
            values.append(exact_values(result.to_dict(), parse_objective(objective)))
    return min(values)


@pytest.mark.parametrize("objective", ["energy", "delay", ["delay", "last_level_accesses"], {"energy": 1, "delay": 2}])
@pytest.mark.parametrize("searcher", ["evolutionary", "random"])
def test_a_small_mapspace_is_searched_to_its_optimum(objective, searcher):
    spec = specification(**PINNED)
    got = search(spec, objective, seconds=0, searcher=searcher)
    best = pinned_optimum(objective)
    values = exact_values(got.result.to_dict(), parse_objective(objective))
    assert values == pytest.approx(best, rel=1e-12)
    assert got.value == values[0]
    assert spec.mapspace.contains(got.mapping)


def test_a_complete_mapping_is_found_again():
    changes = {
        "DRAM": {"temporal": {"factors": ["M=4", "N=4", "K=1"], "permutation": ["M", "N", "K"]}},
        "BUF": {
            "dataspace": {"keep": ["A", "B", "Z"]},
            "temporal": {"factors": ["M=3", "N=2", "K=6"], "permutation": ["K", "N", "M"]},
        },
        "MAC": {"spatial": {"factors": ["M=1", "N=1", "K=1"]}},
    }
    spec = specification(**changes)
    assert spec.mapping is not None
    got = ax.map(spec, seconds=0)
    assert spec.mapspace.contains(got.mapping)
    assert got.result.energy_pJ == ax.evaluate(spec).energy_pJ


def test_nothing_fits_says_what_is_missing_and_why_it_cannot_shrink():
    rules = {"dataspace": {"keep": ["A", "B", "Z"]}, "temporal": {"factors": ["M=3", "N=4", "K=1"]}}
    got = ax.map(specification(depth=10, **PINNED | {"BUF": rules}), seconds=0, searcher="random")
    assert got.mapping is None
    assert (got.value, got.gap, got.optimal) == (math.inf, 1.0, False)
    assert got.reason == (
        "BUF needs 19 words (A 3 + B 4 + Z 12), has 10; smallest tile of Z alone is 12; "
        "it would fit with 19 words in BUF"
    )


def test_constraints_that_leave_no_factors_name_themselves():
    rules = {"temporal": {"factors": ["M>=7", "M<=11"]}}
    with pytest.raises(SpecError, match=r"no perfect factorization of M=12 obeys the constraints \(BUF: M>=7 <=11"):
        ax.map(specification(BUF=rules), seconds=0)


def test_a_wrong_objective_is_refused_before_anything_is_compiled():
    with pytest.raises(SpecError, match="unknown objective"):
        ax.map(specification(), "speed")


def test_progress_starts_with_nothing_evaluated():
    calls = []
    ax.map(specification(**PINNED), seconds=0, searcher="random", progress=calls.append)
    assert calls[0] == record.Progress(0, pytest.approx(0, abs=0.1), None, 0.0)
    assert calls[1].evaluated > 0
    assert calls[1].value is not None


@pytest.mark.parametrize("after", [0, 2])
def test_ctrl_c_keeps_the_best_so_far(after):
    calls = itertools.count()

    def press(progress: record.Progress) -> None:
        if next(calls) == after:
            raise KeyboardInterrupt

    got = ax.map(specification(**PINNED), seconds=60, searcher="evolutionary", progress=press)
    assert got.interrupted
    assert (got.mapping is not None) == (after > 0)
    if after:
        assert got.result.valid
    else:
        assert (got.evaluated, got.reason) == (0, "nothing was evaluated")


def test_ctrl_c_during_the_final_judgement_keeps_what_was_judged(monkeypatch):
    def press(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(record.Record, "judge_contenders", press)
    got = ax.map(specification(**PINNED), seconds=0, searcher="random")
    assert got.interrupted
    assert got.result.valid


class Told:
    """A searcher that hands out given mappings one by one, with bounds."""

    def __init__(self, mappings, bounds=(), explanation=""):
        self.mappings, self.bounds, self.explanation = mappings, bounds, explanation
        self.seen = []

    def init(self, problem, objective, seed):
        state = protocol.SearchState(startup_seconds=100.0)
        state.explain = lambda: self.explanation
        return state

    def ask(self, state, incumbent, seconds):
        turn = len(self.seen)
        self.seen.append(incumbent)
        state.lower_bound = self.bounds[turn] if turn < len(self.bounds) else state.lower_bound
        state.done = turn + 1 >= len(self.mappings)
        return state, [self.mappings[turn]]

    def tell(self, state, candidates, scores):
        return state


@pytest.fixture(scope="module")
def samples():
    """Mappings that fit, the worst first, with their energies."""
    spec = specification()
    problem = ax.encode(spec)
    batch = problem.sample(jax.random.key(1), 64)
    mappings = [problem.decode(batch, i) for i in range(64)]
    results = [ax.evaluate(spec.with_mapping(mapping)) for mapping in mappings]
    found = sorted(((r.energy_pJ, i) for i, r in enumerate(results) if r.valid), reverse=True)
    return [(energy, mappings[i]) for energy, i in found[::4]]


def test_a_users_searcher_is_told_the_exact_incumbent_and_its_startup_is_not_counted(samples):
    own = Told([mapping for _, mapping in samples])
    got = ax.map(specification(), "energy", seconds=60, searcher=own)
    assert own.seen == [math.inf, *(energy for energy, _ in samples[:-1])]
    assert (got.value, got.mapping) == samples[-1]
    assert (got.seconds, got.startup_seconds, got.searcher) == (0, 100, "Told")
    assert got.evaluated == len(samples)


def test_bound_gap_and_explanation_come_from_the_searcher(samples):
    energies = [energy for energy, _ in samples]
    own = Told([mapping for _, mapping in samples[:2]], [1.0, energies[1] / 2], "the outputs in BUF")
    got = ax.map(specification(), "energy", searcher=own)
    assert (got.lower_bound, got.gap, got.optimal) == (energies[1] / 2, 0.5, False)
    assert got.explanation == "the outputs in BUF"
    assert [entry[1:] for entry in got.history] == [(energies[0], 1.0), (energies[1], energies[1] / 2)]


def test_the_search_ends_when_the_gap_is_small_enough(samples):
    (worst, mapping), bounds = samples[0], [1.0, samples[0][0] * 0.8, samples[0][0] * 0.9]
    own = Told([mapping] * 9, bounds)
    got = ax.map(specification(), "energy", seconds=60, searcher=own, tolerance=0.25)
    assert len(own.seen) == 2
    assert got.gap == pytest.approx(0.2)
    assert got.value == worst


def test_the_search_ends_with_a_proof(samples):
    own = Told([samples[0][1]] * 9, [samples[0][0] * (1 - 1e-9)])
    got = ax.map(specification(), "energy", seconds=60, searcher=own)
    assert len(own.seen) == 1
    assert got.optimal


def test_a_proof_of_the_first_criterion_leaves_the_second_open(samples):
    own = Told([samples[0][1]] * 3, [samples[0][0]])
    assert search(specification(), ["energy", "delay"], seconds=60, searcher=own).optimal
    assert len(own.seen) == 3


def test_a_bound_that_a_mapping_contradicts_is_no_bound(samples):
    own = Told([samples[0][1]], [samples[0][0] * 1.1])
    with pytest.warns(RuntimeWarning, match="contradicts the bound"):
        got = ax.map(specification(), "energy", searcher=own)
    assert (got.lower_bound, got.optimal) == (0, False)


def test_ctrl_c_inside_a_searcher_keeps_its_bound(samples):
    class Interrupted(Told):
        def ask(self, state, incumbent, seconds):
            if self.seen:
                state.lower_bound = 5.0
                raise KeyboardInterrupt
            return super().ask(state, incumbent, seconds)

    got = ax.map(specification(), "energy", searcher=Interrupted([mapping for _, mapping in samples]))
    assert (got.interrupted, got.lower_bound, got.value) == (True, 5.0, samples[0][0])


def test_what_is_not_in_the_mapspace_is_not_returned(samples):
    spec = specification(BUF={"temporal": {"factors": ["M<=2"]}})
    outside = [mapping for _, mapping in samples if not spec.mapspace.contains(mapping)]
    assert outside
    got = ax.map(spec, "energy", searcher=Told(outside))
    assert got.mapping is None


def test_the_files_conditions_end_the_search_and_name_the_searcher():
    data = cases.data(**PINNED) | {"mapper": {"algorithm": "random-pruned", "search_size": 20000, "timeout": 0}}
    got = ax.map(ax.Specification.from_dict(data), seconds=60)
    assert got.searcher == "random"
    assert 20000 <= got.evaluated < 60000


def test_an_unknown_searcher_is_refused_with_the_nearest():
    with pytest.raises(SpecError, match="unknown searcher 'randm'; did you mean 'random'"):
        ax.map(specification(), searcher="randm")
    with pytest.raises(SpecError, match="an object with init, ask and tell"):
        ax.map(specification(), searcher=object())


def test_the_result_as_a_dictionary(found):
    figures = found.to_dict()
    assert figures["mapping"] == found.mapping.to_yaml()
    assert figures["result"] == found.result.to_dict()
    assert (figures["value"], figures["gap"], figures["classes"]) == (found.value, 1.0, 0)
    assert figures["history"] == [list(entry) for entry in found.history]
