"""Plug-ins that are installed as Accelergy installs them are found, loaded and asked."""

from __future__ import annotations

import sys

import pytest

from accelax.components import REGISTRY, Registry
from accelax.spec import estimators
from accelax.spec.estimators import add_installed_plug_ins, all_estimators

OBJECT = """
import helper

class Table:
    estimator_name = "installed_table"
    def __init__(self, scale=1): self.scale = scale
    def primitive_action_supported(self, interface): return 60 if interface["class_name"] == "installed" else 0
    def estimate_energy(self, interface): return helper.ENERGY * self.scale
    def primitive_area_supported(self, interface): return 60 if interface["class_name"] == "installed" else 0
    def estimate_area(self, interface): return 2.0
"""
CLASSES = """
class Small:
    name = "small"
    percent_accuracy_0_to_100 = 90
    def __init__(self, width): self.width = width
    def get_area(self): return 1e-12
    def leak(self, global_cycle_seconds): return 0.0
    def read(self): return 1e-12 * self.width
    read._is_accelergy_action = True
"""


@pytest.fixture
def installed(tmp_path):
    home = tmp_path / "plug_ins" / "table"
    home.mkdir(parents=True)
    (home / "table.py").write_text(OBJECT)
    (home / "helper.py").write_text("ENERGY = 3.0")
    (home / "small.py").write_text(CLASSES)
    (home / "table.estimator.yaml").write_text(
        "version: 0.4\ntable: {module: table, class: Table, parameters: 2}\npython_plug_ins: [small.py]\n"
    )
    configuration = tmp_path / "accelergy_config.yaml"
    configuration.write_text(f"version: 0.4\nestimator_plug_ins: [{tmp_path / 'plug_ins'}]\n")
    return configuration


def test_installed_plug_ins_price_components(installed):
    registry = Registry()
    assert add_installed_plug_ins(registry, installed) == []
    assert registry.choose("installed", {}, "read").estimate.energy_pJ["read"] == pytest.approx(6.0)
    assert registry.choose("small", {"width": 4}, "read").estimate.energy_pJ["read"] == pytest.approx(4.0)


def test_a_plug_in_that_cannot_be_loaded_is_named_and_left_out(installed):
    broken = installed.parent / "plug_ins" / "broken.estimator.yaml"
    broken.write_text("version: 0.4\nbroken: {module: missing, class: X}\n")
    registry = Registry()
    failures = add_installed_plug_ins(registry, installed)
    assert len(failures) == 1
    assert "broken.estimator.yaml was not loaded: FileNotFoundError" in failures[0]
    assert registry.claiming("small")


def test_without_a_configuration_the_python_installation_is_searched(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    home = tmp_path / "share/accelergy/estimation_plug_ins"
    home.mkdir(parents=True)
    (home / "small.py").write_text(CLASSES)
    (home / "a.estimator.yaml").write_text("python_plug_ins: [small.py]\n")
    registry = Registry()
    assert add_installed_plug_ins(registry, tmp_path / "none.yaml") == []
    assert registry.classes() == ("small",)


def test_they_are_loaded_where_accelergy_is_installed(monkeypatch):
    assert all_estimators() is REGISTRY
    asked = []
    monkeypatch.setattr(estimators.importlib.util, "find_spec", lambda name: asked.append(name) or object())
    monkeypatch.setattr(estimators, "add_installed_plug_ins", lambda registry: ["one was not loaded"])
    with pytest.warns(UserWarning, match="one was not loaded"):
        all_estimators.__wrapped__()
    assert asked == ["accelergy"]
