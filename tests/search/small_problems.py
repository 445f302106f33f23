"""Random small mapping problems in both dialects, the same for the same seed.

    for spec in problems(seed=0, count=10, dialect="timeloop"):
        best = optimum(spec)["edp"]

Each has between ``FEWEST`` and ``MOST`` different mappings, so that :mod:`tests.search.brute_force` can look at all.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import yaml

from accelax import Specification
from accelax.errors import AccelaxError
from tests.search import small_accelforge, small_timeloop
from tests.search.brute_force import anything_fits, count

FEWEST, MOST = 100, 40_000
ROUTED = 1_000
"""The most mappings where networks cost energy: every one is then counted on every lane."""
RULES: tuple[dict[str, Any], ...] = (
    {"first_fill_elision": False},
    {"halo": "none"},
    {"halo": "exact"},
    {"halo": "timeloop_pre297"},
    {"multicast": False},
    {"link_transfers": "torus"},
)


@dataclass(frozen=True)
class SmallProblem:
    """One problem: ``data`` is the file, ``rules`` what is changed in the accounting rules, ``name`` says which."""

    name: str
    data: dict[str, Any]
    rules: dict[str, Any] = field(default_factory=dict)

    def specification(self) -> Specification:
        """A fresh specification."""
        spec = Specification.from_dict(self.data)
        if self.rules:
            spec.rules = dataclasses.replace(spec.rules, **self.rules)
        return spec

    def save(self, folder: Path, remark: str = "") -> Path:
        """Write the file, with the rules and a remark as comments; return its path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.yaml"
        head = "".join(f"# {line}\n" for line in [f"rules: {self.rules}", *remark.splitlines()])
        path.write_text(head + yaml.dump(_with_tags(self.data), Dumper=_Dumper, sort_keys=False))
        return path


class _Tagged(dict):
    """A node and its tag."""

    tag = ""


class _Dumper(yaml.SafeDumper):
    """Writes tags of nodes as YAML has them."""


_Dumper.add_representer(_Tagged, lambda dumper, node: dumper.represent_mapping(f"!{node.tag}", node))


def _with_tags(data: Any) -> Any:
    """The same data with ``tag`` entries turned into tags."""
    if isinstance(data, list):
        return [_with_tags(item) for item in data]
    if not isinstance(data, dict):
        return data
    plain = {key: _with_tags(value) for key, value in data.items() if key != "tag"}
    if "tag" not in data:
        return plain
    node = _Tagged(plain)
    node.tag = data["tag"]
    return node


def small_problems(
    seed: int, number: int, dialect: str = "timeloop", imperfect: bool = False
) -> Iterator[SmallProblem]:
    """``number`` problems of a dialect, ``timeloop`` or ``accelforge``; the latter with ``imperfect`` shapes too."""
    for index in range(number):
        random = Random(f"{dialect} {seed} {index} {imperfect}")
        name = f"{dialect}{'_imperfect' if imperfect else ''}_{seed}_{index}"
        while True:
            candidate = _draw(random, name, dialect, imperfect)
            if candidate is not None:
                yield candidate
                break


def problems(seed: int, count: int, dialect: str = "timeloop", imperfect: bool = False) -> Iterator[Specification]:
    """The same, as specifications."""
    for problem in small_problems(seed, count, dialect, imperfect):
        yield problem.specification()


def _draw(random: Random, name: str, dialect: str, imperfect: bool) -> SmallProblem | None:
    """One problem; None where its mapspace is too small or too large, or nothing fits."""
    if dialect == "timeloop":
        problem = SmallProblem(name, small_timeloop.document(random), dict(_rules(random)))
    else:
        problem = SmallProblem(name, small_accelforge.document(random, imperfect))
    try:
        spec = problem.specification()
        most = ROUTED if "energy_per_hop" in str(problem.data) else MOST
        fits = FEWEST <= count(spec, most) <= most and anything_fits(spec)
    except AccelaxError:
        return None
    return problem if fits else None


def _rules(random: Random) -> dict[str, Any]:
    """Mostly Timeloop's rules; sometimes one of them differs."""
    return random.choice(RULES) if random.random() < 0.1 else {}
