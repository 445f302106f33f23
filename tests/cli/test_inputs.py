from __future__ import annotations

import pytest

import accelax.spec.specification
from accelax.cli.inputs import load_specification, parse_setting
from accelax.errors import Problem, SpecError


class FakeSpecification:
    """Stands in for the real one: keeps what was set, and refuses a path that ends in ``depht``."""

    @classmethod
    def from_yaml_files(cls, *files: str) -> FakeSpecification:
        spec = cls()
        spec.values = {"files": files}
        return spec

    def set(self, path: str, value: object) -> None:
        if path.endswith("depht"):
            raise SpecError([Problem("unknown key; did you mean 'depth'?", None, path)])
        self.values[path] = value


@pytest.fixture(autouse=True)
def fake(monkeypatch):
    monkeypatch.setattr(accelax.spec.specification, "Specification", FakeSpecification)


def test_settings_are_applied_in_order():
    spec = load_specification(["a.yaml", "b.yaml"], ["x.depth=8", "x.depth=16", "rules.halo=exact"])
    assert spec.values == {"files": ("a.yaml", "b.yaml"), "x.depth": 16, "rules.halo": "exact"}


def test_all_wrong_settings_are_reported_at_once():
    with pytest.raises(SpecError) as caught:
        load_specification(["a.yaml"], ["x.depht=8", "nothing", "=3"])
    assert [str(problem) for problem in caught.value.problems] == [
        "x.depht: --set x.depht=8: unknown key; did you mean 'depth'?",
        "--set nothing: expected path=value",
        "--set =3: expected path=value",
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [("8", 8), ("1e-3", 0.001), ("true", True), ("2*depth", "2*depth"), ("a=b", "a=b"), ("", None), ("[]", [])],
)
def test_values_are_read_as_in_a_file(text, value):
    assert parse_setting(f"x.y={text}") == ("x.y", value)


def test_a_number_beyond_all_bounds_is_a_problem():
    with pytest.raises(SpecError, match=r"^the number 1e999 is too large"):
        parse_setting("x=1e999")
