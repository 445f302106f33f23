from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import accelax as ax

NAMES = [
    "AccelaxError",
    "CodesignResult",
    "Cost",
    "Layer",
    "Mapping",
    "ParetoResult",
    "Result",
    "Rules",
    "SearchResult",
    "SpecError",
    "Specification",
    "SweepResult",
    "UnsupportedError",
    "WorkloadResult",
    "codesign",
    "encode",
    "evaluate",
    "evaluate_batch",
    "map",
    "read_layers",
    "sweep",
]


def loaded_by(statement: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after ``statement``."""
    script = f"{statement}; import sys; print(*{{name.split('.')[0] for name in sys.modules}})"
    return set(
        subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.split()
    )


def test_the_public_names_are_these():
    assert sorted(ax.__all__) == NAMES
    assert set(NAMES) <= set(dir(ax))


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_exists_and_is_documented(name):
    value = getattr(ax, name)
    assert value is not None
    assert value.__doc__


def test_errors_form_a_tree():
    assert issubclass(ax.SpecError, ax.AccelaxError)
    assert issubclass(ax.UnsupportedError, ax.AccelaxError)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'evalute'"):
        ax.evalute  # noqa: B018


def test_encode_stays_callable_once_its_package_is_imported():
    module = importlib.import_module("accelax.encode")
    assert callable(module)
    assert callable(ax.encode)


@pytest.mark.parametrize(
    "statement",
    [
        "import accelax",
        "import accelax.ir, accelax.errors",
        "import accelax; accelax.Specification",
        "import accelax.cli.app, accelax.cli.check, accelax.cli.inputs",
        "import accelax.report.tables, accelax.report.loopnest, accelax.report.explain",
    ],
)
def test_reading_and_reporting_never_load_jax(statement):
    assert loaded_by(statement).isdisjoint({"jax", "jaxlib", "flax", "optax"})


def test_importing_the_package_loads_no_third_party():
    assert loaded_by("import accelax, accelax.ir").isdisjoint({"numpy", "yaml", "pydantic", "typer", "rich"})
